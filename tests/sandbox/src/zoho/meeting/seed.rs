//! The demo's meetings in this CRM.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Map, Value, json};

use super::{MODULE, participants, series};
use crate::seed::{Meeting, Reminders, When};
use crate::zoho::id::Id;

/// Guests of one meeting who become contacts; the others are known by address alone.
const CONTACTS: usize = 2;

/// Puts meetings into the CRM with `put`, which stores a record of a module; answers ids by what is special about
/// them. Of a series the occurrences are records of their own.
pub(in crate::zoho) fn plant(
    meetings: &[Meeting],
    mut put: impl FnMut(&str, Map<String, Value>) -> Id,
) -> Value {
    let mut specials = Map::new();
    let mut count = 0;
    for (number, meeting) in meetings.iter().enumerate() {
        let mut values = written(meeting, number);
        let participants: Vec<Value> = meeting
            .guests
            .iter()
            .take(participants::MOST)
            .enumerate()
            .map(|(position, guest)| {
                if position >= CONTACTS {
                    return json!({"type": "email", "participant": guest.email});
                }
                let (given, family) = guest.name.split_once(' ').unwrap_or(("", &guest.name));
                let person =
                    json!({"First_Name": given, "Last_Name": family, "Email": guest.email});
                let id = put("Contacts", person.as_object().cloned().unwrap_or_default());
                json!({"type": "contact", "participant": id})
            })
            .collect();
        if !participants.is_empty() {
            values.insert("Participants".to_owned(), json!(participants));
        }
        let zone = match &meeting.when {
            When::Time(_, zone, _) => TimeZone::get(zone).unwrap_or(TimeZone::UTC),
            When::Days(..) => TimeZone::UTC,
        };
        let mut several = series::occurrences(&values, &zone);
        if let Some(cancelled) = meeting.cancelled.filter(|number| *number < several.len()) {
            let gone = several.remove(cancelled);
            for one in &mut several {
                series::exclude(one, &gone);
            }
        }
        let mut first = None;
        for (position, mut one) in several.into_iter().enumerate() {
            if meeting.rule.is_some() {
                one.insert(
                    "$recurrence_id".to_owned(),
                    json!(format!("series-{number}")),
                );
            }
            if meeting.moved == Some(position) {
                later(&mut one);
            }
            count += 1;
            let id = put(MODULE, one);
            first.get_or_insert(id);
        }
        if let (Some(special), Some(id)) = (meeting.special, first) {
            specials.insert(special.to_owned(), json!(id));
        }
    }
    json!({"events": count, "special": specials})
}

/// Two hours later.
fn later(values: &mut Map<String, Value>) {
    for name in ["Start_DateTime", "End_DateTime"] {
        let at = values.get(name).and_then(Value::as_str);
        let at = at.and_then(|text| text.parse::<Timestamp>().ok());
        if let Some(at) = at {
            let later = at + jiff::SignedDuration::from_hours(2);
            values.insert(name.to_owned(), json!(later));
        }
    }
}

fn written(meeting: &Meeting, number: usize) -> Map<String, Value> {
    let (start, end, all_day) = match &meeting.when {
        When::Days(day, days) => {
            let last = day.checked_add(Span::new().days(*days - 1)).unwrap_or(*day);
            (
                format!("{day}T00:00:00Z"),
                format!("{last}T23:59:59Z"),
                true,
            )
        }
        When::Time(start, zone, minutes) => {
            let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
            let at = zone.to_timestamp(*start).unwrap_or(Timestamp::UNIX_EPOCH);
            let end = at + jiff::SignedDuration::from_mins(*minutes);
            (at.to_string(), end.to_string(), false)
        }
    };
    let title = meeting.title.as_deref().unwrap_or("Not Provided");
    let mut values = Map::new();
    let mut put = |name: &str, value: Value| values.insert(name.to_owned(), value);
    put("Event_Title", json!(title));
    put("Start_DateTime", json!(start));
    put("End_DateTime", json!(end));
    put("$u_id", json!(format!("demo-{number}")));
    put("Check_In_Status", json!("PLANNED"));
    if all_day {
        put("All_day", json!(true));
    }
    if let Some(place) = meeting.place {
        put("Venue", json!(place));
    }
    if let Some(note) = meeting.note {
        put("Description", json!(note));
    }
    if let Some(rule) = meeting.rule {
        put("Recurring_Activity", json!({"RRULE": rule}));
    }
    if let Reminders::Own { popups, .. } = &meeting.reminders {
        let each = popups.iter();
        let reminders: Vec<Value> = each
            .map(|minutes| json!({"unit": minutes, "period": "minutes"}))
            .collect();
        put("Remind_At", json!(reminders));
    }
    values
}
