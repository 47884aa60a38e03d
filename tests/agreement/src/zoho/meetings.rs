//! Zoho CRM's side of two calendars: `GET Events` (REST API v8), in which each occurrence of a series is a record.

use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use super::{PROVIDER, Zoho, asked, items, text};
use crate::{
    book::{Book, Entry, Kind},
    error::Error,
    http::Asked,
    mapping::MEETINGS,
    meetings::{When, Window, put},
};

/// What Zoho CRM's side of a sync calls a meeting without a title; it needs one.
const NO_TITLE: &str = "Not Provided";

impl Zoho {
    /// All meetings that this user is shown.
    pub(crate) async fn meetings(&mut self, window: Window) -> Result<Book, Error> {
        let mut fields: Vec<&str> = MEETINGS.iter().map(|pairing| pairing.zoho).collect();
        fields.extend(["All_day", "$recurrence_id"]);
        let fields = fields.join(",");
        let method = asked("Events.getRecords");
        let mut book = Book {
            kind: Kind::Meeting,
            ..Book::default()
        };
        let mut page = String::new();
        loop {
            let mut query = vec![("fields", fields.as_str()), ("per_page", "200")];
            if !page.is_empty() {
                query.push(("page_token", &page));
            }
            let answer = self.get(method, "/crm/v8/Events", &query).await?;
            for row in items(&answer, "data") {
                book.listed += 1;
                let when = when(row).ok_or_else(|| method.malformed("a meeting without a time"))?;
                if when.is_within(window) {
                    book.entries.push(occurrence(method, row, when, window)?);
                }
            }
            let info = &answer["info"];
            match text(info, "next_page_token").filter(|_| info["more_records"] == true) {
                Some(next) => page = next,
                None => return Ok(book),
            }
        }
    }
}

/// What lasts whole days begins with the first second of a day and ends with the last of one.
fn when(row: &Value) -> Option<When> {
    let shown = |name: &str| row[name].as_str();
    let (start, end) = (shown("Start_DateTime")?, shown("End_DateTime")?);
    if row["All_day"] == true {
        let day = |text: &str| text.get(..10)?.parse::<Date>().ok();
        return Some(When::Days(day(start)?, day(end)?));
    }
    let at = |text: &str| text.parse::<Timestamp>().ok();
    Some(When::Times(at(start)?, at(end)?))
}

fn occurrence(method: Asked, row: &Value, when: When, window: Window) -> Result<Entry, Error> {
    let id = row["id"].as_str();
    let id = id.ok_or_else(|| method.malformed("a row without an id"))?;
    if let Some(hidden) = MEETINGS
        .iter()
        .find(|pairing| row.get(pairing.zoho).is_none())
    {
        return Err(Error::Hidden {
            provider: PROVIDER,
            field: hidden.zoho,
        });
    }
    let mut entry = Entry::of_kind(Kind::Meeting, id);
    entry.series = text(row, "$recurrence_id").map(|series| format!("series:{series}"));
    when.put(&mut entry);
    for name in ["Event_Title", "Venue", "Description"] {
        let value = text(row, name).filter(|value| name != "Event_Title" || value != NO_TITLE);
        put(&mut entry, name, value);
    }
    let guests = items(row, "Participants").iter();
    let guests = guests.filter_map(|guest| text(guest, "Email").or(text(guest, "participant")));
    put(&mut entry, "Participants", guests);
    let reminders = items(row, "Remind_At").iter().filter_map(minutes);
    let reminders = reminders.filter(|minutes| when.reminds(*minutes, window));
    put(
        &mut entry,
        "Remind_At",
        reminders.map(|minutes| minutes.to_string()),
    );
    Ok(entry)
}

fn minutes(reminder: &Value) -> Option<i64> {
    let each = match reminder["period"].as_str()? {
        "minutes" => 1,
        "hours" => 60,
        "days" => 24 * 60,
        "weeks" => 7 * 24 * 60,
        _ => return None,
    };
    Some(reminder["unit"].as_i64()? * each)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row() -> Value {
        json!({
            "id": "1", "Event_Title": "Not Provided", "All_day": false,
            "Start_DateTime": "2026-12-01T12:00:00+03:00", "End_DateTime": "2026-12-01T13:00:00+03:00",
            "Venue": null, "Description": "Slides", "$recurrence_id": "7",
            "Participants": [{ "type": "email", "participant": "Eve@example.net" }],
            "Remind_At": [{ "unit": 1, "period": "hours" }],
        })
    }

    #[test]
    fn an_occurrence_is_what_the_row_says() {
        let window = Window::around("2026-11-01T00:00:00Z".parse().unwrap());
        let row = row();
        let entry = occurrence(asked("test"), &row, when(&row).unwrap(), window).unwrap();
        assert!(entry.is_of("series:7") && entry.is_of("1"));
        let values = (0..MEETINGS.len()).map(|place| entry.normal(place).concat());
        assert_eq!(
            values.collect::<Vec<_>>(),
            [
                "",
                "2026-12-01T09:00:00Z",
                "2026-12-01T10:00:00Z",
                "",
                "Slides",
                "eve@example.net",
                "60"
            ]
        );
    }

    #[test]
    fn days_are_those_that_are_written_and_what_is_hidden_is_not_empty() {
        let mut row = row();
        row["All_day"] = json!(true);
        row["Start_DateTime"] = json!("2026-12-01T00:00:00+00:00");
        row["End_DateTime"] = json!("2026-12-02T23:59:59+00:00");
        let days = ["2026-12-01", "2026-12-02"].map(|day| day.parse().unwrap());
        assert_eq!(when(&row), Some(When::Days(days[0], days[1])));
        row.as_object_mut().unwrap().remove("Venue");
        let window = Window::around("2026-11-01T00:00:00Z".parse().unwrap());
        let hidden = occurrence(asked("test"), &row, when(&row).unwrap(), window);
        assert!(matches!(hidden, Err(Error::Hidden { field: "Venue", .. })));
    }
}
