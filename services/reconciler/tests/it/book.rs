//! A provider's account in memory: versions, tombstones, conditional writes, for records of any kind.

use std::collections::BTreeMap;

use model::{Edit, Fields, Path, Record, Value, patch};
use proto::{
    change::{Change, Outline, Tombstone, change::What},
    write::{
        Applied, Create, Delete, Existing, Found, Gone, Live, Outcome, Read, Refused, Stale,
        Update, Write, outcome::Result as Answer, write::Operation,
    },
};

/// What a book holds: all that it knows of the kind of its records.
pub struct Shape {
    pub kind: &'static str,
    /// The paths that are mapped.
    pub paths: &'static [&'static str],
    /// By which records are matched.
    pub criteria: &'static [&'static str],
    /// By which a create looks for a record that is there already.
    pub look_up: &'static str,
    /// The fields that can be read.
    pub readable: &'static [&'static str],
}

/// People in an address book.
pub static PEOPLE: Shape = Shape {
    kind: "contact",
    paths: &[
        "emails[work]",
        "name.given",
        "name.family",
        "phones[mobile]",
        "title",
        "note",
    ],
    criteria: &["emails[work]", "emails"],
    look_up: "emails[work]",
    readable: &[
        "name.given",
        "name.family",
        "emails",
        "phones",
        "title",
        "note",
    ],
};

#[derive(Clone)]
pub struct Entry {
    pub shape: &'static Shape,
    pub fields: Fields,
    pub in_scope: bool,
    pub marker: String,
    pub changed: i64,
}

/// A provider's account.
pub struct Book {
    shape: &'static Shape,
    pub entries: BTreeMap<String, Entry>,
    pub deleted: BTreeMap<String, i64>,
    /// Writes refused with this reason when the title says so.
    pub refuse_title: Option<String>,
    prefix: &'static str,
    next: u32,
    pub clock: i64,
    /// Answers to updates do not carry the record, as with providers that answer ids alone.
    pub silent: bool,
    /// Guests are told of what is written.
    pub notifies: bool,
    pub writes: u32,
    pub creates: u32,
}

pub fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Canonical fields from labelled paths: `("emails[work]", "a@example.com")`.
fn fields(kind: &str, values: &[(&str, &str)]) -> Fields {
    let mut record = Record::new(kind);
    let edits: Vec<Edit> = values
        .iter()
        .map(|(name, value)| Edit {
            path: path(name),
            before: None,
            after: Some(text(value)),
        })
        .collect();
    patch(&mut record, &edits);
    record.fields
}

impl Entry {
    fn record(&self) -> Record {
        Record {
            kind: self.shape.kind.to_owned(),
            fields: self.fields.clone(),
        }
    }
}

impl Book {
    pub fn of(shape: &'static Shape, prefix: &'static str) -> Self {
        Self {
            shape,
            entries: BTreeMap::new(),
            deleted: BTreeMap::new(),
            refuse_title: None,
            prefix,
            next: 0,
            clock: 1_000_000,
            silent: false,
            notifies: false,
            writes: 0,
            creates: 0,
        }
    }

    pub fn tick(&mut self) -> i64 {
        self.clock += 1_000_000;
        self.clock
    }

    pub fn add(&mut self, values: &[(&str, &str)]) -> String {
        self.insert(fields(self.shape.kind, values), true, "")
    }

    pub fn add_outside(&mut self, values: &[(&str, &str)]) -> String {
        self.insert(fields(self.shape.kind, values), false, "")
    }

    fn insert(&mut self, fields: Fields, in_scope: bool, marker: &str) -> String {
        self.next += 1;
        let id = format!("{}{}", self.prefix, self.next);
        let changed = self.tick();
        self.entries.insert(
            id.clone(),
            Entry {
                shape: self.shape,
                fields,
                in_scope,
                marker: marker.to_owned(),
                changed,
            },
        );
        id
    }

    /// Duplicates a record the way people do, its marker included.
    pub fn copy(&mut self, id: &str) -> String {
        let entry = self.entries[id].clone();
        self.insert(entry.fields, entry.in_scope, &entry.marker)
    }

    pub fn set(&mut self, id: &str, name: &str, value: Option<&str>) {
        let changed = self.tick();
        let entry = self.entries.get_mut(id).expect("the record is there");
        let mut record = entry.record();
        let hints = Fields::new();
        let before = model::project(&record, &[path(name)], &hints).remove(&path(name));
        patch(
            &mut record,
            &[Edit {
                path: path(name),
                before,
                after: value.map(text),
            }],
        );
        entry.fields = record.fields;
        entry.changed = changed;
    }

