//! The fault table against the bodies that Zoho documents.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn failure(status: u16, body: &Value) -> Failure {
    let reply = Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
    };
    of_reply(Kind::Contact, &reply, now())
}

fn error(code: &str, details: &Value) -> Value {
    json!({"code": code, "status": "error", "message": "m", "details": details})
}

fn refused(path: Option<&str>, reason: &str) -> Fault {
    Fault::Refused {
        path: path.map(str::to_owned),
        reason: reason.to_owned(),
    }
}

fn seconds(until: i64) -> Fault {
    Fault::Throttled {
        until: now() + SignedDuration::from_secs(until),
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn every_documented_answer_has_one_meaning() {
    let forbidden = |right: &str| Fault::Forbidden {
        right: right.to_owned(),
    };
    let table = [
        (
            401,
            error("INVALID_TOKEN", &json!({})),
            Fault::Unauthorised {
                reason: "INVALID_TOKEN".to_owned(),
            },
        ),
        (
            401,
            error("AUTHENTICATION_FAILURE", &json!({})),
            Fault::Unauthorised {
                reason: "AUTHENTICATION_FAILURE".to_owned(),
            },
        ),
        (
            400,
            error("INVALID_HOST", &json!({})),
            Fault::Unauthorised {
                reason: "INVALID_HOST".to_owned(),
            },
        ),
        (
            401,
            error("OAUTH_SCOPE_MISMATCH", &json!({})),
            forbidden(
                "make this call, to whose scope nobody consented; sign in again, and consent to every scope",
            ),
        ),
        (
            403,
            error(
                "NO_PERMISSION",
                &json!({"permissions": ["Crm_Implied_Delete_Contacts"]}),
            ),
            forbidden(
                "delete contacts, which an administrator of Zoho CRM grants in the user's profile, under Contacts",
            ),
        ),
        (412, error("ALREADY_MODIFIED", &json!({})), Fault::Stale),
        (
            400,
            error("NOT_SUBSCRIBED", &json!({})),
            Fault::Gone {
                proved: true,
                collection: false,
            },
        ),
        (
            400,
            error(
                "INVALID_DATA",
                &json!({"api_name": "id", "json_path": "$.data[0].id"}),
            ),
            Fault::Gone {
                proved: false,
                collection: false,
            },
        ),
        (
            400,
            error("INVALID_DATA", &json!({"id": "7"})),
            Fault::Gone {
                proved: false,
                collection: false,
            },
        ),
        (
            400,
            error(
                "INVALID_DATA",
                &json!({"api_name": "id", "json_path": "$.data[0].Account_Name", "expected_data_type": "bigint"}),
            ),
            refused(Some("organization"), "not a valid bigint"),
        ),
        (
            400,
            error(
                "INVALID_DATA",
                &json!({"api_name": "Email", "expected_data_type": "email"}),
            ),
            refused(Some("emails[work]"), "not a valid email"),
        ),
        (
            400,
            error(
                "INVALID_DATA",
                &json!({"json_path": "$.data[0].Title", "maximum_length": 100}),
            ),
            refused(Some("title"), "longer than 100 characters"),
        ),
        (
            400,
            error("LIMIT_EXCEEDED", &json!({"api_name": "Email", "limit": 50})),
            refused(Some("emails[work]"), "Zoho CRM takes 50 at most"),
        ),
        (
            400,
            error("MANDATORY_NOT_FOUND", &json!({"api_name": "Region_Code"})),
            refused(Some("custom[Region_Code]"), "Zoho CRM requires a value"),
        ),
        (
            400,
            error("DUPLICATE_DATA", &json!({"api_name": "Email"})),
            refused(
                Some("emails[work]"),
                "another record already has this value, which must be unique",
            ),
        ),
        (
            400,
            error("RECORD_LOCKED", &json!({})),
            refused(None, "the record is locked"),
        ),
        (
            400,
            error("NOT_APPROVED", &json!({})),
            refused(None, "the record waits for an approval"),
        ),
        (429, error("TOO_MANY_REQUESTS", &json!({})), seconds(5)),
        (
            429,
            json!({"code": 429, "error": "TOO_MANY_REQUESTS", "error_info": "API credits are used up"}),
            seconds(300),
        ),
        (
            500,
            error("INTERNAL_ERROR", &json!({})),
            Fault::transient("HTTP 500"),
        ),
        (502, json!("<html>"), Fault::transient("HTTP 502")),
        (
            404,
            json!({}),
            Fault::malformed("HTTP 404 without a reason"),
        ),
    ];
    for (status, body, meaning) in table {
        assert_eq!(
            failure(status, &body).fault,
            meaning,
            "HTTP {status} {body}"
        );
    }
}

#[test]
fn a_broken_chain_is_told_from_a_vanished_list_view() {
    let expired = error(
        "EXPIRED_VALUE",
        &json!({"api_name": "page_token", "json_path": "$.query.page_token"}),
    );
    let limit = error(
        "PAGINATION_LIMIT_EXCEEDED",
        &json!({"param_name": "page_token"}),
    );
    let mismatch = error("TOKEN_BOUND_DATA_MISMATCH", &json!({}));
    for body in [expired, limit, mismatch] {
        assert!(failure(400, &body).breaks_chain(), "{body}");
        assert!(!failure(400, &body).is_unknown_id("cvid"), "{body}");
    }
    let view = failure(400, &error("INVALID_DATA", &json!({"param_name": "cvid"})));
    assert!(view.is_unknown_id("cvid") && !view.breaks_chain());
    let in_path = failure(
        400,
        &error("INVALID_DATA", &json!({"resource_path_index": 2})),
    );
    assert!(in_path.is_unknown_id("id"));
}

#[test]
fn a_reason_never_repeats_what_zoho_quotes() {
    let body = json!({"code": "INVALID_DATA", "message": "ana@example is wrong", "details": {"api_name": "Email"}});
    let Fault::Refused { reason, .. } = failure(400, &body).fault else {
        panic!("refused")
    };
    assert!(!reason.contains("ana"));
}

#[test]
fn rubbish_is_a_fault_and_no_panic() {
    for body in ["", "[]", "null", "{\"data\":[]}", "{\"code\":{}}", "\u{0}"] {
        let reply = Reply {
            status: StatusCode::BAD_REQUEST,
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_owned()),
        };
        assert!(
            matches!(
                of_reply(Kind::Contact, &reply, now()).fault,
                Fault::Malformed { .. }
            ),
            "{body}"
        );
    }
}

#[test]
fn a_missing_right_is_told_with_who_grants_it_where() {
    let right = |code: &str, details: &Value| {
        let reply = Reply {
            status: StatusCode::FORBIDDEN,
            headers: HeaderMap::new(),
            body: Bytes::from(error(code, details).to_string()),
        };
        match of_reply(Kind::Event, &reply, now()).fault {
            Fault::Forbidden { right } => right,
            other => panic!("{other:?}"),
        }
    };
    let grants = "which an administrator of Zoho CRM grants in the user's profile, under";
    let two = json!({"permissions": ["Crm_Implied_View_Events", "Crm_Implied_Edit_Events"]});
    for (code, details, expected) in [
        (
            "NO_PERMISSION",
            two,
            "view events, edit events, {} Meetings",
        ),
        ("NO_PERMISSION", json!({}), "do this, {} Meetings"),
        (
            "NO_PERMISSION",
            json!({"permissions": ["Crm_Implied_Create_Accounts"]}),
            "create accounts, {} Accounts",
        ),
        ("INVALID_MODULE", json!({}), "use Meetings, {} Meetings"),
    ] {
        assert_eq!(right(code, &details), expected.replace("{}", grants));
    }
}
