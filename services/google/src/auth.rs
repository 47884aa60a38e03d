//! Signing in: the authorisation code flow with PKCE, secret files, and renewal.

use std::{borrow::Cow, time::Duration};

use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, TokenResponse, TokenUrl,
    basic::{BasicClient, BasicTokenResponse},
};
use provider::{
    Access, Account, Fault, Grant, HttpClient, Lane, Renewed, Session, SignedIn, http::token_fault,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    client::{Client, token_information, token_quota},
    config::GoogleSettings,
    wire::Person,
};

/// The only scope with which contacts can be written; there is no narrower one.
const CONTACTS: &str = "https://www.googleapis.com/auth/contacts";
/// Enough to read contacts, if that is all that a person grants.
const CONTACTS_READ_ONLY: &str = "https://www.googleapis.com/auth/contacts.readonly";
/// Reads and writes events, and nothing else of a calendar.
const EVENTS: &str = "https://www.googleapis.com/auth/calendar.events";
/// Shows which calendars there are.
const CALENDAR_LIST: &str = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
/// Covers both.
const CALENDAR: &str = "https://www.googleapis.com/auth/calendar";
/// What the account is called, for people.
const PROFILE: [&str; 2] = [
    "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.profile",
];

/// What a person is asked for: one consent for all kinds, of which a part will do.
const ASKED_FOR: [&str; 5] = [CONTACTS, EVENTS, CALENDAR_LIST, PROFILE[0], PROFILE[1]];

/// How long a token is taken to live if Google does not say.
const USUAL_LIFE: Duration = Duration::from_secs(3599);

/// What is stored of a sign-in, and the form of a secret file. It is that of the `authorized_user` files of
/// Google's own tools.
#[derive(Clone, Serialize, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the names are those of the file")]
struct Secret {
    refresh_token: String,
    /// The client that the refresh token belongs to, if it is not the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

type OAuth = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn oauth(settings: &GoogleSettings, secret: Option<&Secret>) -> Result<OAuth, Fault> {
    let id = secret.and_then(|secret| secret.client_id.clone());
    let key = secret.and_then(|secret| secret.client_secret.clone());
    let id = id.unwrap_or_else(|| settings.client_id.clone());
    if id.is_empty() {
        let reason = "no OAuth client is configured: set RAPPORT_GOOGLE_CLIENT_ID and _SECRET";
        return Err(Fault::Unauthorised {
            reason: reason.to_owned(),
        });
    }
    let key = key.unwrap_or_else(|| settings.client_secret.expose_secret().to_owned());
    Ok(BasicClient::new(ClientId::new(id))
        .set_client_secret(ClientSecret::new(key))
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(AuthUrl::from_url(settings.auth_url.clone()))
        .set_token_uri(TokenUrl::from_url(settings.token_url.clone())))
}

/// Where a person consents. Consent is asked for every time: only then does Google give a refresh token.
pub(crate) fn authorize_url(
    settings: &GoogleSettings,
    redirect_uri: &str,
    state: &str,
    code_challenge: &str,
) -> Result<Url, Fault> {
    let client = oauth(settings, None)?.set_redirect_uri(redirect(redirect_uri)?);
    let (url, _) = client
        .authorize_url(|| CsrfToken::new(state.to_owned()))
        .add_scopes(ASKED_FOR.map(|scope| Scope::new(scope.to_owned())))
        .add_extra_param("access_type", "offline")
        .add_extra_param("prompt", "consent")
        .add_extra_param("code_challenge", code_challenge)
        .add_extra_param("code_challenge_method", "S256")
        .url();
    Ok(url)
}

/// Completes a sign-in.
pub(crate) async fn exchange(
    settings: &GoogleSettings,
    http: &HttpClient,
    grant: Grant,
) -> Result<SignedIn, Fault> {
    let (secret, token) = match grant {
        Grant::Code {
            code,
            redirect_uri,
            code_verifier,
            ..
        } => {
            let token = oauth(settings, None)?
                .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(
                    code_verifier.expose_secret().to_owned(),
                ))
                .set_redirect_uri(Cow::Owned(redirect(&redirect_uri)?))
                .request_async(&http.oauth("oauth2.token", token_quota()))
                .await
                .map_err(token_fault)?;
            let refresh_token = token.refresh_token().map(|token| token.secret().clone());
            let refresh_token = refresh_token.ok_or_else(|| {
                refused("Google gave no refresh token; remove the app from the account's connections and connect again")
            })?;
            (
                Secret {
                    refresh_token,
                    client_id: None,
                    client_secret: None,
                },
                token,
            )
        }
        Grant::SecretFile(json) => {
            let mut secret = secret_file(json.expose_secret())?;
            let token = refresh(settings, http, &secret).await?;
            if let Some(rotated) = token.refresh_token() {
                secret.refresh_token.clone_from(rotated.secret());
            }
            (secret, token)
        }
    };
    let access = access(&token);
    let session = Session {
        access: &access,
        account_id: "",
        lane: Lane::Person,
        http,
        begin_before: None,
    };
    let account = verify(settings, session).await?;
    Ok(SignedIn {
        secret: stored(&secret)?,
        account,
    })
}