    /// Applies edits to a record, as people do.
    pub fn edit(&mut self, id: &str, edits: &[Edit]) {
        let changed = self.tick();
        let entry = self.entries.get_mut(id).expect("the record is there");
        let mut record = entry.record();
        patch(&mut record, edits);
        entry.fields = record.fields;
        entry.changed = changed;
    }

    pub fn get(&self, id: &str, name: &str) -> Option<String> {
        let value = self.value(id, name)?;
        value.as_text().map(str::to_owned)
    }

    pub fn value(&self, id: &str, name: &str) -> Option<Value> {
        let record = self.entries.get(id)?.record();
        model::project(&record, &[path(name)], &Fields::new()).remove(&path(name))
    }

    /// What every record of the scope shows on the mapped paths; the order of records and elements does not count.
    pub fn show(&self) -> Vec<Vec<Option<Value>>> {
        let inside = self.entries.iter().filter(|(_, entry)| entry.in_scope);
        let row = |id: &str| {
            let paths = self.shape.paths.iter();
            paths
                .map(|path| match self.value(id, path) {
                    Some(Value::Elements(mut elements)) => {
                        elements.sort();
                        Some(Value::Elements(elements))
                    }
                    other => other,
                })
                .collect()
        };
        let mut rows: Vec<Vec<_>> = inside.map(|(id, _)| row(id)).collect();
        rows.sort();
        rows
    }

    pub fn readable(&self) -> Vec<String> {
        let readable = self.shape.readable.iter();
        readable.map(|path| (*path).to_owned()).collect()
    }

    pub fn delete(&mut self, id: &str) {
        let at = self.tick();
        self.entries.remove(id);
        self.deleted.insert(id.to_owned(), at);
    }

    /// Takes a record out of the bin as it was.
    pub fn undelete(&mut self, id: &str, mut entry: Entry) {
        entry.changed = self.tick();
        self.deleted.remove(id);
        self.entries.insert(id.to_owned(), entry);
    }

    pub fn move_scope(&mut self, id: &str, in_scope: bool) {
        let changed = self.tick();
        let entry = self.entries.get_mut(id).expect("the record is there");
        entry.in_scope = in_scope;
        entry.changed = changed;
    }

    fn version(entry: &Entry) -> proto::record::Version {
        proto::record::Version {
            token: entry.changed.to_string(),
            changed_at_micros: Some(entry.changed),
            coarse: false,
        }
    }

