//! What a client's write makes the calendar remind of: by mail, or at once because the time has come already.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::act::Act;
use super::event::Event;
use crate::journal::Letter;

/// A reminder that a write stored although its moment is over: it would appear on somebody's screen at once.
const ALREADY_DUE: &str = "google.reminders_already_due";

/// Counts what is new about the reminders of an event, for the account that wrote it: a letter for each reminder by
/// mail, a mark for each one that is due already. People who act for themselves are not counted.
pub(super) fn count(act: &mut Act<'_>, calendar: &str, before: Option<&Event>, after: &Event) {
    let now = Timestamp::from_millisecond(act.now).unwrap_or(Timestamp::UNIX_EPOCH);
    let zone = match act.calendars.by_id.get(calendar) {
        Some(own) => own.zone(),
        None => return,
    };
    let start = after.content.start.instant(&zone);
    let over = !after.is_series() && start <= now;
    if act.by_people || after.content.is_cancelled() || over {
        return;
    }
    let moved = before.is_some_and(|before| before.content.start != after.content.start);
    let known = before
        .filter(|before| !moved && !before.content.is_cancelled())
        .map(|before| reminders(act, calendar, before))
        .unwrap_or_default();
    for (method, minutes) in reminders(act, calendar, after).difference(&known) {
        if method == "email" {
            act.letters.push(Letter {
                recipient: act.account.to_owned(),
                kind: "reminder",
                record: after.id.clone(),
            });
        }
        if !after.is_series() && start - SignedDuration::from_mins(*minutes) <= now {
            act.marks.push(ALREADY_DUE);
        }
    }
}

/// Method and minutes of each reminder that holds: the event's own, or the calendar's.
fn reminders(act: &Act<'_>, calendar: &str, event: &Event) -> BTreeSet<(String, i64)> {
    let listed = match event.reminders.get(act.account) {
        Some(own) => own["overrides"].as_array().cloned().unwrap_or_default(),
        None => act.calendars.default_reminders(act.account, calendar),
    };
    let pair = |one: &Value| Some((one["method"].as_str()?.to_owned(), one["minutes"].as_i64()?));
    listed.iter().filter_map(pair).collect()
}
