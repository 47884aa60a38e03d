//! The scenario `two-calendars`: two diaries that disagree, with every kind of meeting that is hard to carry over.
//!
//! Everything follows from the seed and from the day on which it is planted: meetings lie within two months before it
//! and two months after it, but for one long ago and one far ahead.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::ScenarioError;

/// What to generate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiaryScenario {
    /// Must be `two-calendars`.
    #[serde(rename = "scenario")]
    pub(crate) name: String,
    /// Ordinary meetings that both sides have, and as many that one side has alone.
    #[serde(default = "ten")]
    pub(crate) meetings: usize,
    /// Everything follows from it.
    #[serde(default)]
    pub(crate) seed: u64,
    /// Whose calendars are filled: e-mail addresses by provider. Who is not named fills the default account.
    #[serde(default)]
    pub(crate) owners: BTreeMap<String, String>,
}

fn ten() -> usize {
    10
}

/// When a meeting is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum When {
    /// The first day, and how many.
    Days(Date, i64),
    /// Wall-clock time, IANA zone, minutes.
    Time(DateTime, &'static str, i64),
}

/// How people are reminded, in minutes before the start.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reminders {
    /// As the calendar does it for every event.
    Default,
    Own {
        popups: Vec<u32>,
        emails: Vec<u32>,
    },
}

impl Reminders {
    fn popups(popups: &[u32]) -> Self {
        Self::Own {
            popups: popups.to_vec(),
            emails: Vec::new(),
        }
    }
}

/// Somebody who is invited.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// A meeting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Meeting {
    /// What is special about it; none for an ordinary one.
    pub(crate) special: Option<&'static str>,
    /// Absent for the one without a title.
    pub(crate) title: Option<String>,
    pub(crate) when: When,
    pub(crate) place: Option<&'static str>,
    pub(crate) note: Option<&'static str>,
    pub(crate) reminders: Reminders,
    pub(crate) guests: Vec<Guest>,
    /// The value of an `RRULE`.
    pub(crate) rule: Option<&'static str>,
    pub(crate) private: bool,
    /// Number of the occurrence that is two hours later, from 0.
    pub(crate) moved: Option<usize>,
    /// Number of the occurrence that does not take place, from 0.
    pub(crate) cancelled: Option<usize>,
}

/// Both sides and what is true of them.
#[derive(Debug, Clone)]
pub(crate) struct TwoCalendars {
    pub(crate) crm: Vec<Meeting>,
    pub(crate) office: Vec<Meeting>,
    pub(crate) figures: DiaryFigures,
}

/// What is true of the generated diaries. A series counts once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DiaryFigures {
    pub(crate) on_both: usize,
    pub(crate) crm_only: usize,
    pub(crate) office_only: usize,
}

const ZONE: &str = "Europe/Vienna";
const SUBJECTS: &[&str] = &[
    "Review",
    "Kick-off",
    "Lunch",
    "Demo",
    "Interview",
    "Hand-over",
];
const COMPANIES: &[&str] = &["Acme", "Harbour & Hill", "Northwind", "Globex", "Initech"];
const PLACES: &[&str] = &["Room 1", "Room 2", "Café Central", "Phone"];
/// Names and addresses.
const GUESTS: &[(&str, &str)] = &[
    ("Ben Okafor", "ben@example.com"),
    ("Carla Rossi", "carla@example.org"),
];
/// Guests of the largest meeting; a CRM may hold fewer.
const CROWD: usize = 60;
/// Days between today and the meetings that lie outside every window of three months.
const FAR_DAYS: i64 = 120;

/// Generates the scenario as of a day.
pub(crate) fn two_calendars(
    scenario: &DiaryScenario,
    today: Date,
) -> Result<TwoCalendars, ScenarioError> {
    if scenario.name != "two-calendars" {
        return Err(ScenarioError::Unknown);
    }
    if scenario.meetings > 10_000 {
        return Err(ScenarioError::OutOfRange);
    }
    let mut generator = Generator {
        random: StdRng::seed_from_u64(scenario.seed),
        today,
        number: 0,
    };
    let both = generator.ordinary(scenario.meetings);
    let (mut crm, mut office) = (both.clone(), both);
    crm.extend(generator.ordinary(scenario.meetings));
    office.extend(generator.ordinary(scenario.meetings));
    crm.extend(generator.specials(&[
        "all day",
        "other zone",
        "guests",
        "many guests",
        "series",
        "several reminders",
        "long ago",
        "far ahead",
    ]));
    office.extend(generator.specials(&[
        "all day",
        "several days",
        "other zone",
        "guests",
        "many guests",
        "series",
        "series of days",
        "endless series",
        "several reminders",
        "default reminders",
        "no title",
        "private",
        "long ago",
        "far ahead",
    ]));
    let figures = DiaryFigures {
        on_both: scenario.meetings,
        crm_only: crm.len() - scenario.meetings,
        office_only: office.len() - scenario.meetings,
    };
    Ok(TwoCalendars {
        crm,
        office,
        figures,
    })
}

