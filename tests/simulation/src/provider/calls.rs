//! Calls of our writers.

use model::{Comparison, Edit, Fields, Path, Record, Value, match_keys, project, table};
use proto::{
    change::CollectionState,
    write::{
        Applied, Create, Delete, Existing, Found, Gone, Live, NotAttempted, Outcome, Read, Refused,
        RefusedPath, Stale, Unknown, Update, Write, outcome::Result as Answer, write::Operation,
    },
};
use serde::{Deserialize, Serialize};

use super::{Held, Kind, Provider, SECOND, habits::rewrite};
use crate::{
    definition::{HASH_KEY, criteria},
    people::People,
    values::{KIND, WHO, apply, text_at},
};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It is carried out and answered.
    Well,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It never arrives, and nobody knows.
    CallLost,
    /// The provider takes no calls for the moment.
    Throttled,
}

/// So long a record is held back after a change, where stamps have whole seconds.
const SETTLED: i64 = 2 * SECOND;

impl Provider {
    /// Carries a write out, as a writer does. `lag` is that of the list which a look-up reads.
    pub(crate) fn call(
        &mut self,
        write: &Write,
        fate: Fate,
        now: i64,
        lag: u8,
        people: &mut People,
    ) -> Outcome {
        let mut outcome = Outcome {
            write: write.id.clone(),
            ..Outcome::default()
        };
        outcome.result = Some(match fate {
            Fate::Throttled => not_attempted(now + 5 * SECOND),
            Fate::CallLost => unknown(),
            Fate::Well | Fate::AnswerLost => {
                let (answer, before) = self.made(write, now, lag, people);
                outcome.before = before.map(Into::into);
                answer
            }
        });
        if fate == Fate::AnswerLost {
            outcome.result = Some(unknown());
            outcome.before = None;
        }
        outcome
    }

    fn made(
        &mut self,
        write: &Write,
        now: i64,
        lag: u8,
        people: &mut People,
    ) -> (Answer, Option<Record>) {
        if self.collection != CollectionState::Present {
            return (no_collection(), None);
        }
        match &write.operation {
            Some(Operation::Create(create)) => (self.create(create, now, lag, people), None),
            Some(Operation::Update(update)) => self.update(update, now),
            Some(Operation::Delete(delete)) => self.remove(delete, now, people),
            Some(Operation::Read(read)) => (self.read(read), None),
            None => (unknown(), None),
        }
    }

    fn create(&mut self, create: &Create, now: i64, lag: u8, people: &mut People) -> Answer {
        let record = create
            .record
            .clone()
            .and_then(|record| Record::try_from(record).ok());
        let Some(record) = record else {
            return unknown();
        };
        let at = now - i64::from(lag % 4) * self.horizon * SECOND / 4;
        if create.look_up
            && let Some((id, marked)) = self.look_up(create, &record, at)
        {
            return self.exists(&id, marked, now, at);
        }
        let who = text_at(&record.fields, WHO);
        if who.as_ref().is_some_and(|who| self.refused.contains(who)) {
            return refused_record();
        }
        let unseen = self.live().any(|(id, held)| {
            !held.ours && text_at(&held.fields, WHO) == who && self.then(id, at).is_none()
        });
        if unseen {
            // Typed in within the horizon before our create: no list could show it (R-07 has no answer to this).
            people.muddled(&record.fields);
        }
        let asked = record.fields.clone();
        let (fields, refused) = self.permitted(record.fields);
        let mut held = Held {
            fields,
            in_scope: self.kind == Kind::Group || self.next % 8 != 7,
            marker: create.marker.clone(),
            former_ids: Vec::new(),
            ours: true,
            stamp: 0,
            version: 0,
        };
        rewrite(self.kind, &mut held.fields);
        self.mutations += 1;
        let is_beyond = self.kind == Kind::View
            && self.has_no_key(&held)
            && !(held.in_scope && shows_what_was_asked(&held.fields, &asked));
        let id = self.insert(held, now);
        self.unanswered.insert(id.clone());
        if let Some(who) = who.filter(|_| is_beyond) {
            self.beyond.insert(id.clone(), who);
        }
        self.applied(&id, refused)
    }

    /// Whether nothing of a record is known outside the list view, where only match keys are told.
    pub(super) fn has_no_key(&self, held: &Held) -> bool {
        match_keys(&self.visible(held), &criteria(), &HASH_KEY).is_empty()
    }

