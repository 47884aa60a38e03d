//! Access tokens: cached, renewed once for all who ask, and what happens when a grant is revoked.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use proto::control::ReportUnauthorisedRequest;
use proto::reconcile::{StatusRequest, SyncRef};
use test_kit::eventually;
use tonic::Code;

use crate::stage::{FILE, ROTATED_KEYS, Stage, WAIT};

#[tokio::test(flavor = "multi_thread")]
async fn thirty_callers_cause_one_renewal_and_get_the_same_token() {
    let stage = Stage::start().await;
    let connection = stage.connect("google", "ana-google", "ana").await;
    let refused = stage.token(&connection, "").await.unwrap().access_token;
    assert_eq!(stage.google.renewals(), 1);
    let calls = (0..30).map(|_| stage.token(&connection, &refused));
    let tokens: BTreeSet<String> = join_all(calls)
        .await
        .into_iter()
        .map(|t| t.unwrap().access_token)
        .collect();
    assert_eq!(tokens.len(), 1);
    assert!(!tokens.contains(&refused));
    assert_eq!(stage.google.renewals(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_renewal_of_one_connection_holds_up_no_other() {
    let stage = Stage::start().await;
    let ana = stage.connect("google", "ana-google", "ana").await;
    let acme = stage.connect("zoho", "acme-zoho", "acme").await;
    let refused = stage.token(&ana, "").await.unwrap().access_token;
    let permits = stage
        .google
        .renewals_allowed
        .acquire_many(u32::MAX >> 4)
        .await
        .unwrap();
    let rest = stage.google.renewals_allowed.available_permits();
    stage.google.renewals_allowed.forget_permits(rest);
    let waiting: Vec<_> = (0..30)
        .map(|_| {
            let (mut definitions, connection, refused) =
                (stage.definitions.clone(), ana.clone(), refused.clone());
            tokio::spawn(async move {
                let request = proto::control::AccessTokenRequest {
                    tenant: "default".to_owned(),
                    connection,
                    refused_token: refused,
                };
                definitions.access_token(request).await
            })
        })
        .collect();
    eventually("the renewal has begun", WAIT, async || {
        stage.google.begun_renewals() == 2
    })
    .await;
    let other = stage.token(&acme, "").await.unwrap();
    let again = stage.token(&acme, &other.access_token).await.unwrap();
    assert!(stage.zoho.accepts(&again.access_token));
    drop(permits);
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    assert_eq!(stage.google.renewals(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_near_its_end_is_renewed_and_a_fresh_one_is_not() {
    let stage = Stage::start().await;
    stage.google.issue_short_tokens(0);
    let connection = stage.connect("google", "ana-google", "ana").await;
    let first = stage.token(&connection, "").await.unwrap();
    assert_eq!(stage.google.renewals(), 2);
    stage.google.issue_short_tokens(3600);
    let second = stage.token(&connection, "").await.unwrap();
    assert_ne!(first.access_token, second.access_token);
    let third = stage.token(&connection, "").await.unwrap();
    assert_eq!(second.access_token, third.access_token);
    assert!(second.expires_at_micros > first.expires_at_micros);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_secret_is_kept_even_if_the_caller_goes_away() {
    let stage = Stage::start().await;
    stage.google.replace_secrets();
    let connection = stage.connect("google", "ana-google", "ana").await;
    let token = stage.token(&connection, "").await.unwrap().access_token;
    let all = stage.google.renewals_allowed.available_permits();
    stage.google.renewals_allowed.forget_permits(all);
    let call = {
        let (mut definitions, connection, token) =
            (stage.definitions.clone(), connection.clone(), token.clone());
        tokio::spawn(async move {
            let request = proto::control::AccessTokenRequest {
                tenant: "default".to_owned(),
                connection,
                refused_token: token,
            };
            definitions.access_token(request).await
        })
    };
    eventually("the renewal has begun", WAIT, async || {
        stage.google.begun_renewals() == 2
    })
    .await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    stage.google.renewals_allowed.add_permits(1000);
    eventually("the renewal is stored", WAIT, async || {
        stage
            .token(&connection, "")
            .await
            .is_ok_and(|answer| answer.access_token != token)
    })
    .await;
    let stored = stage.token(&connection, "").await.unwrap().access_token;
    let next = stage
        .token(&connection, &stored)
        .await
        .unwrap()
        .access_token;
    assert!(stage.google.accepts(&next));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_grant_parks_the_connection_until_the_person_signs_in_again() {
    let stage = Stage::connected().await;
    let (sync, _, _) = stage.apply(FILE).await;
    let ana = stage
        .connections()
        .await
        .iter()
        .find(|c| c.name == "ana-google")
        .unwrap()
        .id
        .clone();
    let token = stage.token(&ana, "").await.unwrap().access_token;
    let mut changed = stage.watch_changed().await;
    stage.google.revoke("ana");
    let refused = stage.token(&ana, &token).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(
        refused.message().contains("the grant was revoked"),
        "{}",
        refused.message()
    );
    assert!(
        refused
            .message()
            .contains("rapport connect google --name ana-google"),
        "{}",
        refused.message()
    );
    assert_eq!(changed.next().await.unwrap().sync, sync);

    let renewals = stage.google.renewals();
    assert_eq!(
        stage.token(&ana, "").await.unwrap_err().code(),
        Code::Unauthenticated
    );
    assert_eq!(
        stage.google.renewals(),
        renewals,
        "a parked connection is not tried again"
    );
    let state = |connections: Vec<proto::control::Connection>| {
        connections
            .into_iter()
            .find(|c| c.name == "ana-google")
            .unwrap()
            .state
    };
    assert_eq!(state(stage.connections().await), "unauthorised");
    assert_eq!(
        stage.syncs().await[0].state,
        "active",
        "the sync stays, and waits"
    );
    let status = StatusRequest {
        sync: Some(SyncRef {
            tenant: String::new(),
            sync: "ana-clients".to_owned(),
        }),
    };
    let reason = stage
        .control
        .clone()
        .status(status)
        .await
        .unwrap()
        .into_inner()
        .reason;
    assert!(
        reason.contains("ana-google") && reason.contains("sign in again"),
        "{reason}"
    );

    stage.connect("google", "ana-google", "ana").await;
    assert_eq!(changed.next().await.unwrap().sync, sync);
    assert_eq!(state(stage.connections().await), "active");
    assert!(
        stage
            .google
            .accepts(&stage.token(&ana, "").await.unwrap().access_token)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_reports_that_a_person_must_sign_in() {
    let stage = Stage::start().await;
    let connection = stage.connect("google", "ana-google", "ana").await;
    let report = ReportUnauthorisedRequest {
        tenant: "default".to_owned(),
        connection: connection.clone(),
        reason: "HTTP 401 with a fresh token".to_owned(),
    };
    stage
        .definitions
        .clone()
        .report_unauthorised(report.clone())
        .await
        .unwrap();
    stage
        .definitions
        .clone()
        .report_unauthorised(report)
        .await
        .unwrap();
    let refused = stage.token(&connection, "").await.unwrap_err();
    assert!(
        refused.message().contains("HTTP 401 with a fresh token"),
        "{}",
        refused.message()
    );
    let audited: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM control.audit WHERE action = 'connection.unauthorised'",
    )
    .fetch_one(&stage.database.pool)
    .await
    .unwrap();
    assert_eq!(audited, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_is_away_parks_nothing() {
    let mut stage = Stage::start().await;
    let connection = stage.connect("google", "ana-google", "ana").await;
    let token = stage.token(&connection, "").await.unwrap().access_token;
    stage
        .restart_with(|settings| "http://127.0.0.1:9".clone_into(&mut settings.connectors[1].url))
        .await;
    let away = stage.token(&connection, &token).await.unwrap_err();
    assert_eq!(away.code(), Code::Unavailable);
    assert_eq!(stage.connections().await[0].state, "active");
    assert_eq!(
        stage.token(&connection, "").await.unwrap().access_token,
        token
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_wraps_new_writes_and_old_rows_still_open() {
    let mut stage = Stage::start().await;
    let ana = stage.connect("google", "ana-google", "ana").await;
    let token = stage.token(&ana, "").await.unwrap().access_token;
    stage
        .restart_with(|settings| settings.keys = Some(ROTATED_KEYS.into()))
        .await;
    let renewed = stage.token(&ana, &token).await.unwrap().access_token;
    assert!(stage.google.accepts(&renewed));
    let key_ids: (String, String) =
        sqlx::query_as("SELECT secret_key_id, token_key_id FROM control.connections")
            .fetch_one(&stage.database.pool)
            .await
            .unwrap();
    assert_eq!(key_ids, ("k1".to_owned(), "k2".to_owned()));
}
