//! What people do in their calendars.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use serde_json::{Value, json};

use super::{
    Form, Meeting, ZONE,
    diary::{Diary, crm_hour, hour, with},
    midnight,
};
use crate::{
    crowd::{At, Removed, Typed},
    stage::Stage,
};

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Text(&'static str),
    Move,
    Invite,
    Remind,
    Delete,
    RenameSeries,
    MoveOne,
    CancelOne,
    Extend,
    Add,
}

use Action::{Add, CancelOne, Delete, Extend, Invite, Move, MoveOne, Remind, RenameSeries, Text};

/// What is done one after the other on each side. Only Google lets people change a rule.
const ACTIONS: [[Action; 10]; 2] = [
    [
        Text("Event_Title"),
        Move,
        MoveOne,
        Add,
        Invite,
        Text("Venue"),
        CancelOne,
        Delete,
        Remind,
        Text("Description"),
    ],
    [
        Extend,
        Move,
        Add,
        RenameSeries,
        Text("Description"),
        MoveOne,
        Invite,
        CancelOne,
        Delete,
        Remind,
    ],
];

/// Google's name of a field of the CRM's.
fn google_name(field: &str) -> &'static str {
    match field {
        "Event_Title" => "summary",
        "Venue" => "location",
        _ => "description",
    }
}

impl Action {
    /// Whether it can be done to this meeting.
    fn fits(self, meeting: &Meeting) -> bool {
        let is_single = meeting.form == Form::Times;
        let has = |words: &[&str]| words.iter().any(|word| meeting.title.starts_with(word));
        match self {
            Text(_) => meeting.form != Form::Series,
            Invite => is_single && !meeting.has_guests,
            // Nobody is reminded of what is over, and no reminder of it was carried over.
            Move => is_single && !meeting.has_guests && meeting.start() > midnight(1),
            Remind => is_single && meeting.start() > midnight(3),
            Delete => meeting.form != Form::Series && !meeting.has_guests,
            RenameSeries | Extend => has(&["Board"]),
            MoveOne | CancelOne => has(&["Board", "Staff"]) && meeting.fourth().is_some(),
            Add => false,
        }
    }
}

impl Stage {
    /// Somebody does the next thing on this side, or edits a text if that cannot be done.
    pub async fn somebody_uses_the_calendar(&mut self, at: At) {
        let number = self.crowd.next() / 2;
        let actions = &ACTIONS[usize::from(at == At::Google)];
        let action = actions[number % actions.len()];
        if action == Add {
            self.somebody_adds_a_meeting(at).await;
            return;
        }
        for action in [action, Text("Description")] {
            if let Some(meeting) = self.a_meeting_for(action, at).await {
                self.crowd.taken.insert(meeting.title.clone());
                self.somebody_acts(action, at, &meeting).await;
                return;
            }
        }
    }

    /// Somebody has a series of Google's go on for another week, which the CRM allows only at creation; answers its title.
    pub async fn somebody_extends_a_series(&mut self) -> String {
        let meeting = self.a_meeting_for(Extend, At::Google).await;
        let meeting = meeting.expect("a series that nobody has touched");
        self.crowd.taken.insert(meeting.title.clone());
        self.somebody_acts(Extend, At::Google, &meeting).await;
        meeting.title
    }

    /// Somebody of the CRM writes down where one occurrence of a series takes place.
    pub async fn somebody_places_an_occurrence_of(&mut self, title: &str) {
        let diary = Diary(&self.system.sandbox);
        let all = diary.crm().await;
        // Of the old series and the one that is being made in its place the old one, which is shorter.
        let same = all.into_iter().filter(|meeting| meeting.title == title);
        let meeting = same.min_by_key(|meeting| meeting.occurrences.len());
        let meeting = meeting.expect("a series of this title");
        let (_, id) = meeting.fourth().expect("a fourth occurrence");
        let said = format!("typed {}", self.crowd.next());
        diary.edits_row(&id, &json!({ "Venue": said })).await;
        self.typed(At::Zoho, &meeting, "Venue", said);
    }

    /// A meeting that was there before the sync, and that nobody has touched on either side.
    async fn a_meeting_for(&mut self, action: Action, at: At) -> Option<Meeting> {
        let diary = Diary(&self.system.sandbox);
        let mut meetings = match at {
            At::Zoho => diary.crm().await,
            At::Google => diary.google().await,
        };
        meetings.retain(|meeting| {
            let is_known = self.before.known.contains(&meeting.id);
            let is_own = !meeting.title.is_empty() && meeting.title != "Invitation of a colleague";
            let is_free = !self.crowd.taken.contains(&meeting.title);
            meeting.is_inside && is_known && is_own && is_free && action.fits(meeting)
        });
        if meetings.is_empty() {
            return None;
        }
        let place = self.random.random_range(0..meetings.len());
        Some(meetings.swap_remove(place))
    }

    async fn somebody_acts(&mut self, action: Action, at: At, meeting: &Meeting) {
        let number = self.crowd.next();
        let said = format!("typed {number}");
        match action {
            Text(field) => self.edits(at, meeting, field, &said).await,
            RenameSeries => self.edits(at, meeting, "Event_Title", &said).await,
            Move => {
                let minutes = i64::try_from(number).unwrap() * 7;
                let start = midnight(70) + SignedDuration::from_mins(minutes);
                self.moves(at, meeting, &meeting.id, start).await;
            }
            MoveOne => {
                let (start, id) = meeting.fourth().unwrap();
                let minutes = 60 + i64::try_from(number).unwrap();
                let start = start + SignedDuration::from_mins(minutes);
                self.moves(at, meeting, &id, start).await;
            }
            Invite => {
                self.invites(at, meeting, &format!("typed{number}@example.net"))
                    .await;
            }
            Remind => self.reminds(at, meeting, 20 + number).await,
            Extend => {
                let end = meeting.start() + SignedDuration::from_hours(5 * 7 * 24);
                let rule = json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=6"] });
                Diary(&self.system.sandbox)
                    .edits_event(&meeting.id, &rule)
                    .await;
                self.typed(at, meeting, "Start_DateTime", end.to_string());
            }
            Delete | CancelOne => self.removes(action, at, meeting).await,
            Add => {}
        }
    }

