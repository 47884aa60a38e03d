//! The bare hops of a change's way from a push to a write, one after the other, with none of our work between.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_nats::jetstream::{self, consumer::pull, stream::Config};
use futures_util::StreamExt as _;
use reqwest::{Client, Method};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::{accounts::Pair, stage::Stage};

/// Commits on the way: the hint, the lease, the round's beginning, the batch, the plan with its write, the claim.
const COMMITS: usize = 6;
/// Calls between our own services on the way: the round's beginning, the claim.
const CALLS: usize = 2;
/// Messages on the way: the changes, the write.
const MESSAGES: usize = 2;
/// Bytes of a message and of a row.
const BYTES: usize = 1_000;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Hops {
    /// The hops, in words.
    pub(crate) path: Vec<String>,
    /// Seconds for all of them, each time.
    pub(crate) seconds: Vec<f64>,
}

/// Goes the way this many times.
pub(crate) async fn measure(stage: &Stage, pair: &Pair, times: usize) -> anyhow::Result<Hops> {
    let mut way = Way::prepare(stage, pair).await?;
    let mut seconds = Vec::with_capacity(times);
    // The first ones warm up connections and statements.
    for number in 0..times + 5 {
        let began = Instant::now();
        way.go().await?;
        if number >= 5 {
            seconds.push(began.elapsed().as_secs_f64());
        }
    }
    way.jetstream.delete_stream("HOPS").await?;
    Ok(Hops {
        path: vec![
            "1 HTTP push".to_owned(),
            format!("{COMMITS} commits"),
            format!("{CALLS} calls between services (as HTTP)"),
            format!("{} reads of Zoho CRM as in a round", way.reads.len()),
            format!("{MESSAGES} messages through JetStream"),
            "1 read and 1 write of Google".to_owned(),
        ],
        seconds,
    })
}

/// Connections to everything on the way.
struct Way {
    http: Client,
    clock: String,
    database: PgConnection,
    jetstream: jetstream::Context,
    messages: pull::Stream,
    /// Addresses of Zoho CRM that a round reads.
    reads: Vec<String>,
    zoho_token: String,
    google: String,
    google_token: String,
    /// A contact of Google.
    contact: String,
    written: u64,
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is the bare call that ours are compared with"
)]
fn client() -> anyhow::Result<Client> {
    Ok(Client::builder().build()?)
}

fn text(value: &Value) -> anyhow::Result<String> {
    let text = value.as_str().map(str::to_owned);
    text.context("the sandbox answers in another form")
}

impl Way {
    async fn prepare(stage: &Stage, pair: &Pair) -> anyhow::Result<Self> {
        let http = client()?;
        let credentials = &stage.system.sandbox.credentials;
        let (google, zoho) = (&credentials.google, &credentials.zoho);
        let google_token = access(
            &http,
            &text(&google["token_url"])?,
            google,
            &pair.google_token,
        )
        .await?;
        let token_url = format!("{}/oauth/v2/token", text(&zoho["accounts_url"])?);
        let zoho_token = access(&http, &token_url, zoho, &pair.zoho_token).await?;
        let google = text(&google["base_url"])?;
        let mut database = PgConnection::connect(&stage.infrastructure.database_url).await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS hop (key bigint PRIMARY KEY, value bytea)")
            .execute(&mut database)
            .await?;
        let jetstream = jetstream::new(async_nats::connect(&stage.infrastructure.nats_url).await?);
        let stream = jetstream
            .create_stream(Config {
                name: "HOPS".to_owned(),
                subjects: vec!["hops".to_owned()],
                ..Config::default()
            })
            .await?;
        let consumer = stream.create_consumer(pull::Config::default()).await?;
        let url = format!(
            "{google}/v1/people/me/connections?pageSize=1&personFields=metadata&sources=READ_SOURCE_TYPE_CONTACT"
        );
        let list: Value = http
            .get(url)
            .bearer_auth(&google_token)
            .send()
            .await?
            .json()
            .await?;
        Ok(Self {
            contact: text(&list["connections"][0]["resourceName"])?,
            clock: format!("{}/control/clock", credentials.control_url),
            messages: consumer.messages().await?,
            reads: reads(stage, pair, &text(&zoho["base_url"])?).await?,
            http,
            database,
            jetstream,
            zoho_token,
            google,
            google_token,
            written: 0,
        })
    }

