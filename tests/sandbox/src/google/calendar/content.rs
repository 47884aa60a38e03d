//! What people write into an event: checked, and rewritten the way Google does.

use serde_json::{Map, Value, json};

use jiff::tz::TimeZone;

use super::error::CalendarError;
use super::moment::Moment;
use super::properties;
use super::recurrence;

/// Members of an event that are kept as they are sent.
const PLAIN: &[&str] = &[
    "summary",
    "description",
    "location",
    "colorId",
    "eventLabelId",
    "visibility",
    "transparency",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "anyoneCanAddSelf",
    "endTimeUnspecified",
    "source",
    "gadget",
    "conferenceData",
    "hangoutLink",
    "attachments",
    "birthdayProperties",
    "focusTimeProperties",
    "outOfOfficeProperties",
    "workingLocationProperties",
];

/// Members with a default that is left out when the event is read, and that default.
const DEFAULTS: &[(&str, Value)] = &[
    ("guestsCanInviteOthers", Value::Bool(true)),
    ("guestsCanModify", Value::Bool(false)),
    ("guestsCanSeeOtherGuests", Value::Bool(true)),
    ("anyoneCanAddSelf", Value::Bool(false)),
    ("endTimeUnspecified", Value::Bool(false)),
];

/// Most guests of an event; invitations of more go through groups (unverified).
const MOST_ATTENDEES: usize = 200;

/// The written part of an event.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::google) struct Content {
    pub(super) status: String,
    pub(super) start: Moment,
    pub(super) end: Moment,
    pub(super) recurrence: Vec<String>,
    /// As shown, without `self` and `organizer`.
    pub(super) attendees: Vec<Value>,
    pub(super) private: Map<String, Value>,
    pub(super) shared: Map<String, Value>,
    /// Everything else, by name.
    pub(super) plain: Map<String, Value>,
}

impl Content {
    /// Reads a whole event; what it does not name has its default.
    pub(super) fn parse(body: &Map<String, Value>) -> Result<Self, CalendarError> {
        let start = Moment::parse(body.get("start").unwrap_or(&Value::Null), "start")?;
        let end = Moment::parse(body.get("end").unwrap_or(&Value::Null), "end")?;
        if start.is_day() != end.is_day() {
            return Err(CalendarError::invalid("Invalid start time."));
        }
        if end.instant(&TimeZone::UTC) < start.instant(&TimeZone::UTC) {
            return Err(CalendarError::empty_range());
        }
        let recurrence = lines(body.get("recurrence"))?;
        if !recurrence.is_empty() {
            if !start.has_zone() || !end.has_zone() {
                return Err(CalendarError::required(
                    "Missing time zone definition for start time.",
                ));
            }
            recurrence::check(&recurrence, &start)?;
        }
        let status = match body.get("status").and_then(Value::as_str) {
            None => "confirmed",
            Some(status @ ("confirmed" | "tentative" | "cancelled")) => status,
            Some(_) => return Err(CalendarError::invalid("Invalid status value.")),
        };
        let extended = body.get("extendedProperties").unwrap_or(&Value::Null);
        let (private, shared) = properties::extended(extended)?;
        Ok(Self {
            status: status.to_owned(),
            start,
            end,
            recurrence,
            attendees: attendees(body.get("attendees"))?,
            private,
            shared,
            plain: plain(body)?,
        })
    }

    /// The event as a body that [`Self::parse`] reads back, for a patch to be laid over.
    pub(super) fn wire(&self) -> Map<String, Value> {
        let mut wire = self.plain.clone();
        let utc = TimeZone::UTC;
        wire.insert("status".to_owned(), json!(self.status));
        wire.insert("start".to_owned(), self.start.json(&utc));
        wire.insert("end".to_owned(), self.end.json(&utc));
        if !self.recurrence.is_empty() {
            wire.insert("recurrence".to_owned(), json!(self.recurrence));
        }
        if !self.attendees.is_empty() {
            wire.insert("attendees".to_owned(), json!(self.attendees));
        }
        wire.insert(
            "extendedProperties".to_owned(),
            json!({"private": self.private, "shared": self.shared}),
        );
        wire
    }

