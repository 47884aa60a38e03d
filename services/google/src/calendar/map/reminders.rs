//! Reminders: patched one by one, so that those of Google alone stay (ZGE-08).
//!
//! No reminder by e-mail is added, and none that is due already.

use jiff::{SignedDuration, Timestamp};
use model::{
    Comparison, Edit, Element, Record, Value,
    event::{self, Alert, AlertAction, Trigger, When},
    patch_elements,
};
use serde_json::{Value as Json, json};

use super::{path, read::alert, write::Present};
use crate::calendar::wire::Reminder;

/// Four weeks ("Events", reference).
const LONGEST: u32 = 40_320;
/// Reminders that an event has at most ("Events", reference).
const MOST: usize = 5;
/// Google's word for a reminder on the screen.
const ON_SCREEN: &str = "popup";

/// The reminders with these edits; none if they say nothing about them.
pub(super) fn patched(
    present: Present<'_>,
    desired: &Record,
    edits: &[&Edit],
) -> Result<Option<Json>, String> {
    let own = text(desired, "useDefaultAlerts");
    if own == Some("true")
        && edits
            .iter()
            .any(|edit| edit.path.field() == "useDefaultAlerts")
    {
        return Ok(Some(usual(present, desired)));
    }
    let uses_default = present
        .event
        .reminders
        .as_ref()
        .is_some_and(|all| all.use_default);
    let alerts: Vec<&Edit> = edits
        .iter()
        .copied()
        .filter(|edit| edit.path.field() == "alerts")
        .collect();
    if alerts.is_empty() {
        // That an event uses the calendar's own ends with the word "false" alone; no word says nothing.
        let ends = own == Some("false") && uses_default;
        return Ok(ends.then(|| stated(&[])));
    }
    let listed: &[Reminder] = match &present.event.reminders {
        Some(all) if !all.use_default => &all.overrides,
        Some(_) if !event::when(present.record).is_ok_and(|when| when.is_days()) => {
            present.reminders
        }
        _ => &[],
    };
    let shown: Vec<(usize, Element)> = listed
        .iter()
        .enumerate()
        .filter_map(|(at, one)| Some((at, alert(one)?.element())))
        .collect();
    let elements: Vec<Element> = shown.iter().map(|(_, element)| element.clone()).collect();
    let mut kept: Vec<Reminder> = Vec::new();
    for one in patch_elements(&elements, alerts, Comparison::Trigger) {
        match one.origin.and_then(|at| shown.get(at)) {
            Some((at, before)) if *before == one.element => kept.push(listed[*at].clone()),
            _ => kept.extend(added(&one.element, desired, present.now)?),
        }
    }
    // What the model does not know stays.
    kept.extend(listed.iter().filter(|one| alert(one).is_none()).cloned());
    if kept.len() > MOST {
        return Err(format!("Google Calendar has {MOST} reminders an event"));
    }
    Ok(Some(stated(&kept)))
}

/// The reminders of an event that is created, if its record states none that can be written. Where a sync says nothing about reminders, the calendar's own hold.
pub(in crate::calendar) fn created(present: Present<'_>, desired: &Record, mapped: bool) -> Json {
    let said = ["alerts", "useDefaultAlerts"];
    let said = said.into_iter().filter_map(path);
    let is_said = mapped
        || said
            .into_iter()
            .any(|path| desired.fields.contains_key(&path));
    if is_said {
        stated(&[])
    } else {
        usual(present, desired)
    }
}

/// The calendar's own reminders, as a state of its own; stated one by one, without the mails and those that are due,
/// where it would bring such ones.
fn usual(present: Present<'_>, desired: &Record) -> Json {
    let may =
        |one: &&Reminder| one.method == ON_SCREEN && !is_due(one.minutes, desired, present.now);
    if present.reminders.iter().all(|one| may(&one)) {
        return json!({"useDefault": true, "overrides": []});
    }
    let kept: Vec<Reminder> = present.reminders.iter().filter(may).cloned().collect();
    stated(&kept)
}

fn stated(reminders: &[Reminder]) -> Json {
    json!({"useDefault": false, "overrides": reminders})
}

