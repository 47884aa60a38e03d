//! What people do in the web interface: the same writes as the API's, past its limits.

use serde_json::{Map, Value, json};

use super::act::{Act, Notify};
use super::calendar::{Calendar, Role};
use super::entry::Entry;
use super::error::CalendarError;
use super::moment::named_zone;
use super::sight::Seen;
use super::split;
use super::store::Calendars;
use super::view::{self, View};
use super::write::{self, Mode, Wish};

/// Makes a secondary calendar; answers its id.
pub(in crate::google) fn create(
    act: &mut Act<'_>,
    summary: &str,
    time_zone: Option<&str>,
) -> Result<String, CalendarError> {
    let zone = match time_zone {
        Some(name) => named_zone(name)
            .map(|(name, _)| name)
            .ok_or_else(|| CalendarError::invalid("Invalid time zone."))?,
        None => act.readable("primary")?.0.time_zone.clone(),
    };
    let id = format!("c_{}@group.calendar.example.com", act.dice.token());
    let calendar = Calendar::new(&id, act.account, summary, &zone);
    act.calendars.add(calendar, act.now);
    Ok(id)
}

/// The calendars in the account's list.
pub(in crate::google) fn listed(act: &Act<'_>) -> Vec<Value> {
    let list = act.calendars.lists.get(act.account);
    let entries = list
        .into_iter()
        .flat_map(|list| list.entries.live(u64::MAX));
    entries
        .filter_map(|version| {
            let calendar = act.calendars.by_id.get(&version.value.calendar)?;
            Some(json!({
                "id": calendar.id, "summary": calendar.summary, "time_zone": calendar.time_zone,
                "role": calendar.role(act.account)?.word(), "primary": calendar.is_primary(),
                "hidden": version.value.is_hidden(),
            }))
        })
        .collect()
}

/// Deletes a secondary calendar; a primary one cannot go.
pub(in crate::google) fn delete(act: &mut Act<'_>, id: &str) -> Result<(), CalendarError> {
    let (calendar, _) = act.readable(id)?;
    if calendar.is_primary() {
        return Err(CalendarError::invalid(
            "Cannot delete the primary calendar.",
        ));
    }
    let id = calendar.id.clone();
    act.calendars.drop_calendar(&id, act.now)
}

/// Gives an account a role, or takes it away, and with it the entry in its list.
pub(in crate::google) fn share(
    act: &mut Act<'_>,
    id: &str,
    account: &str,
    role: Option<Role>,
) -> Result<(), CalendarError> {
    let id = act.readable(id)?.0.id.clone();
    act.calendars.calendar_mut(&id)?.share(account, role);
    let now = act.now;
    if role.is_none() {
        let list = act.calendars.list(account);
        if let Some(entry) = list.find(&id).map(|(entry, _)| entry.clone()) {
            list.put(entry, true, now);
        }
    }
    Ok(())
}

/// Puts a calendar into the account's list, or changes its entry.
pub(in crate::google) fn put_entry(
    act: &mut Act<'_>,
    id: &str,
    body: &Value,
) -> Result<(), CalendarError> {
    let (calendar, _) = act.readable(id)?;
    let known = act.calendars.lists.get(act.account);
    let known = known.and_then(|list| list.find(&calendar.id));
    let mut entry = match known {
        Some((entry, _)) => entry.clone(),
        None => Entry::new(calendar, act.account),
    };
    entry.change(body)?;
    let now = act.now;
    act.calendars.list(act.account).put(entry, false, now);
    Ok(())
}

/// Takes a calendar off the account's list.
pub(in crate::google) fn drop_entry(act: &mut Act<'_>, id: &str) -> Result<(), CalendarError> {
    let id = Calendars::resolved(act.account, id).to_owned();
    let now = act.now;
    let list = act.calendars.list(act.account);
    let (entry, _) = list.find(&id).ok_or_else(CalendarError::not_found)?;
    let entry = entry.clone();
    list.put(entry, true, now);
    Ok(())
}

/// Everything stored in a calendar.
pub(in crate::google) fn events(act: &Act<'_>, calendar: &str) -> Result<Value, CalendarError> {
    let (calendar, _) = act.readable(calendar)?;
    Ok(view::truth(calendar)["events"].take())
}

