//! Signing in to an account: a person consents at the provider, or a secret file stands in for the person.
//!
//! What begins a sign-in is single-use, expires, and belongs to one tenant. A connection that exists keeps its
//! account: whoever comes back as another one is refused.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use proto::connector::{self as wire, exchange_request::Grant};
use serde::{Deserialize, Serialize};

use crate::{
    access,
    connectors::Connector,
    control::Control,
    envelope::{Place, SealError},
    error::Error,
    ids::{ConnectionId, TenantId, check_name},
    store::{
        audit::{self, Actor},
        connections::{self, Connection, State},
        sign_ins::{self, Pending},
        syncs, tenants,
    },
};

/// For how long a person may take to consent.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
const RANDOM_BYTES: usize = 32;

/// What a begun sign-in remembers.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    provider: String,
    name: String,
    redirect_uri: String,
    verifier: String,
}

/// Where to send the person. Both are empty if the provider wants a secret file instead.
#[derive(Debug, Default)]
pub(crate) struct Invitation {
    pub(crate) url: String,
    pub(crate) state: String,
}

/// What came back from the person, or the file that stands in for one.
#[derive(Debug)]
pub(crate) enum Finish {
    Consent {
        state: String,
        parameters: HashMap<String, String>,
    },
    SecretFile {
        provider: String,
        name: String,
        json: String,
    },
}

impl Control {
    /// Begins a sign-in to an account that is to be connected under this name.
    pub(crate) async fn begin_sign_in(
        &self,
        tenant: &TenantId,
        provider: &str,
        name: &str,
        redirect_uri: &str,
    ) -> Result<Invitation, Error> {
        check_name(name).map_err(|error| Error::Invalid(error.to_string()))?;
        let connector = self.connectors.of(provider)?;
        connector.about().await?;
        let (state, verifier) = (random()?, random()?);
        let url = connector
            .authorize(wire::AuthorizeRequest {
                redirect_uri: redirect_uri.to_owned(),
                state: state.clone(),
                code_challenge: BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
            })
            .await?;
        if url.is_empty() {
            return Ok(Invitation::default());
        }
        let begun = Begun {
            provider: provider.to_owned(),
            name: name.to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            verifier,
        };
        let digest = state_digest(&state);
        let pending = Pending {
            sealed: self
                .keys
                .seal(place(tenant, &digest), &serde_json::to_vec(&begun)?)?,
            expires_at: Timestamp::now() + LIFETIME,
        };
        let mut tx = self.db.begin().await?;
        tenants::ensure(&mut tx, &self.keys, tenant).await?;
        sign_ins::insert(&mut tx, tenant, digest.as_bytes(), &pending).await?;
        tx.commit().await?;
        Ok(Invitation { url, state })
    }

    /// Finishes a sign-in and stores the connection.
    pub(crate) async fn finish_sign_in(
        &self,
        tenant: &TenantId,
        finish: Finish,
    ) -> Result<Connection, Error> {
        let (provider, name, grant) = match finish {
            Finish::Consent { state, parameters } => {
                let begun = self.take_begun(tenant, &state).await?;
                let grant = consented(&begun, parameters)?;
                (begun.provider, begun.name, grant)
            }
            Finish::SecretFile {
                provider,
                name,
                json,
            } => (provider, name, Grant::SecretJson(json)),
        };
        check_name(&name).map_err(|error| Error::Invalid(error.to_string()))?;
        let connector = self.connectors.of(&provider)?;
        let connection = self.signed_in(tenant, connector, &name, grant).await?;
        self.store_signed_in(tenant, &connection).await?;
        Ok(connection)
    }

    async fn take_begun(&self, tenant: &TenantId, state: &str) -> Result<Begun, Error> {
        let digest = state_digest(state);
        let mut db = self.db.acquire().await?;
        let pending = sign_ins::take(&mut db, tenant, digest.as_bytes()).await?;
        drop(db);
        let again = "run `rapport connect` again";
        let pending = pending.ok_or_else(|| {
            Error::Refused(format!(
                "this sign-in is not known, or was finished already; {again}"
            ))
        })?;
        if pending.expires_at <= Timestamp::now() {
            let minutes = LIFETIME.as_mins();
            return Err(Error::Refused(format!(
                "this sign-in took longer than {minutes} minutes and has expired; {again}"
            )));
        }
        let begun = self.keys.open(place(tenant, &digest), &pending.sealed)?;
        Ok(serde_json::from_slice(&begun)?)
    }

