//! Access tokens, from control, kept until shortly before they end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use kit::grpc::Client;
use proto::control::{
    AccessTokenRequest, AccessTokenResponse, ReportUnauthorisedRequest,
    definitions_client::DefinitionsClient,
};
use provider::{Access, Fault, HttpClient, Lane, Session};
use secrecy::{ExposeSecret, SecretString};
use tonic::{Code, Status};
use url::Url;

use crate::definitions::{ConnectionKey, DefinedSide};

/// Tokens are not used any more this long before they end.
const MARGIN: SignedDuration = SignedDuration::from_secs(15);

/// Connections whose tokens are kept at most; others are asked for again.
const KEPT: usize = 10_000;

/// Renewed tokens in a row that the provider accepts for no call at all, after which a person has to sign in again. A
/// single one may have been ended by whatever ended the one before.
const MOST_NEVER_ACCEPTED: u32 = 3;

/// A token and the account that it is valid for.
#[derive(Debug)]
pub(crate) struct Token {
    access: Access,
    account_id: String,
    expires_at: Timestamp,
}

impl Token {
    /// What calls are made with.
    pub(crate) fn session<'a>(&'a self, http: &'a HttpClient, lane: Lane) -> Session<'a> {
        Session {
            access: &self.access,
            account_id: &self.account_id,
            lane,
            http,
            begin_before: None,
        }
    }

    fn is_fresh(&self) -> bool {
        self.expires_at.duration_since(Timestamp::now()) > MARGIN
    }
}

/// A token that the provider has just refused.
#[derive(Clone, Copy)]
pub(crate) struct Refused<'a> {
    pub(crate) token: &'a Arc<Token>,
    /// In the provider's words.
    pub(crate) reason: &'a str,
}

/// What is known of a connection.
#[derive(Default)]
struct Held {
    token: Option<Arc<Token>>,
    /// The last token that was refused.
    refused: Option<Arc<Token>>,
    /// Tokens refused in a row that were never accepted.
    never_accepted: u32,
}

impl Held {
    /// Counts a refusal, once for each token; answers whether they are too many.
    fn refuse(&mut self, refused: &Arc<Token>) -> bool {
        let known = self.refused.as_ref();
        if known.is_some_and(|known| same_token(known, refused)) {
            return false;
        }
        self.refused = Some(refused.clone());
        self.never_accepted = if refused.access.is_accepted() {
            0
        } else {
            self.never_accepted + 1
        };
        self.never_accepted >= MOST_NEVER_ACCEPTED
    }
}

type Slot = Arc<tokio::sync::Mutex<Held>>;

/// The tokens of this process.
pub(crate) struct Tokens {
    client: DefinitionsClient<Client>,
    slots: Mutex<HashMap<ConnectionKey, Slot>>,
}

impl Tokens {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client: DefinitionsClient::new(client),
            slots: Mutex::default(),
        }
    }

    /// A token for a side. A connection that has come to belong to another account is refused.
    pub(crate) async fn of_side(
        &self,
        side: &DefinedSide,
        refused: Option<Refused<'_>>,
    ) -> Result<Arc<Token>, Fault> {
        let connection = side.connection();
        let token = self.of(&connection, refused).await?;
        if token.account_id != side.account_id {
            let reason = "the connection belongs to another account than the sync was made for";
            self.report_unauthorised(&connection, reason).await;
            return Err(Fault::Unauthorised {
                reason: reason.to_owned(),
            });
        }
        Ok(token)
    }

    /// A token of a connection; another one than the one that the provider has just refused. Callers of one
    /// connection wait for one answer. If the provider accepts none of several, the connection is reported.
    pub(crate) async fn of(
        &self,
        key: &ConnectionKey,
        refused: Option<Refused<'_>>,
    ) -> Result<Arc<Token>, Fault> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| token.is_fresh())
            && refused.is_none_or(|refused| !same_token(refused.token, token))
        {
            return Ok(token.clone());
        }
        held.token = None;
        if let Some(refused) = refused
            && held.refuse(refused.token)
        {
            *held = Held::default();
            self.report_unauthorised(key, refused.reason).await;
            return Err(Fault::Unauthorised {
                reason: refused.reason.to_owned(),
            });
        }
        let request = AccessTokenRequest {
            tenant: key.tenant.clone(),
            connection: key.connection.clone(),
            refused_token: refused
                .map(|refused| refused.token.access.token.expose_secret().to_owned())
                .unwrap_or_default(),
        };
        let answer = self
            .client
            .clone()
            .access_token(request)
            .await
            .map_err(|status| why(&status))?;
        let token = Arc::new(token(answer.into_inner())?);
        if refused.is_some_and(|refused| same_token(refused.token, &token)) {
            let reason = "the provider refuses the token that control has";
            self.report_unauthorised(key, reason).await;
            return Err(Fault::Unauthorised {
                reason: reason.to_owned(),
            });
        }
        held.token = Some(token.clone());
        Ok(token)
    }

    /// Tells control that a connection needs a person to sign in again.
    pub(crate) async fn report_unauthorised(&self, connection: &ConnectionKey, reason: &str) {
        let request = ReportUnauthorisedRequest {
            tenant: connection.tenant.clone(),
            connection: connection.connection.clone(),
            reason: reason.to_owned(),
        };
        if let Err(status) = self.client.clone().report_unauthorised(request).await {
            tracing::warn!(code = ?status.code(), "control does not take a report");
        }
    }

    fn slot(&self, key: &ConnectionKey) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= KEPT {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(key.clone()).or_default().clone()
    }
}

fn same_token(one: &Token, other: &Token) -> bool {
    one.access.token.expose_secret() == other.access.token.expose_secret()
}

fn token(answer: AccessTokenResponse) -> Result<Token, Fault> {
    let api_base = match answer.api_base.as_str() {
        "" => None,
        base => Some(Url::parse(base).map_err(|_| Fault::malformed("control's API base"))?),
    };
    Ok(Token {
        access: Access::new(SecretString::from(answer.access_token), api_base),
        account_id: answer.account_id,
        expires_at: Timestamp::from_microsecond(answer.expires_at_micros).unwrap_or_default(),
    })
}

/// Why control gives no token: a person has to do something, or it can be tried again.
fn why(status: &Status) -> Fault {
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied | Code::FailedPrecondition => {
            Fault::Unauthorised {
                reason: "a person has to sign in again".to_owned(),
            }
        }
        Code::NotFound => Fault::Unauthorised {
            reason: "the connection is gone".to_owned(),
        },
        Code::ResourceExhausted => Fault::Throttled {
            until: crate::backoff::from_now(Duration::from_mins(1)),
        },
        code => Fault::transient(format!("control gives no access token: {code:?}")),
    }
}
