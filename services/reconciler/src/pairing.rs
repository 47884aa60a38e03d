//! Matching: records that wait get a link, alone or with their counterpart (R-06 … R-09).

pub(crate) mod found;
pub mod rebuilt;
mod unanswered;

use std::collections::{HashMap, HashSet};

use merge::{Candidate, Reason, Twins, pair_up};
use model::Side;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    anew,
    definition::Definition,
    error::EngineError,
    live,
    store::{
        link::{self, LinkRow, LinkState, NewLink},
        matching::{self, Bond, Contender, Place},
        record::{self, Presence, RecordRow},
        write,
    },
    trace,
};

/// How many waiting records are matched in one go.
const BATCH: i64 = 5_000;

/// Matches what waits; answers how many records got a link.
pub async fn pair(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<usize, EngineError> {
    let found = by_marker(connection, definition).await?
        + unanswered::by_content(connection, definition).await?
        + take_back(connection, definition, &[]).await?.len();
    let waiting =
        matching::waiting(connection, &definition.key, definition.made_anew(), BATCH).await?;
    if waiting.is_empty() {
        return Ok(found);
    }
    let contenders = matching::contenders(connection, &definition.key, &waiting).await?;
    let doubted = anew::given_up(connection, definition, &waiting).await?;
    let of: HashMap<i64, &Contender> = contenders.iter().map(|one| (one.id, one)).collect();
    let candidates = |side: Side| -> Vec<Candidate> {
        contenders
            .iter()
            .filter(|one| {
                let is_open = matches!(one.bond, Bond::Free | Bond::Half(_));
                one.side == side && one.live && is_open && !doubted.contains(&one.id)
            })
            .map(candidate)
            .collect()
    };
    let matching = pair_up(
        &candidates(Side::Left),
        &candidates(Side::Right),
        &definition.policy,
    );
    let twins: HashSet<i64> = matching.twins.iter().map(|twin| twin.id).collect();
    let mut taken = HashSet::new();
    let mut fresh = Vec::new();
    // A match outside the scope gets a link as well: its plan says whether it is adopted or excluded.
    let matched = matching.matched.iter().map(|one| (one.left, one.right));
    let outside = matching.outside.iter().map(|one| (one.left, one.right));
    for (left, right) in matched.chain(outside) {
        let (Some(left), Some(right)) = (of.get(&left), of.get(&right)) else {
            continue;
        };
        // A pair that was looked at before and has not changed is not matched anew.
        if !left.waiting && !right.waiting {
            continue;
        }
        taken.extend([left.id, right.id]);
        join(connection, definition, left, right, &mut fresh).await?;
    }
    let sharers = Sharers::of(&contenders);
    let mut places = Vec::new();
    for one in contenders
        .iter()
        .filter(|one| one.waiting && one.bond == Bond::Free)
    {
        let awaits = one.place == Some(Place::Open) || awaits_another(one, &sharers);
        if taken.contains(&one.id) || awaits {
            continue;
        }
        if let Some(Place::Taken(link)) = one.place {
            places.push((one.id, link));
        }
        fresh.push(alone(definition, one, &sharers, twins.contains(&one.id)));
    }
    // Their own links may begin again, and tell no more whose place it was.
    record::part(connection, &places).await?;
    let count = fresh.len();
    let links = fresh.iter();
    let records = links.flat_map(|link| [link.left_record, link.right_record]);
    let doubted: Vec<i64> = records
        .flatten()
        .filter(|id| doubted.contains(id))
        .collect();
    link::insert(
        connection,
        &definition.key,
        definition.has_identity(),
        &mut fresh,
    )
    .await?;
    record::set_presence(connection, &doubted, Presence::Doubtful).await?;
    Ok(found + count + taken.len())
}

fn candidate(one: &Contender) -> Candidate {
    Candidate {
        id: one.id,
        in_scope: one.in_scope,
        keys: one.keys.clone(),
        age: one.first_seen_at.as_microsecond(),
    }
}

/// A link of two records: the one that either has already, else a new one.
async fn join(
    connection: &mut PgConnection,
    definition: &Definition,
    left: &Contender,
    right: &Contender,
    fresh: &mut Vec<NewLink>,
) -> Result<(), EngineError> {
    let (kept, closed) = match (left.bond, right.bond) {
        (Bond::Half(own), Bond::Half(other)) => (Some(own), Some(other)),
        (Bond::Half(own), _) | (_, Bond::Half(own)) => (Some(own), None),
        _ => (None, None),
    };
    let Some(kept) = kept else {
        fresh.push(NewLink {
            id: live::link_id(definition, Side::Left, &left.remote_id),
            left_record: Some(left.id),
            left_id: left.remote_id.clone(),
            right_record: Some(right.id),
            right_id: right.remote_id.clone(),
            state: LinkState::Pending,
            reason: "matched".to_owned(),
            dirty: true,
            traceparent: trace::current(),
        });
        return Ok(());
    };
    if let Some(closed) = closed {
        close(connection, closed, "matched under another link").await?;
    }
    let mut links = link::lock(connection, &[kept]).await?;
    for link in &mut links {
        link.set_record(Side::Left, Some(left.id), &left.remote_id);
        link.set_record(Side::Right, Some(right.id), &right.remote_id);
        pending(link, "matched");
    }
    // A queued create is cancelled: somebody made the same record on the other side.
    write::revoke_of_links(connection, &[kept]).await?;
    link::save(connection, &links).await?;
    matching::set_matched(connection, &[left.id, right.id]).await?;
    Ok(())
}

fn pending(link: &mut LinkRow, reason: &str) {
    link.state = LinkState::Pending;
    reason.clone_into(&mut link.reason);
    link.dirty = true;
    link.look_up_after = None;
}

async fn close(connection: &mut PgConnection, id: Uuid, reason: &str) -> Result<(), EngineError> {
    write::revoke_of_links(connection, &[id]).await?;
    let mut links = link::lock(connection, &[id]).await?;
    for link in &mut links {
        link.state = LinkState::Closed;
        reason.clone_into(&mut link.reason);
        link.dirty = false;
    }
    link::save(connection, &links).await?;
    Ok(())
}

/// Who shares a first key with whom.
struct Sharers<'a>(HashMap<[u8; 32], Vec<&'a Contender>>);

