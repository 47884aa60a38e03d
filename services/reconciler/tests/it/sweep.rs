//! Sweeps: what went wrong without anybody noticing is found, and where nothing differs nothing happens.

use std::time::Duration;

use model::Side;
use reconciler::store::sweep;

use crate::world::World;

const WEEK: Duration = Duration::from_hours(7 * 24);

async fn people(count: usize) -> World {
    let mut world = World::new().await;
    for number in 0..count {
        let email = format!("p{number}@example.com");
        for side in Side::ALL {
            let title = ("title", "CTO");
            world.book(side).add(&[("emails[work]", &email), title]);
        }
    }
    world.settle().await;
    world
}

impl World {
    /// Says that the last sweep was so long ago that one is due; answers how many begin.
    async fn sweep_is_due(&self) -> usize {
        self.execute_sql("UPDATE sync SET activated_at = activated_at - interval '8 days'")
            .await;
        self.execute_sql("UPDATE sweep SET began_at = began_at - interval '8 days'")
            .await;
        let mut connection = self.database.pool.acquire().await.unwrap();
        sweep::begin_due(&mut connection, WEEK).await.unwrap().len()
    }

    async fn execute_sql(&self, statement: &'static str) {
        sqlx::query(statement)
            .execute(&self.database.pool)
            .await
            .unwrap();
    }

    async fn last_sweep(&self) -> proto::reconcile::SweepStatus {
        let sweep = self.status().await.sweep.expect("a sweep");
        assert!(sweep.ended_at_micros.is_some(), "it has ended");
        sweep
    }
}

// proves: R-35
#[tokio::test]
async fn a_sweep_reads_everything_and_writes_nothing_where_nothing_differs() {
    let mut world = people(30).await;
    assert!(world.status().await.sweep.is_none());
    let (writes, read) = (
        world.writes(),
        world.status().await.left.unwrap().records_read,
    );
    assert_eq!(world.sweep_is_due().await, 1);
    assert!(
        world
            .status()
            .await
            .sweep
            .unwrap()
            .ended_at_micros
            .is_none()
    );
    world.read(Side::Left).await;
    world.advance().await;
    let half = world.status().await.sweep.unwrap();
    assert!(half.ended_at_micros.is_none(), "one side is not enough");
    assert_eq!(
        world.status().await.counts.unwrap().in_sync,
        30,
        "nothing looks unsettled"
    );
    world.settle().await;
    let sweep = world.last_sweep().await;
    assert_eq!(
        (sweep.compared, sweep.differing, sweep.unexplained),
        (30, 0, 0)
    );
    assert_eq!(world.writes(), writes);
    assert_eq!(world.status().await.left.unwrap().records_read, read + 30);
    world.settle().await;
    assert_eq!(
        world.status().await.left.unwrap().records_read,
        read + 30,
        "afterwards only changes are read again"
    );
}

// proves: R-35
#[tokio::test]
async fn a_sweep_is_due_once_a_period_and_at_its_own_time() {
    let world = people(1).await;
    let mut connection = world.database.pool.acquire().await.unwrap();
    assert!(
        sweep::begin_due(&mut connection, WEEK)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(world.sweep_is_due().await, 1);
    assert!(
        sweep::begin_due(&mut connection, WEEK)
            .await
            .unwrap()
            .is_empty(),
        "it is under way"
    );
}

// proves: R-35
#[tokio::test]
async fn bases_that_disagree_for_no_recorded_reason_are_healed_as_a_first_contact() {
    let mut world = people(3).await;
    // An edit that was counted as carried over and never was.
    world.left.set("L2", "title", Some("CEO"));
    world.read(Side::Left).await;
    world
        .execute_sql(
            "UPDATE link SET dirty = false, state = 'in sync', reason = '',
                 base = jsonb_set(base, ARRAY[k.key, 'left'], '\"CEO\"')
             FROM (SELECT DISTINCT key FROM link, jsonb_object_keys(base) AS key WHERE key LIKE '%title%') k
             WHERE left_id = 'L2'",
        )
        .await;
    world.settle().await;
    assert_eq!(
        world.right.get("R2", "title").as_deref(),
        Some("CTO"),
        "nobody notices"
    );
    let before = world.writes();
    world.sweep_is_due().await;
    world.settle().await;
    assert_eq!(world.right.get("R2", "title").as_deref(), Some("CEO"));
    world.agree();
    assert_eq!(world.writes(), before + 1);
    let sweep = world.last_sweep().await;
    assert_eq!(
        (sweep.compared, sweep.differing, sweep.unexplained),
        (3, 1, 1)
    );
    assert_eq!(world.status().await.totals["healed"], 1);
}

// proves: R-35
#[tokio::test]
async fn a_change_that_no_feed_ever_told_is_found() {
    let mut world = people(3).await;
    world.right.set("R3", "title", Some("CEO"));
    // The feed has passed it by.
    world
        .execute_sql("UPDATE feed SET cursor = '999999999999' WHERE side = 2")
        .await;
    world.settle().await;
    assert_eq!(world.left.get("L3", "title").as_deref(), Some("CTO"));
    world.sweep_is_due().await;
    world.settle().await;
    assert_eq!(world.left.get("L3", "title").as_deref(), Some("CEO"));
    world.agree();
}

// proves: R-35
#[tokio::test]
async fn a_link_that_rests_although_it_differs_from_its_base_is_found() {
    let mut world = people(3).await;
    world.left.set("L1", "title", Some("CEO"));
    world.read(Side::Left).await;
    world
        .execute_sql("UPDATE link SET dirty = false, state = 'in sync', reason = ''")
        .await;
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CTO"));
    world.sweep_is_due().await;
    world.settle().await;
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("CEO"));
    let sweep = world.last_sweep().await;
    assert_eq!((sweep.differing, sweep.unexplained), (1, 0));
}

// proves: R-35
#[tokio::test]
async fn a_deletion_that_no_feed_ever_told_is_read_by_id_before_it_counts() {
    let mut world = people(12).await;
    world.left.delete("L5");
    world
        .execute_sql("UPDATE feed SET cursor = '999999999999' WHERE side = 1")
        .await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 12);
    world.sweep_is_due().await;
    world.settle().await;
    assert_eq!(world.right.entries.len(), 11);
}

// proves
#[tokio::test]
async fn what_was_set_aside_is_tried_again_by_the_sweep_and_by_nothing_else() {
    let mut world = people(2).await;
    world.right.refuse_title = Some("poison".to_owned());
    world.left.set("L1", "title", Some("poison"));
    world.settle().await;
    assert_eq!(world.status().await.counts.unwrap().set_aside, 1);
    // It is refused once more, which is no difference that nobody noticed.
    world.sweep_is_due().await;
    world.settle().await;
    assert_eq!(world.status().await.counts.unwrap().set_aside, 1);
    let sweep = world.last_sweep().await;
    assert_eq!((sweep.compared, sweep.differing), (2, 0));
    // The provider takes it by now, and no feed tells.
    world.right.refuse_title = None;
    let before = world.writes();
    world.settle().await;
    assert_eq!(world.writes(), before);
    world.sweep_is_due().await;
    world.settle().await;
    world.agree();
    assert_eq!(world.right.get("R1", "title").as_deref(), Some("poison"));
    assert_eq!(world.writes(), before + 1);
    assert_eq!(world.status().await.counts.unwrap().in_sync, 2);
}
