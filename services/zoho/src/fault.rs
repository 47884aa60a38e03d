//! What a response of Zoho CRM means: one table, decided here and nowhere else.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use provider::{Fault, Reply};
use serde_json::Value;

use crate::{kind::Kind, wire::Verdict};

/// A call that did not do what it was asked to: what Zoho said, and the decision.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// Zoho's own words; empty if there was no answer.
    pub(crate) verdict: Verdict,
    /// What the drivers do about it.
    pub(crate) fault: Fault,
}

impl Failure {
    /// Whether a chain of page tokens cannot be followed any further, although nothing is wrong with the list.
    pub(crate) fn breaks_chain(&self) -> bool {
        let token_refused =
            self.verdict.code == "EXPIRED_VALUE" || self.verdict.code == "INVALID_DATA";
        let of_token = ["api_name", "param_name"]
            .iter()
            .any(|name| self.verdict.detail(name) == Some("page_token"));
        match self.verdict.code.as_str() {
            "TOKEN_BOUND_DATA_MISMATCH"
            | "PAGINATION_LIMIT_EXCEEDED"
            | "DISCRETE_PAGINATION_LIMIT_EXCEEDED" => true,
            _ => token_refused && of_token,
        }
    }

    /// Whether what is asked for by an id in a path or a parameter is not there.
    pub(crate) fn is_unknown_id(&self, parameter: &str) -> bool {
        self.verdict.code == "INVALID_DATA"
            && (self.verdict.details.contains_key("resource_path_index")
                || ["param_name", "api_name"]
                    .iter()
                    .any(|name| self.verdict.detail(name) == Some(parameter)))
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self {
            verdict: Verdict::default(),
            fault,
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        failure.fault
    }
}

/// What an unsuccessful reply to a call about this kind of record means.
pub(crate) fn of_reply(kind: Kind, reply: &Reply, now: Timestamp) -> Failure {
    let verdict = verdict_of(&reply.body);
    let fault = if reply.status == StatusCode::TOO_MANY_REQUESTS {
        Fault::Throttled {
            until: reply
                .retry_after()
                .unwrap_or_else(|| now + wait_of(&verdict.message)),
        }
    } else if reply.status == StatusCode::PRECONDITION_FAILED {
        Fault::Stale
    } else if reply.status.is_server_error() {
        Fault::transient(format!("HTTP {}", reply.status.as_u16()))
    } else {
        of_verdict(kind, &verdict, reply.status, now)
    };
    Failure { verdict, fault }
}

/// What Zoho's verdict on one record of this kind, or on a whole call, means.
pub(crate) fn of_verdict(
    kind: Kind,
    verdict: &Verdict,
    status: StatusCode,
    now: Timestamp,
) -> Fault {
    match verdict.code.as_str() {
        "INVALID_TOKEN" | "AUTHENTICATION_FAILURE" | "INVALID_HOST" => Fault::Unauthorised {
            reason: verdict.code.clone(),
        },
        // Refreshing does not help: the grant itself is too narrow.
        "OAUTH_SCOPE_MISMATCH" => Fault::Forbidden {
            right: "make this call, to whose scope nobody consented; sign in again, and consent to every scope"
                .to_owned(),
        },
        "NO_PERMISSION" | "AUTHORIZATION_FAILED" => Fault::Forbidden {
            right: right_of(kind, verdict),
        },
        "INVALID_MODULE" => Fault::Forbidden {
            right: format!("use {}, {}", label(kind.module()), to_grant(label(kind.module()))),
        },
        "TOO_MANY_REQUESTS" => Fault::Throttled {
            until: now + wait_of(&verdict.message),
        },
        "ALREADY_MODIFIED" => Fault::Stale,
        "NOT_SUBSCRIBED" => Fault::Gone {
            proved: true,
            collection: false,
        },
        "INTERNAL_ERROR" | "INTERNAL_SERVER_ERROR" | "DEPENDENT_SERVICE_ERROR" => {
            Fault::transient(&verdict.code)
        }
        // No record has this id (any more). A deletion is proved by the list of deleted records alone.
        "INVALID_DATA" if is_about_id(verdict) => Fault::Gone {
            proved: false,
            collection: false,
        },
        "" => of_status(status),
        _ => Fault::Refused {
            path: path_of(kind, verdict),
            reason: reason_of(verdict),
        },
    }
}

fn of_status(status: StatusCode) -> Fault {
    match status {
        StatusCode::UNAUTHORIZED => Fault::Unauthorised {
            reason: "HTTP 401".to_owned(),
        },
        StatusCode::FORBIDDEN => Fault::Forbidden {
            right: "make this call, and Zoho CRM does not say why".to_owned(),
        },
        status => Fault::malformed(format!("HTTP {} without a reason", status.as_u16())),
    }
}

/// Why a record, or a field of it, is refused, in our words: Zoho's may repeat the value.
fn reason_of(verdict: &Verdict) -> String {
    let number = |name: &str| verdict.details.get(name).and_then(Value::as_u64);
    match verdict.code.as_str() {
        "MANDATORY_NOT_FOUND" | "REQUIRED_PARAM_MISSING" => "Zoho CRM requires a value".to_owned(),
        "DUPLICATE_DATA" => {
            "another record already has this value, which must be unique".to_owned()
        }
        "NOT_APPROVED" => "the record waits for an approval".to_owned(),
        "RECORD_LOCKED" => "the record is locked".to_owned(),
        "RECORD_IN_BLUEPRINT" => {
            "the record is in a blueprint that does not allow the change".to_owned()
        }
        "INVALID_DATA" => match (
            number("maximum_length"),
            verdict.detail("expected_data_type"),
        ) {
            (Some(limit), _) => format!("longer than {limit} characters"),
            (_, Some(kind)) => format!("not a valid {kind}"),
            _ => "not a value that Zoho CRM accepts here".to_owned(),
        },
        "LIMIT_EXCEEDED" => match number("limit") {
            Some(limit) => format!("Zoho CRM takes {limit} at most"),
            None => "more than Zoho CRM takes".to_owned(),
        },
        "PATTERN_NOT_MATCHED" => "not in the form that Zoho CRM expects".to_owned(),
        "DEPENDENT_FIELD_MISSING" | "DEPENDENT_MISMATCH" => {
            "does not fit another field of the record".to_owned()
        }
        code => format!("refused by Zoho CRM ({code})"),
    }
}

/// Whether the verdict is about the record's own id, and not that of a record that it links to.
fn is_about_id(verdict: &Verdict) -> bool {
    match field_of(verdict) {
        Some(name) => name == "id",
        // "record not deleted"
        None => verdict.details.contains_key("id"),
    }
}

/// The API name of the field that a verdict is about. The path comes first: for a link, the name is only "id".
pub(crate) fn field_of(verdict: &Verdict) -> Option<&str> {
    let by_path = || {
        // "$.data[0].Email", "$.data[0].Account_Name.id"
        let rest = verdict.detail("json_path")?.strip_prefix("$.data[")?;
        let (_, rest) = rest.split_once("].")?;
        rest.split(['.', '[']).next()
    };
    by_path().or_else(|| verdict.detail("api_name"))
}

fn path_of(kind: Kind, verdict: &Verdict) -> Option<String> {
    field_of(verdict)
        .and_then(|name| kind.path_of(name))
        .map(|path| path.to_string())
}

/// The right that is missing, and who grants it: `Crm_Implied_Delete_Contacts` is "delete contacts, which …".
fn right_of(kind: Kind, verdict: &Verdict) -> String {
    let names = verdict.details.get("permissions").and_then(Value::as_array);
    let names: Vec<&str> = names
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let words: Vec<String> = names.iter().copied().map(right_in_words).collect();
    match names.first().and_then(|name| name.rsplit_once('_')) {
        Some((_, module)) => format!("{}, {}", words.join(", "), to_grant(label(module))),
        None => format!("do this, {}", to_grant(label(kind.module()))),
    }
}

/// Who can grant what a profile lacks, and where.
fn to_grant(module: &str) -> String {
    format!("which an administrator of Zoho CRM grants in the user's profile, under {module}")
}

/// What people call a module.
fn label(module: &str) -> &str {
    match module {
        crate::wire::EVENTS => "Meetings",
        other => other,
    }
}

/// A permission's name in words.
pub(crate) fn right_in_words(permission: &str) -> String {
    let name = permission
        .strip_prefix("Crm_Implied_")
        .unwrap_or(permission);
    name.replace('_', " ").to_lowercase()
}

/// How long to wait after a 429, which names no time: until slots are free again, or until credits come back.
fn wait_of(message: &str) -> SignedDuration {
    if message.contains("credit") {
        SignedDuration::from_mins(5)
    } else {
        SignedDuration::from_secs(5)
    }
}

/// The verdict in a body; the older shape of a 429 counts as one.
fn verdict_of(body: &[u8]) -> Verdict {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return Verdict::default();
    };
    if let Some(word) = json.get("error").and_then(Value::as_str) {
        let message = json
            .get("error_info")
            .and_then(Value::as_str)
            .unwrap_or_default();
        return Verdict {
            code: word.to_owned(),
            message: message.to_owned(),
            ..Verdict::default()
        };
    }
    // Some calls wrap their one verdict in a list, as they do for records.
    let lists = ["data", "watch", "users"];
    let wrapped = lists.iter().find_map(|list| json.get(list)?.get(0));
    serde_json::from_value(wrapped.unwrap_or(&json).clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