impl<'a> Sharers<'a> {
    fn of(contenders: &'a [Contender]) -> Self {
        let mut sharers: HashMap<_, Vec<_>> = HashMap::new();
        for one in contenders {
            for key in one.keys.iter().filter(|key| key.rank == 0) {
                sharers.entry(key.hash).or_default().push(one);
            }
        }
        Self(sharers)
    }

    /// The others that share a first key with a record, each with whether the name is the same as well.
    fn with(&self, one: &'a Contender) -> impl Iterator<Item = (&'a Contender, bool)> {
        let keys = one.keys.iter().filter(|key| key.rank == 0);
        keys.flat_map(|key| {
            let others = self.0.get(&key.hash).into_iter().flatten();
            others.filter(|other| other.id != one.id).map(|other| {
                let same_name = other.keys.iter().any(|own| {
                    own.rank == 0
                        && own.hash == key.hash
                        && own.name_hash == key.name_hash
                        && key.name_hash != model::NO_NAME
                });
                (*other, same_name)
            })
        })
    }
}

/// Whether a record shares its first key with one of the other side that may become its counterpart: something is being
/// written for that one right now, or it is about to be read whether that one is there, or its counterpart.
fn awaits_another(one: &Contender, sharers: &Sharers<'_>) -> bool {
    sharers.with(one).any(|(other, _)| {
        let in_doubt = !other.live && matches!(other.bond, Bond::Half(_));
        let unsettled = in_doubt || matches!(other.bond, Bond::Busy | Bond::Doubtful);
        other.side != one.side && unsettled
    })
}

/// A link for a record without a counterpart: one is made for it, unless it is a twin of a record that
/// is linked already.
fn alone(definition: &Definition, one: &Contender, sharers: &Sharers<'_>, twin: bool) -> NewLink {
    // Twins of records that are linked already are not among the candidates of matching. Nor is what was taken out of the
    // bin beside the record that was made in its place.
    let linked = || {
        let mut sharing = sharers.with(one);
        definition.policy.twins == Twins::LinkOne
            && (matches!(one.place, Some(Place::Taken(_)))
                || sharing.any(|(other, same_name)| {
                    same_name && other.side == one.side && other.bond != Bond::Free
                }))
    };
    let link = lonely(definition, one.side, one.id, &one.remote_id);
    if !twin && !linked() {
        return link;
    }
    NewLink {
        state: LinkState::Excluded,
        reason: Reason::Twin.to_string(),
        dirty: false,
        ..link
    }
}

