//! What people do in an account.

use model::{Element, Fields, Value};
use serde::{Deserialize, Serialize};

use super::{Held, Kind, Provider, habits::rewrite};
use crate::{
    people::People,
    values::{LIST, PLACES, WHO, email, path, set, shown, text_at, tokens_of, typed},
};

/// Something that a person does. Numbers choose among what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum Deed {
    /// Types a record in; the same few people come up again and again.
    Add { who: u8 },
    /// Types a value.
    Edit { which: u8, place: u8 },
    /// Empties a field.
    Clear { which: u8, place: u8 },
    /// Adds an e-mail address.
    AddEmail { which: u8 },
    /// Removes an e-mail address.
    RemoveEmail { which: u8, at: u8 },
    /// Deletes a record.
    Delete { which: u8 },
    /// Takes a record out of the bin.
    Undelete { which: u8 },
    /// Moves a record into the collection or out of it.
    Move { which: u8, inside: bool },
    /// Duplicates a record, marker included.
    Copy { which: u8 },
    /// Merges two records that are about the same person.
    Merge { which: u8 },
}

/// How many different people are typed in again and again.
const REGULARS: u8 = 6;

impl Provider {
    /// A person does something; answers whether there was anything to do.
    pub(crate) fn deed(&mut self, deed: Deed, now: i64, people: &mut People) -> bool {
        match deed {
            Deed::Add { who } => self.add(who, now, people),
            Deed::Edit { which, place } => {
                let picked = self.pick(which).map(|(id, _)| id);
                picked.is_some_and(|id| self.type_into(&id, place, now, people))
            }
            Deed::Clear { which, place } => {
                let place = PLACES[usize::from(place) % PLACES.len()];
                self.edit(which, now, people, |fields| {
                    let before = shown(fields, place);
                    set(fields, place, before, None);
                })
            }
            Deed::AddEmail { which } => {
                let token = people.token();
                self.edit(which, now, people, |fields| {
                    let address = format!("{token}@Example.com");
                    list(fields).push(email("home", &address));
                })
            }
            Deed::RemoveEmail { which, at } => self.edit(which, now, people, |fields| {
                let emails = list(fields);
                if !emails.is_empty() {
                    emails.remove(usize::from(at) % emails.len());
                }
            }),
            Deed::Delete { which } => {
                let Some((id, held)) = self.pick(which) else {
                    return false;
                };
                people.gave_up(&held.fields, &Fields::new());
                people.deleted(&held.fields);
                self.delete(&id, now);
                true
            }
            Deed::Undelete { which } => self.undelete(which, now, people),
            Deed::Move { which, inside } => self.move_to(which, inside, now),
            Deed::Copy { which } => {
                let Some((_, mut held)) = self.pick(which) else {
                    return false;
                };
                held.ours = false;
                people.made(self.side, &held.fields);
                people.muddled(&held.fields);
                self.insert(held, now);
                true
            }
            Deed::Merge { which } => self.merge(which, now, people),
        }
    }

    /// Types a value into a record.
    pub(crate) fn type_into(&mut self, id: &str, place: u8, now: i64, people: &mut People) -> bool {
        let place = PLACES[usize::from(place) % PLACES.len()];
        let token = people.token();
        self.edit_record(id, now, people, |fields| {
            let before = shown(fields, place);
            set(fields, place, before, Some(typed(&token, place)));
        })
    }

    fn pick(&self, which: u8) -> Option<(String, Held)> {
        let count = self.live().count();
        let (id, held) = self.live().nth(usize::from(which) % count.max(1))?;
        Some((id.to_owned(), held.clone()))
    }

    fn add(&mut self, who: u8, now: i64, people: &mut People) -> bool {
        let (name, regular) = if who < REGULARS {
            (format!("regular {who}"), true)
        } else {
            (people.newcomer(), false)
        };
        let here = self
            .live()
            .any(|(_, held)| text_at(&held.fields, WHO).as_deref() == Some(name.as_str()));
        // Somebody who is there already is typed in again now and then: a twin.
        if regular && here && !who.is_multiple_of(3) {
            return false;
        }
        let mut fields = Fields::new();
        set(&mut fields, WHO, None, Some(Value::Text(name.clone())));
        let family = Value::Text(format!("Family {name}"));
        set(
            &mut fields,
            "name.given",
            None,
            Some(Value::Text("Ana".to_owned())),
        );
        set(&mut fields, "name.family", None, Some(family));
        // A few people have no address by which they could be matched.
        if regular || !who.is_multiple_of(5) {
            let address = format!("{}@example.com", name.replace(' ', "."));
            list(&mut fields).push(email("work", &address));
        }
        let token = people.token();
        set(&mut fields, "title", None, Some(typed(&token, "title")));
        people.made(self.side, &fields);
        if here {
            // Beside what may be our copy of a record of the other side.
            people.muddled(&fields);
        }
        let before = fields.clone();
        rewrite(self.kind, &mut fields);
        people.gave_up(&before, &fields);
        let held = Held {
            fields,
            in_scope: who % 7 != 1,
            marker: String::new(),
            former_ids: Vec::new(),
            ours: false,
            stamp: 0,
            version: 0,
        };
        self.insert(held, now);
        true
    }

