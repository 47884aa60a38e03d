//! Signing in: the authorisation code flow of Zoho Accounts, with its data centres and its "200 with an error".

pub(crate) mod account;

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client as OAuthClient, ClientId, ClientSecret,
    EndpointNotSet, EndpointSet, ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, StandardErrorResponse, StandardRevocableToken, StandardTokenResponse,
    TokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use provider::{
    Access, Account, Fault, Grant, HttpClient, Lane, Quota, Renewed, Session, SignedIn,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::ZohoSettings;

/// What a sync needs. COQL is apart from the modules.
const SCOPES: &str = "ZohoCRM.modules.contacts.ALL,ZohoCRM.modules.accounts.ALL,ZohoCRM.modules.events.ALL,\
    ZohoCRM.settings.fields.READ,\
    ZohoCRM.settings.custom_views.READ,ZohoCRM.settings.modules.READ,ZohoCRM.settings.profiles.READ,\
    ZohoCRM.users.READ,ZohoCRM.org.READ,ZohoCRM.notifications.ALL,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ";

/// The accounts servers of Zoho's data centres. A redirect may name no other: it would be given our client secret.
const ACCOUNTS_SERVERS: [&str; 8] = [
    "accounts.zoho.com",
    "accounts.zoho.eu",
    "accounts.zoho.in",
    "accounts.zoho.com.au",
    "accounts.zoho.com.cn",
    "accounts.zoho.jp",
    "accounts.zohocloud.ca",
    "accounts.zoho.sa",
];

/// How long the token endpoint is left alone after it said "too many": it counts ten tokens in ten minutes.
const TOKEN_WAIT: SignedDuration = SignedDuration::from_mins(2);

/// What is stored to renew access.
#[derive(Serialize, Deserialize)]
struct Stored {
    refresh_token: String,
    accounts_url: Url,
    /// Of a client that came with a secret file; else that of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

/// A secret file, as `PROVIDER.md` describes it.
#[derive(Deserialize)]
struct SecretFile {
    refresh_token: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    accounts_url: Option<Url>,
}

/// What Zoho's token reply carries beyond the standard.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ApiDomain {
    #[serde(default)]
    api_domain: Option<Url>,
}

impl ExtraTokenFields for ApiDomain {}

type Tokens = StandardTokenResponse<ApiDomain, BasicTokenType>;
type TokenClient = OAuthClient<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;
type TokenError = RequestTokenError<Fault, StandardErrorResponse<BasicErrorResponseType>>;

/// Where a person consents. `offline` brings a refresh token; `consent` brings a new one even when asked again.
pub(crate) fn authorize_url(
    settings: &ZohoSettings,
    redirect_uri: &str,
    state: &str,
    challenge: &str,
) -> Result<Url, Fault> {
    if settings.client_id.is_empty() {
        return Err(Fault::Unauthorised {
            reason: "no Zoho client is configured; use a secret file".to_owned(),
        });
    }
    let mut url = endpoint(&settings.accounts_url, "auth")?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("scope", SCOPES)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("access_type", "offline")
        .append_pair("prompt", "consent")
        .append_pair("state", state)
        .append_pair("code_challenge", challenge)
        .append_pair("code_challenge_method", "S256");
    Ok(url)
}

/// Turns a consent or a secret file into a secret to store.
pub(crate) async fn exchange(
    settings: &ZohoSettings,
    http: &HttpClient,
    grant: Grant,
) -> Result<SignedIn, Fault> {
    let (secret, tokens) = match grant {
        Grant::Code {
            code,
            redirect_uri,
            code_verifier,
            parameters,
        } => {
            let accounts_url = accounts_server(settings, &parameters)?;
            let mut secret = Stored {
                refresh_token: String::new(),
                accounts_url,
                client_id: None,
                client_secret: None,
            };
            let redirect = RedirectUrl::new(redirect_uri)
                .map_err(|_| Fault::malformed("the redirect address"))?;
            let calls = http.oauth("oauth.token", token_quota());
            let tokens = token_client(settings, &secret)?
                .set_redirect_uri(redirect)
                .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
                .set_pkce_verifier(PkceCodeVerifier::new(
                    code_verifier.expose_secret().to_owned(),
                ))
                .request_async(&calls)
                .await
                .map_err(|error| fault_of(error, Timestamp::now()))?;
            let refresh = tokens.refresh_token().ok_or_else(|| Fault::Unauthorised {
                reason: "no refresh token came with the consent".to_owned(),
            })?;
            refresh.secret().clone_into(&mut secret.refresh_token);
            (secret, tokens)
        }
        Grant::SecretFile(json) => {
            let secret = read_file(settings, json.expose_secret())?;
            let tokens = refresh(settings, http, &secret).await?;
            (secret, tokens)
        }
    };
    let access = access_of(&tokens)?;
    let account = whose(settings, http, &access).await?;
    let secret =
        serde_json::to_vec(&secret).map_err(|_| Fault::malformed("the secret cannot be stored"))?;
    Ok(SignedIn { secret, account })
}

/// A fresh access token. Zoho never replaces the refresh token.
pub(crate) async fn renew(
    settings: &ZohoSettings,
    http: &HttpClient,
    secret: &[u8],
) -> Result<Renewed, Fault> {
    let secret: Stored = serde_json::from_slice(secret).map_err(|_| Fault::Unauthorised {
        reason: "the stored secret cannot be read".to_owned(),
    })?;
    let tokens = refresh(settings, http, &secret).await?;
    let expires_in = tokens.expires_in().unwrap_or(Duration::from_hours(1));
    Ok(Renewed {
        access: access_of(&tokens)?,
        expires_in,
        replacement: None,
    })
}

async fn refresh(
    settings: &ZohoSettings,
    http: &HttpClient,
    secret: &Stored,
) -> Result<Tokens, Fault> {
    let calls = http.oauth("oauth.token", token_quota());
    token_client(settings, secret)?
        .exchange_refresh_token(&RefreshToken::new(secret.refresh_token.clone()))
        .request_async(&calls)
        .await
        .map_err(|error| fault_of(error, Timestamp::now()))
}

async fn whose(
    settings: &ZohoSettings,
    http: &HttpClient,
    access: &Access,
) -> Result<Account, Fault> {
    account::verify(
        Session {
            access,
            account_id: "",
            lane: Lane::Person,
            http,
            begin_before: None,
        },
        settings,
    )
    .await
}

fn access_of(tokens: &Tokens) -> Result<Access, Fault> {
    let api_base = tokens.extra_fields().api_domain.clone();
    if api_base.is_none() {
        return Err(Fault::malformed("the token endpoint named no API address"));
    }
    let token = SecretString::from(tokens.access_token().secret().clone());
    Ok(Access::new(token, api_base))
}

fn token_client(settings: &ZohoSettings, secret: &Stored) -> Result<TokenClient, Fault> {
    let client_id = secret.client_id.as_deref().unwrap_or(&settings.client_id);
    let client_secret = secret
        .client_secret
        .as_deref()
        .unwrap_or(settings.client_secret.expose_secret());
    let client = OAuthClient::new(ClientId::new(client_id.to_owned()))
        .set_client_secret(ClientSecret::new(client_secret.to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(AuthUrl::from_url(endpoint(&secret.accounts_url, "auth")?))
        .set_token_uri(TokenUrl::from_url(endpoint(&secret.accounts_url, "token")?));
    Ok(client)
}

fn endpoint(accounts: &Url, name: &str) -> Result<Url, Fault> {
    accounts
        .join(&format!("/oauth/v2/{name}"))
        .map_err(|_| Fault::malformed("the accounts server's address"))
}

/// The accounts server of the person's data centre, which the redirect names as `accounts-server`.
fn accounts_server(
    settings: &ZohoSettings,
    parameters: &BTreeMap<String, String>,
) -> Result<Url, Fault> {
    let Some(named) = parameters.get("accounts-server") else {
        return Ok(settings.accounts_url.clone());
    };
    let url = named
        .parse()
        .map_err(|_| Fault::malformed("the redirect's accounts server"))?;
    trusted(settings, url)
}

/// Only Zoho's own accounts servers, and the configured one, are ever given a secret.
fn trusted(settings: &ZohoSettings, url: Url) -> Result<Url, Fault> {
    let known = url.scheme() == "https"
        && url.port().is_none()
        && url
            .host_str()
            .is_some_and(|host| ACCOUNTS_SERVERS.contains(&host));
    if known || url.origin() == settings.accounts_url.origin() {
        Ok(url)
    } else {
        Err(Fault::Unauthorised {
            reason: "the accounts server is none of Zoho's".to_owned(),
        })
    }
}

fn read_file(settings: &ZohoSettings, json: &str) -> Result<Stored, Fault> {
    let file: SecretFile = serde_json::from_str(json).map_err(|_| Fault::Unauthorised {
        reason: "the secret file is not of Zoho's form".to_owned(),
    })?;
    let accounts_url = match file.accounts_url {
        Some(url) => trusted(settings, url)?,
        None => settings.accounts_url.clone(),
    };
    Ok(Stored {
        refresh_token: file.refresh_token,
        accounts_url,
        client_id: file.client_id,
        client_secret: file.client_secret,
    })
}

/// Ten tokens in ten minutes are counted by refresh token; this is only a bound for the process.
fn token_quota() -> Quota {
    Quota::new("oauth", 10, Duration::from_secs(1)).burst(10)
}

/// Errors come with HTTP 200 as well, and "access denied" means too many tokens.
fn fault_of(error: TokenError, now: Timestamp) -> Fault {
    #[derive(Deserialize)]
    struct ErrorBody {
        error: String,
    }
    let word = match &error {
        RequestTokenError::ServerResponse(answer) => Some(answer.error().as_ref().to_owned()),
        RequestTokenError::Parse(_, body) => serde_json::from_slice::<ErrorBody>(body)
            .ok()
            .map(|body| body.error),
        _ => None,
    };
    match word.as_deref() {
        Some("access_denied" | "Access Denied") => Fault::Throttled {
            until: now + TOKEN_WAIT,
        },
        Some(word) if matches!(error, RequestTokenError::Parse(..)) => Fault::Unauthorised {
            reason: format!("the token endpoint says {}", printable(word)),
        },
        _ => provider::http::token_fault(error),
    }
}

/// An error word as it may stand in a log.
fn printable(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ' '))
        .take(40)
        .collect()
}

#[cfg(test)]
mod tests;
