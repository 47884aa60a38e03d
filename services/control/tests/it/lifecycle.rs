//! Pausing, resuming and deleting, and what is passed on to the reconciler.

use pretty_assertions::assert_eq;
use proto::{
    control::{DeleteSyncRequest, SetSyncStateRequest},
    reconcile::{
        EventsRequest, HistoryRequest, RecordsRequest, RestoreRequest, RunRequest, StatusRequest,
        SyncRef,
    },
};
use test_kit::eventually;
use tonic::{Code, Status};

use crate::stage::{FILE, Stage, WAIT};

async fn set_state(stage: &Stage, sync: &str, state: &str) -> Result<(), Status> {
    let request = SetSyncStateRequest {
        tenant: String::new(),
        sync: sync.to_owned(),
        state: state.to_owned(),
    };
    stage
        .control
        .clone()
        .set_sync_state(request)
        .await
        .map(|_| ())
}

async fn delete(stage: &Stage, sync: &str) -> Result<(), Status> {
    let request = DeleteSyncRequest {
        tenant: String::new(),
        sync: sync.to_owned(),
    };
    stage.control.clone().delete_sync(request).await.map(|_| ())
}

// proves: ZGC-11
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_paused_goes_on_and_is_deleted() {
    let stage = Stage::connected().await;
    let (sync, ..) = stage.apply(FILE).await;
    let mut changed = stage.watch_changed().await;
    for state in ["paused", "active"] {
        set_state(&stage, "ana-clients", state).await.unwrap();
        assert_eq!(stage.definition().await.state, state);
        assert_eq!(changed.next().await.unwrap().sync, sync);
    }
    assert_eq!(
        set_state(&stage, "ana-clients", "off")
            .await
            .unwrap_err()
            .code(),
        Code::InvalidArgument
    );

    delete(&stage, &sync).await.unwrap();
    assert_eq!(changed.next().await.unwrap().sync, sync);
    assert_eq!(stage.definition().await.state, "deleting");
    delete(&stage, &sync).await.unwrap();
    let refused = set_state(&stage, &sync, "active").await.unwrap_err();
    assert!(
        refused.message().contains("apply its file again"),
        "{}",
        refused.message()
    );

    stage.reconciler.set_phase("off");
    eventually(
        "the sync that has ended is told to nobody",
        WAIT,
        async || stage.definitions_of("").await.is_empty() && stage.syncs().await.is_empty(),
    )
    .await;
    stage.reconciler.set_phase("live");
    let (again, ..) = stage.apply(FILE).await;
    assert_eq!(again, sync);
    assert_eq!(stage.definition().await.state, "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_survives_an_apply_and_a_preview_cannot_be_paused() {
    let stage = Stage::connected().await;
    stage.try_apply(FILE, true).await.unwrap();
    let refused = set_state(&stage, "ana-clients", "paused")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    set_state(&stage, "ana-clients", "active").await.unwrap();
    set_state(&stage, "ana-clients", "paused").await.unwrap();
    stage
        .apply(&format!("{FILE}policies: {{ frequency_seconds: 60 }}\n"))
        .await;
    let definition = stage.definition().await;
    assert_eq!(
        (
            definition.state.as_str(),
            definition.policies.unwrap().frequency_seconds
        ),
        ("paused", 60)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_about_a_sync_reach_the_reconciler_with_its_id_and_tenant() {
    let stage = Stage::connected().await;
    let (id, ..) = stage.apply(FILE).await;
    let expected = SyncRef {
        tenant: "default".to_owned(),
        sync: id,
    };
    let by_name = Some(SyncRef {
        tenant: String::new(),
        sync: "ana-clients".to_owned(),
    });
    let mut control = stage.control.clone();
    let status = control
        .status(StatusRequest {
            sync: by_name.clone(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (status.phase.as_str(), status.reason.as_str()),
        ("live", "")
    );
    assert_eq!(stage.reconciler.last_asked().as_ref(), Some(&expected));
    let run = RunRequest {
        sync: by_name.clone(),
    };
    control.run(run).await.unwrap();
    let records = RecordsRequest {
        sync: by_name.clone(),
        ..RecordsRequest::default()
    };
    control.records(records).await.unwrap();
    let history = HistoryRequest {
        sync: by_name.clone(),
        ..HistoryRequest::default()
    };
    control.history(history).await.unwrap();
    let restore = RestoreRequest {
        sync: by_name.clone(),
        what: None,
    };
    control.restore(restore).await.unwrap();
    assert_eq!(stage.reconciler.last_asked().as_ref(), Some(&expected));
    let events = EventsRequest {
        sync: by_name,
        once: true,
        ..EventsRequest::default()
    };
    let mut events = control.events(events).await.unwrap().into_inner();
    assert_eq!(events.message().await.unwrap().unwrap().event_json, "{}");
    assert_eq!(events.message().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_a_sync_go_on_reaches_the_reconciler_and_wakes_the_connectors() {
    let stage = Stage::connected().await;
    let (sync, ..) = stage.apply(FILE).await;
    let mut changed = stage.watch_changed().await;
    let request = RunRequest {
        sync: Some(SyncRef {
            tenant: String::new(),
            sync: "ana-clients".to_owned(),
        }),
    };
    stage.control.clone().run(request).await.unwrap();
    assert_eq!(
        changed.next().await.unwrap().sync,
        sync,
        "a run is read at once"
    );
    // The sync is active, yet the reconciler may hold it.
    stage.reconciler.take_asked();
    set_state(&stage, "ana-clients", "active").await.unwrap();
    assert_eq!(stage.reconciler.take_asked().unwrap().sync, sync);
    assert_eq!(changed.next().await.unwrap().sync, sync);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_sync_says_which_there_are_and_other_tenants_are_out_of_reach() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    let status = |tenant: &str, sync: &str| {
        let sync = Some(SyncRef {
            tenant: tenant.to_owned(),
            sync: sync.to_owned(),
        });
        let mut control = stage.control.clone();
        async move { control.status(StatusRequest { sync }).await.unwrap_err() }
    };
    let unknown = status("", "bob-clients").await;
    assert_eq!(unknown.code(), Code::NotFound);
    assert!(
        unknown.message().contains("there are: ana-clients"),
        "{}",
        unknown.message()
    );
    assert_eq!(
        status("other", "ana-clients").await.code(),
        Code::PermissionDenied
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_change_is_in_the_audit_without_names() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    set_state(&stage, "ana-clients", "paused").await.unwrap();
    delete(&stage, "ana-clients").await.unwrap();
    let entries: Vec<(String, String)> =
        sqlx::query_as("SELECT action, detail::text FROM control.audit ORDER BY id")
            .fetch_all(&stage.database.pool)
            .await
            .unwrap();
    let actions: Vec<&str> = entries.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "connection.created",
            "connection.created",
            "sync.created",
            "sync.paused",
            "sync.deleting"
        ]
    );
    assert!(
        entries
            .iter()
            .all(|(_, detail)| !detail.contains("ana of google"))
    );
}