    /// Turns the grant into a connection: whose account it is is asked with the access that it gives.
    async fn signed_in(
        &self,
        tenant: &TenantId,
        connector: &Connector,
        name: &str,
        grant: Grant,
    ) -> Result<Connection, Error> {
        let signed_in = connector.exchange(grant).await?;
        let renewed = connector.renew(signed_in.secret.clone()).await?;
        let access = renewed.access.clone().unwrap_or_default();
        let account = connector.verify(access).await?;
        if account.account_id.is_empty() || account.account_id != signed_in.account_id {
            return Err(Error::Refused(format!(
                "{} does not say clearly whose account this is; try to sign in again",
                connector.provider()
            )));
        }
        let id = ConnectionId::of(tenant, connector.provider(), &account.account_id);
        let secret = if renewed.replacement_secret.is_empty() {
            &signed_in.secret
        } else {
            &renewed.replacement_secret
        };
        Ok(Connection {
            id,
            name: name.to_owned(),
            provider: connector.provider().to_owned(),
            account_id: account.account_id,
            account_name: account.account_name,
            state: State::Active,
            missing_rights: account.missing_rights,
            secret: self
                .keys
                .seal(access::secret_place(tenant, &id.to_string()), secret)?,
            token: access::sealed_token(&self.keys, tenant, id, &renewed)?,
        })
    }

    async fn store_signed_in(
        &self,
        tenant: &TenantId,
        connection: &Connection,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        tenants::ensure(&mut tx, &self.keys, tenant).await?;
        tenants::lock(&mut tx, tenant).await?;
        let others = connections::all(&mut tx, tenant).await?;
        let same_name = others.iter().find(|other| other.name == connection.name);
        if let Some(other) = same_name.filter(|other| other.id != connection.id) {
            let entry = audit::Entry {
                actor: Actor::Tenant,
                action: "connection.refused",
                subject: other.id.0,
                detail: &["it came back as another account".to_owned()],
            };
            audit::write(&mut tx, tenant, entry).await?;
            tx.commit().await?;
            return Err(other_account(other, connection));
        }
        let same_account = others.iter().find(|other| other.id == connection.id);
        if let Some(other) = same_account.filter(|other| other.name != connection.name) {
            return Err(Error::Refused(format!(
                "this account is connected already, as \"{}\"; use that name",
                other.name
            )));
        }
        connections::put(&mut tx, tenant, connection).await?;
        let entry = audit::Entry {
            actor: Actor::Tenant,
            action: if same_account.is_some() {
                "connection.renewed"
            } else {
                "connection.created"
            },
            subject: connection.id.0,
            detail: &[],
        };
        audit::write(&mut tx, tenant, entry).await?;
        let waiting = syncs::of_connection(&mut tx, tenant, connection.id).await?;
        tx.commit().await?;
        for sync in waiting {
            self.announce(tenant, sync).await;
        }
        Ok(())
    }
}

fn other_account(known: &Connection, came: &Connection) -> Error {
    Error::Refused(format!(
        "connection \"{}\" belongs to the {} account {}, but the sign-in was to the {} account {}; sign in to the \
         first one, or connect the second one under another name",
        known.name, known.provider, known.account_name, came.provider, came.account_name
    ))
}

/// What the redirect says, as a grant.
fn consented(begun: &Begun, mut parameters: HashMap<String, String>) -> Result<Grant, Error> {
    if let Some(error) = parameters.get("error") {
        let reason: String = error
            .chars()
            .filter(char::is_ascii_graphic)
            .take(80)
            .collect();
        return Err(Error::Refused(format!(
            "{} was not given consent ({reason}); run `rapport connect` again and agree",
            begun.provider
        )));
    }
    let code = parameters.remove("code").ok_or_else(|| {
        Error::Invalid("the redirect carries no code; run `rapport connect` again".to_owned())
    })?;
    parameters.remove("state");
    Ok(Grant::Code(wire::AuthorizationCode {
        code,
        redirect_uri: begun.redirect_uri.clone(),
        code_verifier: begun.verifier.clone(),
        parameters,
    }))
}

fn random() -> Result<String, Error> {
    let mut bytes = [0; RANDOM_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SealError::Randomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Of the state only this is stored.
fn state_digest(state: &str) -> String {
    blake3::hash(state.as_bytes()).to_hex().to_string()
}

fn place<'a>(tenant: &'a TenantId, state_digest: &'a str) -> Place<'a> {
    Place {
        purpose: "sign-in",
        tenant: tenant.as_str(),
        record: state_digest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Begun {
        Begun {
            provider: "google".to_owned(),
            name: "ana".to_owned(),
            redirect_uri: "http://127.0.0.1:1/".to_owned(),
            verifier: "verifier".to_owned(),
        }
    }

    fn parameters(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_redirect_gives_the_code_with_what_the_provider_added() {
        let redirect = parameters(&[
            ("code", "c"),
            ("state", "s"),
            ("accounts-server", "https://eu"),
        ]);
        let Grant::Code(code) = consented(&begun(), redirect).unwrap() else {
            panic!("not a code");
        };
        assert_eq!(code.code, "c");
        assert_eq!(code.code_verifier, "verifier");
        assert_eq!(
            code.parameters,
            parameters(&[("accounts-server", "https://eu")])
        );
    }

    #[test]
    fn refused_consent_and_a_missing_code_say_what_to_do() {
        let refused = consented(&begun(), parameters(&[("error", "access_denied")])).unwrap_err();
        assert!(matches!(&refused, Error::Refused(_)));
        assert!(refused.to_string().contains("(access_denied)"), "{refused}");
        assert!(matches!(
            consented(&begun(), parameters(&[])),
            Err(Error::Invalid(_))
        ));
    }
}
