//! Access tokens: cached, renewed before they end or when the provider refuses them, once for all who ask.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use jiff::{SignedDuration, Timestamp};
use kit::{OnFailure, OnStop};
use proto::connector as wire;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::{
    control::Control,
    envelope::Place,
    error::Error,
    ids::{ConnectionId, TenantId},
    keys::KeyRing,
    store::{
        audit::{self, Actor},
        connections::{self, Connection, State, Token},
        syncs,
    },
};

/// A token is renewed this long before it ends, but not before three quarters of its life are over.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// The longest reason that is stored, in characters.
const MAX_REASON: usize = 300;

/// Access to an account.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) token: SecretString,
    pub(crate) api_base: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) account_id: String,
}

impl Access {
    pub(crate) fn to_wire(&self) -> wire::Access {
        wire::Access {
            access_token: self.token.expose_secret().to_owned(),
            api_base: self.api_base.clone(),
        }
    }
}

/// A token as it is sealed.
#[derive(Serialize, Deserialize)]
struct Plain {
    access_token: String,
    api_base: String,
}

/// One renewal of a connection at a time in this process. Others wait here, where waiting holds no database
/// connection; between processes the row's lock decides.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<HashMap<(TenantId, ConnectionId), Weak<Gate>>>);

type Gate = tokio::sync::Mutex<()>;

impl Gates {
    fn of(&self, tenant: &TenantId, connection: ConnectionId) -> Arc<Gate> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|_, gate| gate.strong_count() > 0);
        let key = (tenant.clone(), connection);
        if let Some(gate) = gates.get(&key).and_then(Weak::upgrade) {
            return gate;
        }
        let gate = Arc::default();
        gates.insert(key, Arc::downgrade(&gate));
        gate
    }
}

impl Control {
    /// Valid access to the account of a connection; other than `refused`, which the provider has just refused.
    pub(crate) async fn access(
        self: &Arc<Self>,
        tenant: &TenantId,
        connection: ConnectionId,
        refused: Option<&SecretString>,
    ) -> Result<Access, Error> {
        let stored = self.stored_connection(tenant, connection).await?;
        if let Some(access) = self.usable(tenant, &stored, refused)? {
            return Ok(access);
        }
        let gate = self.gates.of(tenant, connection).lock_owned().await;
        let (answer, answered) = oneshot::channel();
        let (control, tenant, refused) = (Arc::clone(self), tenant.clone(), refused.cloned());
        // To its end, even if the caller goes away: a provider may have replaced the secret by then.
        let renewal = async move {
            let result = control.renew(&tenant, connection, refused.as_ref()).await;
            drop(gate);
            let _caller_went_away = answer.send(result);
            anyhow::Ok(())
        };
        self.tasks.spawn(
            "renew access",
            OnFailure::Log,
            OnStop::Wait,
            renewal.in_current_span(),
        );
        answered.await.map_err(|_| {
            Error::Unavailable("the renewal of an access token failed; try again".to_owned())
        })?
    }

    pub(crate) async fn stored_connection(
        &self,
        tenant: &TenantId,
        id: ConnectionId,
    ) -> Result<Connection, Error> {
        let mut db = self.db.acquire().await?;
        connections::get(&mut db, tenant, id)
            .await?
            .ok_or_else(no_connection)
    }

    /// The stored token, if it still serves.
    fn usable(
        &self,
        tenant: &TenantId,
        connection: &Connection,
        refused: Option<&SecretString>,
    ) -> Result<Option<Access>, Error> {
        if let State::Unauthorised(reason) = &connection.state {
            return Err(sign_in_again(connection, reason));
        }
        let Some(token) = connection
            .token
            .as_ref()
            .filter(|token| serves(token, Timestamp::now()))
        else {
            return Ok(None);
        };
        let plain = self.keys.open(
            token_place(tenant, &connection.id.to_string()),
            &token.sealed,
        )?;
        let plain: Plain = serde_json::from_slice(&plain)?;
        if refused.is_some_and(|refused| refused.expose_secret() == plain.access_token) {
            return Ok(None);
        }
        Ok(Some(Access {
            token: plain.access_token.into(),
            api_base: plain.api_base,
            expires_at: token.expires_at,
            account_id: connection.account_id.clone(),
        }))
    }

