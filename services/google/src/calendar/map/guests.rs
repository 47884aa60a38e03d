//! The guests of an event, patched in Google's own list: what nobody mapped stays as it is.

use model::{
    Comparison, Edit, Element,
    event::{Participant, Role, Status},
    patch_elements,
};
use serde_json::{Value as Json, json};

use super::{
    read::participant,
    write::{Members, one},
};
use crate::calendar::wire::{Attendee, Event};

/// The members with these edits. Of a hidden list only one's own answer can be written, and the rest stays ("Events",
/// reference: `attendeesOmitted`).
pub(super) fn attendees(event: &Event, raw: &Json, edits: &[&Edit]) -> Result<Members, String> {
    if event.attendees_omitted && event.invited_as().is_none() {
        return Err("Google hides some guests of this event, and would drop them".to_owned());
    }
    let list = raw["attendees"].as_array().map_or(&[][..], Vec::as_slice);
    let shown: Vec<(usize, Element)> = list
        .iter()
        .enumerate()
        .filter_map(|(at, guest)| Some((at, element(guest)?)))
        .collect();
    let elements: Vec<Element> = shown.iter().map(|(_, element)| element.clone()).collect();
    let patched = patch_elements(&elements, edits.iter().copied(), Comparison::Keyed);
    let mut guests: Vec<Json> = list
        .iter()
        .filter(|guest| element(guest).is_none())
        .cloned()
        .collect();
    for guest in patched {
        guests.push(match guest.origin.and_then(|at| shown.get(at)) {
            Some((at, before)) => changed(&list[*at], before, &guest.element)?,
            None => added(&guest.element)?,
        });
    }
    let mut members = one("attendees", Json::Array(guests));
    if event.attendees_omitted {
        members.insert("attendeesOmitted".to_owned(), json!(true));
    }
    Ok(members)
}

fn element(guest: &Json) -> Option<Element> {
    let guest: Attendee = serde_json::from_value(guest.clone()).ok()?;
    Some(participant(&guest)?.element())
}

/// A guest with the parts that are another now.
fn changed(guest: &Json, before: &Element, after: &Element) -> Result<Json, String> {
    let mut guest = guest.clone();
    let wanted = read(after)?;
    let other = |part: &str| before.part(part) != after.part(part);
    let Some(members) = guest.as_object_mut() else {
        return Ok(guest);
    };
    for (part, name, value) in [
        ("name", "displayName", wanted.name.map(Json::from)),
        ("comment", "comment", wanted.comment.map(Json::from)),
    ] {
        match value {
            Some(value) if other(part) => members.insert(name.to_owned(), value),
            None if other(part) => members.remove(name),
            _ => None,
        };
    }
    if other("role") {
        members.insert("optional".to_owned(), json!(is_optional(wanted.role)));
    }
    if let (true, Some(word)) = (other("status"), wanted.status.and_then(answer)) {
        members.insert("responseStatus".to_owned(), json!(word));
    }
    Ok(guest)
}

fn added(element: &Element) -> Result<Json, String> {
    let wanted = read(element)?;
    if !wanted.address.contains('@') || wanted.address.starts_with("urn:") {
        return Err("a guest of Google Calendar has an e-mail address".to_owned());
    }
    let mut guest = json!({"email": wanted.address});
    if let Some(name) = wanted.name {
        guest["displayName"] = json!(name);
    }
    if let Some(comment) = wanted.comment {
        guest["comment"] = json!(comment);
    }
    if is_optional(wanted.role) {
        guest["optional"] = json!(true);
    }
    if wanted.role == Some(Role::Resource) {
        guest["resource"] = json!(true);
    }
    if let Some(word) = wanted.status.and_then(answer) {
        guest["responseStatus"] = json!(word);
    }
    Ok(guest)
}

fn read(element: &Element) -> Result<Participant, String> {
    Participant::read(element).map_err(|error| error.to_string())
}

fn is_optional(role: Option<Role>) -> bool {
    matches!(role, Some(Role::Optional | Role::Informational))
}

/// Google's word for an answer; it has none for one who sends somebody else.
fn answer(status: Status) -> Option<&'static str> {
    match status {
        Status::NeedsAction => Some("needsAction"),
        Status::Accepted => Some("accepted"),
        Status::Declined => Some("declined"),
        Status::Tentative => Some("tentative"),
        Status::Delegated => None,
    }
}