/// A fresh access token.
pub(crate) async fn renew(
    settings: &GoogleSettings,
    http: &HttpClient,
    secret: &[u8],
) -> Result<Renewed, Fault> {
    let mut secret: Secret = serde_json::from_slice(secret).map_err(|_| Fault::Unauthorised {
        reason: "the stored secret cannot be read".to_owned(),
    })?;
    let token = refresh(settings, http, &secret).await?;
    let rotated = token
        .refresh_token()
        .filter(|new| *new.secret() != secret.refresh_token);
    let replacement = match rotated {
        Some(new) => {
            secret.refresh_token.clone_from(new.secret());
            Some(stored(&secret)?)
        }
        None => None,
    };
    let expires_in = token.expires_in().unwrap_or(USUAL_LIFE);
    Ok(Renewed {
        access: access(&token),
        expires_in,
        replacement,
    })
}

/// Whose account it is, and what it may not do.
pub(crate) async fn verify(
    settings: &GoogleSettings,
    session: Session<'_>,
) -> Result<Account, Fault> {
    let granted = token_information(session.http, settings, &session.access.token, session.lane);
    let missing_rights = match granted.await {
        Ok(granted) => missing(&granted.scope),
        // An endpoint for diagnosis must not keep anybody out: what is missing shows when it is needed.
        Err(Fault::Malformed { .. } | Fault::Gone { .. }) => Vec::new(),
        Err(fault) => return Err(fault),
    };
    let me = Client::new(settings, session).me().await?;
    Ok(Account {
        id: account_id(&me)?,
        name: account_name(&me),
        missing_rights,
    })
}

/// The account's id: that of its profile, or else what `people/me` turned out to be called.
fn account_id(me: &Person) -> Result<String, Fault> {
    let sources = me
        .metadata
        .as_ref()
        .map_or(&[][..], |metadata| &metadata.sources);
    let profile = sources
        .iter()
        .find(|source| source.kind == "PROFILE" && !source.id.is_empty());
    let id = profile
        .map(|source| source.id.as_str())
        .or_else(|| me.resource_name.strip_prefix("people/"))
        .filter(|id| !id.is_empty() && *id != "me");
    id.map(str::to_owned)
        .ok_or_else(|| Fault::malformed("people/me tells no account id"))
}

/// The account's address, or its name, as far as the consent shows them.
fn account_name(me: &Person) -> String {
    let shown = |field: &str, property: &str| {
        let primary = me
            .items(field)
            .iter()
            .find(|item| item["metadata"]["primary"] == true);
        let item = primary.or_else(|| me.items(field).first())?;
        item[property].as_str().map(str::to_owned)
    };
    shown("emailAddresses", "value")
        .or_else(|| shown("names", "displayName"))
        .unwrap_or_else(|| "Google account".to_owned())
}

/// Consent can be partial: what the granted scopes do not cover.
fn missing(scopes: &str) -> Vec<String> {
    let granted = |scope: &str| scopes.split_whitespace().any(|granted| granted == scope);
    let mut missing = Vec::new();
    if !granted(CONTACTS) {
        missing.extend((!granted(CONTACTS_READ_ONLY)).then_some("see contacts"));
        missing.extend(["create contacts", "edit contacts", "delete contacts"]);
    }
    if !granted(CALENDAR) {
        let sees = granted(EVENTS) && granted(CALENDAR_LIST);
        missing.extend((!sees).then_some("see calendars"));
        missing.extend((!granted(EVENTS)).then_some("edit calendars"));
    }
    missing.into_iter().map(str::to_owned).collect()
}

async fn refresh(
    settings: &GoogleSettings,
    http: &HttpClient,
    secret: &Secret,
) -> Result<BasicTokenResponse, Fault> {
    oauth(settings, Some(secret))?
        .exchange_refresh_token(&RefreshToken::new(secret.refresh_token.clone()))
        .request_async(&http.oauth("oauth2.token", token_quota()))
        .await
        .map_err(token_fault)
}

