//! Sync files: applied, applied again, tried out, and refused.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{
    house::{House, yaml},
    people::zoho_person,
};

fn file(house: &House, yaml: &str) -> PathBuf {
    let path = house.system.folder.join("file.yaml");
    std::fs::write(&path, yaml).unwrap();
    path
}

async fn try_out(house: &House, yaml: &str) -> Vec<Value> {
    let path = file(house, yaml);
    let words = ["apply", "-f", &path.to_string_lossy(), "--dry-run"];
    house.json(&words).await
}

// proves: BEY-12
#[tokio::test]
async fn a_file_is_tried_out_applied_once_and_compared_afterwards() {
    let mut house = House::new(20).await;
    house
        .zoho()
        .adds(zoho_person("Ada", "Byron", "ada@example.com"))
        .await;
    house.later(10).await;
    let began = house.now().await;
    let tried = try_out(&house, &yaml("")).await;
    assert_eq!(
        (&tried[0]["result"], &tried[0]["dry_run"]),
        (&json!("created"), &json!(true))
    );
    let preview = &tried[1]["preview"];
    let count = |name: &str| preview[name].as_u64().unwrap();
    let written = house.written_since(began).await;
    assert_eq!(written, 0, "a dry run writes nothing");
    let said = house.system.rapport(&["get"]).await.unwrap();
    assert!(said.contains("preview"), "{said}");
    for name in [
        "create_left",
        "create_right",
        "update_right",
        "merge",
        "conflict",
        "left_out",
    ] {
        assert!(count(name) > 0, "no {name} in {preview}");
    }
    assert_eq!((count("delete_left"), count("delete_right")), (0, 0));
    assert_eq!(house.written_since(began).await, 0);

    // What was counted is what happens.
    let said = house.system.apply(&yaml("")).await.unwrap();
    assert!(said.contains("state: preview → active"), "{said}");
    let status = house.quiet().await;
    let total = |name: &str| status.totals.get(name).copied().unwrap_or_default();
    for (done, planned) in [
        ("created_left", "create_left"),
        ("created_right", "create_right"),
        ("updated_left", "update_left"),
        ("updated_right", "update_right"),
    ] {
        assert_eq!(
            total(done),
            count(planned),
            "{done}: {:?} and {preview}",
            status.totals
        );
    }
    assert_eq!(status.conflicts, count("conflict"), "{preview}");
    let counts = status.counts.unwrap();
    assert_eq!(counts.excluded, count("left_out"), "{preview}");

    // Applied again it changes nothing; changed it says what differs.
    let began = house.now().await;
    let said = house.system.apply(&yaml("")).await.unwrap();
    assert_eq!(said.trim(), "ana-clients: unchanged");
    let changed = yaml("  conflict: right\n  deletion: ignore\n");
    let tried = try_out(&house, &changed).await;
    assert_eq!(tried[0]["result"], "changed");
    let lines = json!([
        "~ policies.conflict: left → right",
        "~ policies.deletion: propagate → ignore",
    ]);
    assert_eq!(tried[0]["differences"], lines);
    let said = house.system.apply(&yaml("")).await.unwrap();
    assert_eq!(
        said.trim(),
        "ana-clients: unchanged",
        "a dry run stores nothing of a sync that runs"
    );
    let said = house.system.apply(&changed).await.unwrap();
    assert!(said.contains("ana-clients: changed"), "{said}");
    house.quiet().await;
    assert_eq!(house.written_since(began).await, 0);
}

