//! One owner: two syncs over the same two accounts never do the same work twice.

use model::Side;
use proto::{
    control::SyncDefinition,
    reconcile::{StatusRequest, StatusResponse, SyncRef, syncs_server::Syncs as _},
};
use reconciler::store::SyncKey;
use tonic::Request;

use crate::world::World;

/// Two syncs over one world's accounts; the world looks at one of them at a time.
struct Two {
    world: World,
    other: (SyncKey, SyncDefinition),
}

impl Two {
    /// With a second sync of the same accounts, which is not defined yet.
    async fn new() -> Self {
        let world = World::with(|definition| "first".clone_into(&mut definition.name)).await;
        let definition = SyncDefinition {
            sync: "s2".to_owned(),
            name: "second".to_owned(),
            ..world.definition.clone()
        };
        Self {
            world,
            other: (SyncKey::new("acme", "s2"), definition),
        }
    }

    fn look_at(&mut self, sync: &str) {
        if self.world.key.sync != sync {
            std::mem::swap(&mut self.world.key, &mut self.other.0);
            std::mem::swap(&mut self.world.definition, &mut self.other.1);
        }
    }

    /// Changes the definition of one, as control would.
    async fn define(&mut self, sync: &str, change: impl FnOnce(&mut SyncDefinition)) {
        self.look_at(sync);
        self.world.define(change).await;
    }

    async fn status(&self, sync: &str) -> StatusResponse {
        let sync = Some(SyncRef {
            tenant: "acme".to_owned(),
            sync: sync.to_owned(),
        });
        let service = self.world.service();
        let status = service.status(Request::new(StatusRequest { sync }));
        status.await.unwrap().into_inner()
    }

    /// A round of one sync: both sides read, planned, written.
    async fn turn(&mut self, sync: &str) -> usize {
        self.look_at(sync);
        for side in Side::ALL {
            self.world.read(side).await;
        }
        self.world.advance().await;
        let written = self.world.write().await;
        self.world.advance().await;
        written
    }

    /// Turns of both until nothing moves.
    async fn settle(&mut self) {
        for _ in 0..20 {
            let mut moved = 0;
            for sync in ["s1", "s2"] {
                moved += self.turn(sync).await;
                let status = self.status(sync).await;
                World::check(&status);
                moved += usize::try_from(status.counts.unwrap().pending).unwrap();
            }
            if moved == 0 {
                return;
            }
        }
        panic!("the syncs do not settle");
    }

    async fn run(&self, sync: &str) {
        let request = proto::reconcile::RunRequest {
            sync: Some(SyncRef {
                tenant: "acme".to_owned(),
                sync: sync.to_owned(),
            }),
        };
        self.world
            .service()
            .run(Request::new(request))
            .await
            .unwrap();
    }

    async fn reasons(&self, sync: &str) -> Vec<(String, String, u64)> {
        let reasons = self.status(sync).await.reasons;
        let mut reasons: Vec<_> = reasons
            .into_iter()
            .map(|one| (one.state, one.reason, one.count))
            .collect();
        reasons.sort();
        reasons
    }
}

fn excluded(by: &str, count: u64) -> (String, String, u64) {
    ("excluded".to_owned(), format!("synced by {by}"), count)
}

// proves: R-10
#[tokio::test]
async fn a_pair_that_one_sync_holds_is_excluded_in_the_other() {
    let mut two = Two::new().await;
    two.world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    two.world.left.add(&[("emails[work]", "bo@example.com")]);
    two.world.right.add(&[("emails[work]", "ana@example.com")]);
    two.world.settle().await;
    assert_eq!(two.world.right.creates, 1);
    two.define("s2", |_| ()).await;
    let before = two.world.writes();
    two.settle().await;
    assert_eq!(
        two.world.writes(),
        before,
        "the second one has nothing to do"
    );
    assert_eq!(two.reasons("s2").await, [excluded("first", 2)]);

    two.world.left.set("L1", "title", Some("CEO"));
    two.settle().await;
    assert_eq!(two.world.writes(), before + 1, "an edit travels once");
    assert_eq!(two.reasons("s2").await, [excluded("first", 2)]);
    assert_eq!(two.status("s1").await.counts.unwrap().in_sync, 2);
}

