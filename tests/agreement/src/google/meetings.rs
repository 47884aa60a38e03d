//! Google's side of two calendars: `events.list` of the primary calendar with every series expanded (Calendar API v3).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde_json::Value;

use super::{Google, asked, items, text};
use crate::{
    book::{Book, Entry, Kind},
    error::Error,
    http::Asked,
    meetings::{When, Window, put},
};

/// The list's own window is about ends, and is wider than what is compared.
const WIDER: SignedDuration = SignedDuration::from_hours(24);

impl Google {
    /// All events of the primary calendar that are not private.
    pub(crate) async fn meetings(&mut self, window: Window) -> Result<Book, Error> {
        let method = asked("calendar.events.list");
        let (from, until) = (
            (window.from - WIDER).to_string(),
            (window.until + WIDER).to_string(),
        );
        let mut book = Book {
            kind: Kind::Meeting,
            ..Book::default()
        };
        let (mut page, mut series) = (String::new(), BTreeSet::new());
        loop {
            let mut query = vec![
                ("singleEvents", "true"),
                ("timeMin", &from),
                ("timeMax", &until),
                ("maxResults", "2500"),
            ];
            if !page.is_empty() {
                query.push(("pageToken", &page));
            }
            let path = "/calendar/v3/calendars/primary/events";
            let answer = self.get(method, path, &query).await?;
            let usual = items(&answer, "defaultReminders");
            for event in items(&answer, "items") {
                book.listed += 1;
                let when =
                    when(event).ok_or_else(|| method.malformed("an event without a time"))?;
                if is_private(event) || !when.is_within(window) {
                    continue;
                }
                let mut entry = occurrence(method, event, when)?;
                let reminders = popups(event, usual);
                let reminders = reminders.filter(|minutes| when.reminds(*minutes, window));
                put(
                    &mut entry,
                    "Remind_At",
                    reminders.map(|minutes| minutes.to_string()),
                );
                // Every occurrence shows what is left on the series.
                let is_first = entry
                    .series
                    .as_ref()
                    .is_none_or(|id| series.insert(id.clone()));
                if !is_first {
                    entry.application.clear();
                }
                book.entries.push(entry);
            }
            match text(&answer, "nextPageToken") {
                Some(next) => page = next,
                None => return Ok(book),
            }
        }
    }
}

fn is_private(event: &Value) -> bool {
    let visibility = event["visibility"].as_str();
    visibility.is_some_and(|word| ["private", "confidential"].contains(&word))
}

fn when(event: &Value) -> Option<When> {
    let (start, end) = (&event["start"], &event["end"]);
    if let (Some(first), Some(end)) = (start["date"].as_str(), end["date"].as_str()) {
        let day = |text: &str| text.parse::<Date>().ok();
        return When::until_before(day(first)?, day(end)?);
    }
    let at = |time: &Value| time["dateTime"].as_str()?.parse::<Timestamp>().ok();
    Some(When::Times(at(start)?, at(end)?))
}

fn occurrence(method: Asked, event: &Value, when: When) -> Result<Entry, Error> {
    let id = event["id"].as_str();
    let id = id.ok_or_else(|| method.malformed("an event without an id"))?;
    let mut entry = Entry::of_kind(Kind::Meeting, id);
    entry.series = text(event, "recurringEventId");
    when.put(&mut entry);
    for (zoho, google) in [
        ("Event_Title", "summary"),
        ("Venue", "location"),
        ("Description", "description"),
    ] {
        put(&mut entry, zoho, text(event, google));
    }
    let guests = items(event, "attendees").iter();
    let guests = guests.filter_map(|guest| text(guest, "email"));
    put(&mut entry, "Participants", guests);
    let application = event["extendedProperties"]["private"].as_object();
    let application = application.into_iter().flatten();
    entry.application = application
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    Ok(entry)
}

/// The pop-ups of an event, in minutes before it: its own, or the calendar's.
fn popups<'a>(event: &'a Value, usual: &'a [Value]) -> impl Iterator<Item = i64> {
    let reminders = &event["reminders"];
    let all = if reminders["useDefault"] == true {
        usual
    } else {
        items(reminders, "overrides")
    };
    let popups = all.iter().filter(|one| one["method"] == "popup");
    popups.filter_map(|one| one["minutes"].as_i64())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::MEETINGS;

    #[test]
    fn an_occurrence_is_what_the_event_says() {
        let event = json!({
            "id": "s_20261201T090000Z", "recurringEventId": "s", "summary": "Board",
            "start": { "dateTime": "2026-12-01T12:00:00+03:00", "timeZone": "Europe/Istanbul" },
            "end": { "dateTime": "2026-12-01T13:00:00+03:00", "timeZone": "Europe/Istanbul" },
            "attendees": [{ "email": "Eve@example.net" }],
            "extendedProperties": { "private": { "client": "mark" } },
        });
        let entry = occurrence(asked("test"), &event, when(&event).unwrap()).unwrap();
        assert!(entry.is_of("s"));
        let values = (0..MEETINGS.len()).map(|place| entry.normal(place).concat());
        assert_eq!(
            values.collect::<Vec<_>>(),
            [
                "Board",
                "2026-12-01T09:00:00Z",
                "2026-12-01T10:00:00Z",
                "",
                "",
                "eve@example.net",
                ""
            ]
        );
        assert_eq!(entry.application.len(), 1);
    }

    #[test]
    fn pop_ups_are_its_own_or_the_calendars_and_no_mails() {
        let usual = [json!({ "method": "popup", "minutes": 10 })];
        let own = json!({ "reminders": { "useDefault": false, "overrides": [
            { "method": "popup", "minutes": 5 }, { "method": "email", "minutes": 30 },
        ] } });
        assert_eq!(popups(&own, &usual).collect::<Vec<_>>(), [5]);
        let defaults = json!({ "reminders": { "useDefault": true } });
        assert_eq!(popups(&defaults, &usual).collect::<Vec<_>>(), [10]);
        assert!(is_private(&json!({ "visibility": "confidential" })));
    }
}
