//! Who is invited to a meeting.

use std::collections::BTreeMap;

use model::{
    Element, Record, Value,
    event::{Participant, Status},
};
use serde_json::{Value as Json, json};

use super::{NotCarried, elements};
use crate::wire::Row;

const FIELD: &str = "Participants";

/// What a participant without an address is known by begins so; the type and the id of the record follow.
const URN: &str = "urn:zoho:crm:";

/// Participants that a meeting takes ("Update Records").
pub(super) const MOST: usize = 50;

/// A contact of the CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    /// The record's id.
    pub(crate) id: String,
    /// The whole name.
    pub(crate) name: Option<String>,
    /// The first address, as participants are labelled.
    pub(crate) email: String,
}

/// Contacts by the address that a participant is labelled with.
pub(crate) type Contacts = BTreeMap<String, Contact>;

/// Nobody who is a contact.
pub(crate) static NOBODY: Contacts = Contacts::new();

/// Those who would be invited by address: their names, if they have any, by their addresses.
pub(crate) type Newcomers = BTreeMap<String, Option<String>>;

/// The newcomers of several meetings, each once, by the name that one of them has.
pub(crate) fn all_newcomers(each: impl IntoIterator<Item = Newcomers>) -> Newcomers {
    let mut all = Newcomers::new();
    for (address, name) in each.into_iter().flatten() {
        let known = all.entry(address).or_default();
        *known = known.take().or(name);
    }
    all
}

/// Whom a meeting is to have that the row does not show, as far as there is room for them.
pub(crate) fn newcomers(event: &Record, row: Option<&Row>) -> Newcomers {
    let shown = row.and_then(|row| row.0.get(FIELD)).unwrap_or(&Json::Null);
    let elements = elements(event, "participants").iter();
    let invited = elements.filter_map(|element| {
        let one = invitation(shown, element, &NOBODY).ok()?;
        Some((element, one))
    });
    let invited = invited.take(MOST).filter(|(element, one)| {
        let is_new = one["participant"] == element.label.as_str();
        is_new && known(shown, element).is_none()
    });
    let named = |element: &Element| element.part("name").map(str::to_owned);
    invited
        .map(|(element, _)| (element.label.clone(), named(element)))
        .collect()
}

/// The participants of a meeting, each once: a contact and a lead with one address are one guest.
///
/// Users, contacts and leads come with their names and addresses, as far as they have any; who has no address is known
/// by a URN of the record.
pub(super) fn participants(value: &Json) -> Result<Option<Value>, NotCarried> {
    let shown = match value {
        Json::Null => return Ok(None),
        Json::Array(shown) => shown,
        _ => return Err(unknown()),
    };
    let mut participants: Vec<Participant> = Vec::new();
    for one in shown {
        let one = participant(one)?;
        if participants
            .iter()
            .all(|known| known.address != one.address)
        {
            participants.push(one);
        }
    }
    Ok(Value::elements(
        participants.iter().map(Participant::element),
    ))
}

fn participant(shown: &Json) -> Result<Participant, NotCarried> {
    let text = |name: &str| shown.get(name).and_then(Json::as_str).map(str::trim);
    let kind = text("type").ok_or_else(unknown)?;
    let id = match shown.get("participant") {
        Some(Json::Number(id)) => Some(id.to_string()),
        _ => text("participant").map(str::to_owned),
    };
    let address = match (text("Email").filter(|email| !email.is_empty()), kind, id) {
        (Some(email), _, _) => email.to_owned(),
        (None, _, None) => return Err(unknown()),
        (None, "email", Some(address)) => address,
        (None, kind, Some(id)) => format!("{URN}{kind}:{id}"),
    };
    if address.is_empty() {
        return Err(unknown());
    }
    let name = text("name").filter(|name| *name != address);
    Ok(Participant {
        name: name.map(str::to_owned),
        status: text("status").and_then(status),
        ..Participant::new(&address)
    })
}

