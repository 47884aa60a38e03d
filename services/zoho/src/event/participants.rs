//! Who is invited to a meeting.

use model::{
    Value,
    event::{Participant, Status},
};
use serde_json::Value as Json;

use super::NotCarried;

const FIELD: &str = "Participants";

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
        (None, kind, Some(id)) => format!("urn:zoho:crm:{kind}:{id}"),
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
