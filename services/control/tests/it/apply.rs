//! Applying sync files.

use pretty_assertions::assert_eq;
use proto::control::SyncDefinition;
use test_kit::eventually;

use crate::stage::{FILE, Stage, WAIT};

fn pairs(definition: &SyncDefinition) -> Vec<(&str, &str, u64)> {
    definition
        .mapping
        .iter()
        .map(|pairing| {
            (
                pairing.left.as_str(),
                pairing.right.as_str(),
                pairing.revision,
            )
        })
        .collect()
}

const TWITTER: &str =
    "mapping: [ { left: 'custom[Twitter_Handle]', right: 'custom[Twitter]', direction: both } ]\n";

// proves: BEY-12, ZGC-05
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_resolved_stored_announced_and_read_by_the_services() {
    let stage = Stage::connected().await;
    let mut changed = stage.watch_changed().await;
    let (sync, result, differences) = stage.apply(&format!("{FILE}{TWITTER}")).await;
    assert_eq!(
        (result.as_str(), differences.as_slice()),
        ("created", &[][..])
    );
    let announced = changed.next().await.unwrap();
    assert_eq!(
        (announced.tenant.as_str(), announced.sync.as_str()),
        ("default", sync.as_str())
    );

    let definition = stage.definition().await;
    assert_eq!(
        (definition.tenant.as_str(), definition.sync.as_str()),
        ("default", sync.as_str())
    );
    assert_eq!(
        (definition.kind.as_str(), definition.state.as_str()),
        ("contact", "active")
    );
    assert_eq!(definition.generation, 1);
    assert_eq!(definition.hash_key.len(), 32);
    let (left, right) = (
        definition.left.as_ref().unwrap(),
        definition.right.as_ref().unwrap(),
    );
    assert_eq!(
        (left.provider.as_str(), left.collection.as_str()),
        ("zoho", "101")
    );
    assert_eq!(left.options["workflows"], "off");
    assert_eq!(
        (right.account_id.as_str(), right.collection.as_str()),
        ("id-of-ana", "contactGroups/7")
    );
    assert_eq!(right.collection_form, "group");
    assert_eq!(
        (
            right.horizon_seconds,
            right.request_timeout_seconds,
            right.carries_marker
        ),
        (120, 30, true)
    );
    let policies = definition.policies.as_ref().unwrap();
    assert_eq!(
        (policies.conflict.as_str(), policies.twins.as_str()),
        ("left", "link-one")
    );
    assert_eq!(
        (
            policies.frequency_seconds,
            policies.guard_percent,
            policies.cap_first_run
        ),
        (300, 10, 0)
    );
    let criteria: Vec<&str> = definition
        .r#match
        .iter()
        .map(|one| one.left.as_str())
        .collect();
    assert_eq!(criteria, ["emails[work]", "emails"]);
    let pairs = pairs(&definition);
    assert!(
        pairs.contains(&("custom[Twitter_Handle]", "custom[Twitter]", 1)),
        "{pairs:?}"
    );
    assert!(
        pairs.contains(&("phones[mobile]", "phones[mobile]", 1)),
        "{pairs:?}"
    );
    assert!(
        !pairs.iter().any(|(left, ..)| *left == "note"),
        "a field that an account lacks is left out"
    );

    for provider in ["zoho", "google"] {
        assert_eq!(stage.definitions_of(provider).await.len(), 1);
    }
    assert!(stage.definitions_of("sell").await.is_empty());
}