/// A link for one record.
fn lonely(definition: &Definition, side: Side, record: i64, remote_id: &str) -> NewLink {
    let (left, right) = match side {
        Side::Left => (Some(record), None),
        Side::Right => (None, Some(record)),
    };
    NewLink {
        id: live::link_id(definition, side, remote_id),
        left_record: left,
        left_id: left.map(|_| remote_id.to_owned()).unwrap_or_default(),
        right_record: right,
        right_id: right.map(|_| remote_id.to_owned()).unwrap_or_default(),
        state: LinkState::Pending,
        reason: "has no counterpart yet".to_owned(),
        dirty: true,
        traceparent: trace::current(),
    }
}

/// The reason of the link of a record that a list shows although it is known to be gone, until it was read.
pub(crate) const SHOWN_AGAIN: &str = "is shown although it is gone; being read";

/// Links for those of these records in doubt that wait to be matched: under them they are read by their ids, before
/// anything is matched with them. One that an open link had takes its place there back, and is read under it.
pub(crate) async fn shown_again(
    connection: &mut PgConnection,
    definition: &Definition,
    doubtful: &[RecordRow],
) -> Result<HashMap<i64, Uuid>, EngineError> {
    if doubtful.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<i64> = doubtful.iter().map(|record| record.id).collect();
    let mut links = take_back(connection, definition, &ids).await?;
    links.retain(|id, _| ids.contains(id));
    let waiting = matching::waiting_of(connection, &ids).await?;
    let mut fresh: Vec<NewLink> = doubtful
        .iter()
        .filter(|record| waiting.contains_key(&record.id))
        .map(|record| shown(definition, record))
        .collect();
    // Their own links may begin again, and tell no more whose place it was.
    let places: Vec<(i64, Uuid)> = waiting
        .into_iter()
        .filter_map(|(id, place)| Some((id, place?)))
        .collect();
    record::part(connection, &places).await?;
    link::insert(
        connection,
        &definition.key,
        definition.has_identity(),
        &mut fresh,
    )
    .await?;
    let of = |link: &NewLink| Some((link.left_record.or(link.right_record)?, link.id));
    links.extend(fresh.iter().filter_map(of));
    Ok(links)
}

fn shown(definition: &Definition, record: &RecordRow) -> NewLink {
    let (id, remote_id) = (record.id, &record.remote_id);
    NewLink {
        reason: SHOWN_AGAIN.to_owned(),
        dirty: false,
        ..lonely(definition, record.side, id, remote_id)
    }
}

/// A record that carries a link's marker is that link's record, found again.
async fn by_marker(
    connection: &mut PgConnection,
    definition: &Definition,
) -> Result<usize, EngineError> {
    let found = matching::by_marker(connection, &definition.key).await?;
    let rows = rows_of(connection, &found).await?;
    for (record, id) in &found {
        if let Some(row) = rows.get(record) {
            found::adopt(connection, definition, *id, row).await?;
        }
    }
    Ok(found.len())
}

/// A record that was deleted and taken out of the bin again revives its link, if that is still without it; so does
/// one of these in doubt. Answers the links by record.
async fn take_back(
    connection: &mut PgConnection,
    definition: &Definition,
    doubtful: &[i64],
) -> Result<HashMap<i64, Uuid>, EngineError> {
    let found = matching::restored(connection, &definition.key, doubtful).await?;
    let rows = rows_of(connection, &found).await?;
    for (record, id) in &found {
        if let Some(row) = rows.get(record) {
            found::revive(connection, definition, *id, row).await?;
        }
    }
    Ok(found.into_iter().collect())
}

async fn rows_of(
    connection: &mut PgConnection,
    found: &[(i64, Uuid)],
) -> Result<HashMap<i64, RecordRow>, EngineError> {
    let ids: Vec<i64> = found.iter().map(|(record, _)| *record).collect();
    let rows = record::by_id(connection, &ids).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}
