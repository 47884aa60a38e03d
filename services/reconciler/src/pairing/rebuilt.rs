//! Links that the database does not know and the records do: rebuilt before anything is matched anew.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use model::{Comparison, Pairing, Path, Record, Side, Value, project};
use sqlx::PgConnection;
use uuid::Uuid;

use super::found;
use crate::{
    definition::Definition,
    error::EngineError,
    live,
    store::{
        link::{self, LinkState, NewLink},
        matching::{self, Lone},
        record::{self, RecordRow},
    },
    trace,
};

/// So many more creations of a record than the database knows of are tried.
const GENERATIONS: i32 = 4;

/// Rebuilds links of records without a counterpart, or whose counterpart is there no more; answers how many.
///
/// A marker is derived, so that the record that it was made from can be told. Where no marker can be carried, and only if
/// the database was recovered at a time, a record that it did not know and that equals another one in everything that
/// is mapped is that one's counterpart.
pub async fn rebuild(
    connection: &mut PgConnection,
    definition: &Definition,
    recovered_at: Option<Timestamp>,
) -> Result<usize, EngineError> {
    let marked = matching::marked(connection, &definition.key).await?;
    if marked.is_empty() && recovered_at.is_none() {
        return Ok(0);
    }
    let mut lone = matching::lone(connection, &definition.key).await?;
    let mut count = 0;
    for side in Side::ALL {
        let found = by_derived_marker(definition, side, &marked, &lone);
        count += found.len();
        for (source, own) in found {
            join(connection, definition, &lone, source, own).await?;
            lone.retain(|one| one.record != source && one.record != own);
        }
    }
    if let Some(at) = recovered_at {
        let ids: Vec<i64> = lone.iter().map(|one| one.record).collect();
        let rows = record::by_id(connection, &ids).await?;
        for side in Side::ALL {
            let found = by_whole_content(definition, side, &rows, &lone, at);
            count += found.len();
            for (source, own) in found {
                join(connection, definition, &lone, source, own).await?;
                lone.retain(|one| one.record != source && one.record != own);
            }
        }
    }
    Ok(count)
}

/// Records of a side that carry the marker of a record of the other side: (source, own).
fn by_derived_marker(
    definition: &Definition,
    side: Side,
    marked: &[(i64, Side, String)],
    lone: &[Lone],
) -> Vec<(i64, i64)> {
    // The oldest of those that carry the same marker; the others are copies that people made.
    let still = free(lone);
    let mut own: HashMap<&str, i64> = HashMap::new();
    for (record, of, marker) in marked {
        if *of == side && still.contains(record) {
            own.entry(marker).or_insert(*record);
        }
    }
    if own.is_empty() {
        return Vec::new();
    }
    let sources = lone.iter().filter(|one| one.side != side);
    sources
        .filter_map(|source| {
            // A creation that the database does not know proves that the counterpart which it knows is gone.
            let known = source.create_generation;
            let first = if source.bereft { known + 1 } else { 1 };
            let generations = first..=known.saturating_add(GENERATIONS);
            let found = generations
                .map(|generation| live::derived(definition, &source.remote_id, side, generation))
                .find_map(|marker| own.remove(marker.as_str()))?;
            Some((source.record, found))
        })
        .collect()
}

/// Records of a side that the database did not know and that equal a record of the other side: (source, own).
fn by_whole_content(
    definition: &Definition,
    side: Side,
    rows: &[RecordRow],
    lone: &[Lone],
    at: Timestamp,
) -> Vec<(i64, i64)> {
    let still: HashSet<i64> = lone.iter().map(|one| one.record).collect();
    let own = free(lone);
    let alive = |row: &&RecordRow| still.contains(&row.id);
    let shown = |row: &RecordRow| Shown::of(definition, row);
    let fresh: Vec<(&RecordRow, Shown)> = rows
        .iter()
        .filter(alive)
        .filter(|row| row.side == side && row.first_seen_at >= at && own.contains(&row.id))
        .filter_map(|row| Some((row, shown(row)?)))
        .collect();
    let mut by_text: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, (_, shown)) in fresh.iter().enumerate() {
        by_text.entry(shown.text.clone()).or_default().push(index);
    }
    let sources = rows.iter().filter(alive).filter(|row| row.side != side);
    let mut found = Vec::new();
    for source in sources {
        let Some(wanted) = shown(source) else {
            continue;
        };
        let Some(alike) = by_text.get_mut(&wanted.text) else {
            continue;
        };
        let same = |index: &usize| fresh[*index].1.equals(definition, &wanted);
        if let Some(place) = alike.iter().position(same) {
            let index = alike.remove(place);
            found.push((source.id, fresh[index].0.id));
        }
    }
    found
}