/// What a participant replied. Zoho's words beside `not_known` are unverified: any other tells nothing.
fn status(word: &str) -> Option<Status> {
    match word.to_ascii_lowercase().as_str() {
        "accepted" => Some(Status::Accepted),
        "declined" => Some(Status::Declined),
        "tentative" | "maybe" => Some(Status::Tentative),
        _ => None,
    }
}

fn unknown() -> NotCarried {
    NotCarried::Form { field: FIELD }
}

/// What invites a participant: the one that is there already, a record of the CRM, or an address.
///
/// Of a contact the name and the address go along, which [`strip`] takes out again: they are how it is going to be shown.
pub(super) fn invitation(
    live: &Json,
    element: &Element,
    contacts: &Contacts,
) -> Result<Json, &'static str> {
    if let Some(known) = known(live, element) {
        return Ok(json!({"type": known["type"], "participant": known["participant"]}));
    }
    let record = element
        .label
        .strip_prefix(URN)
        .and_then(|rest| rest.split_once(':'));
    let contact = contacts.get(&element.label).filter(|_| record.is_none());
    if let Some(Contact { id, name, email }) = contact {
        return Ok(json!({"type": "contact", "participant": id, "name": name, "Email": email}));
    }
    match record {
        Some((kind, id)) => Ok(json!({"type": kind, "participant": id})),
        None if is_address(&element.label) => {
            Ok(json!({"type": "email", "participant": element.label}))
        }
        None => Err("a participant without an e-mail address cannot be invited"),
    }
}

/// Who of those that are there already is this participant.
fn known<'r>(live: &'r Json, element: &Element) -> Option<&'r Json> {
    let same = |one: &&Json| participant(one).is_ok_and(|known| known.address == element.label);
    live.as_array()?.iter().find(same)
}

/// Leaves of the participants in a row only what invites them.
pub(crate) fn strip(row: &mut serde_json::Map<String, Json>) {
    let invited = row.get_mut(FIELD).and_then(Json::as_array_mut);
    for one in invited
        .into_iter()
        .flatten()
        .filter_map(Json::as_object_mut)
    {
        one.retain(|name, _| ["type", "participant"].contains(&name.as_str()));
    }
}

/// Invites by address those who were to be invited as contacts, for one of them may be none any more. False if there is
/// nobody.
pub(crate) fn by_address(row: &mut serde_json::Map<String, Json>) -> bool {
    let invited = row.get_mut(FIELD).and_then(Json::as_array_mut);
    let mut any = false;
    for one in invited.into_iter().flatten() {
        if let (Some("contact"), Some(email)) = (one["type"].as_str(), one["Email"].as_str()) {
            *one = json!({"type": "email", "participant": email});
            any = true;
        }
    }
    any
}

/// Whether it looks like an address; Zoho CRM decides.
fn is_address(text: &str) -> bool {
    let domain = text.split_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|domain| !domain.is_empty()) && !text.contains(char::is_whitespace)
}

/// Whether anybody was invited by mail, so that a deletion may tell them; also where nobody knows.
pub(crate) fn may_be_told(row: &Row) -> bool {
    match row.0.get(FIELD) {
        None => true,
        Some(Json::Array(shown)) => shown
            .iter()
            .any(|one| one.get("invited").is_none_or(|invited| invited != false)),
        Some(_) => false,
    }
}

/// Who stays shows as before, with name and address, where only the invitations were sent.
pub(super) fn keep_invited(before: Option<&Json>, sent: &mut Json) {
    let known = before.and_then(Json::as_array);
    for one in sent.as_array_mut().into_iter().flatten() {
        let is_same = |known: &&Json| {
            known["type"] == one["type"] && known["participant"] == one["participant"]
        };
        if let Some(known) = known.into_iter().flatten().find(is_same) {
            *one = known.clone();
        }
    }
}
