//! From an answer of the Calendar API to a [`Fault`]: the one table ("Handle API errors").
//!
//! Google's messages may quote what was sent, so none of them is passed on: reasons are our own words.

use std::time::Duration;

use provider::{Fault, Reply};

use super::wire::{ErrorBody, ErrorDetail};
use crate::fault::{Effect, refused, throttled, unfinished};

/// How long to wait after "too many" without a time: the quota's window is a minute ("Usage limits").
const QUOTA_WINDOW: Duration = Duration::from_mins(1);
/// How long to wait where Google limits what an account does in a day: "several hours" (Workspace Admin Help, "Avoid
/// Calendar use limits").
const USE_LIMIT: Duration = Duration::from_hours(1);

/// What an unsuccessful answer means.
pub(super) fn fault(reply: &Reply, effect: Effect) -> Fault {
    let http = reply.status.as_u16();
    let until = reply.retry_after();
    let Ok(ErrorBody { error }) = serde_json::from_slice(&reply.body) else {
        return match http {
            404 => {
                Fault::malformed("HTTP 404 in HTML: the base URL is not that of the Calendar API")
            }
            401 => unauthorised(),
            403 => forbidden(right(effect)),
            429 => throttled(until, QUOTA_WINDOW),
            _ => unfinished(http, effect),
        };
    };
    let item = error.errors.first();
    let reason = item.map_or("", |item| item.reason.as_str());
    match (http, reason) {
        (400..404, "push.webhookUrlNotHttps" | "push.webhookUrlUnauthorized") => refused(
            None,
            "Google pushes to https addresses with a trusted certificate only",
        ),
        // Ids are random: another one will do.
        (400, "channelIdNotUnique") => Fault::transient("the channel's id is taken"),
        (400, _) => of_request(&error),
        (401, _) => unauthorised(),
        (429, _) | (403, "rateLimitExceeded" | "userRateLimitExceeded") => {
            throttled(until, QUOTA_WINDOW)
        }
        (403, "quotaExceeded" | "dailyLimitExceeded") => throttled(until, USE_LIMIT),
        (403, "accessNotConfigured") => Fault::Forbidden {
            right: "use the Calendar API, which is not enabled in the client's project".to_owned(),
        },
        (403, "forbiddenForNonOrganizer") => {
            refused(None, "only the organizer of this event can change it")
        }
        // Google tells the two apart: what was not allowed when somebody signed in, and what a calendar's owner gave.
        (403, "insufficientPermissions") => not_allowed(effect),
        (403, _) if error.is_of_scopes() => not_allowed(effect),
        (403, "requiredAccessLevel") => closed(effect),
        (403, _) => forbidden(right(effect)),
        // It never was there, or it is not for this account.
        (404, _) => Fault::Gone {
            proved: false,
            collection: false,
        },
        // The id is taken, if only by a deleted event: what has it must be read.
        (409, "duplicate") | (412, _) => Fault::Stale,
        // Parallel changes: stated as not done.
        (409, _) => Fault::transient("HTTP 409"),
        (410, "deleted") => Fault::Gone {
            proved: true,
            collection: false,
        },
        // `fullSyncRequired`, `updatedMinTooLongAgo`: read everything again.
        (410, _) => Fault::CursorExpired,
        _ => unfinished(http, effect),
    }
}

/// A request that Google does not accept.
fn of_request(error: &ErrorDetail) -> Fault {
    if error.message.contains("other request restrictions") {
        return Fault::malformed("a sync token was sent with a filter");
    }
    // "Invalid sync token value." (*observed*) and its like for pages: reading anew cures it.
    let message = error.message.to_ascii_lowercase();
    let named = |name: &str| error.errors.iter().any(|item| item.location == name);
    let of_token = ["sync token", "page token"]
        .iter()
        .any(|name| message.contains(name));
    if of_token || named("syncToken") || named("pageToken") {
        return Fault::CursorExpired;
    }
    refused(
        field_of(&message).map(str::to_owned),
        "Google does not accept this",
    )
}

