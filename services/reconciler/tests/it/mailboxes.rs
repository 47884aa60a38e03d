//! One meeting in several mailboxes: each has a copy of it under the same UID, and the CRM has it once.

use model::Side;
use proto::{
    control::SyncDefinition,
    reconcile::{RunRequest, StatusRequest, StatusResponse, SyncRef, syncs_server::Syncs as _},
};
use reconciler::store::SyncKey;
use tonic::Request;

use crate::{book::Book, meetings::MEETINGS, world::World};

pub const VIENNA: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";
pub const BOARD: &[(&str, &str)] = &[("title", "Board"), ("when", VIENNA), ("uid", "7@x")];

/// A CRM and two mailboxes, each with a sync of its own; the world looks at one of them at a time.
pub struct Mailboxes {
    pub world: World,
    other: (SyncKey, SyncDefinition, Book),
}

impl Mailboxes {
    /// Ana's sync runs, Bob's is not defined yet.
    pub async fn new() -> Self {
        let world = World::of(&MEETINGS, |definition| {
            "ana".clone_into(&mut definition.name);
        })
        .await;
        let mut definition = SyncDefinition {
            sync: "s2".to_owned(),
            name: "bob".to_owned(),
            ..world.definition.clone()
        };
        let right = definition.right.as_mut().unwrap();
        "bob".clone_into(&mut right.connection);
        "account of bob".clone_into(&mut right.account_id);
        Self {
            world,
            other: (
                SyncKey::new("acme", "s2"),
                definition,
                Book::of(&MEETINGS, "B"),
            ),
        }
    }

    /// Both syncs run.
    pub async fn both() -> Self {
        let mut mailboxes = Self::new().await;
        mailboxes.define("s2", |_| ()).await;
        mailboxes.settle().await;
        mailboxes
    }

    pub fn look_at(&mut self, sync: &str) {
        if self.world.key.sync != sync {
            std::mem::swap(&mut self.world.key, &mut self.other.0);
            std::mem::swap(&mut self.world.definition, &mut self.other.1);
            std::mem::swap(&mut self.world.right, &mut self.other.2);
        }
    }

    pub fn ana(&mut self) -> &mut Book {
        self.look_at("s1");
        &mut self.world.right
    }

    pub fn bob(&mut self) -> &mut Book {
        self.look_at("s2");
        &mut self.world.right
    }

    pub async fn define(&mut self, sync: &str, change: impl FnOnce(&mut SyncDefinition)) {
        self.look_at(sync);
        self.world.define(change).await;
    }

    fn named(sync: &str) -> SyncRef {
        SyncRef {
            tenant: "acme".to_owned(),
            sync: sync.to_owned(),
        }
    }

    pub async fn status(&self, sync: &str) -> StatusResponse {
        let request = StatusRequest {
            sync: Some(Self::named(sync)),
        };
        let status = self.world.service().status(Request::new(request)).await;
        status.unwrap().into_inner()
    }

    pub async fn run(&self, sync: &str) {
        let request = RunRequest {
            sync: Some(Self::named(sync)),
        };
        self.world
            .service()
            .run(Request::new(request))
            .await
            .unwrap();
    }

    /// One sync reads both its sides, and plans.
    pub async fn plan(&mut self, sync: &str) {
        self.look_at(sync);
        for side in Side::ALL {
            self.world.read(side).await;
        }
        self.world.advance().await;
    }

    /// Whatever any sync asks to be written is written where it belongs.
    pub async fn write(&mut self) -> usize {
        let writes = self.world.claimed().await;
        for write in &writes {
            self.look_at(&write.sync);
            let outcome = self.world.execute(write);
            self.world.answer_to(&write.sync, vec![outcome]).await;
        }
        writes.len()
    }

    pub async fn settle(&mut self) {
        for _ in 0..20 {
            let mut moved = 0;
            for sync in ["s1", "s2"] {
                self.plan(sync).await;
                moved += self.write().await;
                self.look_at(sync);
                self.world.advance().await;
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

    pub async fn excluded(&self, sync: &str) -> Vec<(String, u64)> {
        let reasons = self.status(sync).await.reasons.into_iter();
        let excluded = reasons.filter(|one| one.state == "excluded");
        excluded.map(|one| (one.reason, one.count)).collect()
    }

    /// Whole numbers of events: in the CRM, at Ana's, at Bob's.
    pub fn counts(&mut self) -> [usize; 3] {
        let crm = self.world.left.entries.len();
        [crm, self.ana().entries.len(), self.bob().entries.len()]
    }
}

pub fn by(owner: &str, count: u64) -> (String, u64) {
    (format!("synced by {owner}"), count)
}

// proves: R-10
#[tokio::test]
async fn a_meeting_of_two_mailboxes_is_one_event_of_the_crm() {
    let mut mailboxes = Mailboxes::both().await;
    mailboxes.ana().add(BOARD);
    mailboxes.bob().add(BOARD);
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [1, 1, 1]);
    assert_eq!(mailboxes.excluded("s1").await, []);
    assert_eq!(mailboxes.excluded("s2").await, [by("ana", 1)]);

    // One mailbox speaks for all of them.
    mailboxes.ana().set("R1", "title", Some("Big board"));
    mailboxes
        .bob()
        .set("B1", "location", Some("Bob's own note"));
    mailboxes.settle().await;
    let crm = &mailboxes.world.left;
    assert_eq!(crm.get("L1", "title").as_deref(), Some("Big board"));
    assert_eq!(crm.get("L1", "location"), None);
    assert_eq!(mailboxes.counts(), [1, 1, 1]);
}

// proves: R-10
#[tokio::test]
async fn syncs_that_meet_a_meeting_at_once_make_one_event() {
    let mut mailboxes = Mailboxes::both().await;
    mailboxes.bob().add(BOARD);
    mailboxes.ana().add(BOARD);
    for sync in ["s2", "s1"] {
        mailboxes.plan(sync).await;
    }
    mailboxes.settle().await;
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [1, 1, 1]);
    let in_sync = [
        mailboxes.status("s1").await.counts.unwrap().in_sync,
        mailboxes.status("s2").await.counts.unwrap().in_sync,
    ];
    assert_eq!(in_sync.iter().sum::<u64>(), 1, "{in_sync:?}");
}

// proves: R-10
#[tokio::test]
async fn an_event_that_its_mailbox_gave_the_crm_is_not_sent_to_who_has_a_copy() {
    let mut mailboxes = Mailboxes::new().await;
    mailboxes.ana().add(BOARD);
    mailboxes.world.settle().await;
    // By its title nobody would know it again.
    mailboxes.world.left.set("L1", "title", Some("Renamed"));
    mailboxes.bob().add(BOARD);
    mailboxes.define("s2", |_| ()).await;
    mailboxes.plan("s2").await;
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [1, 1, 1]);
    assert_eq!(mailboxes.excluded("s2").await, [by("ana", 2)]);
    assert_eq!(
        mailboxes.ana().get("R1", "title").as_deref(),
        Some("Renamed")
    );
}

