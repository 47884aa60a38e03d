//! Creating: by plain insert, silently, once.

use std::collections::BTreeSet;

use http::Method;
use provider::{Answer, Applied, Live, Operation, Outcome};
use sandbox::{Fault, Rule};
use serde_json::{Value as Json, json};

use crate::lab::{Lab, create, lacking, path, record, scope, shown, with_option};

fn applied(outcome: &Outcome) -> &Applied {
    match &outcome.answer {
        Answer::Applied(applied) => applied,
        other => panic!("{other:?}"),
    }
}

fn existing(outcome: &Outcome) -> &Live {
    match &outcome.answer {
        Answer::Existing(live) => live,
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: &Outcome) -> Vec<&str> {
    applied(outcome)
        .refused
        .iter()
        .map(|refused| refused.path.as_str())
        .collect()
}

// proves: R-12
#[tokio::test]
async fn a_create_answers_exactly_what_was_sent() {
    let lab = Lab::unkind().await;
    let wanted = record(&[
        ("name.given", "Ana"),
        ("name.family", "Lee"),
        ("emails[work]", "Ana@X.EXAMPLE"),
        ("phones[mobile]", " +43 1"),
        ("addresses[work].city", "Linz"),
    ]);
    let outcome = lab.one(&scope(""), create(wanted.clone(), false)).await;
    let applied = applied(&outcome);
    let answer = applied.answer.as_ref().unwrap();
    assert_eq!(answer.record, wanted);
    assert_eq!(
        (&answer.remote_id, Some(&answer.version)),
        (&applied.remote_id, applied.version.as_ref())
    );
    assert_eq!(answer.version, lab.version(&applied.remote_id).await);
    // The provider rewrote it, which is no edit of anybody.
    assert_eq!(
        lab.truth(&applied.remote_id).await["Email"],
        "Ana@x.example"
    );
}

#[tokio::test]
async fn a_hundred_are_created_by_one_call_which_is_no_upsert_and_runs_nothing() {
    let lab = Lab::kind().await;
    let creates = (0..100).map(|number| {
        let email = format!("p{number}@x.example");
        create(
            record(&[("name.family", "Lee"), ("emails[work]", &email)]),
            false,
        )
    });
    let before = lab.sandbox.journal().len();
    let outcomes = lab.execute(&scope(""), creates.collect()).await;
    let ids: BTreeSet<&str> = outcomes
        .iter()
        .map(|outcome| applied(outcome).remote_id.as_str())
        .collect();
    assert_eq!((ids.len(), lab.count("Contacts").await), (100, 100));
    assert_eq!(
        (
            lab.calls("Contacts.createRecords"),
            lab.calls("Contacts.upsertRecords")
        ),
        (1, 0)
    );
    assert_eq!(lab.automated().await, 0);
    let calls: f64 = outcomes.iter().map(|outcome| outcome.calls).sum();
    let made = lab.sandbox.journal().len() - before;
    assert!(
        (calls - f64::from(u32::try_from(made).unwrap())).abs() < 1e-6,
        "{calls} of {made}"
    );
}

#[tokio::test]
async fn two_people_who_share_an_address_stay_two() {
    let lab = Lab::kind().await;
    let person = |name: &str| {
        create(
            record(&[("name.family", name), ("emails[work]", "info@x.example")]),
            false,
        )
    };
    let outcomes = lab
        .execute(&scope(""), vec![person("Lee"), person("Kim")])
        .await;
    assert_ne!(
        applied(&outcomes[0]).remote_id,
        applied(&outcomes[1]).remote_id
    );
    assert_eq!(lab.count("Contacts").await, 2);
}

#[tokio::test]
async fn automations_run_only_where_the_sync_says_so() {
    let lab = Lab::kind().await;
    let scope = with_option(scope(""), "workflows", "run");
    lab.one(&scope, create(record(&[("name.family", "Lee")]), false))
        .await;
    assert_eq!(lab.automated().await, 1);
}

// proves: R-28
#[tokio::test]
async fn a_refused_path_is_left_out_and_the_neighbours_are_untouched() {
    let lab = Lab::kind().await;
    let long = "1".repeat(60);
    let outcomes = lab
        .execute(
            &scope(""),
            vec![
                create(
                    record(&[("name.family", "A"), ("emails[work]", "a@x.example")]),
                    false,
                ),
                create(
                    record(&[
                        ("name.family", "B"),
                        ("emails[work]", "no address"),
                        ("phones[mobile]", &long),
                    ]),
                    false,
                ),
                create(
                    record(&[
                        ("name.family", "C"),
                        ("emails[home]", "c@x.example"),
                        ("title", "Boss"),
                    ]),
                    false,
                ),
                create(record(&[("name.family", &"D".repeat(81))]), false),
            ],
        )
        .await;
    assert!(refused(&outcomes[0]).is_empty());
    assert_eq!(refused(&outcomes[1]), ["emails[work]", "phones[mobile]"]);
    assert_eq!(refused(&outcomes[2]), ["emails[home]"]);
    let Answer::Refused {
        path: Some(at),
        reason,
    } = &outcomes[3].answer
    else {
        panic!("{outcomes:?}")
    };
    assert_eq!(
        (at.as_str(), reason.as_str()),
        ("name.family", "longer than 80 characters")
    );
    assert_eq!(lab.count("Contacts").await, 3);
    let kept = applied(&outcomes[1]).answer.as_ref().unwrap();
    assert_eq!(shown(&kept.record, "emails[work]"), None);
    assert_eq!(
        lab.truth(&applied(&outcomes[2]).remote_id).await["Title"],
        "Boss"
    );
}

#[tokio::test]
async fn a_field_that_an_administrator_made_mandatory_refuses_the_record_by_its_path() {
    let lab = Lab::kind().await;
    lab.control(
        Method::PATCH,
        "/zoho/fields/Contacts/Customer_Number",
        json!({"mandatory": true}),
    )
    .await;
    let outcome = lab
        .one(&scope(""), create(record(&[("name.family", "Lee")]), false))
        .await;
    let Answer::Refused { path: Some(at), .. } = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(at, "custom[Customer_Number]");
}

// proves: R-18
#[tokio::test]
async fn a_record_without_a_surname_is_created_and_reads_as_having_none() {
    let lab = Lab::kind().await;
    let cases = [
        (
            record(&[("name.given", "Ana"), ("organization", "Acme")]),
            "Not Provided",
        ),
        (record(&[("organization", "Acme")]), "Acme"),
        (record(&[("emails[work]", "x@x.example")]), "Not Provided"),
    ];
    for (wanted, surname) in cases {
        let outcome = lab.one(&scope(""), create(wanted.clone(), false)).await;
        let applied = applied(&outcome);
        assert_eq!(applied.answer.as_ref().unwrap().record, wanted);
        assert_eq!(lab.truth(&applied.remote_id).await["Last_Name"], surname);
    }
    let round = lab.round(&scope(""), None).await;
    assert_eq!(round.inside().len(), 3);
    for seen in round.seen() {
        let provider::What::Inside(record) = &seen.what else {
            panic!("{seen:?}")
        };
        assert_eq!(shown(record, "name.family"), None);
    }
}

// proves: R-07
#[tokio::test]
async fn a_look_up_finds_what_somebody_typed_in_although_the_search_lags() {
    let lab = Lab::kind().await;
    lab.settings(json!({"search_lag_milliseconds": 600_000}))
        .await;
    let view = lab.key_accounts().await;
    let id = lab
        .contact(json!({"Last_Name": "Lee", "Email": "ana@x.example", "Tier": "Regular"}))
        .await;
    let wanted = record(&[("name.family", "Lee"), ("emails[work]", "Ana@x.example")]);
    let other = record(&[("name.family", "Kim"), ("emails[work]", "kim@x.example")]);
    let outcomes = lab
        .execute(
            &scope(&view),
            vec![create(wanted, true), create(other, true)],
        )
        .await;
    let live = existing(&outcomes[0]);
    assert_eq!(
        (live.remote_id.as_str(), live.in_scope),
        (id.as_str(), false)
    );
    assert_eq!(shown(&live.record, "name.family").as_deref(), Some("Lee"));
    applied(&outcomes[1]);
    assert_eq!(lab.count("Contacts").await, 2);
}

// proves: R-07
#[tokio::test]
async fn a_look_up_reaches_beyond_the_newest_thousand() {
    let lab = Lab::kind().await;
    let id = lab
        .contact(json!({"Last_Name": "O'Neil", "Email": "o'neil@x.example"}))
        .await;
    let crowd: Json = (0..1100)
        .map(|number| json!({"Last_Name": format!("N{number}")}))
        .collect();
    lab.later(60).await;
    lab.contacts(crowd).await;
    let wanted = record(&[
        ("name.family", "O'Neil"),
        ("emails[work]", "o'neil@x.example"),
    ]);
    let outcome = lab.one(&scope(""), create(wanted, true)).await;
    assert_eq!(existing(&outcome).remote_id, id);
}

// proves: R-07
#[tokio::test]
async fn creates_of_a_baseline_share_a_look_at_what_is_younger() {
    let lab = Lab::kind().await;
    let young = |number: u32| {
        let email = format!("p{number}@x.example");
        let wanted = record(&[("name.family", "Lee"), ("emails[work]", &email)]);
        let Operation::Create(mut write) = create(wanted, true) else {
            unreachable!()
        };
        write.known_until = Some(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5));
        Operation::Create(write)
    };
    let typed = lab
        .contact(json!({"Last_Name": "Lee", "Email": "p120@x.example"}))
        .await;
    let mut outcomes = Vec::new();
    for first in [0, 100, 200] {
        let batch = (first..first + 100).map(young).collect();
        outcomes.extend(lab.execute(&scope(""), batch).await);
    }
    assert_eq!(existing(&outcomes[120]).remote_id, typed);
    assert_eq!(lab.count("Contacts").await, 300);
    assert_eq!(lab.calls("Contacts.createRecords"), 3);
    // The one that was found was read again before it was answered.
    assert_eq!(lab.calls("Contacts.getRecords"), 2);
    assert_eq!(lab.calls("coql"), 0);
}