    /// A text member.
    pub(super) fn text(&self, name: &str) -> &str {
        self.plain.get(name).and_then(Value::as_str).unwrap_or("")
    }

    /// A switch, or its default.
    pub(super) fn flag(&self, name: &str) -> bool {
        let default = DEFAULTS.iter().find(|(own, _)| *own == name);
        self.plain
            .get(name)
            .and_then(Value::as_bool)
            .unwrap_or_else(|| default.is_some_and(|(_, value)| value == &Value::Bool(true)))
    }

    /// Whether it is cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    /// Addresses of the guests.
    pub(super) fn guests(&self) -> impl Iterator<Item = &str> {
        self.attendees
            .iter()
            .filter_map(|attendee| attendee["email"].as_str())
    }

    /// What a guest answered.
    pub(super) fn response(&self, email: &str) -> Option<&str> {
        self.attendees
            .iter()
            .find(|attendee| attendee["email"] == email)
            .and_then(|attendee| attendee["responseStatus"].as_str())
    }

    /// Whether guests see that these two differ: not by what belongs to one copy, nor by answers.
    pub(super) fn differs_for_guests(&self, other: &Self) -> bool {
        const OWN: &[&str] = &["colorId", "eventLabelId", "transparency", "visibility"];
        let shown = |content: &Self| {
            let mut plain = content.plain.clone();
            plain.retain(|name, _| !OWN.contains(&name.as_str()));
            plain
        };
        self.status != other.status
            || self.start != other.start
            || self.end != other.end
            || self.recurrence != other.recurrence
            || shown(self) != shown(other)
    }
}

/// Lays a patch over a body: objects merge, null removes, everything else replaces.
pub(super) fn overlay(body: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match (body.get_mut(name), value) {
            (_, Value::Null) => {
                body.remove(name);
            }
            (Some(Value::Object(own)), Value::Object(patch)) => overlay(own, patch),
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

fn plain(body: &Map<String, Value>) -> Result<Map<String, Value>, CalendarError> {
    let mut plain = Map::new();
    for name in PLAIN {
        let Some(value) = body.get(*name).filter(|value| !value.is_null()) else {
            continue;
        };
        let default = DEFAULTS.iter().find(|(own, _)| own == name);
        let fits = match *name {
            "summary" | "description" | "location" | "hangoutLink" => value.is_string(),
            "colorId" => value
                .as_str()
                .and_then(|text| text.parse::<u8>().ok())
                .is_some_and(|number| (1..=11).contains(&number)),
            "visibility" => matches!(
                value.as_str(),
                Some("default" | "public" | "private" | "confidential")
            ),
            "transparency" => matches!(value.as_str(), Some("opaque" | "transparent")),
            "attachments" => value.as_array().is_some_and(|list| list.len() <= 25),
            _ if default.is_some() => value.is_boolean(),
            _ => true,
        };
        if !fits {
            return Err(CalendarError::invalid(format!("Invalid value for: {name}")));
        }
        let is_default = value == "opaque"
            || value == "default"
            || value == ""
            || default.is_some_and(|(_, default)| default == value);
        if !is_default {
            plain.insert((*name).to_owned(), value.clone());
        }
    }
    Ok(plain)
}

fn lines(value: Option<&Value>) -> Result<Vec<String>, CalendarError> {
    let invalid = || CalendarError::invalid("Invalid recurrence rule.");
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(lines)) => lines
            .iter()
            .map(|line| line.as_str().map(str::to_owned).ok_or_else(invalid))
            .collect(),
        Some(_) => Err(invalid()),
    }
}

