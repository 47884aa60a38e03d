//! Release: queued writes go out, as many as an account's window leaves room for.

mod choice;

use std::collections::BTreeMap;

use bus::Bus;
use futures_util::{StreamExt as _, stream};
use prost::Message as _;
use proto::write::{Write, WriteBatch};
use sqlx::{PgConnection, PgPool};
use tracing::Instrument as _;

pub use self::choice::Limits;
use crate::{
    error::EngineError,
    lane,
    store::{
        StoreError,
        outbox::{self, Account, Released},
    },
    trace,
};

/// Accounts that are released at once.
const ACCOUNTS_AT_ONCE: usize = 4;
/// Writes in one message: what one provider call takes at most, so that a batch fills calls.
const BATCH: usize = 200;
/// A released write that nobody has claimed for so long is published again: its message may be lost.
const REPEAT_AFTER_SECONDS: f64 = 60.0;
/// How far into the queue calls are looked for that are full, in windows.
const LOOK_AHEAD: usize = 3;

/// Publishes what may go out now; answers how many writes went out.
pub async fn release(pool: &PgPool, bus: &Bus, window: usize) -> Result<usize, EngineError> {
    let accounts = {
        let mut connection = pool.acquire().await?;
        outbox::accounts(&mut connection, REPEAT_AFTER_SECONDS).await?
    };
    let limits = Limits {
        window,
        batch: BATCH,
    };
    let counts = stream::iter(accounts)
        .map(|account| async move { release_of(pool, bus, limits, &account).await })
        .buffer_unordered(ACCOUNTS_AT_ONCE);
    // One account's failure keeps nothing of the others back.
    let mut counts: Vec<Result<usize, EngineError>> = counts.collect().await;
    let failed = counts.extract_if(.., |count| count.is_err()).last();
    match failed {
        Some(failed) => failed,
        None => Ok(counts.into_iter().flatten().sum()),
    }
}

async fn release_of(
    pool: &PgPool,
    bus: &Bus,
    limits: Limits,
    account: &Account,
) -> Result<usize, EngineError> {
    let mut transaction = pool.begin().await?;
    let released = choose(&mut transaction, account, limits, REPEAT_AFTER_SECONDS).await?;
    // Committed first: a message that is never published is published again later.
    transaction.commit().await?;
    kit::point("reconciler.released");
    publish(bus, account, &released).await?;
    Ok(released.len())
}

/// Releases what may go out of an account now.
///
/// # Errors
///
/// [`StoreError`] if the database does not answer.
pub async fn choose(
    connection: &mut PgConnection,
    account: &Account,
    limits: Limits,
    repeat_after_seconds: f64,
) -> Result<Vec<Released>, StoreError> {
    let open = outbox::on_the_way(connection, account, repeat_after_seconds).await?;
    let room = choice::room(&open, limits);
    if room == 0 {
        return Ok(Vec::new());
    }
    // Of a baseline nothing but whole calls goes while others are on the way.
    let last = if room >= limits.batch || open.is_empty() {
        lane::BASELINE
    } else {
        lane::CHANGE
    };
    let looked_at = i64::try_from(limits.window * LOOK_AHEAD).unwrap_or(i64::MAX);
    let waiting =
        outbox::waiting(connection, account, last, looked_at, repeat_after_seconds).await?;
    let chosen = choice::choose(&open, &waiting, limits);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    outbox::release(connection, &chosen).await
}

/// Publishes writes in messages. No two of them are of one link, so that their order among themselves does not matter.
async fn publish(bus: &Bus, account: &Account, released: &[Released]) -> Result<(), EngineError> {
    for rows in messages(released) {
        let span = tracing::info_span!(
            "outbox.release",
            tenant = account.tenant,
            writes = rows.len()
        );
        let mut traces = rows.iter().map(|row| row.traceparent.as_str());
        if let Some(traceparent) = traces.find(|traceparent| !traceparent.is_empty()) {
            trace::continue_from(&span, traceparent);
        }
        let writes = rows.iter().map(|row| Write::decode(row.body.as_slice()));
        let batch = WriteBatch {
            tenant: account.tenant.clone(),
            connection: account.connection.clone(),
            provider: account.provider.clone(),
            writes: writes
                .collect::<Result<_, _>>()
                .map_err(|_| EngineError::Malformed("stored write"))?,
        };
        bus.publish_writes(&batch).instrument(span).await?;
    }
    Ok(())
}

/// The messages of each lane: those first that fill a call, then what is left of each kind.
fn messages(released: &[Released]) -> Vec<Vec<&Released>> {
    let mut alike: BTreeMap<(i16, &str, &str), Vec<&Released>> = BTreeMap::new();
    for row in released {
        alike
            .entry((row.lane, &row.sync, &row.call))
            .or_default()
            .push(row);
    }
    let mut lanes: BTreeMap<i16, (Vec<Vec<&Released>>, Vec<&Released>)> = BTreeMap::new();
    for ((lane, ..), rows) in alike {
        let (full, rest) = lanes.entry(lane).or_default();
        let chunks = rows.chunks_exact(BATCH);
        rest.extend(chunks.remainder());
        full.extend(chunks.map(<[_]>::to_vec));
    }
    let messages = lanes.into_values().flat_map(|(mut full, rest)| {
        full.extend(rest.chunks(BATCH).map(<[_]>::to_vec));
        full
    });
    messages.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn writes(count: usize, lane: i16, sync: &str, call: &str) -> impl Iterator<Item = Released> {
        let (sync, call) = (sync.to_owned(), call.to_owned());
        (0..count).map(move |_| Released {
            lane,
            sync: sync.clone(),
            call: call.clone(),
            body: Vec::new(),
            traceparent: String::new(),
        })
    }

    // proves: R-29
    #[test]
    fn full_calls_travel_alone_and_people_first() {
        let full = BATCH;
        let released: Vec<Released> = writes(full + 3, 2, "s", "create")
            .chain(writes(full, 2, "s", "update title"))
            .chain(writes(2, 2, "t", "create"))
            .chain(writes(1, 0, "s", "update title"))
            .collect();
        let messages = messages(&released);
        let told: Vec<(usize, &str, usize)> = messages
            .iter()
            .map(|rows| {
                let kinds: BTreeSet<_> = rows.iter().map(|row| (&row.sync, &row.call)).collect();
                (rows.len(), rows[0].call.as_str(), kinds.len())
            })
            .collect();
        assert_eq!(
            told,
            [
                (1, "update title", 1),
                (full, "create", 1),
                (full, "update title", 1),
                (5, "create", 2),
            ]
        );
    }
}