fn secret_file(json: &str) -> Result<Secret, Fault> {
    #[derive(Deserialize)]
    struct Form {
        #[serde(default, rename = "type")]
        kind: String,
    }
    if serde_json::from_str::<Form>(json).is_ok_and(|form| form.kind == "service_account") {
        return Err(refused(
            "keys of service accounts are not supported yet; give a file with a refresh_token",
        ));
    }
    let secret: Secret = serde_json::from_str(json).map_err(|_| {
        refused(r#"the secret file must be JSON such as {"refresh_token": "1//0…"}, with client_id and client_secret if they differ from the configured ones"#)
    })?;
    if secret.refresh_token.is_empty() {
        return Err(refused("the secret file's refresh_token is empty"));
    }
    Ok(secret)
}

fn access(token: &BasicTokenResponse) -> Access {
    let token = SecretString::from(token.access_token().secret().clone());
    Access::new(token, None)
}

fn stored(secret: &Secret) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(secret).map_err(|_| Fault::malformed("the secret cannot be stored"))
}

fn redirect(uri: &str) -> Result<RedirectUrl, Fault> {
    RedirectUrl::new(uri.to_owned()).map_err(|_| refused("the redirect address is not a URL"))
}

fn refused(reason: &str) -> Fault {
    Fault::Refused {
        path: None,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;
    use crate::config::tests::settings;

    #[test]
    fn consent_is_asked_for_offline_access_with_a_challenge() {
        let url = authorize_url(&settings(), "http://127.0.0.1:9/done", "s1", "c1").unwrap();
        let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        for (name, value) in [
            ("access_type", "offline"),
            ("prompt", "consent"),
            ("state", "s1"),
            ("code_challenge", "c1"),
            ("code_challenge_method", "S256"),
            ("redirect_uri", "http://127.0.0.1:9/done"),
            ("response_type", "code"),
        ] {
            assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(query["scope"].split(' ').any(|scope| scope == CONTACTS));
    }

    #[test]
    fn without_a_client_id_the_setting_is_named() {
        let mut settings = settings();
        settings.client_id.clear();
        let fault = authorize_url(&settings, "http://127.0.0.1:9", "s", "c").unwrap_err();
        assert!(
            fault.to_string().contains("RAPPORT_GOOGLE_CLIENT_ID"),
            "{fault}"
        );
    }

    #[test]
    fn secret_files_are_read_or_explained_without_being_quoted() {
        let secret = secret_file(r#"{"refresh_token":"1//0x","client_id":"other"}"#).unwrap();
        assert_eq!(secret.client_id.as_deref(), Some("other"));
        for (file, says) in [
            ("not json: s3cret", "refresh_token"),
            (r#"{"token":"s3cret"}"#, "refresh_token"),
            (r#"{"refresh_token":""}"#, "empty"),
            (
                r#"{"type":"service_account","private_key":"s3cret"}"#,
                "service accounts",
            ),
        ] {
            let Err(fault) = secret_file(file) else {
                panic!("{file}")
            };
            assert!(fault.to_string().contains(says), "{fault}");
            assert!(!fault.to_string().contains("s3cret"), "{fault}");
        }
    }

    #[test]
    fn the_profile_is_the_account() {
        let me: Person = serde_json::from_value(json!({
            "resourceName": "people/117",
            "metadata": {"sources": [{"type": "CONTACT", "id": "9f"}, {"type": "PROFILE", "id": "117"}]},
            "emailAddresses": [{"value": "old@example.com"}, {"value": "ana@example.com", "metadata": {"primary": true}}],
        }))
        .unwrap();
        assert_eq!(account_id(&me).unwrap(), "117");
        assert_eq!(account_name(&me), "ana@example.com");
        let bare: Person = serde_json::from_value(json!({"resourceName": "people/118"})).unwrap();
        assert_eq!(account_id(&bare).unwrap(), "118");
        assert!(account_id(&Person::default()).is_err());
    }

    #[test]
    fn a_partial_consent_is_a_list_of_missing_rights() {
        assert!(missing(&format!("openid {CONTACTS} {CALENDAR}")).is_empty());
        assert!(missing(&ASKED_FOR.join(" ")).is_empty());
        assert_eq!(
            missing(&format!("{CONTACTS_READ_ONLY} {CALENDAR}")),
            ["create contacts", "edit contacts", "delete contacts"]
        );
        assert_eq!(missing(&format!("{CONTACTS} {EVENTS}")), ["see calendars"]);
        assert_eq!(missing(CONTACTS), ["see calendars", "edit calendars"]);
        assert_eq!(missing("openid").len(), 6);
    }
}
