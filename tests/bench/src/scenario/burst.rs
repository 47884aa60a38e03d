//! A burst of pushes for many feeds: how many rounds it causes, and how long until all are read.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    accounts::Books,
    crew::{self, Crew},
    report::{Target, say},
    stage::{Quotas, Stage},
    usage,
};

use super::{Run, float, latency::until_channels};

/// Sizes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Feeds that are pushed for.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) feeds: usize,
    /// Pushes over all of them.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) pushes: usize,
}

/// Pushes under way at a time: as many as the receiver takes.
const AT_ONCE: usize = 32;
/// The longest wait for the last round.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often the journal is looked at, which is long.
const LOOK: Duration = Duration::from_secs(1);
/// How long nothing may happen before the burst counts as over.
const REST: Duration = Duration::from_secs(3);

/// Measures it.
pub(crate) async fn run(run: &mut Run, arguments: &Arguments) -> anyhow::Result<()> {
    let (feeds, pushes) = if run.quick {
        (10, 200)
    } else {
        (arguments.feeds, arguments.pushes)
    };
    run.report
        .begin(&format!("burst of {pushes} pushes for {feeds} feeds"));
    let mut stage = run.stage(Quotas::Off).await?;
    let books = Books {
        people: 3,
        overlap: 1.0,
    };
    // No polls between: what is counted is what pushes cause.
    let crew = crew::assemble_seldom(&mut stage, feeds, books, "").await?;
    until_channels(&mut stage, &crew).await?;
    let channels = channels(&stage, &crew).await?;
    rest(&mut stage).await?;
    let newest = stage.system.sandbox.newest_entry().await?;
    let ids = stage.process_ids();
    let before = usage::of(&ids);
    let began = Timestamp::now();
    let sending = Instant::now();
    let sent = send(&channels, pushes).await?;
    let sending = sending.elapsed().as_secs_f64();
    let rounds = drained(&mut stage, newest, &sent.last, began).await?;
    let used = usage::between(&before, &usage::of(&ids));
    let report = &mut run.report;
    report.processes(&used, rounds.seconds);
    report.add("pushes taken", float(pushes as u64) / sending, "1/s");
    report.add("pushes told to come again", float(sent.busy), "pushes");
    report.add("until every feed is read", rounds.seconds, "s");
    report
        .add(
            "rounds a feed, mean",
            float(rounds.caused) / float(feeds as u64),
            "rounds",
        )
        .target(Target::AtMost(2.0))
        .floor(1.0, "one round a feed");
    report.add("rounds of the feed with most", float(rounds.most), "rounds");
    stage.stop().await
}

/// A channel for pushes, and how one looks.
struct Channel {
    account: String,
    url: String,
    body: Value,
}

async fn channels(stage: &Stage, crew: &Crew) -> anyhow::Result<Vec<Channel>> {
    let mut channels = Vec::with_capacity(crew.members.len());
    for member in &crew.members {
        let account = member.pair.zoho.clone();
        let path = format!("zoho/channels?as={account}");
        let answer = stage.system.sandbox.get(&path).await?;
        let channel = &answer["channels"][0];
        let url = channel["notify_url"]
            .as_str()
            .context("the channel has no address")?;
        channels.push(Channel {
            account,
            url: url.to_owned(),
            body: json!({
                "server_time": Timestamp::now().as_millisecond(), "query_params": {}, "module": "Contacts",
                "resource_uri": "https://www.zohoapis.com/crm/v2/Contacts", "ids": ["6000000000000100001"],
                "operation": "update", "channel_id": channel["channel_id"], "token": channel["token"],
                "affected_fields": [],
            }),
        });
    }
    Ok(channels)
}

/// What became of the pushes.
struct Sent {
    /// When the last push for each account was sent.
    last: BTreeMap<String, Timestamp>,
    /// How many were answered 503, and sent again.
    busy: u64,
}

#[allow(
    clippy::disallowed_methods,
    reason = "this plays the provider that pushes"
)]
fn client() -> anyhow::Result<Client> {
    Ok(Client::builder().build()?)
}

