//! What Zoho CRM's verdict on one record means for what was sent: done, again without a path, or an answer.

use http::StatusCode;
use jiff::Timestamp;
use model::Version;
use provider::{Answer, Fault};

use crate::{
    event,
    fault::{field_of, of_verdict},
    map::{self, Changes},
    wire::{Verdict, instant},
};

/// How often a record is sent again without the paths that were refused.
pub(super) const ATTEMPTS: u32 = 4;

/// What follows from a verdict.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ruling {
    /// The record was written.
    Done {
        /// Its id, if the verdict states it.
        id: Option<String>,
        /// Its version now.
        version: Option<Version>,
    },
    /// Refused paths were taken out of what was sent; the rest can be sent again.
    Again,
    /// Nothing of it can be kept.
    Answer(Answer),
}

/// Reads a verdict. `required` names fields without which the record cannot be sent.
pub(super) fn rule(verdict: &Verdict, changes: &mut Changes, required: &[&str]) -> Ruling {
    if verdict.succeeded() {
        let version = verdict
            .detail("Modified_Time")
            .and_then(instant)
            .map(map::version_of);
        return Ruling::Done {
            id: verdict.detail("id").map(str::to_owned),
            version,
        };
    }
    let mut last = None;
    for error in verdict.each() {
        let fault = of_verdict(
            changes.kind,
            &error,
            StatusCode::BAD_REQUEST,
            Timestamp::now(),
        );
        let Fault::Refused { reason, .. } = &fault else {
            return Ruling::Answer(fault.into());
        };
        let field = field_of(&error).filter(|field| !required.contains(field));
        if field == Some("Participants") && event::by_address(&mut changes.fields) {
            last = Some(fault);
            continue;
        }
        if !field.is_some_and(|field| changes.refuse(field, reason)) {
            return Ruling::Answer(fault.into());
        }
        last = Some(fault);
    }
    match last {
        Some(fault) if changes.fields.is_empty() => Ruling::Answer(fault.into()),
        Some(_) => Ruling::Again,
        None => Ruling::Answer(Fault::malformed("a verdict without a code").into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn verdict(value: Value) -> Verdict {
        serde_json::from_value(value).unwrap()
    }

    fn changes(fields: &Value) -> Changes {
        Changes {
            fields: fields.as_object().unwrap().clone(),
            ..Changes::default()
        }
    }

    fn invalid(field: &str) -> Value {
        json!({"code": "INVALID_DATA", "details": {"api_name": field, "maximum_length": 30}})
    }

    #[test]
    fn a_written_record_has_the_stamp_of_the_verdict() {
        let done = verdict(
            json!({"code": "SUCCESS", "details": {"id": "7", "Modified_Time": "2026-05-14T12:51:40+03:00"}}),
        );
        let Ruling::Done { id, version } = rule(&done, &mut Changes::default(), &[]) else {
            panic!("done")
        };
        assert_eq!(id.as_deref(), Some("7"));
        assert_eq!(version.unwrap().token, "2026-05-14T09:51:40Z");
    }

    // proves: R-28
    #[test]
    fn refused_paths_are_taken_out_and_the_rest_is_kept() {
        let mut sent = changes(&json!({"Last_Name": "Lee", "Mobile": "1", "Fax": "2"}));
        let errors = json!({"code": "MULTIPLE_OR_MULTI_ERRORS", "details": {"errors": [invalid("Mobile"), invalid("Fax")]}});
        assert_eq!(
            rule(&verdict(errors), &mut sent, &["Last_Name"]),
            Ruling::Again
        );
        assert_eq!(sent.fields.keys().collect::<Vec<_>>(), ["Last_Name"]);
        let paths: Vec<_> = sent
            .refused
            .iter()
            .map(|refused| refused.path.as_str())
            .collect();
        assert_eq!(paths, ["phones[mobile]", "phones[workFax]"]);
    }

    #[test]
    fn a_guest_who_is_no_contact_any_more_is_invited_by_address_before_all_are_refused() {
        let contact = json!({"type": "contact", "participant": "7", "Email": "eve@x.example"});
        let stays = json!({"type": "contact", "participant": "8"});
        let mut sent = Changes {
            kind: crate::kind::Kind::Event,
            ..changes(&json!({"Venue": "Room 1", "Participants": [stays, contact]}))
        };
        let refusal = json!({"code": "INVALID_DATA", "details": {
            "api_name": "participant", "json_path": "$.data[0].Participants[1].participant",
        }});
        assert_eq!(
            rule(&verdict(refusal.clone()), &mut sent, &[]),
            Ruling::Again
        );
        let expected = json!([stays, {"type": "email", "participant": "eve@x.example"}]);
        assert_eq!(sent.fields["Participants"], expected);
        assert!(sent.refused.is_empty());
        assert_eq!(rule(&verdict(refusal), &mut sent, &[]), Ruling::Again);
        assert_eq!(sent.fields.keys().collect::<Vec<_>>(), ["Venue"]);
        assert_eq!(sent.refused[0].path, "participants");
    }

    #[test]
    fn a_required_field_or_one_that_was_not_sent_refuses_the_record() {
        for field in ["Last_Name", "Region"] {
            let mut sent = changes(&json!({"Last_Name": "Lee", "Mobile": "1"}));
            let ruling = rule(&verdict(invalid(field)), &mut sent, &["Last_Name"]);
            assert!(
                matches!(ruling, Ruling::Answer(Answer::Refused { .. })),
                "{field}"
            );
        }
        let mut only = changes(&json!({"Mobile": "1"}));
        assert!(matches!(
            rule(&verdict(invalid("Mobile")), &mut only, &[]),
            Ruling::Answer(Answer::Refused { .. })
        ));
    }
}
