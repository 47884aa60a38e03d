//! What a change of an event means for its guests: copies in their calendars, mails, and answers on the way back.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::act::{Act, Notify};
use super::content::Content;
use super::error::CalendarError;
use super::event::Event;
use crate::journal::Letter;

/// Members of an event that each copy has for itself.
const OWN: &[&str] = &["colorId", "eventLabelId", "transparency", "visibility"];

/// Whether this calendar holds the organizer's copy.
pub(super) fn is_organizers(event: &Event, calendar: &str) -> bool {
    event.organizer.email == calendar
}

/// Guests who get mail of a change, by kind; resources and whoever acts get none.
pub(super) fn letters(
    act: &Act<'_>,
    calendar: &str,
    before: Option<&Event>,
    after: &Event,
    notify: Notify,
) -> Vec<Letter> {
    if after.imported || notify == Notify::Nobody {
        return Vec::new();
    }
    let invited = |event: Option<&Event>| -> BTreeSet<String> {
        event
            .filter(|event| !event.content.is_cancelled())
            .into_iter()
            .flat_map(|event| &event.content.attendees)
            .filter(|attendee| attendee["resource"] != true)
            .filter_map(|attendee| attendee["email"].as_str().map(str::to_owned))
            .collect()
    };
    let (was, is) = (invited(before), invited(Some(after)));
    let changed = before.is_some_and(|before| before.content.differs_for_guests(&after.content));
    let owner = act
        .calendars
        .by_id
        .get(calendar)
        .map(|own| own.owner.clone());
    was.union(&is)
        .filter_map(|email| {
            let kind = match (was.contains(email), is.contains(email)) {
                (false, _) => "invitation",
                (true, false) => "cancellation",
                (true, true) if changed => "update",
                (true, true) => return None,
            };
            Some((email, kind))
        })
        .filter(|(email, _)| {
            *email != calendar && *email != act.account && Some(*email) != owner.as_ref()
        })
        .filter(|(email, _)| {
            notify == Notify::All || domain(email) != domain(owner.as_deref().unwrap_or(calendar))
        })
        .map(|(email, kind)| Letter {
            recipient: email.clone(),
            kind,
            record: after.id.clone(),
        })
        .collect()
}

/// How many of the letters invite somebody of another domain.
pub(super) fn strangers(letters: &[Letter], account: &str) -> usize {
    letters
        .iter()
        .filter(|letter| letter.kind == "invitation")
        .filter(|letter| domain(&letter.recipient) != domain(account))
        .count()
}

fn domain(email: &str) -> &str {
    email.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Brings the organizer's event into the calendars of the guests who have one here, and out of those of former guests.
/// A deletion of which nobody is told leaves the guests' copies alive (seen live).
pub(super) fn deliver(
    act: &mut Act<'_>,
    calendar: &str,
    before: Option<&Event>,
    after: &Event,
    notify: Notify,
) -> Result<(), CalendarError> {
    if after.imported || !is_organizers(after, calendar) {
        return Ok(());
    }
    let guests =
        |event: &Event| -> BTreeSet<String> { event.content.guests().map(str::to_owned).collect() };
    let mut everybody = guests(after);
    everybody.extend(before.map(guests).unwrap_or_default());
    for guest in everybody {
        if guest == calendar || !act.calendars.is_account(&guest) {
            continue;
        }
        let invited = !after.content.is_cancelled() && guests(after).contains(&guest);
        let silent = after.content.is_cancelled() && notify == Notify::Nobody;
        if invited {
            let copy = copy(act, &guest, after);
            act.put(&guest, copy)?;
        } else if !silent {
            let mut copy = copy(act, &guest, after);
            "cancelled".clone_into(&mut copy.content.status);
            act.put(&guest, copy)?;
        }
    }
    Ok(())
}

/// A guest's copy: what is shared as the organizer has it, what is the guest's own as it was.
fn copy(act: &Act<'_>, guest: &str, event: &Event) -> Event {
    let own = act.calendars.by_id.get(guest);
    let own = own.and_then(|calendar| calendar.truth().find(&event.id));
    let own = own.filter(|seen| !seen.event.content.is_cancelled());
    let mut plain = event.content.plain.clone();
    plain.retain(|name, _| !OWN.contains(&name.as_str()));
    let (private, reminders) = match own {
        Some(seen) => {
            let kept = seen.event.content.plain.into_iter();
            plain.extend(kept.filter(|(name, _)| OWN.contains(&name.as_str())));
            (seen.event.content.private, seen.event.reminders)
        }
        None => (Map::new(), std::collections::BTreeMap::new()),
    };
    Event {
        content: Content {
            private,
            plain,
            ..event.content.clone()
        },
        reminders,
        updated: act.now,
        ..event.clone()
    }
}

/// What a guest may change on their own copy: their answer, and what is not shared. Other changes stay in this copy and
/// are lost with the organizer's next one (unverified).
pub(super) fn as_guest(
    calendar: &str,
    before: &Event,
    mut wanted: Content,
) -> Result<Content, CalendarError> {
    let shared = [
        "guestsCanInviteOthers",
        "guestsCanModify",
        "guestsCanSeeOtherGuests",
        "anyoneCanAddSelf",
    ];
    let changes = shared
        .iter()
        .any(|name| before.content.flag(name) != wanted.flag(name));
    if changes || wanted.shared != before.content.shared {
        return Err(CalendarError::non_organizer());
    }
    let answer = wanted
        .attendees
        .iter()
        .find(|attendee| attendee["email"] == calendar)
        .cloned();
    wanted.attendees.clone_from(&before.content.attendees);
    if let Some(answer) = answer {
        for attendee in &mut wanted.attendees {
            if attendee["email"] == calendar {
                *attendee = answer.clone();
            }
        }
    }
    Ok(wanted)
}

/// Carries a guest's answer to the organizer's copy, and from there to every other one.
pub(super) fn answer(
    act: &mut Act<'_>,
    guest: &str,
    event: &Event,
    notify: Notify,
) -> Result<(), CalendarError> {
    let organizer = event.organizer.email.clone();
    let Some(given) = event
        .content
        .attendees
        .iter()
        .find(|attendee| attendee["email"] == guest)
        .cloned()
    else {
        return Ok(());
    };
    if notify != Notify::Nobody {
        act.letters.push(Letter {
            recipient: organizer.clone(),
            kind: "response",
            record: event.id.clone(),
        });
    }
    let Ok(mut original) = act.find(&organizer, &event.id).map(|seen| seen.event) else {
        return Ok(());
    };
    let before = original.clone();
    replace(&mut original.content.attendees, &given);
    original.updated = act.now;
    act.put(&organizer, original.clone())?;
    deliver(act, &organizer, Some(&before), &original, Notify::Nobody)
}

fn replace(attendees: &mut [Value], given: &Value) {
    for attendee in attendees {
        if attendee["email"] == given["email"] {
            *attendee = given.clone();
        }
    }
}
