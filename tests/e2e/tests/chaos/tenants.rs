//! A tenant whose connection is throttled, beside one that is healthy.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_kit::eventually;

use crate::{
    contacts::{SYNC, yaml},
    kind::Kind,
    stage::{SOON, Stage},
};

/// The tokens by which control tells tenants apart.
const TOKENS: [(&str, &str); 2] = [
    ("default", "first-tenant-0123456789"),
    ("other", "other-tenant-0123456789"),
];
const OTHER_SYNC: &str = "mei-clients";
const PEOPLE: usize = 20;
/// Edits whose way is measured, one after the other.
const SAMPLES: usize = 4;

/// Runs `rapport` for a tenant.
async fn rapport(stage: &Stage, tenant: usize, words: &[&str]) -> anyhow::Result<String> {
    let mut all = vec!["--token", TOKENS[tenant].1];
    all.extend(words);
    stage.system.rapport(&all).await
}

/// Another organisation in Zoho CRM and another Google account, signed in for the other tenant, with a sync of their own.
async fn other_tenant(stage: &mut Stage) -> Vec<String> {
    let sandbox = &stage.system.sandbox;
    let group = json!({ "name": "Clients" });
    sandbox
        .post("google/groups?account=ben@example.com", &group)
        .await
        .unwrap();
    // The group is seen by everybody from now on.
    let past_the_lag = json!({ "seconds": 5 });
    sandbox.post("clock/advance", &past_the_lag).await.unwrap();
    let row = |number: usize| {
        let email = format!("other{number}@example.com");
        json!({ "First_Name": "Lin", "Last_Name": format!("Other {number}"), "Email": email })
    };
    let rows: Vec<Value> = (0..PEOPLE).map(row).collect();
    let created = sandbox
        .post("zoho/records/Contacts?org=1", &json!(rows))
        .await
        .unwrap();
    let ids: Vec<String> = serde_json::from_value(created["ids"].clone()).unwrap();
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
    apply(stage, 1, &other_yaml()).await;
    eventually("the other tenant's sync is done", SOON, async || {
        let status = other_status(stage).await?;
        let done = status["counts"]["in_sync"] == PEOPLE && status["phase"] == "live";
        if done {
            Ok(())
        } else {
            Err(anyhow::anyhow!("{status}"))
        }
    })
    .await;
    ids
}

fn other_yaml() -> String {
    yaml("")
        .replace(SYNC, OTHER_SYNC)
        .replace("acme-zoho", "mei")
        .replace("ana-google", "ben")
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

/// The other tenant's contacts at Google.
async fn bens(stage: &Stage) -> Vec<Value> {
    let truth = stage.system.sandbox.get("google/truth").await.unwrap();
    let contacts = truth["accounts"]["ben@example.com"]["contacts"].as_array();
    contacts.cloned().unwrap_or_default()
}

/// How long edits of the other tenant take from Zoho CRM to Google, one after the other.
async fn travels(stage: &Stage, pairs: &[(String, String)], round: &str) -> Duration {
    let began = Instant::now();
    for (number, (left, right)) in pairs.iter().take(SAMPLES).enumerate() {
        let value = format!("{round} {number}");
        let path = format!("zoho/records/Contacts/{left}?org=1");
        let edit = json!({ "Title": value });
        stage.system.sandbox.patch(&path, &edit).await.unwrap();
        let path = format!("google/contacts/{right}?account=ben@example.com");
        eventually("the edit arrives", SOON, async || {
            let contact = stage.system.sandbox.get(&path).await.unwrap();
            contact["organizations"][0]["title"] == value
        })
        .await;
    }
    began.elapsed()
}

/// The other tenant's records of both sides: the last part of the id at Google.
async fn pairs(stage: &Stage, ids: &[String]) -> Vec<(String, String)> {
    let contacts = bens(stage).await;
    let pair = |(number, left): (usize, &String)| {
        let email = format!("other{number}@example.com");
        let contact = contacts
            .iter()
            .find(|contact| contact["emailAddresses"][0]["value"] == email);
        let name = contact.unwrap()["resourceName"].as_str().unwrap();
        (left.clone(), name.trim_start_matches("people/").to_owned())
    };
    ids.iter().enumerate().map(pair).collect()
}

// proves: P7
#[tokio::test]
async fn a_throttled_tenant_neither_slows_nor_sees_a_healthy_one() {
    let mut stage = Stage::new(Kind::Contacts).await;
    let ids = other_tenant(&mut stage).await;
    let pairs = pairs(&stage, &ids).await;
    let alone = travels(&stage, &pairs, "alone").await;

    // A batch costs six units a minute and an edit one: the first tenant gets beyond them, and the other does not.
    let settings = stage.system.sandbox.get("google/settings").await.unwrap();
    let usual = json!({ "quota": settings["quota"] });
    let mut scarce = usual.clone();
    scarce["quota"]["critical_writes"] = json!(11);
    // What the other tenant has spent so far is of a minute that is over.
    let a_minute = json!({ "seconds": 61 });
    let sandbox = &stage.system.sandbox;
    sandbox.post("clock/advance", &a_minute).await.unwrap();
    sandbox.patch("google/settings", &scarce).await.unwrap();
    apply(&stage, 0, &yaml("")).await;
    eventually("the first tenant is throttled", SOON, async || {
        let counts = stage.system.sandbox.get("counts").await.unwrap();
        let methods = &counts["methods"]["google"];
        let refused = |method: &str| methods[method]["failed"].as_u64() > Some(0);
        refused("people.batchCreateContacts") || refused("people.batchUpdateContacts")
    })
    .await;
    let beside = travels(&stage, &pairs, "beside").await;
    assert!(
        beside < alone * 2 + Duration::from_secs(3),
        "{SAMPLES} edits took {alone:?} alone, and {beside:?} beside a throttled tenant"
    );
    let said = rapport(&stage, 0, &["status", SYNC, "--json"]).await;
    let first: Value = serde_json::from_str(said.unwrap().trim()).unwrap();
    assert!(
        first["counts"]["pending"].as_u64() > Some(0),
        "it is throttled no more: {first}"
    );

    // Neither sees the other's.
    for (tenant, own, foreign) in [(0, SYNC, OTHER_SYNC), (1, OTHER_SYNC, SYNC)] {
        let said = rapport(&stage, tenant, &["get"]).await.unwrap();
        assert!(said.contains(own) && !said.contains(foreign), "{said}");
        rapport(&stage, tenant, &["status", foreign])
            .await
            .unwrap_err();
    }

    // Nobody is throttled any more, and the first tenant's books become equal as well.
    stage
        .system
        .sandbox
        .patch("google/settings", &usual)
        .await
        .unwrap();
    stage
        .system
        .restart_as("control", &[("RAPPORT_TENANT_TOKENS", None)])
        .await
        .unwrap();
    stage.system.ready().await.unwrap();
    let foreign = bens(&stage).await;
    let foreign = foreign
        .iter()
        .filter_map(|contact| contact["resourceName"].as_str());
    stage
        .before
        .known
        .extend(foreign.map(str::to_owned).chain(ids));
    stage.ends_well().await;
}