    /// What changed after a time; everything when there is none.
    pub fn changes(&self, since: Option<i64>, hash_key: &[u8; 32]) -> Vec<Change> {
        let since_or_start = since.unwrap_or(i64::MIN);
        let mut changes: Vec<Change> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.changed > since_or_start)
            .map(|(id, entry)| Self::change(id, entry, hash_key))
            .collect();
        if since.is_some() {
            changes.extend(
                self.deleted
                    .iter()
                    .filter(|(id, at)| **at > since_or_start && !self.entries.contains_key(*id))
                    .map(|(id, _)| Change {
                        remote_id: id.clone(),
                        what: Some(What::Tombstone(Tombstone::default())),
                        ..Change::default()
                    }),
            );
        }
        changes
    }

    pub fn change(id: &str, entry: &Entry, hash_key: &[u8; 32]) -> Change {
        let record = entry.record();
        let criteria: Vec<Path> = entry.shape.criteria.iter().map(|text| path(text)).collect();
        let what = if entry.in_scope {
            What::Record(record.into())
        } else {
            What::Outline(Outline {
                match_keys: model::match_keys(&record, &criteria, hash_key)
                    .into_iter()
                    .map(|key| proto::change::MatchKey {
                        rank: key.rank,
                        hash: key.hash.to_vec(),
                        name_hash: key.name_hash.to_vec(),
                    })
                    .collect(),
            })
        };
        Change {
            remote_id: id.to_owned(),
            version: Some(Self::version(entry)),
            marker: entry.marker.clone(),
            what: Some(what),
            ..Change::default()
        }
    }

    pub fn live(&self, id: &str) -> Option<Live> {
        let entry = self.entries.get(id)?;
        Some(Live {
            remote_id: id.to_owned(),
            version: Some(Self::version(entry)),
            record: Some(entry.record().into()),
            marker: entry.marker.clone(),
            in_scope: entry.in_scope,
            readable: self.readable(),
            former_ids: Vec::new(),
        })
    }

    /// Carries a write out, as a writer would.
    pub fn execute(&mut self, write: &Write) -> Outcome {
        let mut outcome = Outcome {
            write: write.id.clone(),
            notifies: self.notifies,
            ..Outcome::default()
        };
        let answer = match write.operation.as_ref().unwrap() {
            Operation::Create(create) => self.create(create),
            Operation::Update(update) => self.update(update),
            Operation::Delete(delete) => self.remove(delete),
            Operation::Read(read) => self.read(read),
        };
        outcome.result = Some(answer);
        outcome
    }

    fn create(&mut self, create: &Create) -> Answer {
        let record = Record::try_from(create.record.clone().unwrap()).unwrap();
        if create.look_up {
            let key = |record: &Record| {
                model::project(record, &[path(self.shape.look_up)], &Fields::new())
            };
            let wanted = key(&record);
            let found = self.entries.iter().find(|(_, entry)| {
                (!create.marker.is_empty() && entry.marker == create.marker)
                    || (!create.match_paths.is_empty()
                        && !wanted.is_empty()
                        && key(&entry.record()) == wanted)
            });
            if let Some((id, _)) = found {
                let live = self.live(&id.clone());
                return Answer::Existing(Existing { live });
            }
        }
        if let Some(refused) = self.refused(&record.fields) {
            return refused;
        }
        self.writes += 1;
        self.creates += 1;
        let id = self.insert(record.fields, true, &create.marker);
        self.applied(&id)
    }

    fn refused(&self, fields: &Fields) -> Option<Answer> {
        let title = fields.get(&path("title"))?.as_text()?;
        (Some(title) == self.refuse_title.as_deref()).then(|| {
            Answer::Refused(Refused {
                path: "title".to_owned(),
                reason: "too long".to_owned(),
            })
        })
    }

    fn applied(&self, id: &str) -> Answer {
        let live = self.live(id);
        Answer::Applied(Applied {
            remote_id: id.to_owned(),
            version: live.as_ref().and_then(|live| live.version.clone()),
            answer: live,
            refused: Vec::new(),
        })
    }

    fn update(&mut self, update: &Update) -> Answer {
        let Some(entry) = self.entries.get(&update.remote_id) else {
            return Answer::Gone(Gone {
                proved: true,
                collection_gone: false,
            });
        };
        if update.expected.as_ref() != Some(&Self::version(entry)) {
            return Answer::Stale(Stale {
                live: self.live(&update.remote_id),
            });
        }
        let mut record = entry.record();
        let edits: Vec<Edit> = update
            .edits
            .iter()
            .map(|edit| Edit::try_from(edit.clone()).unwrap())
            .collect();
        patch(&mut record, &edits);
        if let Some(refused) = self.refused(&record.fields) {
            return refused;
        }
        self.writes += 1;
        let changed = self.tick();
        let entry = self.entries.get_mut(&update.remote_id).unwrap();
        entry.fields = record.fields;
        entry.changed = changed;
        entry.in_scope |= update.adopt;
        let mut answer = self.applied(&update.remote_id);
        if let (true, Answer::Applied(applied)) = (self.silent, &mut answer) {
            applied.answer = None;
        }
        answer
    }

    fn remove(&mut self, delete: &Delete) -> Answer {
        match self.entries.get(&delete.remote_id) {
            None => Answer::Gone(Gone {
                proved: true,
                collection_gone: false,
            }),
            Some(entry) if delete.expected.as_ref() != Some(&Self::version(entry)) => {
                Answer::Stale(Stale {
                    live: self.live(&delete.remote_id),
                })
            }
            Some(_) => {
                self.writes += 1;
                self.delete(&delete.remote_id);
                Answer::Applied(Applied {
                    remote_id: delete.remote_id.clone(),
                    ..Applied::default()
                })
            }
        }
    }

    fn read(&self, read: &Read) -> Answer {
        match self.live(&read.remote_id) {
            Some(live) => Answer::Found(Found { live: Some(live) }),
            None => Answer::Gone(Gone {
                proved: self.deleted.contains_key(&read.remote_id),
                collection_gone: false,
            }),
        }
    }
}