    /// Renews under the row's lock, unless somebody else just did.
    async fn renew(
        &self,
        tenant: &TenantId,
        id: ConnectionId,
        refused: Option<&SecretString>,
    ) -> Result<Access, Error> {
        let mut tx = self.db.begin().await?;
        let connection = connections::lock(&mut tx, tenant, id)
            .await?
            .ok_or_else(no_connection)?;
        if let Some(access) = self.usable(tenant, &connection, refused)? {
            return Ok(access);
        }
        let connector = self.connectors.of(&connection.provider)?;
        let record = id.to_string();
        let place = secret_place(tenant, &record);
        let secret = self.keys.open(place, &connection.secret)?;
        let renewed = match connector.renew(secret).await {
            Ok(renewed) => renewed,
            Err(Error::Unauthenticated(reason)) => {
                tx.rollback().await?;
                self.set_unauthorised(tenant, id, &reason).await?;
                return Err(sign_in_again(&connection, &reason));
            }
            Err(passing) => return Err(passing),
        };
        kit::point("control.renewed");
        if !renewed.replacement_secret.is_empty() {
            let replacement = self.keys.seal(place, &renewed.replacement_secret)?;
            connections::set_secret(&mut tx, tenant, id, &replacement).await?;
        }
        let token = sealed_token(&self.keys, tenant, id, &renewed)?;
        if let Some(token) = &token {
            connections::set_token(&mut tx, tenant, id, token).await?;
        }
        tx.commit().await?;
        let access = renewed.access.unwrap_or_default();
        Ok(Access {
            token: access.access_token.into(),
            api_base: access.api_base,
            expires_at: token.map_or_else(Timestamp::now, |token| token.expires_at),
            account_id: connection.account_id,
        })
    }

    /// Notes that a person must sign in again. The connection's syncs stay, and wait.
    pub(crate) async fn set_unauthorised(
        &self,
        tenant: &TenantId,
        id: ConnectionId,
        reason: &str,
    ) -> Result<(), Error> {
        let reason: String = reason.chars().take(MAX_REASON).collect();
        let mut tx = self.db.begin().await?;
        if !connections::set_unauthorised(&mut tx, tenant, id, &reason).await? {
            return Ok(());
        }
        let entry = audit::Entry {
            actor: Actor::Service,
            action: "connection.unauthorised",
            subject: id.0,
            detail: &[],
        };
        audit::write(&mut tx, tenant, entry).await?;
        let waiting = syncs::of_connection(&mut tx, tenant, id).await?;
        tx.commit().await?;
        for sync in waiting {
            self.announce(tenant, sync).await;
        }
        Ok(())
    }
}

/// The token of a renewal as it is stored; nothing if the provider gave none.
pub(crate) fn sealed_token(
    keys: &KeyRing,
    tenant: &TenantId,
    id: ConnectionId,
    renewed: &wire::RenewResponse,
) -> Result<Option<Token>, Error> {
    let Some(access) = &renewed.access else {
        return Ok(None);
    };
    let plain = serde_json::to_vec(&Plain {
        access_token: access.access_token.clone(),
        api_base: access.api_base.clone(),
    })?;
    let renewed_at = Timestamp::now();
    Ok(Some(Token {
        sealed: keys.seal(token_place(tenant, &id.to_string()), &plain)?,
        renewed_at,
        expires_at: renewed_at + SignedDuration::from_secs(renewed.expires_in_seconds.into()),
    }))
}

/// Where the secret of a connection belongs.
pub(crate) fn secret_place<'a>(tenant: &'a TenantId, connection: &'a str) -> Place<'a> {
    Place {
        purpose: "connection secret",
        tenant: tenant.as_str(),
        record: connection,
    }
}

fn token_place<'a>(tenant: &'a TenantId, connection: &'a str) -> Place<'a> {
    Place {
        purpose: "access token",
        ..secret_place(tenant, connection)
    }
}

/// Whether a token has enough life left.
fn serves(token: &Token, now: Timestamp) -> bool {
    let life = token.expires_at.duration_since(token.renewed_at);
    let margin = MARGIN.min(life / 4);
    now < token.expires_at - margin
}

fn no_connection() -> Error {
    Error::NotFound("there is no such connection".to_owned())
}

fn sign_in_again(connection: &Connection, reason: &str) -> Error {
    let Connection { name, provider, .. } = connection;
    Error::Unauthenticated(format!(
        "connection \"{name}\" must sign in again ({reason}): run `rapport connect {provider} --name {name}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Sealed;

    fn token(lifetime_seconds: i64) -> Token {
        let renewed_at = Timestamp::UNIX_EPOCH;
        Token {
            sealed: Sealed {
                key_id: String::new(),
                bytes: Vec::new(),
            },
            renewed_at,
            expires_at: renewed_at + SignedDuration::from_secs(lifetime_seconds),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_token_is_renewed_five_minutes_before_its_end_or_in_the_last_quarter_of_a_short_life() {
        assert!(serves(&token(3600), at(3299)));
        assert!(!serves(&token(3600), at(3300)));
        assert!(serves(&token(20), at(14)));
        assert!(!serves(&token(20), at(15)));
        assert!(!serves(&token(0), at(0)));
    }
}