/// The field of a record that a message is about. Google names no member; its words are *observed*.
fn field_of(message: &str) -> Option<&'static str> {
    let fields = [
        ("recurrence", "recurrence"),
        ("attendee", "participants"),
        ("reminder", "alerts"),
        ("summary", "title"),
        ("description", "description"),
        ("location", "location"),
        ("visibility", "privacy"),
        ("transparency", "freeBusy"),
        ("source", "url"),
        ("time zone", "when"),
        ("time range", "when"),
        ("start time", "when"),
        ("end time", "when"),
    ];
    let found = fields.iter().find(|(word, _)| message.contains(word));
    found.map(|(_, field)| *field)
}

fn unauthorised() -> Fault {
    Fault::Unauthorised {
        reason: "Google does not accept the access token".to_owned(),
    }
}

/// The fault where the consent leaves calendars out, with what a person can do about it.
fn not_allowed(effect: Effect) -> Fault {
    let right = right(effect);
    forbidden(&format!(
        "{right}, which was not allowed at the sign-in to Google: sign in again, and allow it"
    ))
}

/// The fault where the account's role in a calendar is too low, with what a person can do about it. The names of
/// permissions are those of the web interface (Calendar Help, "Share your calendar with someone").
pub(super) fn closed(effect: Effect) -> Fault {
    forbidden(match effect {
        Effect::Read => {
            "see what is in this calendar, which shows it no more than when somebody is busy: its owner can share it \
             with the permission \"See all event details\""
        }
        Effect::Write => {
            "edit this calendar, which is read-only for it: its owner can share it with the permission \"Make changes \
             to events\""
        }
    })
}

/// The right by the name that control asks for at the sign-in.
fn right(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "see calendars",
        Effect::Write => "edit calendars",
    }
}

