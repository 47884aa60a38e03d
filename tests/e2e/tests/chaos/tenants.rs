//! A tenant whose connection is throttled, beside one that is healthy.

mod other;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_kit::eventually;

use self::other::Account;
use crate::{
    kind::Kind,
    stage::{SOON, Stage},
};

/// The tokens by which control tells tenants apart.
const TOKENS: [(&str, &str); 2] = [
    ("default", "first-tenant-0123456789"),
    ("other", "other-tenant-0123456789"),
];
const OTHER_SYNC: &str = "mei-other";
/// Edits whose way is measured, one after the other.
const SAMPLES: usize = 4;

/// What Google allows of writes in a minute: of contacts a batch costs six and an edit one, of meetings each costs one of its
/// calendar's. The first tenant gets beyond it, and the other does not.
const SCARCE: u64 = 11;

/// Writes that are throttled.
fn writes(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::Contacts => ["people.batchCreateContacts", "people.batchUpdateContacts"],
        Kind::Meetings => ["calendar.events.insert", "calendar.events.patch"],
    }
}

impl Stage {
    /// Changes what Google allows of writes in a minute; answers what it allowed before.
    async fn allows(&self, writes: u64) -> u64 {
        let settings = self.system.sandbox.get("google/settings").await.unwrap();
        let (before, changed) = match self.kind {
            Kind::Contacts => (
                &settings["quota"]["critical_writes"],
                json!({ "quota": { "critical_writes": writes } }),
            ),
            Kind::Meetings => (
                &settings["calendar"]["quota"]["calendar_writes"],
                json!({ "calendar": { "quota": { "calendar_writes": writes } } }),
            ),
        };
        let sandbox = &self.system.sandbox;
        sandbox.patch("google/settings", &changed).await.unwrap();
        before.as_u64().unwrap()
    }
}

/// Runs `rapport` for a tenant.
async fn rapport(stage: &Stage, tenant: usize, words: &[&str]) -> anyhow::Result<String> {
    let mut all = vec!["--token", TOKENS[tenant].1];
    all.extend(words);
    stage.system.rapport(&all).await
}

/// Another organisation in Zoho CRM and another Google account, signed in for the other tenant, with a sync of their own.
async fn other_tenant(stage: &mut Stage) {
    Account(stage).fill().await;
    let tokens = TOKENS
        .map(|(tenant, token)| format!("{tenant}:{token}"))
        .join(",");
    let known = [("RAPPORT_TENANT_TOKENS", Some(tokens.as_str()))];
    stage.system.restart_as("control", &known).await.unwrap();
    eventually("control knows tenants", SOON, async || {
        rapport(stage, 1, &["get"]).await
    })
    .await;
    let credentials = &stage.system.sandbox.credentials;
    let secrets = [
        (
            "zoho",
            "mei",
            &credentials.zoho["users"][2]["refresh_token"],
        ),
        (
            "google",
            "ben",
            &credentials.google["accounts"][1]["refresh_token"],
        ),
    ];
    for (provider, name, token) in secrets {
        let path = stage.system.folder.join(format!("{name}.json"));
        std::fs::write(&path, json!({ "refresh_token": token }).to_string()).unwrap();
        let path = path.to_string_lossy();
        let words = ["connect", provider, "--name", name, "--secret-file", &path];
        rapport(stage, 1, &words).await.unwrap();
    }
    apply(stage, 1, &Account(stage).yaml(OTHER_SYNC)).await;
    eventually("the other tenant's sync is done", SOON, async || {
        let status = other_status(stage).await?;
        let done = status["counts"]["in_sync"] == other::RECORDS && status["phase"] == "live";
        if done {
            Ok(())
        } else {
            Err(anyhow::anyhow!("{status}"))
        }
    })
    .await;
}

async fn apply(stage: &Stage, tenant: usize, yaml: &str) {
    let path = stage.system.folder.join("tenant.yaml");
    std::fs::write(&path, yaml).unwrap();
    let words = ["apply", "-f", &path.to_string_lossy()];
    rapport(stage, tenant, &words).await.unwrap();
}

async fn other_status(stage: &Stage) -> anyhow::Result<Value> {
    let said = rapport(stage, 1, &["status", OTHER_SYNC, "--json"]).await?;
    Ok(serde_json::from_str(
        said.lines().next().unwrap_or_default(),
    )?)
}

/// How long edits of the other tenant take from Zoho CRM to Google, one after the other.
async fn travels(stage: &Stage, pairs: &[(String, String)], round: &str) -> Duration {
    let (other, began) = (Account(stage), Instant::now());
    for (number, (left, right)) in pairs.iter().take(SAMPLES).enumerate() {
        let value = format!("{round} {number}");
        other.edits(left, &value).await;
        eventually("the edit arrives", SOON, async || {
            other.shows(right).await == value
        })
        .await;
    }
    began.elapsed()
}

// proves: P7
#[tokio::test]
async fn a_throttled_tenant_neither_slows_nor_sees_a_healthy_one() {
    throttled(Stage::new(Kind::Contacts).await).await;
}

// proves: P7, P9
#[tokio::test]
async fn a_throttled_tenant_neither_slows_nor_sees_the_meetings_of_a_healthy_one() {
    throttled(Stage::new(Kind::Meetings).await).await;
}

async fn throttled(mut stage: Stage) {
    other_tenant(&mut stage).await;
    let pairs = Account(&stage).pairs().await;
    let alone = travels(&stage, &pairs, "alone").await;

    let usual = stage.allows(SCARCE).await;
    // What the other tenant has spent so far is of a minute that is over.
    let a_minute = json!({ "seconds": 61 });
    let sandbox = &stage.system.sandbox;
    sandbox.post("clock/advance", &a_minute).await.unwrap();
    apply(&stage, 0, &stage.kind.yaml("")).await;
    eventually("the first tenant is throttled", SOON, async || {
        let counts = stage.system.sandbox.get("counts").await.unwrap();
        let methods = &counts["methods"]["google"];
        let refused = |method: &&str| methods[*method]["failed"].as_u64() > Some(0);
        writes(stage.kind).iter().any(refused)
    })
    .await;
    let beside = travels(&stage, &pairs, "beside").await;
    assert!(
        beside < alone * 2 + Duration::from_secs(3),
        "{SAMPLES} edits took {alone:?} alone, and {beside:?} beside a throttled tenant"
    );
    let said = rapport(&stage, 0, &["status", stage.kind.sync(), "--json"]).await;
    let said: Value = serde_json::from_str(said.unwrap().trim()).unwrap();
    assert!(
        said["counts"]["pending"].as_u64() > Some(0),
        "it is throttled no more: {said}"
    );

    // Neither sees the other's.
    let first = stage.kind.sync();
    for (tenant, own, foreign) in [(0, first, OTHER_SYNC), (1, OTHER_SYNC, first)] {
        let said = rapport(&stage, tenant, &["get"]).await.unwrap();
        assert!(said.contains(own) && !said.contains(foreign), "{said}");
        rapport(&stage, tenant, &["status", foreign])
            .await
            .unwrap_err();
    }

    // Nobody is throttled any more, and the first tenant's books become equal as well.
    stage.allows(usual).await;
    stage
        .system
        .restart_as("control", &[("RAPPORT_TENANT_TOKENS", None)])
        .await
        .unwrap();
    stage.system.ready().await.unwrap();
    let foreign = pairs.into_iter().flat_map(|(left, right)| [left, right]);
    stage.before.known.extend(foreign);
    stage.ends_well().await;
}
