//! Creating, once: Google takes an id of ours, which is made of the marker, and refuses it the second time.

use model::Record;
use provider::{Answer, Applied, Create, Fault};
use serde_json::{Value, json};

use super::{
    Done, Found, Writer,
    glance::Freshness,
    instances::Instances,
    live, not_done,
    send::Sent,
    shown,
    update::{half_done, refused_paths},
};
use crate::{
    calendar::{
        fault, feed,
        map::{self, Changes, Members, Present},
        series::{Series, text},
        wire::{Event, ListEntry},
    },
    client::Dated,
    fault::Effect,
};

/// So many ids of one marker are tried: an id stays taken after its event was deleted.
const MOST_IDS: u32 = 5;
/// Parts without which there is no event.
const REQUIRED: [&str; 4] = ["", "when", "recurrence", "alerts"];

/// An id made of a marker: 40 of the characters of base32hex ("Events: insert").
pub(super) fn id_of(marker: &str, number: u32) -> String {
    let hash = blake3::hash(format!("rapport event {number}\n{marker}").as_bytes());
    hash.to_hex()[..40].to_owned()
}

/// Whether an event is one that was created with this marker.
pub(in crate::calendar) fn is_made_of(id: &str, marker: Option<&str>) -> bool {
    let is_it = |marker: &str| (0..MOST_IDS).any(|number| id_of(marker, number) == id);
    marker.is_some_and(is_it)
}