/// Sends this many pushes, to all channels alike, in a random order.
async fn send(channels: &[Channel], pushes: usize) -> anyhow::Result<Sent> {
    let client = client()?;
    let mut order: Vec<&Channel> = channels.iter().cycle().take(pushes).collect();
    order.shuffle(&mut StdRng::seed_from_u64(1));
    let answers: Vec<(String, Timestamp, u64)> = stream::iter(order)
        .map(|channel| {
            let client = &client;
            async move {
                let mut busy = 0;
                let sent = loop {
                    let sent = Timestamp::now();
                    let answer = client.post(&channel.url).json(&channel.body).send().await?;
                    match answer.status() {
                        status if status.is_success() => break sent,
                        StatusCode::SERVICE_UNAVAILABLE => busy += 1,
                        status => anyhow::bail!("a push was answered {status}"),
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                };
                Ok((channel.account.clone(), sent, busy))
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut sent = Sent {
        last: BTreeMap::new(),
        busy: 0,
    };
    for (account, at, busy) in answers {
        let last = sent.last.entry(account).or_insert(at);
        *last = at.max(*last);
        sent.busy += busy;
    }
    Ok(sent)
}

/// What the burst caused.
struct Rounds {
    /// From the first push to the end of the last round that a feed needed.
    seconds: f64,
    /// Rounds that began in that time.
    caused: u64,
    /// Those of the feed that had most.
    most: u64,
}

/// A call, as the sandbox notes it.
#[derive(Debug, Deserialize)]
struct Entry {
    at: Timestamp,
    ended_at: Timestamp,
    account: Option<String>,
    method: String,
}

/// A round of a feed: from its first list call to its last.
struct Round {
    began: Timestamp,
    ended: Timestamp,
}

/// The rounds of each account, in order. Nobody is deleted here, so that each round reads the list of what was deleted once,
/// after what has changed.
async fn rounds(stage: &Stage, after: u64) -> anyhow::Result<BTreeMap<String, Vec<Round>>> {
    let path = format!("journal?provider=zoho&after={after}");
    let journal = stage.system.sandbox.get(&path).await?;
    let mut entries: Vec<Entry> = serde_json::from_value(journal["entries"].clone())?;
    entries.sort_by_key(|entry| entry.at);
    let mut begun: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut rounds: BTreeMap<String, Vec<Round>> = BTreeMap::new();
    for entry in entries {
        let account = entry.account.unwrap_or_default();
        match entry.method.as_str() {
            "Contacts.getRecords" => {
                begun.entry(account).or_insert(entry.at);
            }
            "Contacts.getDeletedRecords" => {
                let round = Round {
                    began: begun.remove(&account).unwrap_or(entry.at),
                    ended: entry.ended_at,
                };
                rounds.entry(account).or_default().push(round);
            }
            _ => {}
        }
    }
    Ok(rounds)
}

/// Waits until every feed has had a round that began after its last push.
async fn drained(
    stage: &mut Stage,
    after: u64,
    last: &BTreeMap<String, Timestamp>,
    began: Timestamp,
) -> anyhow::Result<Rounds> {
    let waiting = Instant::now();
    loop {
        stage.system.check()?;
        let rounds = rounds(stage, after).await?;
        let ends = last.iter().map(|(account, last)| {
            let mut rounds = rounds.get(account)?.iter();
            let late = rounds.find(|round| round.began >= *last);
            late.map(|round| round.ended)
        });
        if let Some(ends) = ends.collect::<Option<Vec<Timestamp>>>() {
            let end = ends.into_iter().max().unwrap_or(began);
            let counts = rounds.values().map(|rounds| {
                let counted = rounds.iter().filter(|round| round.began <= end);
                counted.count() as u64
            });
            let counts: Vec<u64> = counts.collect();
            return Ok(Rounds {
                seconds: end.duration_since(began).as_secs_f64(),
                caused: counts.iter().sum(),
                most: counts.into_iter().max().unwrap_or_default(),
            });
        }
        anyhow::ensure!(waiting.elapsed() < PATIENCE, "the burst is not worked off");
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until nobody calls a provider for a while.
async fn rest(stage: &mut Stage) -> anyhow::Result<()> {
    let waiting = Instant::now();
    let (mut seen, mut since) = (0, Instant::now());
    while since.elapsed() < REST {
        stage.system.check()?;
        let newest = stage.system.sandbox.newest_entry().await?;
        if newest != seen {
            (seen, since) = (newest, Instant::now());
        }
        if waiting.elapsed() > PATIENCE {
            say("   providers are called all the time; the burst begins regardless");
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}
