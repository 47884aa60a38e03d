//! Stale answers, a whole batch at a time: somebody changed these records since their plans were made. What they show
//! now is stored, and they are planned again.

use std::collections::HashMap;

use model::{PerSide, Side};
use proto::write::Stale;
use sqlx::PgConnection;
use uuid::Uuid;

use super::MOST_STALE;
use crate::{
    definition::Definition,
    error::EngineError,
    ledger::Ledger,
    live::{self, Sighted},
    store::{
        link::{self, LinkRow},
        record::{self, RecordRow},
        write::{self, WriteRow},
    },
};

/// Applies answers; each link and each record occurs once.
pub(super) async fn apply(
    connection: &mut PgConnection,
    definition: &Definition,
    ledger: &mut Ledger,
    stale: Vec<(&WriteRow, &Stale)>,
    links: &mut HashMap<Uuid, LinkRow>,
) -> Result<(), EngineError> {
    if stale.is_empty() {
        return Ok(());
    }
    let mut planned_again = Vec::with_capacity(stale.len());
    let mut shown: PerSide<Vec<Sighted>> = PerSide::default();
    for (write, answer) in &stale {
        let Some(mut link) = links.remove(&write.link) else {
            continue;
        };
        link.dirty = true;
        link.stale_count += 1;
        if link.stale_count > MOST_STALE {
            let reason = "something changes it faster than it can be written";
            super::set_aside(&mut link, ledger, write, reason);
        }
        if let Some(live) = &answer.live {
            shown.get_mut(write.side).push(Sighted::of_live(live)?);
        }
        planned_again.push(link);
    }
    let known: Vec<i64> = planned_again
        .iter()
        .flat_map(|link| [link.left_record, link.right_record])
        .flatten()
        .collect();
    let known: HashMap<i64, RecordRow> = record::by_id(connection, &known)
        .await?
        .into_iter()
        .map(|record| (record.id, record))
        .collect();
    for side in Side::ALL {
        let shown = std::mem::take(shown.get_mut(side));
        live::store(connection, definition, side, shown, &known).await?;
    }
    let ended: Vec<Uuid> = stale.iter().map(|(write, _)| write.id).collect();
    write::end(connection, &ended, "answered", "stale").await?;
    link::save(connection, &planned_again).await?;
    links.extend(planned_again.into_iter().map(|link| (link.id, link)));
    Ok(())
}