    /// The record that a create would double, and whether it carries the create's marker.
    fn look_up(&self, create: &Create, record: &Record, at: i64) -> Option<(String, bool)> {
        let listed: Vec<(&str, &Held)> = self
            .records
            .keys()
            .filter_map(|id| Some((id.as_str(), self.then(id, at)?)))
            .filter(|(_, held)| {
                // What was read before need not be looked for.
                let until = create.known_until_micros;
                until.is_none_or(|until| held.stamp >= until / SECOND * SECOND)
            })
            .collect();
        let marked = listed
            .iter()
            .filter(|(_, held)| !create.marker.is_empty() && held.marker == create.marker)
            .min_by_key(|(_, held)| (!held.in_scope, held.stamp));
        if let Some((id, _)) = marked {
            return Some(((*id).to_owned(), true));
        }
        let paths: Vec<Path> = create
            .match_paths
            .iter()
            .filter_map(|path| Path::parse(path).ok())
            .collect();
        let own = match_keys(record, &paths, &HASH_KEY);
        let theirs: Vec<_> = listed
            .iter()
            .filter(|(_, held)| held.marker.is_empty())
            .map(|(id, held)| (*id, match_keys(&self.visible(held), &paths, &HASH_KEY)))
            .collect();
        own.iter().find_map(|key| {
            let same = |other: &model::MatchKey| other.rank == key.rank && other.hash == key.hash;
            let sharing: Vec<_> = theirs
                .iter()
                .filter(|(_, keys)| keys.iter().any(same))
                .collect();
            let mut named = sharing.iter().filter(|(_, keys)| {
                keys.iter()
                    .any(|other| same(other) && other.name_hash == key.name_hash)
            });
            let (first, second) = (named.next(), named.next());
            let found = match (first, second, sharing.as_slice()) {
                (_, _, [only]) => Some(*only),
                (Some(one), None, _) => Some(*one),
                (Some(one), Some(_), _) if self.kind == Kind::View => Some(*one),
                _ => None,
            };
            found.map(|(id, _)| ((*id).to_owned(), false))
        })
    }

    /// A look-up found the record: a create is complete when it is in the collection.
    fn exists(&mut self, id: &str, marked: bool, now: i64, at: i64) -> Answer {
        if marked
            && self.kind == Kind::Group
            && let Some(mut held) = self.get(id).filter(|held| !held.in_scope).cloned()
        {
            held.in_scope = true;
            held.stamp = self.stamp(now);
            self.mutations += 1;
            self.put(id, now, held);
        }
        let held = self.then(id, at).cloned();
        Answer::Existing(Existing {
            live: held.map(|held| self.live_record(id, &held)),
        })
    }

    fn update(&mut self, update: &Update, now: i64) -> (Answer, Option<Record>) {
        let id = &update.remote_id;
        let Some(mut held) = self.get(id).cloned() else {
            return (gone(), None);
        };
        let who = text_at(&held.fields, WHO);
        if who.is_some_and(|who| self.refused.contains(&who)) {
            return (refused_record(), None);
        }
        let edits: Vec<Edit> = update
            .edits
            .iter()
            .filter_map(|edit| Edit::try_from(edit.clone()).ok())
            .collect();
        let before = self.visible(&held);
        let edits = match self.kind {
            Kind::View if now - held.stamp < SETTLED => {
                return (not_attempted(now + 3 * SECOND), None);
            }
            Kind::View => match remaining(&before, &edits) {
                Some(edits) => edits,
                None => return (self.stale(id), None),
            },
            Kind::Group => {
                let expected = update
                    .expected
                    .as_ref()
                    .map(|version| version.token.as_str());
                if expected != Some(self.version_of(&held).token.as_str()) {
                    return (self.stale(id), None);
                }
                edits
            }
        };
        let (edits, refused): (Vec<Edit>, Vec<Edit>) = edits
            .into_iter()
            .partition(|edit| !self.hidden.contains(edit.path.field()));
        let refused = refused.iter().map(|edit| refusal(&edit.path)).collect();
        let was = held.clone();
        apply(&mut held.fields, &edits);
        rewrite(self.kind, &mut held.fields);
        held.in_scope |= update.adopt && self.kind == Kind::Group;
        if held != was || self.kind == Kind::Group {
            held.stamp = self.stamp(now);
            self.mutations += 1;
            self.put(id, now, held);
        }
        (self.applied(id, refused), Some(before))
    }

    fn remove(
        &mut self,
        delete: &Delete,
        now: i64,
        people: &mut People,
    ) -> (Answer, Option<Record>) {
        let id = &delete.remote_id;
        let Some(held) = self.get(id).cloned() else {
            return (gone(), None);
        };
        let expected = delete
            .expected
            .as_ref()
            .map(|version| version.token.as_str());
        if expected != Some(self.version_of(&held).token.as_str()) {
            return (self.stale(id), None);
        }
        if self.kind == Kind::View && now - held.stamp < SETTLED {
            return (not_attempted(now + 3 * SECOND), None);
        }
        let before = self.visible(&held);
        // What we may not read, we cannot keep.
        people.gave_up(&held.fields, &before.fields);
        people.we_deleted(id, &held.fields);
        self.mutations += 1;
        self.delete(id, now);
        let applied = Applied {
            remote_id: id.clone(),
            ..Applied::default()
        };
        (Answer::Applied(applied), Some(before))
    }