/// A reminder that is new; none if it is due already.
fn added(element: &Element, desired: &Record, now: Timestamp) -> Result<Option<Reminder>, String> {
    let wanted = Alert::read(element).map_err(|error| error.to_string())?;
    if wanted.action == AlertAction::Email {
        return Err("reminders by e-mail are not written".to_owned());
    }
    let minutes = minutes(&wanted, desired)
        .filter(|minutes| *minutes <= LONGEST)
        .ok_or("Google Calendar reminds up to four weeks before the beginning")?;
    let reminder = Reminder {
        method: ON_SCREEN.to_owned(),
        minutes,
    };
    Ok((!is_due(minutes, desired, now)).then_some(reminder))
}

/// How long before the beginning a reminder is due.
fn minutes(alert: &Alert, desired: &Record) -> Option<u32> {
    let when = || event::when(desired).ok();
    let before = match alert.trigger {
        Trigger::Start(after) => -after,
        Trigger::End(after) => -(when()?.duration() + after),
        Trigger::At(_) if text(desired, "recurrence").is_some() => return None,
        Trigger::At(at) => earliest(&when()?)?.duration_since(at),
    };
    (before >= SignedDuration::ZERO).then(|| u32::try_from(before.as_mins()).ok())?
}

/// Whether the time of a reminder is over. A series has instances to come.
fn is_due(minutes: u32, desired: &Record, now: Timestamp) -> bool {
    let start = event::when(desired).ok().as_ref().and_then(earliest);
    let before = SignedDuration::from_mins(i64::from(minutes));
    text(desired, "recurrence").is_none()
        && start.is_some_and(|start| start.checked_sub(before).is_ok_and(|at| at <= now))
}

/// When it begins; a day where it begins first.
fn earliest(when: &When) -> Option<Timestamp> {
    let day = || {
        let midnight = jiff::tz::TimeZone::UTC.to_timestamp(when.start().clock());
        midnight
            .ok()?
            .checked_sub(SignedDuration::from_hours(14))
            .ok()
    };
    when.start().instant().or_else(day)
}

fn text<'a>(record: &'a Record, field: &str) -> Option<&'a str> {
    record.fields.get(&path(field)?).and_then(Value::as_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting() -> Record {
        let mut record = Record::new(model::event::KIND);
        let when = "2027-03-15T09:00:00[Europe/Vienna]/2027-03-15T10:00:00[Europe/Vienna]";
        record.set(path("when").unwrap(), Value::text(when));
        record
    }

    #[test]
    fn every_trigger_before_the_beginning_is_a_number_of_minutes() {
        for (trigger, expected) in [
            ("-PT15M", Some(15)),
            ("PT0S", Some(0)),
            ("-P1D", Some(1440)),
            ("-PT75M/end", Some(15)),
            ("2027-03-15T07:30:00Z", Some(30)),
            ("PT5M", None),
            ("PT0S/end", None),
            ("2027-03-15T08:30:00Z", None),
        ] {
            let element = Element::simple("display", trigger);
            let alert = Alert::read(&element).unwrap();
            assert_eq!(minutes(&alert, &meeting()), expected, "{trigger}");
        }
    }

    // proves: R-30
    #[test]
    fn what_is_due_mails_or_lies_too_far_ahead_is_not_added() {
        let start: Timestamp = "2027-03-15T08:00:00Z".parse().unwrap();
        let add = |label: &str, trigger: &str, before: i64| {
            let now = start - SignedDuration::from_mins(before);
            added(&Element::simple(label, trigger), &meeting(), now)
        };
        assert!(add("display", "-PT15M", 16).unwrap().is_some());
        assert_eq!(add("display", "-PT15M", 15), Ok(None));
        assert_eq!(add("display", "-PT15M", -600), Ok(None));
        assert!(add("email", "-PT15M", 600).is_err());
        assert!(add("display", "-P29D", 60 * 24 * 60).is_err());
        assert!(add("display", "-P28D", 60 * 24 * 60).unwrap().is_some());
    }
}