// proves: R-10
#[tokio::test]
async fn an_event_of_the_crm_reaches_every_mailbox_that_has_no_copy() {
    let mut mailboxes = Mailboxes::both().await;
    mailboxes
        .world
        .left
        .add(&[("title", "Fair"), ("when", VIENNA)]);
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [1, 1, 1]);
    mailboxes.bob().set("B1", "location", Some("Hall 4"));
    mailboxes.settle().await;
    assert_eq!(
        mailboxes.ana().get("R1", "location").as_deref(),
        Some("Hall 4")
    );
    assert_eq!(mailboxes.excluded("s1").await, []);
    assert_eq!(mailboxes.excluded("s2").await, []);
}

// proves: R-10
#[tokio::test]
async fn guests_of_different_instances_meet_at_different_events() {
    let mut mailboxes = Mailboxes::both().await;
    let later = "2026-12-08T09:00:00[Europe/Vienna]/2026-12-08T10:00:00[Europe/Vienna]";
    let instance = |title, when, day| {
        [
            ("title", title),
            ("when", when),
            ("uid", "7@x"),
            ("recurrenceId", day),
        ]
    };
    mailboxes
        .ana()
        .add(&instance("Board", VIENNA, "2026-12-01T08:00:00Z"));
    mailboxes
        .bob()
        .add(&instance("Budget", later, "2026-12-08T08:00:00Z"));
    mailboxes.settle().await;
    // Each is an event of the CRM, and by way of it in the other mailbox.
    assert_eq!(mailboxes.counts(), [2, 2, 2]);
}

// proves: R-10
#[tokio::test]
async fn another_mailbox_speaks_for_a_meeting_when_the_first_one_ends() {
    let mut mailboxes = Mailboxes::both().await;
    mailboxes.ana().add(BOARD);
    mailboxes.bob().add(BOARD);
    mailboxes.settle().await;
    mailboxes
        .define("s1", |definition| definition.state = "deleting".to_owned())
        .await;
    mailboxes.run("s2").await;
    mailboxes.plan("s2").await;
    assert_eq!(mailboxes.write().await, 0, "nothing differs");
    assert_eq!(mailboxes.status("s2").await.counts.unwrap().in_sync, 1);
    mailboxes.bob().set("B1", "title", Some("Bob's board"));
    mailboxes.plan("s2").await;
    mailboxes.write().await;
    let title = mailboxes.world.left.get("L1", "title");
    assert_eq!(title.as_deref(), Some("Bob's board"));
    assert_eq!(mailboxes.counts(), [1, 1, 1]);
}

// proves: R-10
#[tokio::test]
async fn a_meeting_that_its_owner_deleted_does_not_come_back_from_a_late_copy() {
    let mut mailboxes = Mailboxes::both().await;
    for number in 0..20 {
        let (title, uid) = (format!("Meeting {number}"), format!("{number}@x"));
        let meeting = [
            ("title", title.as_str()),
            ("when", VIENNA),
            ("uid", uid.as_str()),
        ];
        mailboxes.ana().add(&meeting);
        mailboxes.bob().add(&meeting);
    }
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [20, 20, 20]);
    // Cancelled, which Ana's mailbox shows first.
    mailboxes.ana().delete("R1");
    for _ in 0..3 {
        mailboxes.plan("s1").await;
        mailboxes.write().await;
    }
    assert_eq!(mailboxes.counts(), [19, 19, 20]);
    mailboxes.bob().delete("B1");
    for _ in 0..3 {
        mailboxes.run("s2").await;
        mailboxes.plan("s2").await;
        mailboxes.write().await;
    }
    mailboxes.settle().await;
    assert_eq!(mailboxes.counts(), [19, 19, 19]);
    assert_eq!(mailboxes.excluded("s2").await, [by("ana", 19)]);
}