// proves: BEY-12, R-14
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_mapping_begins_a_generation_and_a_change_of_frequency_does_not() {
    let stage = Stage::connected().await;
    let (sync, ..) = stage.apply(FILE).await;
    assert_eq!(
        stage.apply(FILE).await,
        (sync.clone(), "unchanged".to_owned(), Vec::new())
    );

    let hourly = format!("{FILE}policies: {{ frequency_seconds: 3600 }}\n");
    let (_, result, differences) = stage.apply(&hourly).await;
    assert_eq!(result, "changed");
    assert_eq!(differences, ["~ policies.frequency_seconds: 300 → 3600"]);
    assert_eq!(stage.definition().await.generation, 1);

    let (_, _, differences) = stage.apply(&format!("{hourly}{TWITTER}")).await;
    assert_eq!(
        differences,
        ["+ mapping custom[Twitter_Handle] = custom[Twitter]: both"]
    );
    let definition = stage.definition().await;
    assert_eq!(definition.generation, 2);
    for (left, _, revision) in pairs(&definition) {
        assert_eq!(
            revision,
            if left.starts_with("custom") { 2 } else { 1 },
            "{left}"
        );
    }

    let one_way = hourly.replace("policies: {", "policies: { direction: right-to-left,");
    let (_, _, differences) = stage.apply(&one_way).await;
    assert_eq!(
        differences,
        [
            "~ policies.direction: both → right-to-left",
            "- mapping custom[Twitter_Handle] = custom[Twitter]: both",
        ]
    );
    assert_eq!(stage.definition().await.generation, 3);
    stage.apply(&format!("{one_way}{TWITTER}")).await;
    let definition = stage.definition().await;
    let back = pairs(&definition)
        .into_iter()
        .find(|(left, ..)| left.starts_with("custom"));
    assert_eq!(back.unwrap().2, 4, "a pairing that comes back has no base");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_collection_is_the_same_sync_in_a_new_generation() {
    let stage = Stage::connected().await;
    let (sync, ..) = stage.apply(FILE).await;
    let moved = FILE.replace("group: Clients", "group: Friends");
    let (same, result, differences) = stage.apply(&moved).await;
    assert_eq!((same.as_str(), result.as_str()), (sync.as_str(), "changed"));
    assert_eq!(
        differences,
        ["~ right.collection: group \"Clients\" → group \"Friends\""]
    );
    assert_eq!(stage.definition().await.generation, 2);
    // The id of the first scope is taken: a second sync there gets one of its own.
    let (second, result, _) = stage.apply(&FILE.replace("ana-clients", "second")).await;
    assert_eq!(result, "created");
    assert_ne!(second, sync);
}

// proves: BEY-14
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_created_again_has_its_id_and_keeps_the_revisions_of_its_mapping() {
    let stage = Stage::connected().await;
    let (sync, ..) = stage.apply(&format!("{FILE}{TWITTER}")).await;
    let request = proto::control::DeleteSyncRequest {
        tenant: String::new(),
        sync: "ana-clients".to_owned(),
    };
    stage.control.clone().delete_sync(request).await.unwrap();
    assert_eq!(stage.definition().await.state, "deleting");

    // It comes back once the reconciler has ended it, not before.
    let renamed = FILE.replace("ana-clients", "clients-of-ana");
    let ending = async {
        stage.reconciler.take_asked();
        eventually("it is asked whether it has ended", WAIT, async || {
            stage.reconciler.take_asked()
        })
        .await;
        assert_eq!(stage.definition().await.state, "deleting");
        stage.reconciler.set_phase("off");
    };
    let ((), (again, result, differences)) = tokio::join!(ending, stage.apply(&renamed));
    assert_eq!(
        (again.as_str(), result.as_str()),
        (sync.as_str(), "created")
    );
    assert_eq!(
        differences,
        ["it was deleted before: its links are adopted"]
    );
    let definition = stage.definition().await;
    assert_eq!(
        (definition.state.as_str(), definition.generation),
        ("active", 2)
    );
    assert!(
        pairs(&definition)
            .iter()
            .all(|(_, _, revision)| *revision == 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_holds_a_new_sync_in_preview_until_it_is_applied() {
    let stage = Stage::connected().await;
    let applied = stage.try_apply(FILE, true).await.unwrap();
    assert_eq!(applied.syncs[0].result, "created");
    assert_eq!(stage.definition().await.state, "preview");
    let hourly = format!("{FILE}policies: {{ frequency_seconds: 3600 }}\n");
    stage.try_apply(&hourly, true).await.unwrap();
    let held = stage.definition().await;
    assert_eq!(
        (
            held.state.as_str(),
            held.policies.unwrap().frequency_seconds
        ),
        ("preview", 3600)
    );

    let (_, result, differences) = stage.apply(&hourly).await;
    assert_eq!(result, "changed");
    assert_eq!(differences, ["~ state: preview → active"]);
    assert_eq!(stage.definition().await.state, "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_a_running_sync_shows_the_differences_and_stores_nothing() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    let before = stage.definition().await;
    let applied = stage
        .try_apply(&format!("{FILE}{TWITTER}"), true)
        .await
        .unwrap();
    assert_eq!(applied.syncs[0].result, "changed");
    assert_eq!(applied.syncs[0].differences.len(), 1);
    assert_eq!(stage.definition().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_documents_of_a_file_are_stored_or_none() {
    let stage = Stage::connected().await;
    let friends = FILE
        .replace("Clients", "Friends")
        .replace("ana-clients", "ana-friends");
    let broken = friends.replace("Friends", "Nobody");
    assert!(
        stage
            .try_apply(&format!("{FILE}---\n{broken}"), false)
            .await
            .is_err()
    );
    assert!(stage.syncs().await.is_empty());
    let both = stage
        .try_apply(&format!("{FILE}---\n{friends}"), false)
        .await
        .unwrap();
    assert_eq!(both.syncs.len(), 2);
    let syncs = stage.syncs().await;
    assert_eq!(syncs[0].left, "acme-zoho (list_view: Key accounts)");
    assert_eq!(syncs[1].right, "ana-google (group: Friends)");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_fields_of_an_account_join_the_default_mapping_when_it_is_applied_again() {
    let stage = Stage::connected().await;
    stage.apply(FILE).await;
    stage.zoho.add_field("title");
    stage.google.add_field("title");
    let (_, result, differences) = stage.apply(FILE).await;
    assert_eq!(result, "changed");
    assert_eq!(differences, ["+ mapping title = title: both"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ended_early_is_renewed_while_applying() {
    let stage = Stage::connected().await;
    stage.zoho.end_tokens();
    stage.google.end_tokens();
    let (_, result, _) = stage.apply(FILE).await;
    assert_eq!(result, "created");
}
