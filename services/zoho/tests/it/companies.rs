//! Companies: found by exactly their names, made once, or left out.

use http::Method;
use provider::{Answer, Applied, Outcome};
use serde_json::json;

use crate::lab::{Lab, create, edit, record, scope, update, with_option};

fn applied(outcome: &Outcome) -> &Applied {
    match &outcome.answer {
        Answer::Applied(applied) => applied,
        other => panic!("{other:?}"),
    }
}

async fn company(lab: &Lab, name: &str) -> String {
    let made = lab
        .control(
            Method::POST,
            "/zoho/records/Accounts",
            json!({"Account_Name": name}),
        )
        .await;
    made["ids"][0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_company_of_exactly_the_name_is_linked() {
    let lab = Lab::kind().await;
    company(&lab, "ACME").await;
    company(&lab, "Acme Inc").await;
    let oldest = company(&lab, "O'Neil & \\Sons").await;
    company(&lab, "O'Neil & \\Sons").await;
    let wanted = record(&[("name.family", "Lee"), ("organization", "O'Neil & \\Sons")]);
    let outcome = lab.one(&scope(""), create(wanted.clone(), false)).await;
    let applied = applied(&outcome);
    assert_eq!(applied.answer.as_ref().unwrap().record, wanted);
    assert_eq!(
        lab.truth(&applied.remote_id).await["Account_Name"]["id"],
        oldest.as_str()
    );
    assert_eq!(lab.count("Accounts").await, 4);
}

#[tokio::test]
async fn a_company_that_is_not_there_is_made_once_however_slow_the_lists_are() {
    let lab = Lab::unkind().await;
    let person = |name: &str| {
        create(
            record(&[("name.family", name), ("organization", "Globex")]),
            false,
        )
    };
    let outcomes = lab
        .execute(&scope(""), vec![person("A"), person("B")])
        .await;
    let next = lab.one(&scope(""), person("C")).await;
    for outcome in outcomes.iter().chain([&next]) {
        assert!(applied(outcome).refused.is_empty());
        let truth = lab.truth(&applied(outcome).remote_id).await;
        assert_eq!(truth["Account_Name"]["name"], "Globex");
    }
    assert_eq!(lab.count("Accounts").await, 1);
    assert_eq!(lab.automated().await, 0);
}

#[tokio::test]
async fn colleagues_make_a_company_once() {
    let mut lab = Lab::unkind().await;
    let person = |name: &str| {
        let fields = [("name.family", name), ("organization", "Globex")];
        create(record(&fields), false)
    };
    let first = lab.one(&scope(""), person("A")).await;
    lab.sign_in_as_colleague().await;
    let second = lab.one(&scope(""), person("B")).await;
    for outcome in [&first, &second] {
        assert!(applied(outcome).refused.is_empty());
    }
    assert_eq!(lab.count("Accounts").await, 1);
}

#[tokio::test]
async fn a_company_that_was_found_is_not_looked_for_again_with_every_batch() {
    let lab = Lab::kind().await;
    let acme = company(&lab, "Acme").await;
    for batch in 0..3 {
        let person = |number: usize| {
            let name = format!("P{batch}{number}");
            create(
                record(&[("name.family", &name), ("organization", "Acme")]),
                false,
            )
        };
        let outcomes = lab.execute(&scope(""), (0..3).map(person).collect()).await;
        for outcome in &outcomes {
            let truth = lab.truth(&applied(outcome).remote_id).await;
            assert_eq!(truth["Account_Name"]["id"], acme.as_str());
        }
    }
    assert_eq!(lab.calls("coql"), 1);
    assert_eq!(lab.count("Accounts").await, 1);
}

// proves: R-28
#[tokio::test]
async fn where_none_is_made_the_path_is_refused_and_the_rest_counts() {
    let lab = Lab::kind().await;
    let scope = with_option(scope(""), "companies", "skip");
    let wanted = record(&[
        ("name.given", "Ana"),
        ("name.family", "Lee"),
        ("organization", "Globex"),
    ]);
    let outcome = lab.one(&scope, create(wanted, false)).await;
    let applied = applied(&outcome);
    assert_eq!(applied.refused[0].path, "organization");
    assert_eq!(lab.truth(&applied.remote_id).await["First_Name"], "Ana");
    assert_eq!(lab.count("Accounts").await, 0);
}

#[tokio::test]
async fn without_the_right_to_make_companies_the_path_is_refused() {
    let lab = Lab::kind().await;
    lab.control(
        Method::PUT,
        "/zoho/permissions/Crm_Implied_Create_Accounts",
        json!({"allowed": false}),
    )
    .await;
    let wanted = record(&[("name.family", "Lee"), ("organization", "Globex")]);
    let outcome = lab.one(&scope(""), create(wanted, false)).await;
    let refused = &applied(&outcome).refused[0];
    assert_eq!(refused.path, "organization");
    assert!(
        refused.reason.contains("create accounts"),
        "{}",
        refused.reason
    );
}

// proves: R-18
#[tokio::test]
async fn an_update_moves_the_company_and_the_surname_made_of_it() {
    let lab = Lab::kind().await;
    let acme = company(&lab, "Acme").await;
    let globex = company(&lab, "Globex").await;
    let id = lab
        .contact(json!({"Last_Name": "Acme", "Account_Name": {"id": acme}}))
        .await;
    lab.later(60).await;
    let edits = vec![edit("organization", Some("Acme"), Some("Globex"))];
    let outcome = lab
        .one(&scope(""), update(&id, lab.version(&id).await, edits))
        .await;
    assert!(applied(&outcome).refused.is_empty());
    let truth = lab.truth(&id).await;
    assert_eq!(
        (&truth["Account_Name"]["id"], &truth["Last_Name"]),
        (&json!(globex), &json!("Globex"))
    );
}