    async fn go(&mut self) -> anyhow::Result<()> {
        for _ in 0..=CALLS {
            self.http.get(&self.clock).send().await?.bytes().await?;
        }
        for _ in 0..COMMITS {
            self.commit().await?;
        }
        for read in &self.reads {
            let authorization = format!("Zoho-oauthtoken {}", self.zoho_token);
            let request = self.http.get(read).header("Authorization", authorization);
            request.send().await?.bytes().await?;
        }
        for _ in 0..MESSAGES {
            self.message().await?;
        }
        self.write().await
    }

    async fn commit(&mut self) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO hop VALUES (1, $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(vec![b'x'; BYTES])
        .execute(&mut self.database)
        .await?;
        Ok(())
    }

    async fn message(&mut self) -> anyhow::Result<()> {
        let payload = vec![b'x'; BYTES].into();
        self.jetstream.publish("hops", payload).await?.await?;
        let message = self.messages.next().await.context("the stream ended")??;
        message.ack().await.map_err(|error| anyhow::anyhow!(error))
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        self.written += 1;
        let url = format!(
            "{}/v1/people:batchGet?resourceNames={}&personFields=metadata,biographies",
            self.google, self.contact
        );
        let read = self.http.get(url).bearer_auth(&self.google_token);
        let read: Value = read.send().await?.json().await?;
        let mut person = read["responses"][0]["person"].clone();
        person["biographies"] = json!([{ "value": format!("Hop {}", self.written) }]);
        let body = json!({
            "contacts": { self.contact.as_str(): person }, "updateMask": "biographies", "readMask": "metadata",
        });
        let url = format!("{}/v1/people:batchUpdateContacts", self.google);
        let write = self
            .http
            .request(Method::POST, url)
            .bearer_auth(&self.google_token);
        let answer = write.json(&body).send().await?;
        anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
        Ok(())
    }
}

async fn access(
    http: &Client,
    url: &str,
    client: &Value,
    refresh_token: &str,
) -> anyhow::Result<String> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        (
            "client_id",
            client["client_id"].as_str().unwrap_or_default(),
        ),
        (
            "client_secret",
            client["client_secret"].as_str().unwrap_or_default(),
        ),
    ];
    let answer: Value = http.post(url).form(&form).send().await?.json().await?;
    text(&answer["access_token"]).with_context(|| format!("no access: {answer}"))
}

/// The addresses that this account's last round read.
async fn reads(stage: &Stage, pair: &Pair, base_url: &str) -> anyhow::Result<Vec<String>> {
    // Long enough for a round to end.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let journal = stage
        .system
        .sandbox
        .get("journal?provider=zoho&limit=20000")
        .await?;
    let entries = journal["entries"]
        .as_array()
        .context("the journal has another form")?;
    let own = entries
        .iter()
        .filter(|entry| entry["account"] == pair.zoho.as_str() && entry["verb"] == "GET");
    let own: Vec<&Value> = own.collect();
    // A round that a push caused ends with the deleted records.
    let ends: Vec<usize> = own
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry["method"] == "Contacts.getDeletedRecords")
        .map(|(index, _)| index)
        .collect();
    let [.., before, last] = ends.as_slice() else {
        anyhow::bail!("the journal has no round");
    };
    own[before + 1..=*last]
        .iter()
        .map(|entry| Ok(format!("{base_url}{}", text(&entry["path"])?)))
        .collect()
}
