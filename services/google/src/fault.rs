//! From an answer of Google's to a [`Fault`]: the one table.
//!
//! Google's messages may quote what was sent, so none of them is passed on: reasons are our own words.
//! The HTTP status and the texts are those of the People API's documentation and of its discovery document
//! where these tell them; what was only observed in public code and issues is marked *observed*.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use provider::{Fault, Reply};
use serde_json::Value;

use crate::{
    map,
    wire::{ErrorBody, Status},
};

/// Whether a call changes anything: what its loss means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It only reads: any failure can be repeated.
    Read,
    /// It writes: without an answer it may have happened.
    Write,
}

/// A failed batch: what became of the whole, and of the items that Google names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// What became of the call.
    pub(crate) fault: Fault,
    /// What is wrong with single items, by their index (create) or resource name (update).
    pub(crate) items: BTreeMap<String, Fault>,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            items: BTreeMap::new(),
        }
    }
}

/// Why nothing can be created any more: no record is at fault.
pub(crate) const ADDRESS_BOOK_FULL: &str =
    "the address book is full: Google holds 25,000 contacts, the trash included";

/// How long to wait after "too many" without a time: the quotas' window is a minute.
const QUOTA_WINDOW: Duration = Duration::from_mins(1);
/// How long to wait after "exhausted", which is no quota by the minute (*observed*).
const EXHAUSTED: Duration = Duration::from_mins(10);

/// What an unsuccessful answer means.
pub(crate) fn failure(reply: &Reply, effect: Effect) -> Failure {
    let http = reply.status.as_u16();
    let Ok(body) = serde_json::from_slice::<ErrorBody>(&reply.body) else {
        return without_body(http, effect, reply).into();
    };
    Failure {
        fault: fault(http, &body.error, effect, reply),
        items: items(&body.error, effect),
    }
}

/// What the status of one item of a batch means.
pub(crate) fn item(status: &Status, effect: Effect) -> Fault {
    let (http, name) = from_rpc(status.code);
    let status = Status {
        status: name.to_owned(),
        ..status.clone()
    };
    classify(http, &status, effect, None)
}

/// The front end answers in HTML where the API is not reached: a wrong path (*observed*), a sick proxy.
fn without_body(http: u16, effect: Effect, reply: &Reply) -> Fault {
    match http {
        404 => Fault::malformed("HTTP 404 in HTML: the base URL is not that of the People API"),
        410 => Fault::CursorExpired,
        401 => Fault::Unauthorised {
            reason: "HTTP 401".to_owned(),
        },
        403 => Fault::Forbidden {
            right: right(effect),
        },
        429 => throttled(reply.retry_after(), QUOTA_WINDOW),
        _ => unfinished(http, effect),
    }
}

fn fault(http: u16, status: &Status, effect: Effect, reply: &Reply) -> Fault {
    classify(http, status, effect, reply.retry_after())
}

fn classify(http: u16, status: &Status, effect: Effect, until: Option<Timestamp>) -> Fault {
    let message = status.message.as_str();
    let reason = error_reason(status);
    if reason == Some("EXPIRED_SYNC_TOKEN") || about_a_token(message) || http == 410 {
        // The status is INVALID_ARGUMENT in one observed answer and FAILED_PRECONDITION in others. A token
        // whose parameters changed, or a page token that grew old, is cured by reading anew as well.
        return Fault::CursorExpired;
    }
    if message.contains("MY_CONTACTS_OVERFLOW_COUNT") {
        return refused(None, ADDRESS_BOOK_FULL);
    }
    match (http, status.status.as_str()) {
        (400, "FAILED_PRECONDITION") => Fault::Stale,
        (400, _) if message.contains("etag is different") => Fault::Stale,
        (400, _) if message.contains("must set person.etag") => {
            Fault::malformed("Google misses the version of a contact that was to be changed")
        }
        (400, _) => refusal(status),
        (401, _) => Fault::Unauthorised {
            reason: "Google does not accept the access token".to_owned(),
        },
        (403, _)
            if matches!(reason, Some("RATE_LIMIT_EXCEEDED"))
                || message.contains("Quota exceeded") =>
        {
            throttled(until, QUOTA_WINDOW)
        }
        (403, _)
            if matches!(reason, Some("SERVICE_DISABLED"))
                || message.contains("has not been used in project") =>
        {
            Fault::Forbidden {
                right: "use the People API, which is not enabled in the client's project"
                    .to_owned(),
            }
        }
        (403, _) => Fault::Forbidden {
            right: right(effect),
        },
        (404, _) => Fault::Gone {
            proved: false,
            collection: false,
        },
        // Parallel changes of one account: stated as not done.
        (409, _) => Fault::transient("HTTP 409"),
        (429, _) if message.starts_with("Resource has been exhausted") => {
            throttled(until, EXHAUSTED)
        }
        (429, _) => throttled(until, QUOTA_WINDOW),
        _ => unfinished(http, effect),
    }
}

