//! The table against answers as they are documented or were observed.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
use pretty_assertions::assert_eq;
use serde_json::json;

use super::*;

fn reply(http: u16, body: impl Into<Bytes>) -> Reply {
    Reply {
        status: StatusCode::from_u16(http).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
    }
}

fn error(http: u16, status: &str, message: &str, details: &Value) -> Reply {
    let error = json!({"code": http, "message": message, "status": status, "details": details});
    reply(http, json!({ "error": error }).to_string())
}

fn read(reply: &Reply) -> Fault {
    failure(reply, Effect::Read).fault
}

fn write(reply: &Reply) -> Fault {
    failure(reply, Effect::Write).fault
}

fn seconds_from_now(fault: &Fault) -> i64 {
    let Fault::Throttled { until } = fault else {
        panic!("{fault:?}")
    };
    until.duration_since(Timestamp::now()).as_secs()
}

#[test]
fn an_expired_sync_token_is_known_by_its_reason_whatever_the_status() {
    let details = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "EXPIRED_SYNC_TOKEN", "domain": "people.googleapis.com"}]);
    for status in ["INVALID_ARGUMENT", "FAILED_PRECONDITION"] {
        assert_eq!(
            read(&error(400, status, "whatever", &details)),
            Fault::CursorExpired
        );
    }
}

#[test]
fn an_expired_sync_token_is_known_by_its_message_without_details() {
    let message = "Sync token is expired. Clear local cache and retry call without the sync token.";
    for status in ["INVALID_ARGUMENT", "FAILED_PRECONDITION"] {
        assert_eq!(
            read(&error(400, status, message, &json!([]))),
            Fault::CursorExpired
        );
    }
}

#[test]
fn a_410_is_an_expired_sync_token_too() {
    assert_eq!(
        read(&error(410, "", "Gone", &json!([]))),
        Fault::CursorExpired
    );
    assert_eq!(read(&reply(410, "<html>")), Fault::CursorExpired);
}

#[test]
fn a_changed_etag_is_stale() {
    for message in [
        "Request person.etag is different than the current person.etag. Clear local cache and get the latest person.",
        "Request person.metadata.sources.etag is different than the current person.metadata.sources.etag. Clear",
    ] {
        assert_eq!(
            write(&error(400, "FAILED_PRECONDITION", message, &json!([]))),
            Fault::Stale
        );
        assert_eq!(
            write(&error(400, "INVALID_ARGUMENT", message, &json!([]))),
            Fault::Stale
        );
    }
}

#[test]
fn a_missing_etag_is_our_mistake_and_refuses_no_record() {
    let message = "Request must set person.etag or person.metadata.sources.etag for the source that is being updated.";
    let fault = write(&error(400, "INVALID_ARGUMENT", message, &json!([])));
    assert!(matches!(fault, Fault::Malformed { .. }), "{fault:?}");
}

#[test]
fn a_refused_value_is_told_by_path_and_never_by_content() {
    let details = json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [
        {"field": "person.email_addresses[0].value", "description": "ana@@example.com is no address"}]}]);
    let fault = write(&error(
        400,
        "INVALID_ARGUMENT",
        "Invalid value: ana@@example.com",
        &details,
    ));
    assert_eq!(
        fault,
        refused(Some("emails".into()), "Google does not accept this value")
    );
    assert!(!fault.to_string().contains("ana"), "{fault}");
}

#[test]
fn a_path_in_the_message_is_read_too() {
    let message =
        "Invalid value at 'contacts[3].contact_person.names[0].given_name' (too long), \"Ana\"";
    let fault = write(&error(400, "INVALID_ARGUMENT", message, &json!([])));
    assert_eq!(
        fault,
        refused(
            Some("name.given".into()),
            "Google does not accept a value of this size"
        )
    );
    let fault = write(&error(
        400,
        "INVALID_ARGUMENT",
        "Two names are one too many",
        &json!([]),
    ));
    assert_eq!(
        fault,
        refused(None, "Google does not accept a value of this size")
    );
}

#[test]
fn a_full_address_book_refuses_the_record() {
    for http in [400, 403] {
        let fault = write(&error(
            http,
            "FAILED_PRECONDITION",
            "limit MY_CONTACTS_OVERFLOW_COUNT",
            &json!([]),
        ));
        assert!(
            matches!(fault, Fault::Refused { path: None, .. }),
            "{fault:?}"
        );
    }
}