    fn typed(&mut self, at: At, meeting: &Meeting, field: &'static str, value: String) {
        self.crowd.typed.push(Typed {
            at,
            id: meeting.id.clone(),
            field,
            value,
        });
    }

    async fn edits(&mut self, at: At, meeting: &Meeting, field: &'static str, value: &str) {
        let diary = Diary(&self.system.sandbox);
        match at {
            At::Zoho => {
                let values = json!({ field: value });
                diary.edits_row(&meeting.id, &values).await;
            }
            At::Google => {
                let event = json!({ google_name(field): value });
                diary.edits_event(&meeting.id, &event).await;
            }
        }
        self.typed(at, meeting, field, value.to_owned());
    }

    async fn moves(&mut self, at: At, meeting: &Meeting, id: &str, start: Timestamp) {
        let diary = Diary(&self.system.sandbox);
        match at {
            At::Zoho => diary.edits_row(id, &crm_hour(start)).await,
            At::Google => diary.edits_event(id, &hour(start)).await,
        }
        self.typed(at, meeting, "Start_DateTime", start.to_string());
    }

    async fn invites(&mut self, at: At, meeting: &Meeting, address: &str) {
        let diary = Diary(&self.system.sandbox);
        match at {
            At::Zoho => {
                let guest = json!({ "type": "email", "participant": address });
                let values = json!({ "Participants": [guest] });
                diary.edits_row(&meeting.id, &values).await;
            }
            At::Google => {
                let event = json!({ "attendees": [{ "email": address }] });
                diary.edits_event(&meeting.id, &event).await;
            }
        }
        self.typed(at, meeting, "Participants", address.to_owned());
    }

    async fn reminds(&mut self, at: At, meeting: &Meeting, minutes: usize) {
        let diary = Diary(&self.system.sandbox);
        match at {
            At::Zoho => {
                let values = json!({ "Remind_At": [{ "unit": minutes, "period": "minutes" }] });
                diary.edits_row(&meeting.id, &values).await;
            }
            At::Google => {
                let popup = json!({ "method": "popup", "minutes": minutes });
                let event = json!({ "reminders": { "useDefault": false, "overrides": [popup] } });
                diary.edits_event(&meeting.id, &event).await;
            }
        }
        self.typed(at, meeting, "Remind_At", minutes.to_string());
    }

    async fn removes(&mut self, action: Action, at: At, meeting: &Meeting) {
        let goes = self.is_in_sync(&meeting.id).await;
        let mut was = vec![("Event_Title", meeting.title.clone())];
        let id = if action == CancelOne {
            let (start, id) = meeting.fourth().unwrap();
            was.push(("Start_DateTime", start.to_string()));
            id
        } else {
            meeting.id.clone()
        };
        let diary = Diary(&self.system.sandbox);
        match at {
            At::Zoho => diary.removes_row(&id).await,
            At::Google => diary.removes_event(&id).await,
        }
        self.crowd.removed.push(Removed { was, goes });
    }

    /// Whether both sides agree on a record; unknown while nobody can be asked.
    async fn is_in_sync(&self, id: &str) -> bool {
        let records = self.records_now().await.unwrap_or_default();
        records.iter().any(|record| {
            [&record.left_id, &record.right_id].contains(&&id.to_owned())
                && record.state == "in sync"
        })
    }

    /// Somebody types a new meeting in: a single one, one of whole days, or a series.
    pub async fn somebody_adds_a_meeting(&mut self, at: At) {
        let number = self.crowd.next();
        let hours = i64::try_from(number).unwrap();
        let start = midnight(20) + SignedDuration::from_hours(hours);
        let title = format!("New {number}");
        let diary = Diary(&self.system.sandbox);
        let id = match at {
            At::Zoho => {
                let row = with(crm_hour(start), &json!({ "Event_Title": title }));
                diary.adds_row(&with(row, &crm_form(number))).await
            }
            At::Google => {
                let event = with(hour(start), &json!({ "summary": title }));
                diary.adds_event(&with(event, &google_form(number))).await
            }
        };
        self.crowd.new.insert(id);
    }
}

/// Every second of the CRM's new meetings is a series.
fn crm_form(number: usize) -> Value {
    if number.is_multiple_of(2) {
        json!({ "Recurring_Activity": { "RRULE": "FREQ=DAILY;INTERVAL=2;COUNT=3" } })
    } else {
        json!({})
    }
}

/// Google's new events are series, of whole days, or by another clock.
fn google_form(number: usize) -> Value {
    let days = [30, 31].map(|days| midnight(days).strftime("%F").to_string());
    match number % 3 {
        0 => json!({ "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"] }),
        1 => json!({
            "start": { "date": days[0] }, "end": { "date": days[1] },
            "reminders": { "useDefault": false },
        }),
        _ => json!({
            "start": { "dateTime": format!("{}T09:00:00", days[0]), "timeZone": "America/Vancouver" },
            "end": { "dateTime": format!("{}T10:30:00", days[0]), "timeZone": "America/Vancouver" },
            "location": format!("Quay {number} ({ZONE})"),
        }),
    }
}