/// No answer about what happened: harmless for a read, a lost answer for a write.
pub(crate) fn unfinished(http: u16, effect: Effect) -> Fault {
    match (http, effect) {
        (408 | 500.., Effect::Read) => Fault::transient(format!("HTTP {http}")),
        (408 | 500.., Effect::Write) => Fault::LostAnswer {
            reason: format!("HTTP {http}"),
        },
        _ => Fault::malformed(format!("HTTP {http}")),
    }
}

pub(crate) fn throttled(until: Option<Timestamp>, usual: Duration) -> Fault {
    let usual = SignedDuration::try_from(usual).unwrap_or(SignedDuration::MAX);
    let until = until.or_else(|| Timestamp::now().checked_add(usual).ok());
    Fault::Throttled {
        until: until.unwrap_or(Timestamp::MAX),
    }
}

fn right(effect: Effect) -> String {
    match effect {
        Effect::Read => "see contacts",
        Effect::Write => "edit contacts",
    }
    .to_owned()
}

fn about_a_token(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "sync token",
        "synctoken",
        "sync_token",
        "page token",
        "pagetoken",
        "page_token",
    ]
    .iter()
    .any(|name| message.contains(name))
}

/// The reason of a `google.rpc.ErrorInfo`.
fn error_reason(status: &Status) -> Option<&str> {
    status
        .details
        .iter()
        .find_map(|detail| detail["reason"].as_str())
}

pub(crate) fn refused(path: Option<String>, reason: &str) -> Fault {
    Fault::Refused {
        path,
        reason: reason.to_owned(),
    }
}

/// A value that Google does not accept, with the path if the answer names a field.
fn refusal(status: &Status) -> Fault {
    let violations = status
        .details
        .iter()
        .filter_map(|detail| detail["fieldViolations"].as_array())
        .flatten();
    let named = violations
        .filter_map(|violation| violation["field"].as_str())
        .chain(
            status
                .message
                .split_whitespace()
                .filter(|word| word.contains("erson.")),
        )
        .find_map(map::path_named_in);
    let text = status.message.to_ascii_lowercase();
    let too_much = ["too long", "exceed", "maximum", "too many", "too large"];
    let reason = if too_much.iter().any(|words| text.contains(words)) {
        "Google does not accept a value of this size"
    } else {
        "Google does not accept this value"
    };
    refused(named, reason)
}

/// `BatchCreateContactsErrorDetails` and `BatchUpdateContactsErrorDetails`; the form of `contactErrors` is *observed*.
fn items(status: &Status, effect: Effect) -> BTreeMap<String, Fault> {
    let errors = status
        .details
        .iter()
        .filter_map(|detail| detail["contactErrors"].as_object())
        .flatten();
    errors
        .filter_map(|(key, error)| Some((key.clone(), read_item(error, effect)?)))
        .collect()
}

fn read_item(error: &Value, effect: Effect) -> Option<Fault> {
    let error = error
        .get("status")
        .filter(|inner| inner.is_object())
        .unwrap_or(error);
    let status: Status = serde_json::from_value(error.clone()).ok()?;
    Some(item(&status, effect))
}

/// The HTTP status and the name of a `google.rpc.Code`.
fn from_rpc(code: u16) -> (u16, &'static str) {
    match code {
        3 | 11 => (400, "INVALID_ARGUMENT"),
        4 => (504, "DEADLINE_EXCEEDED"),
        5 => (404, "NOT_FOUND"),
        6 => (409, "ALREADY_EXISTS"),
        7 => (403, "PERMISSION_DENIED"),
        8 => (429, "RESOURCE_EXHAUSTED"),
        9 => (400, "FAILED_PRECONDITION"),
        10 => (409, "ABORTED"),
        14 => (503, "UNAVAILABLE"),
        16 => (401, "UNAUTHENTICATED"),
        _ => (500, "INTERNAL"),
    }
}

#[cfg(test)]
mod tests;