fn forbidden(right: &str) -> Fault {
    Fault::Forbidden {
        right: right.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use jiff::{SignedDuration, Timestamp};
    use serde_json::{Value, json};

    use super::*;

    fn answered(status: u16, body: &Value) -> Fault {
        let reply = Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: http::HeaderMap::new(),
            body: body.to_string().into(),
        };
        fault(&reply, Effect::Read)
    }

    fn error(status: u16, reason: &str, message: &str) -> Fault {
        let item = json!({"domain": "global", "reason": reason, "message": message});
        answered(
            status,
            &json!({"error": {"errors": [item], "code": status, "message": message}}),
        )
    }

    #[test]
    fn every_error_of_the_api_is_one_fault() {
        for (status, reason, word) in [
            (400, "invalid", "refused"),
            (400, "timeRangeEmpty", "refused"),
            (400, "push.webhookUrlNotHttps", "refused"),
            (401, "push.webhookUrlUnauthorized", "refused"),
            (400, "channelIdNotUnique", "transient"),
            (401, "authError", "unauthorised"),
            (403, "rateLimitExceeded", "throttled"),
            (403, "userRateLimitExceeded", "throttled"),
            (403, "quotaExceeded", "throttled"),
            (403, "dailyLimitExceeded", "throttled"),
            (403, "accessNotConfigured", "forbidden"),
            (403, "insufficientPermissions", "forbidden"),
            (403, "requiredAccessLevel", "forbidden"),
            (403, "forbiddenForNonOrganizer", "refused"),
            (403, "forbidden", "forbidden"),
            (404, "notFound", "gone"),
            (409, "duplicate", "stale"),
            (409, "conflict", "transient"),
            (410, "deleted", "gone"),
            (410, "fullSyncRequired", "cursor_expired"),
            (410, "updatedMinTooLongAgo", "cursor_expired"),
            (412, "conditionNotMet", "stale"),
            (429, "rateLimitExceeded", "throttled"),
            (500, "backendError", "transient"),
            (503, "backendError", "transient"),
        ] {
            let fault = error(status, reason, "Ana's secret meeting");
            assert_eq!(fault.word(), word, "{status} {reason}");
            assert!(!fault.to_string().contains("Ana"), "{fault}");
        }
    }

    #[test]
    fn a_calendar_that_is_read_only_is_told_from_a_consent_that_leaves_calendars_out() {
        let body = |reason: &str, message: &str, details: Value| {
            let errors = [json!({"domain": "global", "reason": reason, "message": "Forbidden"})];
            let error =
                json!({"errors": errors, "code": 403, "message": message, "details": details});
            json!({ "error": error }).to_string()
        };
        let right = |body: String, effect: Effect| {
            let reply = Reply {
                status: StatusCode::FORBIDDEN,
                headers: http::HeaderMap::new(),
                body: body.into(),
            };
            match fault(&reply, effect) {
                Fault::Forbidden { right } => right,
                other => panic!("{other}"),
            }
        };
        let scopes = "Request had insufficient authentication scopes.";
        let details = json!([{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]);
        for (effect, what) in [
            (Effect::Read, "see calendars"),
            (Effect::Write, "edit calendars"),
        ] {
            for body in [
                body(
                    "insufficientPermissions",
                    "Insufficient Permission",
                    json!([]),
                ),
                body("forbidden", scopes, json!([])),
                body("forbidden", "Forbidden", details.clone()),
            ] {
                let right = right(body, effect);
                assert!(right.starts_with(what), "{right}");
                assert!(right.contains("sign in again"), "{right}");
            }
            assert_eq!(
                right(body("forbidden", "Forbidden", json!([])), effect),
                what
            );
        }
        let role = body(
            "requiredAccessLevel",
            "You need to have writer access.",
            json!([]),
        );
        let write = right(role.clone(), Effect::Write);
        assert!(write.contains("read-only") && write.contains("Make changes to events"));
        let read = right(role, Effect::Read);
        assert!(read.contains("See all event details"), "{read}");
        for right in [write, read] {
            assert!(!right.contains("sign in"), "{right}");
        }
    }

    // proves: R-20
    #[test]
    fn only_an_event_that_google_calls_deleted_is_proved_to_be_gone() {
        let gone = |proved| Fault::Gone {
            proved,
            collection: false,
        };
        assert_eq!(
            error(410, "deleted", "Resource has been deleted"),
            gone(true)
        );
        assert_eq!(error(404, "notFound", "Not Found"), gone(false));
    }

    #[test]
    fn a_token_that_google_does_not_take_is_cured_by_reading_anew() {
        for message in ["Invalid sync token value.", "Invalid page token value."] {
            assert_eq!(error(400, "invalid", message), Fault::CursorExpired);
        }
        let item = json!({"reason": "invalid", "location": "syncToken"});
        let body = json!({"error": {"errors": [item], "message": "Bad Request"}});
        assert_eq!(answered(400, &body), Fault::CursorExpired);
        let ours = "Sync token cannot be used with other request restrictions.";
        assert_eq!(error(400, "badRequest", ours).word(), "malformed");
    }

    #[test]
    fn the_use_limits_of_a_day_are_waited_for_longer_than_those_of_a_minute() {
        let waits = |fault| match fault {
            Fault::Throttled { until } => until.duration_since(Timestamp::now()),
            other => panic!("{other}"),
        };
        let minute = waits(error(403, "rateLimitExceeded", ""));
        assert!(minute <= SignedDuration::from_mins(1));
        assert!(waits(error(403, "quotaExceeded", "")) > SignedDuration::from_mins(50));
    }

    #[test]
    fn a_page_that_is_no_json_is_judged_by_its_status() {
        let html = |status: u16| {
            let reply = Reply {
                status: StatusCode::from_u16(status).unwrap(),
                headers: http::HeaderMap::new(),
                body: "<html>".into(),
            };
            fault(&reply, Effect::Read).word()
        };
        assert_eq!(
            [401, 403, 404, 429, 502].map(html),
            [
                "unauthorised",
                "forbidden",
                "malformed",
                "throttled",
                "transient"
            ]
        );
    }
}