    fn read(&self, read: &Read) -> Answer {
        let by_id = self
            .get(&read.remote_id)
            .map(|held| (read.remote_id.as_str(), held));
        let found = by_id.or_else(|| {
            self.live()
                .find(|(_, held)| held.former_ids.contains(&read.remote_id))
        });
        match found {
            Some((id, held)) => Answer::Found(Found {
                live: Some(self.live_record(id, held)),
            }),
            None => Answer::Gone(Gone {
                proved: self.is_deleted(&read.remote_id),
                collection_gone: false,
            }),
        }
    }

    fn live_record(&self, id: &str, held: &Held) -> Live {
        Live {
            remote_id: id.to_owned(),
            version: Some(self.version_of(held).into()),
            record: Some(self.visible(held).into()),
            marker: held.marker.clone(),
            in_scope: held.in_scope,
            readable: self.readable(),
            former_ids: held.former_ids.clone(),
        }
    }

    fn stale(&self, id: &str) -> Answer {
        Answer::Stale(Stale {
            live: self.get(id).map(|held| self.live_record(id, held)),
        })
    }

    fn applied(&self, id: &str, refused: Vec<RefusedPath>) -> Answer {
        let live = self.get(id).map(|held| self.live_record(id, held));
        Answer::Applied(Applied {
            remote_id: id.to_owned(),
            version: live.as_ref().and_then(|live| live.version.clone()),
            answer: live.filter(|_| self.kind == Kind::Group),
            refused,
        })
    }

    /// What of a new record may be written.
    fn permitted(&self, mut fields: model::Fields) -> (model::Fields, Vec<RefusedPath>) {
        let refused = fields
            .keys()
            .filter(|path| self.hidden.contains(path.field()))
            .map(refusal)
            .collect();
        fields.retain(|path, _| !self.hidden.contains(path.field()));
        (fields, refused)
    }
}

/// The edits that are not there yet; none if the record shows neither what an edit was made from nor what it makes.
fn remaining(live: &Record, edits: &[Edit]) -> Option<Vec<Edit>> {
    let table = table(KIND)?;
    let mut remaining = Vec::new();
    for edit in edits {
        let comparison = table.comparison(&edit.path);
        let shows = |value: Option<&Value>, other: Option<&Value>| {
            if table.is_list(&edit.path) {
                return shows_element(live, edit, comparison, value, other);
            }
            let hints = value
                .cloned()
                .map(|value| (edit.path.clone(), value))
                .into_iter()
                .collect();
            let shown = project(live, std::slice::from_ref(&edit.path), &hints);
            comparison.same(shown.get(&edit.path), value)
        };
        if shows(edit.before.as_ref(), edit.after.as_ref()) {
            remaining.push(edit.clone());
        } else if !shows(edit.after.as_ref(), edit.before.as_ref()) {
            return None;
        }
    }
    Some(remaining)
}

fn shows_element(
    live: &Record,
    edit: &Edit,
    comparison: Comparison,
    value: Option<&Value>,
    other: Option<&Value>,
) -> bool {
    let has = |value: Option<&Value>| {
        let wanted = value.and_then(|value| value.as_elements().first());
        wanted.map(|wanted| {
            live.elements(&edit.path)
                .iter()
                .any(|element| comparison.same_parts(element, wanted))
        })
    };
    has(value).unwrap_or_else(|| has(other) != Some(true))
}

/// Whether a record shows what a create asked for, but for what the comparison of a path does not count.
fn shows_what_was_asked(held: &Fields, asked: &Fields) -> bool {
    asked.iter().all(|(path, value)| {
        table(KIND).is_some_and(|table| {
            let comparison = table.comparison(path);
            comparison.same(held.get(path), Some(value))
        })
    })
}

fn refusal(path: &Path) -> RefusedPath {
    RefusedPath {
        path: path.to_string(),
        reason: "may not be written".to_owned(),
    }
}

/// Why a provider does not take a record.
pub const NOT_ACCEPTED: &str = "a record like this is not accepted";

fn refused_record() -> Answer {
    Answer::Refused(Refused {
        reason: NOT_ACCEPTED.to_owned(),
        ..Refused::default()
    })
}

fn no_collection() -> Answer {
    Answer::Gone(Gone {
        proved: false,
        collection_gone: true,
    })
}

fn unknown() -> Answer {
    Answer::Unknown(Unknown {
        reason: "the connection was cut".to_owned(),
    })
}

fn not_attempted(until: i64) -> Answer {
    Answer::NotAttempted(NotAttempted {
        reason: "later".to_owned(),
        until_micros: Some(until),
        unauthorised: false,
    })
}

fn gone() -> Answer {
    Answer::Gone(Gone {
        proved: true,
        collection_gone: false,
    })
}
