//! A calendar of the sandbox's first account, as its owner sees it.

use model::{
    Edit, Element, Record, Value,
    event::{Alert, Override},
};
use provider::{Answer, Create, Live, Operation, Outcome, Scope, What};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::account::{Account, Round, applied, path, read, update};

/// Somebody else, who shares calendars and sends invitations.
pub(crate) const BEN: &str = "ben@example.com";
pub(crate) const ANA: &str = "ana@example.com";

/// A scope of the events of a calendar.
pub(crate) fn events_of(calendar: &str) -> Scope {
    Scope {
        kind: "event".into(),
        collection_form: "calendar".into(),
        match_paths: vec![path("uid"), path("titleAndStart")],
        ..crate::account::scope(calendar)
    }
}

/// The same scope with an option.
pub(crate) fn with_option(mut scope: Scope, name: &str, value: &str) -> Scope {
    scope.options.insert(name.into(), value.into());
    scope
}

/// An hour of a day by the clock of Vienna.
pub(crate) fn hour(day: &str, hour: u8) -> Json {
    let at = |hour: u8| json!({"dateTime": format!("{day}T{hour:02}:00:00"), "timeZone": "Europe/Vienna"});
    json!({"start": at(hour), "end": at(hour + 1)})
}

/// A meeting of an hour.
pub(crate) fn meeting(title: &str, day: &str) -> Json {
    with(json!({"summary": title}), &hour(day, 9))
}

/// An event with more members.
pub(crate) fn with(mut event: Json, more: &Json) -> Json {
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

/// A meeting on four Mondays from 15 March 2027 on, before and after clocks are set forward.
pub(crate) fn weekly(title: &str) -> Json {
    with(
        meeting(title, "2027-03-15"),
        &json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]}),
    )
}

