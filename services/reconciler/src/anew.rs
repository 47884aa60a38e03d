//! Records made anew: some providers set a value only when they make a record, so that an update which changes it comes
//! back under another id. Where its answer is lost, the new record looks like anybody's, and the old one deleted; where it
//! gives way to an edit of the old one, the new one is shown for a while.

use std::collections::HashSet;

use model::{Edit, Record, Side, match_keys, patch};
use sqlx::PgConnection;

use crate::{
    definition::Definition,
    error::EngineError,
    store::{
        anew,
        link::LinkRow,
        matching::{self, Sought, Successor},
        record::{self, Presence},
    },
};

/// Whether a record that is in doubt since an answer was lost may have been made anew by that write.
pub(crate) async fn may_be(
    connection: &mut PgConnection,
    definition: &Definition,
    link: &LinkRow,
    side: Side,
    record: i64,
) -> Result<bool, EngineError> {
    if !definition.made_anew() {
        return Ok(false);
    }
    let stored = record::by_id(connection, &[record]).await?.pop();
    if stored.is_none_or(|stored| stored.presence != Presence::Doubtful) {
        return Ok(false);
    }
    let lost = anew::lost(connection, &definition.key, link.id, side).await?;
    Ok(lost.is_some())
}

/// Of records that are about to be matched, those that a write may have made in the place of another one, which gave up
/// as somebody edited that one: the provider is about to take them away again. Whether it did is read by their ids before
/// anything is made of them.
pub(crate) async fn given_up(
    connection: &mut PgConnection,
    definition: &Definition,
    records: &[i64],
) -> Result<HashSet<i64>, EngineError> {
    if !definition.made_anew() {
        return Ok(HashSet::new());
    }
    let horizon = definition.left.horizon.max(definition.right.horizon);
    let found = anew::given_up(connection, &definition.key, records, horizon).await?;
    Ok(found.into_iter().collect())
}

/// The record that a write whose answer was lost made in the place of one that is gone: what came since and has the keys
/// and the name that it was to have.
pub(crate) async fn successor(
    connection: &mut PgConnection,
    definition: &Definition,
    link: &LinkRow,
    side: Side,
    gone: i64,
) -> Result<Option<Successor>, EngineError> {
    if !definition.made_anew() {
        return Ok(None);
    }
    let key = &definition.key;
    let Some(lost) = anew::lost(connection, key, link.id, side).await? else {
        return Ok(None);
    };
    let stored = record::by_id(connection, &[gone]).await?.pop();
    let mut record = Record {
        kind: definition.kind.clone(),
        fields: stored.and_then(|row| row.fields).unwrap_or_default(),
    };
    let edits: Vec<Edit> = lost.edits.into_iter().map(|planned| planned.edit).collect();
    patch(&mut record, &edits);
    let criteria = &definition.side(side).criteria;
    let keys = match_keys(&record, criteria, &definition.hash_key);
    let sought = Sought {
        side,
        keys: &keys,
        unshared: &[],
        after: lost.queued_at,
    };
    let mut found = matching::free_with_keys(connection, key, &[sought]).await?;
    let found = found.pop_first();
    Ok(found.map(|(_, (id, remote_id))| Successor { id, remote_id }))
}
