//! Reads one page of a round, and decides what a fault of it means for the round (the fault table for feeds).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use jiff::Timestamp;
use provider::{At, Fault, Lane, Page};
use tokio::sync::OwnedMutexGuard;

use super::round::{End, Round};
use crate::{
    backoff::{backoff, until},
    definitions::ConnectionKey,
    tokens::Token,
};

/// How often a page is tried that fails in passing, before its round fails: a long reading survives a sick moment.
const ATTEMPTS: u32 = 6;

/// A round waits so long for a throttling provider; for longer it ends and the feed waits.
const LONGEST_PATIENCE: Duration = Duration::from_mins(1);

/// Whose turn it is to read a page: one page of a connection at a time, in the order of asking.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<ConnectionKey, Weak<Turn>>>);

type Turn = tokio::sync::Mutex<()>;

impl Turns {
    async fn take(&self, key: ConnectionKey) -> OwnedMutexGuard<()> {
        self.turn(key).lock_owned().await
    }

    fn turn(&self, key: ConnectionKey) -> Arc<Turn> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(key, Arc::downgrade(&turn));
        turn
    }
}

/// What is done about a fault of a page.
enum Remedy {
    Wait(Duration),
    Renew,
    None,
}

impl Round<'_> {
    /// Reads a page; what passes soon is waited for here.
    pub(super) async fn page(&self, at: &At, lane: Lane) -> Result<Page, End> {
        let mut attempt = 1;
        let mut refused: Option<Arc<Token>> = None;
        loop {
            let token = self
                .connector
                .tokens
                .of_side(self.side, refused.as_deref())
                .await;
            let result = match &token {
                Ok(token) => self.page_with(token, at, lane).await?,
                Err(Fault::Transient { .. }) => return Err(End::PeerSilent),
                Err(fault) => Err(fault.clone()),
            };
            let fault = match result {
                Ok(page) => return Ok(page),
                Err(fault) => fault,
            };
            let remedy = remedy(&fault, attempt, refused.is_none() && token.is_ok());
            tracing::debug!(fault = fault.word(), attempt, "a page was not read");
            match (remedy, token) {
                (Remedy::Wait(time), _) => self.connector.pause(time).await?,
                (Remedy::Renew, Ok(token)) => refused = Some(token),
                (_, token) => {
                    if let (Fault::Unauthorised { reason }, Ok(_)) = (&fault, token) {
                        let connection = self.side.connection();
                        self.connector
                            .tokens
                            .report_unauthorised(&connection, reason)
                            .await;
                    }
                    return Err(fault.into());
                }
            }
            attempt += 1;
        }
    }

    async fn page_with(
        &self,
        token: &Token,
        at: &At,
        lane: Lane,
    ) -> Result<Result<Page, Fault>, End> {
        let scope = &self.side.scope;
        let session = token.session(&self.connector.http, lane);
        let read = async {
            let _turn = self.connector.turns.take(self.side.connection()).await;
            self.connector.provider.page(session, scope, at).await
        };
        tokio::select! {
            page = read => Ok(page),
            () = self.connector.process.shutdown.cancelled() => Err(End::Stopping),
        }
    }
}

/// A read does nothing, so an answer that was lost is a failure that passes.
fn remedy(fault: &Fault, attempt: u32, may_renew: bool) -> Remedy {
    if attempt >= ATTEMPTS {
        return Remedy::None;
    }
    match fault {
        Fault::Transient { .. } | Fault::LostAnswer { .. } => Remedy::Wait(backoff(
            attempt,
            Duration::from_millis(500),
            Duration::from_secs(15),
        )),
        Fault::Throttled { until: time } if until(*time) <= LONGEST_PATIENCE => {
            Remedy::Wait(patience(*time))
        }
        Fault::Unauthorised { .. } if may_renew => Remedy::Renew,
        _ => Remedy::None,
    }
}

/// At least a moment: a clock that is behind must not make us hammer.
fn patience(time: Timestamp) -> Duration {
    until(time).max(Duration::from_millis(250))
}
