//! Reading an account page by page, as its lists show it.

use std::collections::{BTreeSet, VecDeque};

use model::{Record, Version, match_keys};
use proto::change::{Change, Extent, MatchKey, Outline, Snapshot, Tombstone, change::What};

use super::{Held, Kind, Provider, SECOND};
use crate::{
    definition::{HASH_KEY, criteria},
    values::KIND,
};

/// Records on a page.
const PAGE: usize = 4;
/// How long a request may take, which a time cursor reaches back as well.
const REQUEST: i64 = 30;
/// Every path that a provider shows, multi-valued fields without a label.
const ROOTS: [&str; 9] = [
    "nickname",
    "name.given",
    "name.family",
    "title",
    "note",
    "department",
    "organization",
    "emails",
    "phones",
];

/// What a page shows.
#[derive(Debug, Clone)]
pub struct Page {
    /// The records.
    pub changes: Vec<Change>,
    /// Which paths could be read.
    pub readable: Vec<String>,
    /// The snapshot that it is part of.
    pub snapshot: Option<Snapshot>,
    /// Whether it is the last one.
    pub last: bool,
}

/// A reading in progress.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Whether it reads everything.
    pub everything: bool,
    /// Where a later reading goes on when this one was read to its end.
    pub restart: String,
    /// How far in the past its lists are, in microseconds.
    lag: i64,
    began_at: i64,
    members: BTreeSet<String>,
    parts: VecDeque<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    /// Records by id; a snapshot of the account's part, and whether it ends it.
    Listed(Vec<String>, Option<bool>),
    /// The members of the list view; whether they end its snapshot.
    View(Vec<String>, bool),
    /// What was deleted.
    Deleted(Vec<String>),
}

impl Reading {
    /// Pages that are left.
    pub fn left(&self) -> usize {
        self.parts.len()
    }

    /// Ends with a page that shows nothing, because the collection cannot be reached; none if it has ended before.
    pub fn give_up(&mut self) -> Option<Page> {
        let left = !std::mem::take(&mut self.parts).is_empty();
        left.then(|| Page {
            changes: Vec::new(),
            readable: Vec::new(),
            snapshot: None,
            last: true,
        })
    }
}

impl Provider {
    /// Begins to read from a cursor, or everything. `lag` says how old the lists are, in quarters of the horizon;
    /// `turn` in which order they come.
    pub fn begin(&self, cursor: Option<&str>, now: i64, lag: u8, turn: u8) -> Reading {
        let lag = i64::from(lag % 4) * self.horizon * SECOND / 4;
        let at = now - lag;
        match self.kind {
            Kind::Group => self.begin_group(cursor, at, lag, turn),
            Kind::View => self.begin_view(cursor, now, at, lag, turn),
        }
    }

    fn begin_group(&self, cursor: Option<&str>, at: i64, lag: i64, turn: u8) -> Reading {
        let from: Option<i64> = cursor.and_then(|cursor| cursor.parse().ok());
        let at = at.max(from.unwrap_or(at));
        let ids = self.records.iter().filter(|(_, states)| match from {
            None => matches!(super::state_at(states, at), Some(Some(_))),
            Some(from) => states
                .iter()
                .any(|(since, _)| *since > from && *since <= at),
        });
        let ids: Vec<String> = ids.map(|(id, _)| id.clone()).collect();
        Reading {
            everything: from.is_none(),
            restart: at.to_string(),
            lag,
            began_at: at,
            members: BTreeSet::new(),
            parts: listed(ids, turn, from.is_none()),
        }
    }

    fn begin_view(&self, cursor: Option<&str>, now: i64, at: i64, lag: i64, turn: u8) -> Reading {
        let cursor = cursor.and_then(|cursor| cursor.split_once('|'));
        let since = cursor.and_then(|(since, _)| since.parse::<i64>().ok());
        let since = since.map(|since| since - (self.horizon + REQUEST) * SECOND);
        let then = |id: &str| self.then(id, at);
        let members: BTreeSet<String> = self
            .records
            .keys()
            .filter(|id| then(id).is_some_and(|held| held.in_scope))
            .cloned()
            .collect();
        let known: Vec<&str> = members.iter().map(String::as_str).collect();
        let known = known.join(",");
        let modified = self.records.keys().filter(|id| {
            then(id).is_some_and(|held| since.is_none_or(|since| held.stamp >= since))
        });
        let mut parts = listed(modified.cloned().collect(), turn, since.is_none());
        if let Some(since) = since {
            if cursor.is_none_or(|(_, told)| told != known) {
                let ids: Vec<String> = members.iter().cloned().collect();
                let mut chunks = ids.chunks(PAGE).peekable();
                if chunks.peek().is_none() {
                    parts.push_back(Part::View(Vec::new(), true));
                }
                while let Some(chunk) = chunks.next() {
                    parts.push_back(Part::View(chunk.to_vec(), chunks.peek().is_none()));
                }
            }
            let deleted = self.records.iter().filter(|(_, states)| {
                states
                    .iter()
                    .any(|(when, state)| state.is_none() && *when >= since && *when <= at)
            });
            parts.push_back(Part::Deleted(deleted.map(|(id, _)| id.clone()).collect()));
        }
        Reading {
            everything: since.is_none(),
            restart: format!("{now}|{known}"),
            lag,
            began_at: at,
            members,
            parts,
        }
    }

