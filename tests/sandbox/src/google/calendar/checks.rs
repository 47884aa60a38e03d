//! What a body must fit before an event is written.

use serde_json::{Map, Value, json};

use super::act::Act;
use super::content::Content;
use super::error::CalendarError;
use super::event::Event;
use super::sight::Seen;
use super::write::Wish;

/// The body without what is ignored; what only the server writes is refused where the settings say so.
pub(super) fn prepared(
    act: &Act<'_>,
    body: &Map<String, Value>,
    wish: Wish<'_>,
) -> Result<Map<String, Value>, CalendarError> {
    let read_only = ["created", "updated"];
    let sent = read_only.iter().any(|name| body.contains_key(*name));
    if sent && act.settings.refuse_read_only && !act.by_people {
        return Err(CalendarError::invalid("Invalid value for: created"));
    }
    let mut body = body.clone();
    if !wish.conference && !act.by_people {
        body.remove("conferenceData");
    }
    if !wish.attachments && !act.by_people {
        body.remove("attachments");
    }
    body.remove("hangoutLink");
    if let Some(request) = body
        .get("conferenceData")
        .map(|data| &data["createRequest"])
        && let Some(id) = request["requestId"].as_str()
    {
        let code = blake3::hash(id.as_bytes()).to_hex()[..10].to_owned();
        let link = format!("https://meet.example.com/{code}");
        let data = json!({
            "conferenceId": code,
            "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
            "entryPoints": [{"entryPointType": "video", "uri": link}],
            "createRequest": {"requestId": id, "status": {"statusCode": "success"}},
        });
        body.insert("conferenceData".to_owned(), data);
        body.insert("hangoutLink".to_owned(), json!(link));
    }
    Ok(body)
}

/// Refuses changes that this event does not take.
pub(super) fn changeable(
    act: &Act<'_>,
    before: &Event,
    body: &Map<String, Value>,
) -> Result<(), CalendarError> {
    if act.by_people {
        return Ok(());
    }
    let kind = body.get("eventType").and_then(Value::as_str);
    if kind.is_some_and(|kind| kind != before.kind) {
        return Err(restricted("The type of an event cannot be changed."));
    }
    if matches!(before.kind.as_str(), "birthday" | "fromGmail") {
        return Err(restricted("Events of this type cannot be changed here."));
    }
    if before.content.is_cancelled() && before.place.is_none() {
        let revives = body
            .get("status")
            .is_some_and(|status| status != "cancelled");
        if !revives || !act.settings.updates_resurrect {
            return Err(CalendarError::forbidden("Forbidden"));
        }
    }
    Ok(())
}

/// 400: events of this type do not take this.
pub(super) fn restricted(message: &str) -> CalendarError {
    CalendarError::new(400, "calendar", "eventTypeRestriction", message)
}

/// The sequence number: as sent, if it does not go back; one more when guests would have to look again.
pub(super) fn sequence(
    before: &Event,
    after: &Content,
    body: &Map<String, Value>,
    organizers: bool,
) -> Result<i64, CalendarError> {
    if let Some(sent) = body.get("sequence").and_then(Value::as_i64) {
        if sent < before.sequence {
            return Err(CalendarError::invalid(
                "Invalid sequence value. The specified sequence number is below the current sequence number of the \
                 resource. Re-fetch the resource and use its sequence number on the following request.",
            ));
        }
        return Ok(sent);
    }
    let content = &before.content;
    let moved = content.start != after.start
        || content.end != after.end
        || content.recurrence != after.recurrence
        || content.status != after.status
        || content.text("location") != after.text("location");
    Ok(before.sequence + i64::from(moved && organizers))
}

/// Refuses a write to an event that has changed since it was read.
pub(super) fn expect(seen: &Seen, if_match: Option<&str>) -> Result<(), CalendarError> {
    match if_match {
        Some(etag) if etag != "*" && etag != seen.etag() => Err(CalendarError::condition()),
        _ => Ok(()),
    }
}
