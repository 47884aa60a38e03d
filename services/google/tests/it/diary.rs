//! A calendar of the sandbox's first account, as its owner sees it.

use model::{Record, Value};
use provider::{Scope, What};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::account::{Account, Round, path};

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