struct Generator {
    random: StdRng,
    today: Date,
    number: usize,
}

impl Generator {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }

    /// A day within two months of today.
    fn day(&mut self) -> Date {
        let days = self.random.random_range(-60_i64..60);
        self.today.checked_add(days.days()).unwrap_or(self.today)
    }

    /// An hour so many days from today.
    fn away(&self, days: i64) -> When {
        let day = self.today.checked_add(days.days()).unwrap_or(self.today);
        When::Time(day.at(11, 0, 0, 0), ZONE, 60)
    }

    fn ordinary(&mut self, count: usize) -> Vec<Meeting> {
        (0..count).map(|_| self.meeting()).collect()
    }

    fn meeting(&mut self) -> Meeting {
        self.number += 1;
        let hour = self.random.random_range(8..17);
        let start = self.day().at(hour, self.pick(&[0, 15, 30]), 0, 0);
        let title = format!(
            "{} {} {}",
            self.pick(SUBJECTS),
            self.pick(COMPANIES),
            self.number
        );
        Meeting {
            special: None,
            title: Some(title),
            when: When::Time(start, ZONE, self.pick(&[30, 45, 60, 90])),
            place: Some(self.pick(PLACES)),
            note: None,
            reminders: Reminders::popups(&[15]),
            guests: Vec::new(),
            rule: None,
            private: false,
            moved: None,
            cancelled: None,
        }
    }

    fn specials(&mut self, names: &[&'static str]) -> Vec<Meeting> {
        names.iter().map(|name| self.special(name)).collect()
    }

    fn special(&mut self, name: &'static str) -> Meeting {
        let mut meeting = self.meeting();
        meeting.special = Some(name);
        match name {
            "all day" => meeting.when = When::Days(self.day(), 1),
            "several days" => meeting.when = When::Days(self.day(), 3),
            "other zone" => {
                // An offset of 2026 that older time-zone data have wrong.
                let start = self.day().at(9, 0, 0, 0);
                meeting.when = When::Time(start, "America/Vancouver", 60);
            }
            "guests" => meeting.guests = invited().collect(),
            "many guests" => meeting.guests = invited().chain(crowd()).take(CROWD).collect(),
            "series" => {
                meeting.rule = Some("FREQ=WEEKLY;COUNT=8");
                meeting.moved = Some(2);
                meeting.cancelled = Some(4);
            }
            "series of days" => {
                meeting.when = When::Days(self.day(), 1);
                meeting.rule = Some("FREQ=MONTHLY;COUNT=4");
                meeting.cancelled = Some(1);
            }
            "endless series" => meeting.rule = Some("FREQ=WEEKLY;INTERVAL=2"),
            "several reminders" => {
                meeting.reminders = Reminders::Own {
                    popups: vec![10, 60, 1_440],
                    emails: vec![30],
                };
            }
            "default reminders" => meeting.reminders = Reminders::Default,
            "long ago" => meeting.when = self.away(-FAR_DAYS),
            "far ahead" => meeting.when = self.away(FAR_DAYS),
            "no title" => meeting.title = None,
            "private" => {
                meeting.private = true;
                meeting.note = Some("For nobody else's eyes.");
            }
            _ => {}
        }
        meeting
    }
}

fn invited() -> impl Iterator<Item = Guest> {
    GUESTS.iter().map(|(name, email)| Guest {
        name: (*name).to_owned(),
        email: (*email).to_owned(),
    })
}

fn crowd() -> impl Iterator<Item = Guest> {
    (1..).map(|number| Guest {
        name: format!("Guest {number:02}"),
        email: format!("guest{number:02}@example.org"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(name: &str, meetings: usize) -> DiaryScenario {
        DiaryScenario {
            name: name.to_owned(),
            meetings,
            seed: 7,
            owners: BTreeMap::new(),
        }
    }

    #[test]
    fn the_same_seed_and_day_give_the_same_diaries() {
        let today = jiff::civil::date(2026, 11, 23);
        let one = two_calendars(&scenario("two-calendars", 5), today).unwrap();
        let two = two_calendars(&scenario("two-calendars", 5), today).unwrap();
        assert_eq!((one.crm, one.office), (two.crm, two.office.clone()));
        assert_eq!(two.figures.on_both, 5);
        let titles: std::collections::BTreeSet<_> = two
            .office
            .iter()
            .map(|meeting| meeting.title.clone())
            .collect();
        assert_eq!(titles.len(), two.office.len(), "no title twice");
    }

    #[test]
    fn what_is_no_such_scenario_is_refused() {
        let today = jiff::civil::date(2026, 11, 23);
        assert!(two_calendars(&scenario("two-diaries", 5), today).is_err());
        assert!(two_calendars(&scenario("two-calendars", 10_001), today).is_err());
    }
}
