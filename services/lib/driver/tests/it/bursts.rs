//! Many feeds at once, and many pushes at once.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use pretty_assertions::assert_eq;
use secrecy::ExposeSecret as _;
use test_kit::eventually;

use crate::{
    memory::deliver,
    stage::{Role, SOON, Stage},
};

/// A stage whose syncs all have a channel, after fewer looks than a look for every twenty would take.
async fn open(syncs: usize) -> (Stage, Role) {
    let mut stage = Stage::with_pushes().await;
    for number in 0..syncs {
        stage.define(&format!("s{number}"), "c");
    }
    stage.push.push_check_seconds = SOON / 2;
    let connector = stage.connector().await;
    eventually("each feed has its channel", 2 * SOON, async || {
        sqlx::query_scalar::<_, i64>(
            "SELECT count(DISTINCT sync) FROM driver_memory.channel WHERE state = 'open'",
        )
        .fetch_one(&stage.database.pool)
        .await
        .unwrap()
            == i64::try_from(syncs).unwrap()
    })
    .await;
    (stage, connector)
}

async fn hints(stage: &Stage) -> BTreeMap<String, i64> {
    sqlx::query_as("SELECT sync, hints FROM driver_memory.feed")
        .fetch_all(&stage.database.pool)
        .await
        .unwrap()
        .into_iter()
        .collect()
}

// proves: R-05
#[tokio::test(flavor = "multi_thread")]
async fn of_many_pushes_at_once_each_that_was_taken_is_a_hint_for_its_feed() {
    let (stage, _connector) = open(3).await;
    let channels = stage.memory.state().channels.clone();
    eventually("nothing else hints", SOON, async || {
        let sql = "SELECT bool_and(hints = hints_met AND lease IS NULL AND hints >= 2) FROM driver_memory.feed";
        sqlx::query_scalar::<_, bool>(sql)
            .fetch_one(&stage.database.pool)
            .await
            .unwrap()
    })
    .await;
    let before = hints(&stage).await;
    let pushes = channels.iter().cycle().take(120);
    let taken: Vec<u16> = stream::iter(pushes)
        .map(|(key, address)| async move {
            let token = key.token.expose_secret();
            deliver(address, &key.id.to_string(), token, None, "").await
        })
        .buffer_unordered(40)
        .collect()
        .await;
    assert_eq!(taken, [204; 120]);
    let more: BTreeMap<String, i64> = hints(&stage)
        .await
        .into_iter()
        .map(|(sync, hints)| (sync.clone(), hints - before[&sync]))
        .collect();
    let each = ["s0", "s1", "s2"].map(|sync| (sync.to_owned(), 40));
    assert_eq!(more, BTreeMap::from(each));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_feeds_that_begin_together_get_their_channels_in_one_look() {
    let (stage, _connector) = open(100).await;
    let channels = stage.memory.state().channels.len();
    assert_eq!(channels, 100, "one each");
}
