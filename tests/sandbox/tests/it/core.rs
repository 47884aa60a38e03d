//! Clock, faults, journal and seeding, as far as they are the same for every provider.

use reqwest::Method;
use sandbox::{Fault, Options, Rule};
use serde_json::{Value, json};

use crate::client::{Lab, send};

#[tokio::test]
async fn control_moves_the_clock_forward_and_refuses_to_go_back() {
    let lab = Lab::kind().await;
    lab.advance(3600).await;
    let clock = lab.control(Method::GET, "/clock", Value::Null).await;
    assert_eq!(clock["ahead_seconds"], 3600);
    let refused = lab
        .try_control(Method::POST, "/clock/advance", json!({"seconds": -1}))
        .await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn the_date_header_follows_the_sandboxes_clock() {
    let lab = Lab::kind().await;
    lab.advance(400 * 24 * 3600).await;
    for provider in ["google", "zoho"] {
        let answer = send(lab.request(provider, Method::GET, "/")).await;
        let date = answer.headers["date"].to_str().unwrap();
        let date = jiff::fmt::rfc2822::parse(date).unwrap();
        assert!(
            date.timestamp() > jiff::Timestamp::now() + jiff::SignedDuration::from_hours(399 * 24)
        );
    }
}

#[tokio::test]
async fn urls_name_the_host_that_callers_know() {
    let lab = Lab::start(Options {
        host: Some("localhost".to_owned()),
        ..Options::default()
    })
    .await;
    let credentials = lab.sandbox.credentials();
    for url in [
        &credentials["control_url"],
        &credentials["google"]["token_url"],
        &credentials["zoho"]["accounts_url"],
    ] {
        let url = url.as_str().unwrap();
        assert!(url.starts_with("http://localhost:"), "{url}");
    }
    let answer = send(lab.request("google", Method::GET, "/v1/contactGroups")).await;
    assert_eq!(answer.status, 401, "it answers under that name");
}

#[tokio::test]
async fn a_cut_connection_answers_nothing_and_is_in_the_journal_without_a_status() {
    let lab = Lab::kind().await;
    lab.sandbox
        .add_fault(Rule::nth("google", "*", 1, Fault::CutBefore));
    let request = lab.request("google", Method::GET, "/v1/contactGroups");
    assert!(request.send().await.is_err());
    let next = send(lab.request("google", Method::GET, "/v1/contactGroups")).await;
    assert!(next.status >= 400, "no token was sent");
    let journal = lab.sandbox.journal();
    assert_eq!(journal.len(), 2);
    assert_eq!(journal[0].status, None);
    assert_eq!(journal[0].faults, ["cut_before"]);
    assert_eq!(journal[1].status, Some(next.status));
}

#[tokio::test]
async fn an_ordered_status_comes_with_its_retry_after_and_body() {
    let lab = Lab::kind().await;
    let rule = json!({"provider": "google", "fault": {
        "kind": "status", "status": 503, "retry_after_seconds": 7, "body": {"odd": true}}});
    let id = lab.control(Method::POST, "/faults", rule).await["id"].clone();
    let answer = send(lab.request("google", Method::GET, "/v1/contactGroups")).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(answer.body, json!({"odd": true}));
    lab.control(Method::DELETE, &format!("/faults/{id}"), Value::Null)
        .await;
    let gone = lab
        .try_control(Method::DELETE, &format!("/faults/{id}"), Value::Null)
        .await;
    assert_eq!(gone.status, 404);
    let answer = send(lab.request("google", Method::GET, "/v1/contactGroups")).await;
    assert_ne!(answer.status, 503);
}

#[tokio::test]
async fn latency_after_the_commit_makes_a_client_give_up_on_a_call_that_happens() {
    let lab = Lab::kind().await;
    let slow = Fault::Latency {
        milliseconds: 1500,
        after_commit: true,
    };
    lab.sandbox.add_fault(Rule::every("google", "*", slow));
    let request = lab
        .request("google", Method::GET, "/v1/contactGroups")
        .timeout(std::time::Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout());
    while lab.sandbox.count("google", "contactGroups.list").calls == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(lab.sandbox.journal()[0].status, Some(401));
    lab.sandbox.clear_faults();
    let answer = send(lab.request("google", Method::GET, "/v1/contactGroups")).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn kindness_can_be_switched_while_it_runs() {
    let lab = Lab::unkind().await;
    let of_google = async || {
        lab.control(Method::GET, "/google/settings", Value::Null)
            .await
    };
    assert_ne!(of_google().await["list_lag_milliseconds"], 0);
    lab.control(Method::POST, "/kind", json!({"kind": true}))
        .await;
    assert_eq!(of_google().await["list_lag_milliseconds"], 0);
    lab.control(Method::POST, "/kind", json!({"kind": false}))
        .await;
    assert_ne!(of_google().await["list_lag_milliseconds"], 0);
}

#[tokio::test]
async fn a_malformed_fault_rule_or_scenario_is_refused() {
    let lab = Lab::kind().await;
    for (path, body) in [
        ("/faults", json!({"fault": {"kind": "explode"}})),
        (
            "/faults",
            json!({"methd": "x", "fault": {"kind": "cut_before"}}),
        ),
        (
            "/seed",
            json!({"scenario": "nine-address-books", "people": 3}),
        ),
        (
            "/seed",
            json!({"scenario": "two-address-books", "people": 0}),
        ),
    ] {
        let answer = lab.try_control(Method::POST, path, body.clone()).await;
        assert!(
            (400..500).contains(&answer.status),
            "{body} gave {}",
            answer.status
        );
    }
}