/// An event as its calendar's owner sees it.
pub(in crate::google) fn json(
    act: &Act<'_>,
    calendar: &str,
    seen: &Seen,
) -> Result<Value, CalendarError> {
    let (calendar, _) = act.readable(calendar)?;
    let view = View {
        calendar,
        account: act.account,
        role: Role::Owner,
        zone: calendar.zone(),
        most_attendees: None,
        cancelled_in_full: true,
    };
    Ok(view.event(seen))
}

impl Act<'_> {
    /// An event by the id of a calendar that the account sees.
    pub(in crate::google) fn shown(&self, calendar: &str, id: &str) -> Result<Seen, CalendarError> {
        let calendar = self.readable(calendar)?.0.id.clone();
        self.find(&calendar, id)
    }
}

fn wish(notify: Notify) -> Wish<'static> {
    Wish {
        notify,
        conference: true,
        attachments: true,
        if_match: None,
    }
}

/// Types in an event.
pub(in crate::google) fn insert(
    act: &mut Act<'_>,
    calendar: &str,
    event: &Map<String, Value>,
    notify: Notify,
) -> Result<Seen, CalendarError> {
    write::insert(act, calendar, event, wish(notify))
}

/// Edits an event, a series, or one instance.
pub(in crate::google) fn edit(
    act: &mut Act<'_>,
    calendar: &str,
    id: &str,
    changes: &Map<String, Value>,
    notify: Notify,
) -> Result<Seen, CalendarError> {
    write::change(act, calendar, id, Mode::Patch, changes, wish(notify))
}

/// Cancels an event, a series, or one instance.
pub(in crate::google) fn cancel(
    act: &mut Act<'_>,
    calendar: &str,
    id: &str,
    notify: Notify,
) -> Result<Seen, CalendarError> {
    write::remove(act, calendar, id, wish(notify))?;
    act.shown(calendar, id)
}

/// Changes an instance and all that follow.
pub(in crate::google) fn split(
    act: &mut Act<'_>,
    calendar: &str,
    instance: &str,
    changes: &Map<String, Value>,
    notify: Notify,
) -> Result<Seen, CalendarError> {
    split::split(act, calendar, instance, changes, wish(notify))
}

/// Answers an invitation.
pub(in crate::google) fn respond(
    act: &mut Act<'_>,
    calendar: &str,
    id: &str,
    response: &str,
    comment: Option<&str>,
    notify: Notify,
) -> Result<Seen, CalendarError> {
    let seen = act.shown(calendar, id)?;
    let own = act.readable(calendar)?.0.id.clone();
    let mut attendees = seen.event.content.attendees;
    let mine = attendees
        .iter_mut()
        .find(|attendee| attendee["email"] == own.as_str());
    let mine = mine.ok_or_else(|| CalendarError::invalid("This calendar is not invited."))?;
    mine["responseStatus"] = json!(response);
    if let Some(comment) = comment {
        mine["comment"] = json!(comment);
    }
    let changes = Map::from_iter([("attendees".to_owned(), json!(attendees))]);
    write::change(act, calendar, id, Mode::Patch, &changes, wish(notify))
}

/// Moves an event to another calendar.
pub(in crate::google) fn relocate(
    act: &mut Act<'_>,
    calendar: &str,
    id: &str,
    to: &str,
) -> Result<Seen, CalendarError> {
    write::relocate(act, calendar, id, to, wish(Notify::Nobody))
}

impl Calendars {
    /// The channels that are open.
    pub(in crate::google) fn open_channels(&self, now: i64) -> Vec<Value> {
        let open = self.channels.open.values();
        open.filter(|channel| channel.expiration > now)
            .map(|channel| {
                let mut shown = channel.json();
                shown["account"] = json!(channel.account);
                shown["calendar"] = json!(channel.calendar);
                shown["address"] = json!(channel.address.as_str());
                shown["messages"] = json!(channel.messages);
                shown
            })
            .collect()
    }

    /// Every channel is gone without a word.
    pub(in crate::google) fn expire_channels(&mut self) {
        self.channels.open.clear();
    }

    /// What was sent.
    pub(in crate::google) fn notifications(&self) -> &[Value] {
        &self.channels.sent
    }
}