async fn refused(house: &House, yaml: &str, place: &str, says: &[&str]) {
    let path = file(house, yaml);
    let words = ["apply", "-f", &path.to_string_lossy()];
    let (status, said) = house.system.rapport_fails(&words).await.unwrap();
    assert_eq!(status, 2, "{said}");
    let place = format!("{}: {place}", path.display());
    assert!(said.contains(&place), "no {place:?} in {said}");
    for part in says {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

// proves: BEY-12
#[tokio::test]
async fn a_file_with_a_mistake_says_where_it_is_and_what_to_do() {
    let house = House::kind(2).await;
    let good = yaml("");
    let house = &house;
    refused(
        house,
        "kind: Sync\nname: 'a\n",
        "line 2, column 7: ",
        &["unclosed quote"],
    )
    .await;
    refused(
        house,
        &good.replace("recipe:", "reciep:"),
        "line 3, column 1: ",
        &["reciep"],
    )
    .await;
    let recipe = good.replace("zoho-google-contacts", "zoho-yahoo-contacts");
    let says = [
        "there is no recipe \"zoho-yahoo-contacts\"",
        "zoho-google-contacts",
    ];
    refused(house, &recipe, "line 3, column 9: ", &says).await;
    let connection = good.replace("ana-google", "bob-google");
    let says = [
        "there is no connection \"bob-google\"",
        "acme-zoho, ana-google",
        "rapport connect",
    ];
    refused(house, &connection, "line 5, column 22: ", &says).await;
    let swapped = good.replace("acme-zoho", "ana-google");
    refused(
        house,
        &swapped,
        "line 4, column 21: ",
        &["is a google account"],
    )
    .await;
    let view = good.replace("Key accounts", "Key account");
    let says = [
        "no list_view \"Key account\"",
        "Key accounts",
        "Hand-picked",
    ];
    refused(house, &view, "line 4, column ", &says).await;
    let group = good.replace("Clients", "Friends of mine");
    refused(
        house,
        &group,
        "line 5, column ",
        &["no group \"Friends of mine\"", "Clients"],
    )
    .await;
    let form = good.replace("{ group: Clients }", "{ list_view: Clients }");
    refused(
        house,
        &form,
        "line 5, column ",
        &["has no list_view", "group"],
    )
    .await;
    let path = format!("{good}mapping:\n  - {{ left: title, right: \"shoe size\" }}\n");
    refused(house, &path, "line 9, column ", &["shoe size"]).await;
    let word = yaml("  deletion: sometimes\n");
    refused(
        house,
        &word,
        "line 8, column 13: ",
        &["sometimes", "propagate"],
    )
    .await;
    let said = house.system.rapport(&["get"]).await.unwrap();
    assert!(said.contains("no syncs yet"), "nothing was stored: {said}");
    let (status, said) = house
        .system
        .rapport_fails(&["apply", "-f", "nowhere.yaml"])
        .await
        .unwrap();
    assert_eq!(status, 2);
    assert!(said.contains("nowhere.yaml"), "{said}");
    let (_, said) = house
        .system
        .rapport_fails(&["status", "nobody"])
        .await
        .unwrap();
    assert!(said.contains("there is no sync \"nobody\""), "{said}");
}

// proves: R-20
#[tokio::test]
async fn a_wrong_secret_and_another_account_are_refused_and_the_sync_goes_on() {
    let mut house = House::kind(4).await;
    let left = house
        .zoho()
        .adds(zoho_person("Ada", "Byron", "ada@example.com"))
        .await;
    house.system.apply(&yaml("")).await.unwrap();
    house.quiet().await;
    let credentials = house.system.sandbox.credentials.clone();
    let ben = &credentials.google["accounts"][1]["refresh_token"];
    let mei = &credentials.zoho["users"][2]["refresh_token"];
    for (provider, name, token, says) in [
        ("google", "ana-google", &json!("1//wrong"), "sign in"),
        ("zoho", "acme-zoho", &json!("1000.wrong"), "sign in"),
        ("google", "ana-google", ben, "belongs to the google account"),
        ("zoho", "acme-zoho", mei, "belongs to the zoho account"),
    ] {
        let path = house.system.folder.join("other-secret.json");
        std::fs::write(&path, json!({ "refresh_token": token }).to_string()).unwrap();
        let path = path.to_string_lossy();
        let words = ["connect", provider, "--name", name, "--secret-file", &path];
        let (status, said) = house.system.rapport_fails(&words).await.unwrap();
        assert_ne!(status, 0);
        assert!(said.contains(says), "no {says:?} in {said}");
        assert!(
            !said.contains("wrong") && !said.contains("1//"),
            "no secret is said: {said}"
        );
    }
    let path = house.system.folder.join("other-secret.json");
    std::fs::write(&path, "{ not json").unwrap();
    let path = path.to_string_lossy();
    let words = ["connect", "google", "--name", "new", "--secret-file", &path];
    let (_, said) = house.system.rapport_fails(&words).await.unwrap();
    assert!(said.contains("secret"), "{said}");
    let (_, said) = house
        .system
        .rapport_fails(&["connect", "yahoo", "--name", "x", "--secret-file", &path])
        .await
        .unwrap();
    assert!(said.contains("there is no provider \"yahoo\""), "{said}");

    // The accounts that were connected are still the ones that are synced.
    let said = house.json(&["get", "connections"]).await;
    assert_eq!(said.len(), 2);
    assert!(
        said.iter()
            .all(|connection| connection["state"] == "active"),
        "{said:?}"
    );
    house
        .zoho()
        .edits(&left, json!({ "Title": "goes on" }))
        .await;
    house.quiet().await;
    assert_eq!(
        house.google().only("ada@example.com").await.title(),
        "goes on"
    );
}