// proves: R-10
#[tokio::test]
async fn two_syncs_that_meet_a_new_record_at_once_make_one_counterpart() {
    let mut two = Two::new().await;
    two.define("s2", |_| ()).await;
    two.settle().await;
    two.world.left.add(&[("emails[work]", "ana@example.com")]);
    two.world
        .left
        .add(&[("name.family", "Without"), ("note", "a key")]);
    // Both have read and planned before either writes.
    for sync in ["s1", "s2"] {
        two.look_at(sync);
        for side in Side::ALL {
            two.world.read(side).await;
        }
        two.world.advance().await;
    }
    two.settle().await;
    two.settle().await;
    assert_eq!(two.world.right.creates, 2);
    assert_eq!(two.world.right.entries.len(), 2);
    let held: u64 = ["s1", "s2"].len() as u64;
    let (first, second) = (two.status("s1").await, two.status("s2").await);
    assert_eq!(
        first.counts.unwrap().in_sync + second.counts.unwrap().in_sync,
        held,
        "each pair is in step in one of them: {:?} {:?}",
        two.reasons("s1").await,
        two.reasons("s2").await
    );
}

// proves: R-10
#[tokio::test]
async fn the_other_sync_takes_over_when_the_first_one_ends() {
    let mut two = Two::new().await;
    two.world
        .left
        .add(&[("emails[work]", "ana@example.com"), ("title", "CTO")]);
    two.world.settle().await;
    two.define("s2", |_| ()).await;
    two.settle().await;
    assert_eq!(two.reasons("s2").await, [excluded("first", 1)]);
    two.define("s1", |definition| definition.state = "deleting".to_owned())
        .await;
    two.turn("s2").await;
    assert_eq!(
        two.reasons("s2").await,
        [excluded("first", 1)],
        "not before its next run"
    );
    two.run("s2").await;
    let before = two.world.writes();
    two.turn("s2").await;
    assert_eq!(two.world.writes(), before, "nothing differs");
    assert_eq!(two.status("s2").await.counts.unwrap().in_sync, 1);
    two.world.left.set("L1", "title", Some("CEO"));
    two.turn("s2").await;
    assert_eq!(two.world.right.get("R1", "title").as_deref(), Some("CEO"));
    // Who comes back finds the pair in other hands.
    two.define("s1", |definition| definition.state = "active".to_owned())
        .await;
    two.settle().await;
    let owners = [
        two.status("s1").await.counts.unwrap().in_sync,
        two.status("s2").await.counts.unwrap().in_sync,
    ];
    assert_eq!(owners.iter().sum::<u64>(), 1, "{owners:?}");
}

// proves: R-10
#[tokio::test]
async fn a_deletion_by_the_owner_is_not_undone_by_the_other_sync() {
    let mut two = Two::new().await;
    for number in 0..20 {
        let email = format!("p{number}@example.com");
        two.world.left.add(&[("emails[work]", &email)]);
    }
    two.world.settle().await;
    two.define("s2", |_| ()).await;
    two.settle().await;
    two.world.left.delete("L1");
    // The owner carries it over before the other one has seen any of it.
    for _ in 0..3 {
        two.turn("s1").await;
    }
    assert_eq!(two.world.right.entries.len(), 19);
    for _ in 0..3 {
        two.run("s2").await;
        two.turn("s2").await;
    }
    two.settle().await;
    assert_eq!(two.world.left.entries.len(), 19);
    assert_eq!(two.world.right.entries.len(), 19);
    assert_eq!(two.reasons("s2").await, [excluded("first", 19)]);
}

#[tokio::test]
async fn syncs_of_other_accounts_are_none_of_its_business() {
    let mut two = Two::new().await;
    two.world.left.add(&[("emails[work]", "ana@example.com")]);
    two.world.settle().await;
    two.define("s2", |definition| {
        let right = definition.right.as_mut().unwrap();
        right.account_id = "another account".to_owned();
    })
    .await;
    two.settle().await;
    assert_eq!(two.status("s2").await.counts.unwrap().in_sync, 1);
}