    pub(super) fn insert(&mut self, mut held: Held, now: i64) -> String {
        let id = self.new_id();
        held.stamp = self.stamp(now);
        held.former_ids.clear();
        self.put(&id, now, held);
        id
    }

    fn edit(
        &mut self,
        which: u8,
        now: i64,
        people: &mut People,
        change: impl FnOnce(&mut Fields),
    ) -> bool {
        let picked = self.pick(which).map(|(id, _)| id);
        picked.is_some_and(|id| self.edit_record(&id, now, people, change))
    }

    fn edit_record(
        &mut self,
        id: &str,
        now: i64,
        people: &mut People,
        change: impl FnOnce(&mut Fields),
    ) -> bool {
        let Some(mut held) = self.get(id).cloned() else {
            return false;
        };
        let before = held.fields.clone();
        change(&mut held.fields);
        people.typed(self.side, &before, &held.fields);
        let wanted = held.fields.clone();
        rewrite(self.kind, &mut held.fields);
        if held.fields == before {
            people.gave_up(&wanted, &held.fields);
            return false;
        }
        people.gave_up(&before, &held.fields);
        people.gave_up(&wanted, &held.fields);
        if shown(&before, LIST) != shown(&held.fields, LIST)
            || text_at(&before, "name.family") != text_at(&held.fields, "name.family")
        {
            people.muddled(&before);
        }
        if self.kind == Kind::View && self.unanswered.contains(id) {
            people.estranged(&before);
        }
        held.stamp = self.stamp(now);
        self.put(id, now, held);
        true
    }

    fn undelete(&mut self, which: u8, now: i64, people: &mut People) -> bool {
        let count = self.trash.len();
        let Some(id) = self
            .trash
            .keys()
            .nth(usize::from(which) % count.max(1))
            .cloned()
        else {
            return false;
        };
        let Some(mut held) = self.trash.remove(&id) else {
            return false;
        };
        people.took_back(&held.fields);
        people.muddled(&held.fields);
        let who = text_at(&held.fields, WHO);
        if self
            .live()
            .any(|(_, other)| text_at(&other.fields, WHO) == who)
        {
            // We made the record anew because it had been edited on the other side: now there is one more.
            people.made(self.side, &held.fields);
        }
        held.stamp = self.stamp(now);
        self.put(&id, now, held);
        true
    }

    fn move_to(&mut self, which: u8, inside: bool, now: i64) -> bool {
        let Some((id, mut held)) = self.pick(which) else {
            return false;
        };
        if held.in_scope == inside {
            return false;
        }
        let unanswered = self.kind == Kind::View && self.unanswered.contains(&id);
        if unanswered && !inside && self.has_no_key(&held) {
            self.beyond
                .extend(text_at(&held.fields, WHO).map(|who| (id.clone(), who)));
        }
        held.in_scope = inside;
        // A list view's criteria may change without its records.
        if self.kind == Kind::Group {
            held.stamp = self.stamp(now);
        }
        self.put(&id, now, held);
        true
    }

    /// The second of two records about one person is merged into the first, which keeps its own values and takes
    /// over what it lacks.
    fn merge(&mut self, which: u8, now: i64, people: &mut People) -> bool {
        let Some((kept, mut held)) = self.pick(which) else {
            return false;
        };
        let who = text_at(&held.fields, WHO);
        let twin = self
            .live()
            .find(|(id, other)| *id != kept && text_at(&other.fields, WHO) == who)
            .map(|(id, other)| (id.to_owned(), other.clone()));
        let Some((lost, other)) = twin else {
            return false;
        };
        let mut both = held.fields.clone();
        for (path, value) in &other.fields {
            both.entry(path.clone()).or_insert_with(|| value.clone());
        }
        people.muddled(&both);
        held.fields = both;
        rewrite(self.kind, &mut held.fields);
        if self.kind == Kind::Group {
            held.former_ids.push(lost.clone());
        }
        let left: Vec<String> = tokens_of(&held.fields);
        people.gave_up_all(tokens_of(&other.fields), &left);
        held.stamp = self.stamp(now);
        people.deleted(&other.fields);
        self.put(&kept, now, held);
        self.delete(&lost, now);
        true
    }
}

/// The e-mail addresses of a record, to be changed.
fn list(fields: &mut Fields) -> &mut Vec<Element> {
    let entry = fields
        .entry(path(LIST))
        .or_insert_with(|| Value::Elements(Vec::new()));
    match entry {
        Value::Elements(elements) => elements,
        _ => unreachable!("addresses are a list"),
    }
}