/// Guests as Google keeps them: the local part of an address in lower case, no name that repeats the address, each
/// address once.
fn attendees(value: Option<&Value>) -> Result<Vec<Value>, CalendarError> {
    let sent = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(sent)) => sent,
        Some(_) => return Err(CalendarError::invalid("Invalid value for: attendees")),
    };
    if sent.len() > MOST_ATTENDEES {
        return Err(CalendarError::invalid("Too many attendees."));
    }
    let mut kept: Vec<Value> = Vec::new();
    for sent in sent {
        let attendee = attendee(sent)?;
        match kept
            .iter_mut()
            .find(|own| own["email"] == attendee["email"])
        {
            Some(own) => *own = attendee,
            None => kept.push(attendee),
        }
    }
    Ok(kept)
}

fn attendee(sent: &Value) -> Result<Value, CalendarError> {
    let email = sent["email"]
        .as_str()
        .ok_or_else(|| CalendarError::required("Missing attendee email."))?;
    let address = email.trim().to_lowercase();
    let (local, domain) = address
        .split_once('@')
        .ok_or_else(|| CalendarError::invalid("Invalid attendee email."))?;
    if local.is_empty() || domain.is_empty() || domain.contains('@') || address.contains(' ') {
        return Err(CalendarError::invalid("Invalid attendee email."));
    }
    let response = match &sent["responseStatus"] {
        Value::Null => "needsAction",
        Value::String(text)
            if ["needsAction", "declined", "tentative", "accepted"].contains(&text.as_str()) =>
        {
            text.as_str()
        }
        _ => return Err(CalendarError::invalid("Invalid attendee response status.")),
    };
    let mut attendee = json!({"email": address, "responseStatus": response});
    for name in ["displayName", "comment"] {
        match sent[name].as_str() {
            Some(text) if !text.is_empty() && text != email => attendee[name] = json!(text),
            _ => {}
        }
    }
    for name in ["optional", "resource"] {
        if sent[name] == true {
            attendee[name] = json!(true);
        }
    }
    if let Some(more) = sent["additionalGuests"].as_u64().filter(|more| *more > 0) {
        attendee["additionalGuests"] = json!(more);
    }
    Ok(attendee)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &Value) -> Result<Content, CalendarError> {
        Content::parse(body.as_object().unwrap())
    }

    fn meeting(more: &Value) -> Value {
        let mut body = json!({"start": {"dateTime": "2026-12-01T09:00:00Z"}, "end": {"dateTime": "2026-12-01T10:00:00Z"}});
        overlay(body.as_object_mut().unwrap(), more.as_object().unwrap());
        body
    }

    #[test]
    fn an_event_reads_back_as_it_was_written() {
        let body = meeting(&json!({
            "summary": "Board", "recurrence": ["RRULE:FREQ=DAILY;COUNT=2"], "transparency": "opaque",
            "start": {"timeZone": "Europe/Vienna"}, "end": {"timeZone": "Europe/Vienna"},
            "attendees": [{"email": "Ben@Example.com", "displayName": "Ben@Example.com"}],
        }));
        let content = parsed(&body).unwrap();
        assert_eq!(Content::parse(&content.wire()).unwrap(), content);
        assert!(content.plain.get("transparency").is_none());
        assert_eq!(
            content.attendees[0],
            json!({"email": "ben@example.com", "responseStatus": "needsAction"})
        );
    }

    #[test]
    fn what_an_event_cannot_hold_is_refused() {
        for more in [
            json!({"end": null}),
            json!({"end": {"dateTime": "2026-12-01T08:00:00Z"}}),
            json!({"end": {"date": "2026-12-02", "dateTime": null}}),
            json!({"status": "maybe"}),
            json!({"recurrence": ["RRULE:FREQ=DAILY"]}),
            json!({"recurrence": "RRULE:FREQ=DAILY"}),
            json!({"attendees": [{"displayName": "Ben"}]}),
            json!({"attendees": [{"email": "ben"}]}),
            json!({"attendees": [{"email": "b@x.org", "responseStatus": "yes"}]}),
            json!({"colorId": "12"}),
            json!({"visibility": "secret"}),
            json!({"summary": 5}),
        ] {
            assert!(parsed(&meeting(&more)).is_err(), "{more}");
        }
    }
}
