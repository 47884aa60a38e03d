//! How both sides show the meetings that are hard to carry over.

use agreement::{Book, Kind};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::Sandbox;

use super::{
    super::{people::At, screen},
    HARD, Hard, ZONE, google_event,
};

/// A meeting as both sides show it: each time that it takes place, beginning and end, in the form of the comparison.
pub(in crate::demo) struct Standing {
    pub(in crate::demo) meeting: &'static Hard,
    /// Left, right.
    pub(in crate::demo) times: [Vec<[String; 2]>; 2],
    /// The zone by whose clock Google has it; none for whole days.
    zone: Option<String>,
}

impl Standing {
    /// Whether it is on both sides, each time of it.
    pub(in crate::demo) fn is_whole(&self) -> bool {
        let [left, right] = &self.times;
        left == right && left.len() == self.meeting.times
    }
}

/// One that is whole, or one that is not.
#[cfg(test)]
pub(in crate::demo) fn standing_of(whole: bool) -> Vec<Standing> {
    let time = ["2026-12-01", "2026-12-02"].map(str::to_owned);
    let right = if whole {
        vec![time.clone()]
    } else {
        Vec::new()
    };
    vec![Standing {
        meeting: &super::FAIR,
        times: [vec![time], right],
        zone: None,
    }]
}

/// What both sides show of them.
pub(in crate::demo) async fn standing(
    sandbox: &Sandbox,
    books: &(Book, Book),
) -> anyhow::Result<Vec<Standing>> {
    let mut found = Vec::new();
    for meeting in HARD {
        let event = google_event(sandbox, meeting.title).await.ok();
        let zone = event.and_then(|event| Some(event["start"]["timeZone"].as_str()?.to_owned()));
        found.push(Standing {
            meeting,
            times: [&books.0, &books.1].map(|book| times(book, meeting.title)),
            zone,
        });
    }
    Ok(found)
}

/// Each time that a meeting of this title takes place.
fn times(book: &Book, title: &str) -> Vec<[String; 2]> {
    let value = |entry: &agreement::Entry, field: &str| {
        let place = Kind::Meeting.place(field);
        place.map_or_else(String::new, |place| entry.normal(place).concat())
    };
    let entries = book.entries.iter();
    let mut times: Vec<[String; 2]> = entries
        .filter(|entry| value(entry, "Event_Title") == title)
        .map(|entry| ["Start_DateTime", "End_DateTime"].map(|field| value(entry, field)))
        .collect();
    times.sort();
    times
}

/// Shows them side by side.
pub(in crate::demo) fn tell(standing: &[Standing]) {
    let mut table = screen::table(&["meeting", "typed into", "Zoho CRM shows", "Google shows"]);
    for one in standing {
        let [left, right] = &one.times;
        let meeting = one.meeting;
        table.add_row([
            format!("{}\n{}", meeting.title, meeting.what),
            match meeting.at {
                At::Left => "Zoho CRM".to_owned(),
                At::Right => "Google".to_owned(),
            },
            words(left, ZONE),
            words(right, one.zone.as_deref().unwrap_or(ZONE)),
        ]);
    }
    screen::show("Meetings that are hard to carry over", &table);
}

/// Each time by the clock of a zone, a line each.
fn words(times: &[[String; 2]], zone: &str) -> String {
    let lines: Vec<String> = times.iter().map(|time| line(time, zone)).collect();
    if lines.is_empty() {
        "nothing".to_owned()
    } else {
        lines.join("\n")
    }
}

fn line([start, end]: &[String; 2], zone: &str) -> String {
    if let (Ok(first), Ok(last)) = (start.parse::<Date>(), end.parse::<Date>()) {
        let day = |day: Date| day.strftime("%a %e %b").to_string();
        return format!("{} to {}", day(first), day(last));
    }
    let city = zone.rsplit('/').next().unwrap_or(zone).replace('_', " ");
    let clock = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    start.parse::<Timestamp>().map_or_else(
        |_| start.clone(),
        |at| {
            let at = at.to_zoned(clock);
            format!("{} {city}", at.strftime("%a %e %b %H:%M"))
        },
    )
}

#[cfg(test)]
mod tests {
    use agreement::Entry;

    use super::*;

    fn occurrence(title: &str, start: &str, end: &str) -> Entry {
        let mut entry = Entry::of_kind(Kind::Meeting, start);
        for (field, value) in [
            ("Event_Title", title),
            ("Start_DateTime", start),
            ("End_DateTime", end),
        ] {
            entry.values[Kind::Meeting.place(field).unwrap()].push(value.to_owned());
        }
        entry
    }

    #[test]
    fn a_time_is_said_by_the_clock_of_who_looks_at_it() {
        let time = ["2026-12-01T17:00:00Z", "2026-12-01T18:00:00Z"].map(str::to_owned);
        assert_eq!(line(&time, "America/New_York"), "Tue  1 Dec 12:00 New York");
        assert_eq!(line(&time, ZONE), "Tue  1 Dec 20:00 Istanbul");
        let days = ["2026-12-01", "2026-12-02"].map(str::to_owned);
        assert_eq!(line(&days, ZONE), "Tue  1 Dec to Wed  2 Dec");
        assert_eq!(words(&[], ZONE), "nothing");
    }

    #[test]
    fn a_meeting_stands_only_where_each_time_of_it_is_on_both_sides() {
        let times = [
            "2026-12-01T07:00:00Z",
            "2026-12-08T09:00:00Z",
            "2026-12-22T07:00:00Z",
        ];
        let book = |times: &[&str]| Book {
            kind: Kind::Meeting,
            listed: times.len(),
            entries: times
                .iter()
                .map(|start| occurrence("Board", start, start))
                .collect(),
        };
        let stands = |left: &[&str], right: &[&str]| {
            let times = [book(left), book(right)].map(|book| super::times(&book, "Board"));
            let standing = Standing {
                meeting: &super::super::BOARD,
                times,
                zone: None,
            };
            standing.is_whole()
        };
        assert!(stands(&times, &times));
        assert!(!stands(&times, &times[..2]), "one is missing on one side");
        assert!(!stands(&times[..2], &times[..2]), "one is missing on both");
        let unmoved = [times[0], "2026-12-08T07:00:00Z", times[2]];
        assert!(!stands(&times, &unmoved), "one is elsewhere");
    }
}
