//! The lines that say how a series recurs.

use std::collections::BTreeMap;

use model::{
    Element, Record,
    event::{self, Original, Override, Recurrence, Rule, When},
};
use serde_json::Value as Json;

use super::{
    path,
    write::{Members, Present, one},
};

const RULE: &str = "RRULE:";

/// The exceptions of a record, by the instance that they concern.
pub(in crate::calendar) type Exceptions = BTreeMap<Original, Override>;

/// What the record says of single instances.
pub(in crate::calendar) fn exceptions(record: &Record) -> Result<Exceptions, String> {
    let elements = path("overrides").map(|path| record.elements(&path));
    let read = |element: &Element| Override::read(element).map_err(|error| error.to_string());
    elements.unwrap_or_default().iter().map(read).collect()
}

/// How the record recurs, read with the time that is written.
pub(in crate::calendar) fn rule(record: &Record, when: &When) -> Result<Option<Rule>, String> {
    let text = path("recurrence").and_then(|path| record.fields.get(&path)?.as_text());
    let rule = text.map(|text| Rule::read(text, when)).transpose();
    rule.map_err(|error| error.to_string())
}

/// The member `recurrence`, if it becomes another. An instance that a new series leaves out is left out in its lines; of
/// a series that is there already the instance is cancelled, which leaves the lines alone.
pub(super) fn lines(
    present: Present<'_>,
    desired: &Record,
    when: &When,
) -> Result<Option<Members>, String> {
    let before = &present.event.recurrence;
    let Some(rule) = rule(desired, when)? else {
        return Ok((!before.is_empty()).then(|| one("recurrence", Json::Null)));
    };
    let wanted = exceptions(desired)?;
    let known = event::when(present.record).ok();
    let known = known.and_then(|when| {
        let lines = before.iter().map(String::as_str);
        Recurrence::read(lines, &when).ok().flatten()
    });
    let stated = known.as_ref().map_or(&[][..], |known| &known.exceptions);
    let mut kept = Exceptions::new();
    for element in stated {
        let (original, exception) = Override::read(element).map_err(|error| error.to_string())?;
        let excluded = exception == Override::Excluded;
        let stays = match wanted.get(&original) {
            Some(Override::Excluded) => excluded,
            Some(Override::Changed { included, .. }) => !excluded && *included,
            None => false,
        };
        if stays {
            kept.insert(original, exception);
        }
    }
    let complete = kept.len() == stated.len();
    let count = kept.len();
    for (original, exception) in &wanted {
        let is_new = match exception {
            Override::Excluded => {
                before.is_empty() && rule.has(when, original.clock()).unwrap_or(false)
            }
            Override::Changed { included, .. } => *included,
        };
        if is_new {
            kept.entry(*original).or_insert_with(|| exception.clone());
        }
    }
    let unchanged = complete && count == kept.len();
    // A rule that means the same stays as Google has it.
    let same = |text: &str| Rule::read(text, when).is_ok_and(|before| before == rule);
    let as_it_was = before
        .iter()
        .find(|line| line.strip_prefix(RULE).is_some_and(same));
    if unchanged && as_it_was.is_some() {
        return Ok(None);
    }
    let exceptions = kept.into_iter();
    let recurrence = Recurrence {
        rule,
        exceptions: exceptions
            .map(|(original, exception)| exception.element(original))
            .collect(),
    };
    let mut lines = recurrence.lines(when).map_err(|error| error.to_string())?;
    if let (Some(line), Some(first)) = (as_it_was, lines.first_mut()) {
        first.clone_from(line);
    }
    Ok(Some(one("recurrence", Json::from(lines))))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::Value;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;
    use crate::calendar::wire::Event;

    const MONDAY: &str = "2027-03-15T09:00:00[Europe/Vienna]/2027-03-15T10:00:00[Europe/Vienna]";
    const TUESDAY: &str = "2027-03-16T09:00:00[Europe/Vienna]/2027-03-16T10:00:00[Europe/Vienna]";

    fn record(when: &str, rule: &str, overrides: &[Element]) -> Record {
        let mut record = Record::new(model::event::KIND);
        for (field, text) in [("when", when), ("recurrence", rule)] {
            record.set(path(field).unwrap(), Value::text(text));
        }
        let overrides = Value::elements(overrides.to_vec());
        record.set(path("overrides").unwrap(), overrides);
        record
    }

    fn excluded(original: &str) -> Element {
        Override::Excluded.element(original.parse().unwrap())
    }

    /// The lines of a series with these lines on Mondays, when it becomes another.
    fn turned(before: &[&str], desired: &Record) -> Option<Json> {
        let event = Event {
            recurrence: before.iter().map(ToString::to_string).collect(),
            ..Event::default()
        };
        let present = Present {
            event: &event,
            raw: &Json::Null,
            record: &record(MONDAY, "FREQ=WEEKLY;COUNT=4", &[]),
            reminders: &[],
            now: Timestamp::UNIX_EPOCH,
        };
        let when = event::when(desired).unwrap();
        let mut members = lines(present, desired, &when).unwrap()?;
        members.remove("recurrence")
    }

    #[test]
    fn a_rule_that_means_the_same_stays_as_google_has_it() {
        let same = record(MONDAY, "FREQ=WEEKLY;COUNT=4", &[]);
        for line in [
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "RRULE:COUNT=4;FREQ=WEEKLY;WKST=MO;BYDAY=MO",
        ] {
            assert_eq!(turned(&[line], &same), None, "{line}");
        }
        let dates = [excluded("2027-03-22T09:00:00")];
        let dated = record(MONDAY, "FREQ=WEEKLY;COUNT=4", &dates);
        let lines = [
            "RRULE:COUNT=4;FREQ=WEEKLY",
            "EXDATE;TZID=Europe/Vienna:20270322T090000",
        ];
        assert_eq!(turned(&lines, &dated), None);
        assert_eq!(turned(&lines, &same), Some(json!([lines[0]])));
    }

    #[test]
    fn a_rule_that_names_its_day_follows_the_series_to_another_day() {
        let moved = record(TUESDAY, "FREQ=WEEKLY;COUNT=4", &[]);
        let lines = turned(&["RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=MO"], &moved).unwrap();
        assert_eq!(lines, json!(["RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=TU"]));
    }

    #[test]
    fn an_end_is_an_instant_by_the_clock_of_the_series() {
        let ended = record(MONDAY, "FREQ=WEEKLY;UNTIL=20270329", &[]);
        let lines = turned(&["RRULE:FREQ=WEEKLY;COUNT=4"], &ended).unwrap();
        let expected = "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270329T215959Z";
        assert_eq!(lines, json!([expected]));
    }

    #[test]
    fn only_a_new_series_leaves_instances_out_in_its_lines() {
        let dates = [excluded("2027-03-22T09:00:00")];
        let wanted = record(MONDAY, "FREQ=WEEKLY;COUNT=4", &dates);
        let made = turned(&[], &wanted).unwrap();
        let line = "EXDATE;TZID=Europe/Vienna:20270322T090000";
        assert_eq!(made[1], line);
        assert_eq!(turned(&["RRULE:FREQ=WEEKLY;COUNT=4"], &wanted), None);
        let once = record(MONDAY, "", &[]);
        assert_eq!(turned(&["RRULE:FREQ=DAILY"], &once), Some(Json::Null));
        assert_eq!(turned(&[], &once), None);
    }
}
