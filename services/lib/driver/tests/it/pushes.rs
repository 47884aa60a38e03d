//! Pushes: what is genuine makes a feed due, and nothing else does.

use std::time::Duration;

use pretty_assertions::assert_eq;
use provider::ChannelKey;
use secrecy::ExposeSecret as _;
use test_kit::eventually;
use url::Url;

use crate::{
    memory::deliver,
    stage::{Role, SOON, Stage},
};

/// A stage with an open channel, after the rounds that it led to.
async fn open() -> (Stage, Role, ChannelKey, Url) {
    let stage = Stage::with_pushes().await;
    stage.define("s", "c");
    let connector = stage.connector().await;
    eventually("the channel is open", SOON, async || {
        sqlx::query_scalar::<_, bool>(
            "SELECT count(*) = 1 FROM driver_memory.channel WHERE state = 'open'",
        )
        .fetch_one(&stage.database.pool)
        .await
        .unwrap()
    })
    .await;
    let (key, address) = stage.memory.state().channels[0].clone();
    settled(&stage).await;
    (stage, connector, key, address)
}

/// Waits until the early delivery and the open channel have led to a round and no hint is waiting, and answers with the number of rounds so far.
async fn settled(stage: &Stage) -> usize {
    eventually("no hint is waiting", SOON, async || {
        let sql = "SELECT bool_and(hints >= 2 AND hints = hints_met AND lease IS NULL) FROM driver_memory.feed";
        sqlx::query_scalar::<_, Option<bool>>(sql)
            .fetch_one(&stage.database.pool)
            .await
            .unwrap()
            .unwrap_or_default()
    })
    .await;
    stage.memory.rounds("s")
}

// proves: R-05
#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_push_is_answered_at_once_and_leads_to_a_round() {
    let (stage, _connector, key, address) = open().await;
    let before = settled(&stage).await;
    stage.memory.put("ana", "ana@example.com", true);
    let status = deliver(
        &address,
        &key.id.to_string(),
        key.token.expose_secret(),
        2,
        "",
    )
    .await;
    assert_eq!(status, 204);
    eventually("it is read", SOON, async || {
        stage.memory.rounds("s") > before
    })
    .await;
    eventually("the change is published", SOON, async || {
        let batches = stage.reconciler.applied("s");
        batches
            .iter()
            .flat_map(|batch| &batch.changes)
            .any(|change| change.remote_id == "ana")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_before_the_subscription_is_answered_is_genuine() {
    let (stage, _connector, _, _) = open().await;
    assert_eq!(stage.memory.state().early_deliveries, [204]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_is_taken_and_hints_nothing() {
    let (stage, _connector, key, address) = open().await;
    settled(&stage).await;
    let hints = async || {
        sqlx::query_scalar::<_, i64>("SELECT hints FROM driver_memory.feed")
            .fetch_one(&stage.database.pool)
            .await
            .unwrap()
    };
    let hinted = hints().await;
    let (id, token) = (key.id.to_string(), key.token.expose_secret());
    assert_eq!(deliver(&address, &id, token, 5, "greeting").await, 204);
    assert_eq!(hints().await, hinted);
    let again = deliver(&address, &id, token, 5, "").await;
    assert_eq!(again, 409, "its number is taken");
}

// proves: R-05
#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_replayed_unknown_oversized_or_no_push_at_all_is_refused_and_hints_nothing()
{
    let (stage, _connector, key, address) = open().await;
    let (id, token) = (key.id.to_string(), key.token.expose_secret());
    let before = settled(&stage).await;
    let hints = async || {
        sqlx::query_scalar::<_, i64>("SELECT hints FROM driver_memory.feed")
            .fetch_one(&stage.database.pool)
            .await
            .unwrap()
    };
    let hinted = hints().await;

    assert_eq!(deliver(&address, &id, "wrong", 5, "").await, 403, "forged");
    assert_eq!(deliver(&address, &id, "", 5, "").await, 403, "forged");
    assert_eq!(deliver(&address, &id, token, 1, "").await, 409, "replayed");
    assert_eq!(
        deliver(&address, "12345", token, 5, "").await,
        404,
        "unknown channel"
    );
    let large = "x".repeat(64 * 1024 + 1);
    assert_eq!(
        deliver(&address, &id, token, 5, &large).await,
        413,
        "oversized"
    );
    let bare = reqwest::Client::new()
        .post(address.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), 400, "no push at all");
    let mut elsewhere = address.clone();
    elsewhere.set_path("/push/other/1");
    assert_eq!(
        deliver(&elsewhere, &id, token, 5, "").await,
        404,
        "another provider's"
    );
    assert_eq!(hints().await, hinted);
    assert_eq!(stage.memory.rounds("s"), before);

    // None of that keeps a genuine one out.
    assert_eq!(
        deliver(&address, &id, token, 5, &"x".repeat(64 * 1024)).await,
        204
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_over_an_expired_channel_is_refused() {
    let (stage, _connector, key, address) = open().await;
    sqlx::query(
        "UPDATE driver_memory.channel SET expires_at = now(), work_at = now() + interval '1 hour'",
    )
    .execute(&stage.database.pool)
    .await
    .unwrap();
    let status = deliver(
        &address,
        &key.id.to_string(),
        key.token.expose_secret(),
        9,
        "",
    )
    .await;
    assert_eq!(status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_replaced_before_it_ends_and_closed_after_an_overlap() {
    let stage = Stage::with_pushes().await;
    stage.memory.state().channel_life = Duration::from_secs(3);
    stage.define("s", "c");
    let _connector = stage.connector().await;
    let first = eventually("a first channel", SOON, async || {
        stage.memory.state().channels.first().cloned()
    })
    .await;
    eventually("a second channel", SOON, async || {
        stage.memory.state().channels.len() >= 2
    })
    .await;
    let (key, address) = first;
    let id = key.id.to_string();
    let old = deliver(&address, &id, key.token.expose_secret(), 2, "").await;
    assert_eq!(old, 204, "the old channel counts during the overlap");
    eventually("the first is closed", SOON, async || {
        stage.memory.state().closed_channels.contains(&id)
    })
    .await;
    assert_eq!(
        deliver(&address, &id, key.token.expose_secret(), 3, "").await,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channels_of_a_sync_that_goes_are_closed_and_no_token_is_stored() {
    let (stage, _connector, key, _) = open().await;
    let rows: Vec<String> =
        sqlx::query_scalar("SELECT channel::text FROM driver_memory.channel AS channel")
            .fetch_all(&stage.database.pool)
            .await
            .unwrap();
    assert!(
        rows.iter()
            .all(|row| !row.contains(key.token.expose_secret()))
    );
    stage.control.state().syncs.clear();
    stage.announce("s").await;
    eventually("it is closed", SOON, async || {
        stage.memory.state().closed_channels == [key.id.to_string()]
    })
    .await;
    eventually("it is forgotten", SOON, async || {
        sqlx::query_scalar::<_, bool>("SELECT count(*) = 0 FROM driver_memory.channel")
            .fetch_one(&stage.database.pool)
            .await
            .unwrap()
    })
    .await;
}