/// What is inside the scope under this id.
pub(crate) fn inside<'a>(round: &'a Round, id: &str) -> &'a Record {
    match &round.seen[id].what {
        What::Inside(record) => record,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn value(record: &Record, field: &str) -> Option<String> {
    let value = record.fields.get(&path(field))?;
    value.as_text().map(str::to_owned)
}

/// The instances that are exceptions, with the parts that they have of their own.
pub(crate) fn exceptions(record: &Record) -> Vec<(String, Vec<String>)> {
    let exceptions = record
        .fields
        .get(&path("overrides"))
        .map_or(&[][..], Value::as_elements);
    let told = exceptions
        .iter()
        .map(|one| (one.label.clone(), one.parts.keys().cloned().collect()));
    told.collect()
}

impl Account {
    /// Types an event in; its id.
    pub(crate) async fn plan(&self, event: Json) -> String {
        self.plan_in("primary", ANA, event).await
    }

    /// Somebody types an event into a calendar; its id.
    pub(crate) async fn plan_in(&self, calendar: &str, who: &str, event: Json) -> String {
        let path = format!("google/calendars/{calendar}/events?account={who}");
        let event = self
            .control(Method::POST, &path, json!({"event": event}))
            .await;
        event["id"].as_str().unwrap().to_owned()
    }

    /// Changes an event, a series, or an instance.
    pub(crate) async fn replan(&self, id: &str, event: Json) {
        let path = format!("google/calendars/primary/events/{id}");
        self.control(Method::PATCH, &path, json!({"event": event}))
            .await;
    }

    /// Cancels an event, a series, or an instance.
    pub(crate) async fn cancel(&self, id: &str) {
        let path = format!("google/calendars/primary/events/{id}");
        self.control(Method::DELETE, &path, json!({})).await;
    }

    /// Somebody makes a calendar and shares it with the first account, which puts it into its list; its id.
    pub(crate) async fn shared(&self, name: &str, role: &str) -> String {
        let made = format!("google/calendars?account={BEN}");
        let made = self
            .control(Method::POST, &made, json!({"summary": name}))
            .await;
        let id = made["id"].as_str().unwrap().to_owned();
        self.share(&id, json!(role)).await;
        let entry = format!("google/calendars/{id}/entry");
        self.control(Method::PUT, &entry, json!({})).await;
        id
    }

    /// Gives the first account another role in a calendar, or none.
    pub(crate) async fn share(&self, calendar: &str, role: Json) {
        let path = format!("google/calendars/{calendar}/roles/{ANA}?account={BEN}");
        self.control(Method::PUT, &path, json!({"role": role}))
            .await;
    }
}

/// A record of texts.
pub(crate) fn record(values: &[(&str, &str)]) -> Record {
    let mut record = Record::new("event");
    for (field, text) in values {
        record.set(path(field), Value::text(text));
    }
    record
}

/// The same record with a list.
pub(crate) fn with_list(mut record: Record, field: &str, elements: &[Element]) -> Record {
    record.set(path(field), Value::elements(elements.to_vec()));
    record
}

/// An edit that adds, changes or removes an element of a list.
pub(crate) fn element_edit(list: &str, before: Option<&Element>, after: Option<&Element>) -> Edit {
    let value = |element: &Element| Value::Elements(vec![element.clone()]);
    Edit {
        path: path(list),
        before: before.map(value),
        after: after.map(value),
    }
}

/// A reminder on the screen.
pub(crate) fn popup(minutes: u32) -> Element {
    Alert::minutes_before(minutes).element()
}

/// An instance that does not take place, by the clock of its series.
pub(crate) fn excluded(original: &str) -> Element {
    Override::Excluded.element(original.parse().unwrap())
}

/// An instance with values of its own.
pub(crate) fn changed(original: &str, values: &[(&'static str, &str)]) -> Element {
    let values = values
        .iter()
        .map(|(field, text)| (*field, (*text).to_owned()));
    let changed = Override::Changed {
        values: values.collect(),
        cleared: Vec::new(),
        included: false,
    };
    changed.element(original.parse().unwrap())
}

/// A write that creates an event.
pub(crate) fn create_event(record: &Record, marker: &str) -> Operation {
    Operation::Create(Create {
        record: record.clone(),
        marker: Some(marker.into()),
        look_up: true,
        match_paths: vec![path("uid"), path("titleAndStart")],
        known_until: None,
    })
}

impl Account {
    /// An event as a read by id shows it.
    pub(crate) async fn live(&self, scope: &Scope, id: &str) -> Live {
        let outcomes = self.execute(scope, vec![read(id, &[])]).await;
        match &outcomes[0].answer {
            Answer::Found(live) => live.as_ref().clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Makes one write.
    pub(crate) async fn write(&self, scope: &Scope, operation: Operation) -> Outcome {
        self.execute(scope, vec![operation]).await.remove(0)
    }

    /// Creates an event in the primary calendar, whatever is there, and lets it become visible.
    pub(crate) async fn made(&self, record: &Record, marker: &str) -> Live {
        let mut operation = create_event(record, marker);
        if let Operation::Create(create) = &mut operation {
            create.look_up = false;
        }
        let outcome = self.write(&events_of("primary"), operation).await;
        self.settle().await;
        applied(&outcome).clone()
    }

    /// Makes edits of an event that is as it is now; the answer's record is what a reading shows afterwards.
    pub(crate) async fn edited(&self, live: &Live, edits: Vec<Edit>) -> Live {
        let scope = events_of("primary");
        let outcome = self
            .write(&scope, update(&live.remote_id, &live.version, edits))
            .await;
        self.settle().await;
        let after = applied(&outcome).clone();
        assert_eq!(self.live(&scope, &live.remote_id).await, after);
        after
    }

    /// An event as it truly is, or nothing of it.
    pub(crate) async fn event_truth(&self, id: &str) -> Json {
        let path = format!("google/calendars/primary/events/{id}");
        self.control(Method::GET, &path, json!({})).await
    }

    /// Nobody got mail, no reminder appeared at once, and every write said that nobody should.
    pub(crate) async fn is_quiet(&self) {
        let counts = self.control(Method::GET, "counts", json!({})).await;
        assert_eq!(counts["mails"]["google"].as_u64().unwrap_or_default(), 0);
        let due = &counts["marks"]["google.reminders_already_due"];
        assert_eq!(due.as_u64().unwrap_or_default(), 0);
        let writes = ["insert", "patch", "delete"].map(|name| format!("calendar.events.{name}"));
        for entry in self.sandbox.journal() {
            if writes.contains(&entry.method) {
                assert!(entry.path.contains("sendUpdates=none"), "{}", entry.path);
            }
        }
    }
}