#[test]
fn the_quota_of_a_minute_waits_a_minute_and_the_other_one_longer() {
    let message = "Quota exceeded for quota metric 'Critical read requests (Contact and Profile Reads)' and limit \
        '… per minute per user' of service 'people.googleapis.com' for consumer 'project_number:1'.";
    let minute = seconds_from_now(&read(&error(
        429,
        "RESOURCE_EXHAUSTED",
        message,
        &json!([]),
    )));
    assert!((58..=60).contains(&minute), "{minute}");
    let details = json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"subject": "QUOTA_EXCEEDED", "description": "FBS quota limit exceeded"}]}]);
    let message = "Resource has been exhausted (e.g. check quota).";
    let longer = seconds_from_now(&write(&error(429, "RESOURCE_EXHAUSTED", message, &details)));
    assert!((598..=600).contains(&longer), "{longer}");
}

#[test]
fn a_time_to_wait_is_honoured() {
    let mut reply = error(429, "RESOURCE_EXHAUSTED", "Quota exceeded", &json!([]));
    reply
        .headers
        .insert(RETRY_AFTER, HeaderValue::from_static("7"));
    assert!((5..=7).contains(&seconds_from_now(&read(&reply))));
    let mut html = reply.clone();
    html.body = Bytes::from_static(b"<html>busy</html>");
    assert!((5..=7).contains(&seconds_from_now(&read(&html))));
}

#[test]
fn a_refused_token_is_unauthorised_and_a_missing_scope_a_missing_right() {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token";
    let fault = read(&error(401, "UNAUTHENTICATED", message, &json!([])));
    assert!(matches!(fault, Fault::Unauthorised { .. }), "{fault:?}");
    let details = json!([{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]);
    let answer = error(
        403,
        "PERMISSION_DENIED",
        "Request had insufficient authentication scopes.",
        &details,
    );
    assert_eq!(
        write(&answer),
        Fault::Forbidden {
            right: "edit contacts".into()
        }
    );
    assert_eq!(
        read(&answer),
        Fault::Forbidden {
            right: "see contacts".into()
        }
    );
    let details = json!([{"reason": "SERVICE_DISABLED"}]);
    let fault = read(&error(403, "PERMISSION_DENIED", "", &details));
    assert!(
        matches!(&fault, Fault::Forbidden { right } if right.contains("not enabled")),
        "{fault:?}"
    );
}

// proves: R-20
#[test]
fn a_404_alone_proves_nothing() {
    let fault = read(&error(
        404,
        "NOT_FOUND",
        "Requested entity was not found.",
        &json!([]),
    ));
    assert_eq!(
        fault,
        Fault::Gone {
            proved: false,
            collection: false
        }
    );
}

#[test]
fn a_404_in_html_is_a_wrong_address_and_no_missing_record() {
    let fault = write(&reply(
        404,
        "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>",
    ));
    assert!(matches!(fault, Fault::Malformed { .. }), "{fault:?}");
}

// proves: R-26
#[test]
fn a_server_error_is_harmless_to_a_read_and_a_lost_answer_to_a_write() {
    for http in [500, 502, 503, 504] {
        for answer in [
            error(
                http,
                "UNAVAILABLE",
                "The service is currently unavailable.",
                &json!([]),
            ),
            reply(http, ""),
        ] {
            assert!(matches!(read(&answer), Fault::Transient { .. }));
            assert!(matches!(write(&answer), Fault::LostAnswer { .. }));
        }
    }
}

#[test]
fn a_batch_names_its_culprits() {
    let details = json!([{
    "@type": "type.googleapis.com/google.people.v1.BatchCreateContactsErrorDetails",
    "contactErrors": {
        "7": {"code": 3, "message": "Invalid value at 'contacts[7].contact_person.birthdays[0].date'"},
        "9": {"status": {"code": 9, "message": "Request person.etag is different"}}
    }}]);
    let failure = failure(
        &error(
            400,
            "INVALID_ARGUMENT",
            "Some contacts are invalid.",
            &details,
        ),
        Effect::Write,
    );
    assert_eq!(failure.items.len(), 2);
    assert_eq!(
        failure.items["7"],
        refused(Some("birthday".into()), "Google does not accept this value")
    );
    assert_eq!(failure.items["9"], Fault::Stale);
}

#[test]
fn an_item_is_classified_by_its_rpc_code() {
    let of = |code| {
        item(
            &Status {
                code,
                ..Status::default()
            },
            Effect::Read,
        )
    };
    assert_eq!(
        of(5),
        Fault::Gone {
            proved: false,
            collection: false
        }
    );
    assert!(matches!(of(7), Fault::Forbidden { .. }));
    assert!(matches!(of(8), Fault::Throttled { .. }));
    assert!(matches!(of(13), Fault::Transient { .. }));
    assert!(matches!(of(16), Fault::Unauthorised { .. }));
}
