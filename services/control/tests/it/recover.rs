//! A recovery concerns every tenant: administrators ask for it, and every sync is told.

use proto::reconcile::{RecoverRequest, RecoverResponse};
use tonic::{Code, Request, Status};

use crate::stage::{FILE, Stage, with_token};

const YES: RecoverRequest = RecoverRequest {
    confirmed: true,
    anyway: false,
};

async fn recover(
    stage: &Stage,
    request: Request<RecoverRequest>,
) -> Result<RecoverResponse, Status> {
    let mut control = stage.control.clone();
    Ok(control.recover(request).await?.into_inner())
}

// proves: R-34
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_is_passed_on_audited_and_every_sync_is_told() {
    let stage = Stage::connected().await;
    let (sync, ..) = stage.apply(FILE).await;
    let mut changed = stage.watch_changed().await;
    let nothing = recover(&stage, Request::new(YES)).await.unwrap();
    assert!(!nothing.recovered);
    stage.reconciler.set_behind(true);
    let asked = recover(&stage, Request::new(RecoverRequest::default())).await;
    assert!(asked.unwrap().behind);
    let audited = async || -> Vec<(String, String)> {
        sqlx::query_as(
            "SELECT actor, subject FROM control.audit WHERE action = 'sync.recovered' ORDER BY id",
        )
        .fetch_all(&stage.database.pool)
        .await
        .unwrap()
    };
    assert_eq!(audited().await, []);
    assert!(recover(&stage, Request::new(YES)).await.unwrap().recovered);
    assert_eq!(changed.next().await.unwrap().sync, sync);
    assert_eq!(audited().await, [("administrator".to_owned(), sync)]);
}

// proves: R-34
#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_recovers_the_installation() {
    let tenant = "0123456789abcdef-acme";
    let mut stage = Stage::start_with(|settings| {
        settings.tenant_tokens = Some(format!("acme:{tenant}").into());
    })
    .await;
    stage.reconciler.set_behind(true);
    let code = |answer: Result<RecoverResponse, Status>| answer.unwrap_err().code();
    let answer = recover(&stage, with_token(YES, tenant)).await;
    assert_eq!(code(answer), Code::PermissionDenied);
    stage
        .restart_with(|settings| settings.admin_token = Some("administrators-token".into()))
        .await;
    for stranger in [with_token(YES, tenant), Request::new(YES)] {
        assert_eq!(code(recover(&stage, stranger).await), Code::Unauthenticated);
    }
    let answer = recover(&stage, with_token(YES, "administrators-token")).await;
    assert!(answer.unwrap().recovered);
}
