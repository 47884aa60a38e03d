//! Many accounts, each pair of them synced.

use std::time::{Duration, Instant};

use e2e::System;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use proto::{
    control::control_client::ControlClient,
    reconcile::{RecordsRequest, SyncRecord, SyncRef},
};
use tonic::transport::Channel;

use crate::{
    accounts::{Books, Pair, TENANT},
    observe,
    report::say,
    stage::Stage,
};

/// Pairs that are set up at a time.
const AT_ONCE: usize = 8;
/// Records that are asked for at a time.
const PAGE: u32 = 1_000;
/// The longest wait for all of them.
const PATIENCE: Duration = Duration::from_mins(30);

/// The highest frequency that people may choose, in seconds.
pub(crate) const MINUTE: u32 = 60;
/// The lowest one.
const DAY: u32 = 86_400;

/// A pair and its sync.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The accounts.
    pub(crate) pair: Pair,
    /// The sync's id.
    pub(crate) sync: String,
}

/// Everybody, and how long the first syncs took.
pub(crate) struct Crew {
    /// In the order of their numbers.
    pub(crate) members: Vec<Member>,
    /// From the first sync's making to the last outcome.
    pub(crate) seconds: f64,
}

/// Opens and fills this many pairs of accounts, signs in to all, then makes every sync and waits until all are in
/// sync.
pub(crate) async fn assemble(
    stage: &mut Stage,
    count: usize,
    books: Books,
    policies: &str,
) -> anyhow::Result<Crew> {
    assemble_read_every(stage, count, books, (MINUTE, policies)).await
}

/// The same with syncs that are hardly ever read without a push.
pub(crate) async fn assemble_seldom(
    stage: &mut Stage,
    count: usize,
    books: Books,
    policies: &str,
) -> anyhow::Result<Crew> {
    assemble_read_every(stage, count, books, (DAY, policies)).await
}

async fn assemble_read_every(
    stage: &mut Stage,
    count: usize,
    books: Books,
    (frequency_seconds, policies): (u32, &str),
) -> anyhow::Result<Crew> {
    let pairs = connected(&stage.system, count, books).await?;
    let control = stage.system.control().await?;
    let (began, making) = (Timestamp::now(), Instant::now());
    let members: Vec<Member> = stream::iter(pairs)
        .map(|pair| {
            let mut control = control.clone();
            async move {
                let sync = pair.sync(&mut control, frequency_seconds, policies).await?;
                anyhow::Ok(Member { pair, sync })
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    say(&format!(
        "   {count} syncs are made after {:.1?}",
        making.elapsed()
    ));
    let syncs: Vec<String> = members.iter().map(|member| member.sync.clone()).collect();
    let reached = observe::until_in_sync(stage, &syncs, PATIENCE).await?;
    let seconds = observe::last(&reached)?.duration_since(began).as_secs_f64();
    say(&format!(
        "   {count} syncs are in sync after {seconds:.1} s"
    ));
    Ok(Crew { members, seconds })
}

/// Opens, fills and signs in to this many pairs of accounts.
async fn connected(system: &System, count: usize, books: Books) -> anyhow::Result<Vec<Pair>> {
    let filling = Instant::now();
    let mut pairs = Vec::with_capacity(count);
    for number in 1..=count {
        let pair = Pair::open(&system.sandbox, number).await?;
        pair.fill(&system.sandbox, books).await?;
        pairs.push(pair);
    }
    let signing = Instant::now();
    say(&format!(
        "   {count} pairs of accounts are filled after {:.1?}",
        signing - filling
    ));
    let control = system.control().await?;
    stream::iter(&pairs)
        .map(|pair| {
            let mut control = control.clone();
            async move { pair.connect(&mut control).await }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect::<()>()
        .await?;
    say(&format!(
        "   all are signed in to after {:.1?}",
        signing.elapsed()
    ));
    Ok(pairs)
}

/// Everybody whom both sides of a sync have.
pub(crate) async fn linked(
    control: &mut ControlClient<Channel>,
    sync: &str,
) -> anyhow::Result<Vec<SyncRecord>> {
    let mut linked = Vec::new();
    let mut after = String::new();
    loop {
        let request = RecordsRequest {
            sync: Some(SyncRef {
                tenant: TENANT.to_owned(),
                sync: sync.to_owned(),
            }),
            limit: PAGE,
            after,
            ..RecordsRequest::default()
        };
        let page = control.records(request).await?.into_inner().records;
        let end = page.len() < PAGE as usize;
        after = page
            .last()
            .map(|last| last.link.clone())
            .unwrap_or_default();
        linked.extend(
            page.into_iter()
                .filter(|record| !record.left_id.is_empty() && !record.right_id.is_empty()),
        );
        if end {
            return Ok(linked);
        }
    }
}
