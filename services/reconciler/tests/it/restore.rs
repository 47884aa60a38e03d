//! Restoring a value, a record or a run; and undoing that.

use model::Side;
use proto::reconcile::{RestoreRequest, restore_request::What, syncs_server::Syncs as _};
use tonic::Request;

use crate::world::World;

impl World {
    async fn restore(
        &self,
        what: What,
    ) -> Result<proto::reconcile::RestoreResponse, tonic::Status> {
        self.service()
            .restore(Request::new(RestoreRequest {
                sync: Some(Self::sync_ref()),
                what: Some(what),
            }))
            .await
            .map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn an_overwritten_value_is_restored_on_both_sides_and_can_be_undone() {
    let mut world = World::new().await;
    world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    world
        .right
        .add(&[("emails[work]", "ana@example.com"), ("title", "CEO")]);
    world.settle().await;
    let lost = world
        .history()
        .await
        .into_iter()
        .find(|entry| entry.path == "title")
        .unwrap();
    let answer = world.restore(What::HistoryEntry(lost.id)).await.unwrap();
    assert_eq!(answer.planned, 1);
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("CEO"));
    let undo = world
        .history()
        .await
        .into_iter()
        .find(|entry| entry.cause == "restore")
        .unwrap();
    world.restore(What::HistoryEntry(undo.id)).await.unwrap();
    world.settle().await;
    assert_eq!(world.left.get("L1", "title").as_deref(), Some("CTO"));
    world.agree();
}

#[tokio::test]
async fn a_deleted_record_is_restored_on_both_sides() {
    let mut world = World::new().await;
    world.left.add(&[
        ("emails[work]", "ana@example.com"),
        ("title", "CTO"),
        ("note", "n"),
    ]);
    world.left.add(&[("emails[work]", "bo@example.com")]);
    world.left.add(&[("emails[work]", "cy@example.com")]);
    world.settle().await;
    world.left.delete("L1");
    world.settle().await;
    let deleted = world
        .history()
        .await
        .into_iter()
        .find(|entry| entry.cause == "delete")
        .unwrap();
    assert!(world.find(Side::Right, "ana@example.com").is_empty());
    world.restore(What::Record(deleted.link)).await.unwrap();
    world.settle().await;
    assert_eq!(world.find(Side::Left, "ana@example.com").len(), 1);
    assert_eq!(world.find(Side::Right, "ana@example.com").len(), 1);
    world.agree();
}

#[tokio::test]
async fn what_was_never_there_cannot_be_restored() {
    let world = World::new().await;
    let status = world
        .restore(What::HistoryEntry("x".to_owned()))
        .await
        .unwrap_err();
    assert_eq!(
        status.code(),
        tonic::Code::FailedPrecondition,
        "not live yet: {status:?}"
    );
}
