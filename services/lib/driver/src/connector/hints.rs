//! Hints of pushes. Those that arrive while others are stored wait for them, and are stored together: a burst of
//! thousands costs a commit each time that one ends, not one each.

use std::collections::BTreeMap;

use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use crate::store::{
    FeedKey,
    feeds::{self, Hinted},
};

/// Hints that are stored together at most.
const AT_A_TIME: usize = 512;

/// A hint, and who waits until it is stored.
struct Waiting {
    key: FeedKey,
    traceparent: String,
    stored: oneshot::Sender<()>,
}

/// A hint is not stored; whoever pushed must push again.
#[derive(Debug, thiserror::Error)]
#[error("a hint cannot be stored")]
pub(super) struct NotStored;

/// Where hints are handed in.
#[derive(Clone)]
pub(super) struct Hints(mpsc::Sender<Waiting>);

/// Takes what is handed in.
pub(super) struct Storing(mpsc::Receiver<Waiting>);

/// A way for hints, and its end.
pub(super) fn way() -> (Hints, Storing) {
    let (sender, receiver) = mpsc::channel(AT_A_TIME);
    (Hints(sender), Storing(receiver))
}

impl Hints {
    /// Returns when the hint is stored, so that the push may be answered.
    pub(super) async fn store(&self, key: FeedKey, traceparent: String) -> Result<(), NotStored> {
        let (stored, answer) = oneshot::channel();
        let waiting = Waiting {
            key,
            traceparent,
            stored,
        };
        self.0.send(waiting).await.map_err(|_| NotStored)?;
        answer.await.map_err(|_| NotStored)
    }
}

impl Storing {
    /// Until nobody hands in any more.
    pub(super) async fn run(mut self, pool: &PgPool) {
        let mut waiting = Vec::new();
        while self.0.recv_many(&mut waiting, AT_A_TIME).await > 0 {
            let hinted = gathered(&waiting);
            match feeds::hint_all(pool, &hinted).await {
                Ok(()) => {
                    for one in waiting.drain(..) {
                        // Who has hung up is pushed for again, at worst.
                        let _ = one.stored.send(());
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "hints cannot be stored");
                    waiting.clear();
                }
            }
        }
    }
}

/// One entry a feed: how many hints it has, and the trace of the newest.
fn gathered(waiting: &[Waiting]) -> Vec<Hinted> {
    let mut feeds: BTreeMap<&FeedKey, (i64, &str)> = BTreeMap::new();
    for one in waiting {
        let (count, traceparent) = feeds.entry(&one.key).or_default();
        *count += 1;
        *traceparent = &one.traceparent;
    }
    feeds
        .into_iter()
        .map(|(key, (count, traceparent))| Hinted {
            key: key.clone(),
            count,
            traceparent: traceparent.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use model::Side;

    use super::*;

    fn waiting(sync: &str, traceparent: &str) -> Waiting {
        Waiting {
            key: FeedKey {
                tenant: "acme".into(),
                sync: sync.into(),
                side: Side::Left,
            },
            traceparent: traceparent.into(),
            stored: oneshot::channel().0,
        }
    }

    #[test]
    fn hints_of_one_feed_are_counted_and_the_newest_trace_is_kept() {
        let gathered = gathered(&[waiting("b", "1"), waiting("a", "2"), waiting("b", "3")]);
        let told: Vec<(&str, i64, &str)> = gathered
            .iter()
            .map(|one| (one.key.sync.as_str(), one.count, one.traceparent.as_str()))
            .collect();
        assert_eq!(told, [("a", 1, "2"), ("b", 2, "3")]);
    }

    #[tokio::test]
    async fn a_hint_that_nobody_stores_is_an_error() {
        let (hints, storing) = way();
        drop(storing);
        let one = waiting("a", "");
        assert!(hints.store(one.key, one.traceparent).await.is_err());
    }
}