// proves: R-26
#[tokio::test]
async fn a_create_whose_answer_was_lost_is_unknown_and_found_afterwards() {
    let lab = Lab::kind().await;
    lab.sandbox.add_fault(Rule::nth(
        "zoho",
        "Contacts.createRecords",
        1,
        Fault::CutAfterCommit,
    ));
    let wanted = record(&[("name.family", "Lee"), ("emails[work]", "ana@x.example")]);
    let lost = lab.one(&scope(""), create(wanted.clone(), true)).await;
    assert!(matches!(lost.answer, Answer::Unknown { .. }), "{lost:?}");
    let again = lab.one(&scope(""), create(wanted, true)).await;
    existing(&again);
    assert_eq!(lab.count("Contacts").await, 1);
}

// proves: R-26
#[tokio::test]
async fn an_error_of_the_server_after_a_create_is_a_lost_answer_too() {
    let lab = Lab::kind().await;
    let error = Fault::Status {
        status: 502,
        retry_after_seconds: None,
        body: None,
    };
    lab.sandbox
        .add_fault(Rule::nth("zoho", "Contacts.createRecords", 1, error));
    let outcome = lab
        .one(&scope(""), create(record(&[("name.family", "Lee")]), false))
        .await;
    assert!(
        matches!(outcome.answer, Answer::Unknown { .. }),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_unique_address_leads_to_the_record_that_has_it() {
    let lab = Lab::kind().await;
    lab.control(
        Method::PATCH,
        "/zoho/fields/Contacts/Email",
        json!({"unique": true}),
    )
    .await;
    let id = lab
        .contact(json!({"Last_Name": "Lee", "Email": "ana@x.example"}))
        .await;
    let wanted = record(&[("name.family", "Lee"), ("emails[work]", "ana@x.example")]);
    let outcome = lab.one(&scope(""), create(wanted, false)).await;
    assert_eq!(existing(&outcome).remote_id, id);
}

#[tokio::test]
async fn a_unique_value_that_is_no_match_key_refuses_the_record() {
    let lab = Lab::kind().await;
    lab.control(
        Method::PATCH,
        "/zoho/fields/Contacts/Customer_Number",
        json!({"unique": true}),
    )
    .await;
    lab.contact(json!({"Last_Name": "Kim", "Customer_Number": "7"}))
        .await;
    let mut wanted = record(&[("name.family", "Lee")]);
    wanted.set(path("custom[Customer_Number]"), Some(crate::lab::text("7")));
    let outcome = lab.one(&scope(""), create(wanted, false)).await;
    let Answer::Refused { path: Some(at), .. } = &outcome.answer else {
        panic!("{outcome:?}")
    };
    assert_eq!(at, "custom[Customer_Number]");
}

#[tokio::test]
async fn a_missing_right_is_named() {
    let lab = Lab::kind().await;
    lab.control(
        Method::PUT,
        "/zoho/permissions/Crm_Implied_Create_Contacts",
        json!({"allowed": false}),
    )
    .await;
    let outcome = lab
        .one(&scope(""), create(record(&[("name.family", "Lee")]), false))
        .await;
    assert_eq!(
        outcome.answer,
        Answer::Forbidden {
            right: lacking("create contacts", "Contacts")
        }
    );
}

// proves: R-07
#[tokio::test]
async fn a_look_up_whose_page_token_expires_is_tried_again_and_refuses_nobody() {
    let lab = Lab::kind().await;
    lab.settings(json!({"page_cap": 2})).await;
    for number in 0..5 {
        let email = format!("p{number}@x.example");
        let known = record(&[("name.family", "Lee"), ("emails[work]", &email)]);
        lab.one(&scope(""), create(known, false)).await;
    }
    let expire = Rule::nth("zoho", "Contacts.getRecords", 2, Fault::ExpireCursors);
    lab.sandbox.add_fault(expire);
    let wanted = record(&[("name.family", "New"), ("emails[work]", "new@x.example")]);
    let outcome = lab.one(&scope(""), create(wanted.clone(), true)).await;
    assert!(
        matches!(outcome.answer, Answer::NotAttempted { .. }),
        "{:?}",
        outcome.answer
    );
    let outcome = lab.one(&scope(""), create(wanted, true)).await;
    applied(&outcome);
}