/// Those that never had a counterpart, as far as is known.
fn free(lone: &[Lone]) -> HashSet<i64> {
    let free = lone.iter().filter(|one| !one.bereft);
    free.map(|one| one.record).collect()
}

/// What a record shows on the mapped paths of its side.
struct Shown {
    side: Side,
    values: HashMap<Path, Value>,
    /// Its mapped texts, one after the other, in normal form: the same for records that are equal.
    text: String,
}

impl Shown {
    /// None for a record that shows nothing.
    fn of(definition: &Definition, row: &RecordRow) -> Option<Self> {
        let record = Record {
            kind: definition.kind.clone(),
            fields: row.fields.clone()?,
        };
        let paths = definition.paths(row.side);
        let values: HashMap<Path, Value> = project(&record, &paths, &model::Fields::new())
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        if values.is_empty() {
            return None;
        }
        let text = definition
            .pairings
            .iter()
            .filter_map(|pairing| {
                let text = values.get(pairing.path(row.side))?.as_text()?;
                Some(format!("{}\n", normal(pairing, text)))
            })
            .collect();
        Some(Self {
            side: row.side,
            values,
            text,
        })
    }

    fn equals(&self, definition: &Definition, other: &Self) -> bool {
        definition.pairings.iter().all(|pairing| {
            let own = self.values.get(pairing.path(self.side));
            let others = other.values.get(pairing.path(other.side));
            pairing.comparison().same(own, others)
        })
    }
}

fn normal(pairing: &Pairing, text: &str) -> String {
    let comparison: Comparison = pairing.comparison();
    comparison.normal(text)
}

/// A link of both records, as it would be if the creation of `own` had been remembered.
async fn join(
    connection: &mut PgConnection,
    definition: &Definition,
    lone: &[Lone],
    source: i64,
    own: i64,
) -> Result<(), EngineError> {
    let of = |record: i64| lone.iter().find(|one| one.record == record);
    let (Some(source), Some(own)) = (of(source), of(own)) else {
        return Ok(());
    };
    if let Some(over) = own.link {
        super::close(connection, over, "found to be another record's counterpart").await?;
    }
    let id: Uuid = match source.link {
        Some(id) => id,
        None => alone(connection, definition, source).await?,
    };
    let Some(row) = record::by_id(connection, &[own.record]).await?.pop() else {
        return Ok(());
    };
    found::adopt(connection, definition, id, &row).await?;
    matching::set_matched(connection, &[source.record]).await?;
    Ok(())
}

async fn alone(
    connection: &mut PgConnection,
    definition: &Definition,
    source: &Lone,
) -> Result<Uuid, EngineError> {
    let id = live::link_id(definition, source.side, &source.remote_id);
    let (left, right) = match source.side {
        Side::Left => (Some(source.record), None),
        Side::Right => (None, Some(source.record)),
    };
    let name = |record: Option<i64>| match record {
        Some(_) => source.remote_id.clone(),
        None => String::new(),
    };
    let mut links = [NewLink {
        id,
        left_record: left,
        left_id: name(left),
        right_record: right,
        right_id: name(right),
        state: LinkState::Pending,
        reason: "found again".to_owned(),
        dirty: true,
        traceparent: trace::current(),
    }];
    link::insert(
        connection,
        &definition.key,
        definition.has_identity(),
        &mut links,
    )
    .await?;
    Ok(links[0].id)
}