    /// Reads the next page; none when everything is read. What a list shows moves on while it is read.
    pub fn page(&self, reading: &mut Reading, now: i64, snapshot: &str) -> Option<Page> {
        let part = reading.parts.pop_front()?;
        let at = reading.began_at.max(now - reading.lag);
        let snapshot = |extent: Extent, end: bool| Snapshot {
            id: format!("{snapshot}/{}", extent.as_str_name()),
            extent: extent.into(),
            end,
        };
        let (changes, snapshot) = match part {
            Part::Listed(ids, end) => {
                let changes = ids
                    .iter()
                    .filter_map(|id| self.listed(id, at, reading))
                    .collect();
                (changes, end.map(|end| snapshot(Extent::Account, end)))
            }
            Part::View(ids, end) => {
                let shown = ids
                    .iter()
                    .filter_map(|id| Some(self.inside(id, self.then(id, at)?)));
                (shown.collect(), Some(snapshot(Extent::Scope, end)))
            }
            Part::Deleted(ids) => {
                let changes = ids.iter().map(|id| match self.get(id) {
                    // What is live again is read by its id, and wins over its tombstone.
                    Some(held) => self.change(id, held, held.in_scope),
                    None => tombstone(id),
                });
                (changes.collect(), None)
            }
        };
        Some(Page {
            changes,
            readable: self.readable(),
            snapshot,
            last: reading.parts.is_empty(),
        })
    }

    fn listed(&self, id: &str, at: i64, reading: &Reading) -> Option<Change> {
        match super::state_at(self.records.get(id)?, at)? {
            Some(held) => {
                let inside = match self.kind {
                    Kind::Group => held.in_scope,
                    Kind::View => reading.members.contains(id),
                };
                Some(self.change(id, held, inside))
            }
            None => (self.kind == Kind::Group && !reading.everything).then(|| tombstone(id)),
        }
    }

    fn inside(&self, id: &str, held: &Held) -> Change {
        self.change(id, held, true)
    }

    fn change(&self, id: &str, held: &Held, inside: bool) -> Change {
        let record = self.visible(held);
        let what = if inside {
            What::Record(record.into())
        } else {
            What::Outline(outline(&record))
        };
        Change {
            remote_id: id.to_owned(),
            former_ids: held.former_ids.clone(),
            version: Some(self.version_of(held).into()),
            marker: held.marker.clone(),
            what: Some(what),
        }
    }

    /// A record without what is hidden from us.
    pub(super) fn visible(&self, held: &Held) -> Record {
        let mut fields = held.fields.clone();
        fields.retain(|path, _| !self.hidden.contains(path.field()));
        Record {
            kind: KIND.to_owned(),
            fields,
        }
    }

    /// The paths that may be read.
    pub(super) fn readable(&self) -> Vec<String> {
        ROOTS
            .iter()
            .filter(|root| !self.hidden.contains(**root))
            .map(|root| (*root).to_owned())
            .collect()
    }

    /// A state's version as the provider states it.
    pub(super) fn version_of(&self, held: &Held) -> Version {
        match self.kind {
            Kind::View => Version {
                token: held.stamp.to_string(),
                changed_at_micros: Some(held.stamp),
                coarse: true,
            },
            Kind::Group => Version {
                token: format!("e{}", held.version),
                changed_at_micros: Some(held.stamp),
                coarse: false,
            },
        }
    }
}

fn listed(mut ids: Vec<String>, turn: u8, snapshot: bool) -> VecDeque<Part> {
    let turn = usize::from(turn) % ids.len().max(1);
    ids.rotate_left(turn);
    let mut parts: VecDeque<Part> = ids
        .chunks(PAGE)
        .map(|chunk| Part::Listed(chunk.to_vec(), snapshot.then_some(false)))
        .collect();
    if parts.is_empty() {
        parts.push_back(Part::Listed(Vec::new(), snapshot.then_some(false)));
    }
    if let Some(Part::Listed(_, Some(end))) = parts.back_mut() {
        *end = true;
    }
    parts
}

fn outline(record: &Record) -> Outline {
    let keys = match_keys(record, &criteria(), &HASH_KEY).into_iter();
    Outline {
        match_keys: keys
            .map(|key| MatchKey {
                rank: key.rank,
                hash: key.hash.to_vec(),
                name_hash: key.name_hash.to_vec(),
            })
            .collect(),
    }
}

fn tombstone(id: &str) -> Change {
    Change {
        remote_id: id.to_owned(),
        what: Some(What::Tombstone(Tombstone::default())),
        ..Change::default()
    }
}
