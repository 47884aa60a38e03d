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
    tokens::{Refused, Token},
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

impl Round<'_> {
    /// Reads a page; what passes soon is waited for here.
    pub(super) async fn page(&self, at: &At, lane: Lane) -> Result<Page, End> {
        let (mut attempt, mut refusals) = (1, 0);
        let mut refused: Option<(Arc<Token>, String)> = None;
        loop {
            let last = refused.take();
            let last = last
                .as_ref()
                .map(|(token, reason)| Refused { token, reason });
            let token = self.connector.tokens.of_side(self.side, last).await;
            let result = match &token {
                Ok(token) => self.page_with(token, at, lane).await?,
                Err(Fault::Transient { .. }) => return Err(End::PeerSilent),
                Err(fault) => Err(fault.clone()),
            };
            let fault = match result {
                Ok(page) => return Ok(page),
                Err(fault) => fault,
            };
            tracing::debug!(fault = fault.word(), attempt, "a page was not read");
            match (fault, token) {
                (Fault::Unauthorised { reason }, Ok(token)) => {
                    refusals += 1;
                    if attempt >= ATTEMPTS {
                        let is_always = refusals == attempt;
                        return Err(self.refused_too_often(reason, is_always).await.into());
                    }
                    if refusals > 1 {
                        self.connector.pause(pause(refusals - 1)).await?;
                    }
                    refused = Some((token, reason));
                }
                (fault, _) => match wait(&fault, attempt) {
                    Some(time) => self.connector.pause(time).await?,
                    None => return Err(fault.into()),
                },
            }
            attempt += 1;
        }
    }

    /// Tokens are refused for a page that are accepted for others. If that is all that is said of it, a person has to
    /// look; otherwise something ends them, and the round is begun again later.
    async fn refused_too_often(&self, reason: String, is_always: bool) -> Fault {
        if !is_always {
            return Fault::Transient { reason };
        }
        let connection = self.side.connection();
        let tokens = &self.connector.tokens;
        tokens.report_unauthorised(&connection, &reason).await;
        Fault::Unauthorised { reason }
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
/// How long a page waits after a fault before it is tried again; nothing if it is not.
fn wait(fault: &Fault, attempt: u32) -> Option<Duration> {
    if attempt >= ATTEMPTS {
        return None;
    }
    match fault {
        Fault::Transient { .. } | Fault::LostAnswer { .. } => Some(pause(attempt)),
        Fault::Throttled { until: time } if until(*time) <= LONGEST_PATIENCE => {
            Some(patience(*time))
        }
        _ => None,
    }
}

fn pause(failures: u32) -> Duration {
    let (first, longest) = (Duration::from_millis(500), Duration::from_secs(15));
    backoff(failures, first, longest)
}

/// At least a moment: a clock that is behind must not make us hammer.
fn patience(time: Timestamp) -> Duration {
    until(time).max(Duration::from_millis(250))
}