impl Writer<'_> {
    /// Creates an event or a series, unless a look-up finds it, or its id is taken by it.
    pub(super) async fn create(&mut self, create: &Create) -> Result<Done, Fault> {
        // Creates of a baseline share a look at the calendar.
        let freshness = create
            .known_until
            .map_or(Freshness::Now, |_| Freshness::AMoment);
        let entry = match self.entry(freshness).await {
            Ok(entry) => entry,
            Err(Fault::Gone { .. }) => return Ok(self.gone(false, None).await.into()),
            Err(fault) => return Ok(not_done(fault).into()),
        };
        if let Some(answer) = closed(&entry.body) {
            return Ok(answer.into());
        }
        if create.look_up {
            match self.look_up(create, entry.at).await {
                Ok(Some(answer)) => return Ok(answer.into()),
                Ok(None) => {}
                Err(fault) => return Ok(not_done(fault).into()),
            }
        }
        let changes = match self.prepared(create, &entry) {
            Ok(changes) => changes,
            Err(answer) => return Ok(answer.into()),
        };
        let mut found = Found {
            series: Series::single(Value::Null),
            reminders: entry.body.default_reminders.clone(),
            now: entry.at,
            apart: None,
        };
        for number in 0..MOST_IDS {
            let id = create.marker.as_deref().map(|marker| id_of(marker, number));
            let (event, sent) = match self.insert(id.as_deref(), &changes).await {
                Ok(inserted) => inserted,
                // The id is taken.
                Err(Fault::Stale) => match self.taken(id.as_deref(), create).await? {
                    Some(answer) => return Ok(answer.into()),
                    None => continue,
                },
                Err(Fault::Gone { proved, .. }) => {
                    return Ok(self.gone(proved, None).await.into());
                }
                Err(fault) => return Err(fault),
            };
            found.series = Series::single(event);
            return Ok(self.complete(create, found, changes, sent).await.into());
        }
        Ok(refused("", "events with this marker were deleted again and again").into())
    }

    /// What the event is made of, or why it cannot be made.
    fn prepared(&self, create: &Create, entry: &Dated<ListEntry>) -> Result<Changes, Answer> {
        let nothing = Record::new(model::event::KIND);
        let edits = map::additions(&create.record);
        let present = Present {
            event: &Event::default(),
            raw: &Value::Null,
            record: &nothing,
            reminders: &entry.body.default_reminders,
            now: entry.at,
        };
        let mut changes = map::changes(present, &create.record, &edits);
        if let Some(reason) = changes.refused.get("when") {
            return Err(refused("when", reason));
        }
        if !changes.parts.contains_key("when") {
            return Err(refused("when", "an event needs a time"));
        }
        if !changes.parts.contains_key("alerts") {
            let said = |field: &str| ["alerts", "useDefaultAlerts"].contains(&field);
            let mapped = self.scope.paths.iter().any(|path| said(path.field()));
            let own = map::created_reminders(present, &create.record, mapped);
            let members = Members::from_iter([("reminders".to_owned(), own)]);
            changes.parts.insert("alerts", members);
        }
        map::mark(&mut changes, &Event::default(), create.marker.as_deref());
        Ok(changes)
    }

    /// Inserts an event. If Google refuses it without saying why, only what it cannot be without is inserted, and the
    /// rest follows part by part.
    async fn insert(
        &mut self,
        id: Option<&str>,
        changes: &Changes,
    ) -> Result<(Value, Sent), Fault> {
        let mut wanted = changes.clone();
        let mut sent = Sent::default();
        loop {
            let (path, reason) = match self.insert_once(id, &wanted).await {
                Ok(event) => return Ok((event, sent)),
                Err(Fault::Refused { path, reason }) => (path, reason),
                Err(fault) => return Err(fault),
            };
            let optional =
                |field: &str| !REQUIRED.contains(&field) && wanted.parts.contains_key(field);
            if let Some(field) = path.as_deref().filter(|field| optional(field)) {
                wanted.parts.remove(field);
                sent.refused.insert(field.to_owned(), reason);
                continue;
            }
            let rest: Changes = Changes {
                parts: wanted
                    .parts
                    .extract_if(.., |field, _| !REQUIRED.contains(field))
                    .collect(),
                ..Changes::default()
            };
            if path.is_some() || rest.parts.is_empty() {
                return Err(Fault::Refused { path, reason });
            }
            let event = self.insert_once(id, &wanted).await?;
            let (own, etag) = (text(&event, "id"), text(&event, "etag"));
            let (own, etag) = (
                own.unwrap_or_default().to_owned(),
                etag.unwrap_or_default().to_owned(),
            );
            let mut more = self.send(&own, &etag, &rest).await;
            more.refused.append(&mut sent.refused);
            return Ok((more.event.take().unwrap_or(event), more));
        }
    }

    async fn insert_once(&mut self, id: Option<&str>, changes: &Changes) -> Result<Value, Fault> {
        let mut body = without_nulls(Value::Object(changes.body()));
        if let Some(id) = id {
            body["id"] = json!(id);
        }
        self.calls += 1;
        let notify = self.options.notify;
        self.client.insert(self.calendar, &body, notify).await
    }

    /// What has the id that was to be taken: our own event, by an attempt whose answer was lost; or nothing any more, and
    /// another id will do.
    async fn taken(&mut self, id: Option<&str>, create: &Create) -> Result<Option<Answer>, Fault> {
        let Some(id) = id else {
            return Ok(Some(not_done(Fault::transient("HTTP 409"))));
        };
        match self.find(id).await {
            Ok(found) => Ok(self.existing(&found, create.marker.as_deref())),
            Err(Fault::Gone { .. }) => {
                let late = Fault::transient("Google does not show yet what has this id");
                Ok(Some(not_done(late)))
            }
            Err(fault) => Ok(Some(not_done(fault))),
        }
    }

    /// The answer for an event that is there already, if it is the one that was to be created.
    pub(super) fn existing(&self, found: &Found, marker: Option<&str>) -> Option<Answer> {
        let seen = self.seen(found).ok()?;
        if seen.marker.as_deref() != marker {
            return None;
        }
        live(seen).map(|live| Answer::Existing(Box::new(live)))
    }

    /// Writes the instances that differ, and answers.
    async fn complete(
        &mut self,
        create: &Create,
        mut found: Found,
        changes: Changes,
        mut sent: Sent,
    ) -> Answer {
        let remote_id = text(found.raw(), "id").unwrap_or_default().to_owned();
        if sent.fault.is_none() && found.recurs() {
            match Instances::of_new(&remote_id, &create.record) {
                Ok(instances) => {
                    self.instances(&mut found, instances, true, false, &mut sent)
                        .await;
                }
                Err(reason) => {
                    sent.refused.insert("overrides".to_owned(), reason);
                }
            }
        }
        if let Some(fault) = &sent.fault {
            return half_done(fault);
        }
        let mut all = changes.refused;
        all.append(&mut sent.refused);
        let edits = map::additions(&create.record);
        let seen = self.seen(&found).ok();
        Answer::Applied(Applied {
            remote_id,
            version: seen.as_ref().and_then(|seen| seen.version.clone()),
            answer: seen.and_then(shown).map(Box::new),
            refused: refused_paths(&all, edits.iter()),
        })
    }
}

/// The answer where nothing can be created in a calendar.
pub(super) fn closed(entry: &ListEntry) -> Option<Answer> {
    if entry.deleted {
        return Some(Answer::Gone {
            proved: false,
            collection: true,
        });
    }
    (!feed::may_write(entry)).then(|| fault::closed(Effect::Write).into())
}

fn refused(path: &str, reason: &str) -> Answer {
    Answer::Refused {
        path: (!path.is_empty()).then(|| path.to_owned()),
        reason: reason.to_owned(),
    }
}

/// What an insertion does not name is absent.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_made_of_a_marker_is_one_that_google_takes() {
        let (one, other) = (id_of("m1", 0), id_of("m1", 1));
        assert_eq!(one, id_of("m1", 0));
        assert!(one != other && one != id_of("m2", 0));
        let allowed = |c: char| c.is_ascii_digit() || ('a'..='v').contains(&c);
        assert!(one.len() == 40 && one.chars().all(allowed));
    }
}
