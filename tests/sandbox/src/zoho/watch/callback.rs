//! Callbacks: no signature, no event id, no retry, no order. A hint and nothing more.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use url::Url;

use super::channel::Channel;
use crate::dice::stable_number;
use crate::zoho::edit::{Change, Operation};
use crate::zoho::id::Id;
use crate::zoho::org::Org;
use crate::zoho::settings::Settings;
use crate::zoho::state::Zoho;

/// One POST to a client.
#[derive(Debug, Clone)]
pub(in crate::zoho) struct Callback {
    url: Url,
    ids: Vec<Id>,
    body: Value,
}

/// What changes made together tell every channel that listens: one callback for each module and operation.
pub(in crate::zoho) fn for_changes(
    org: &Org,
    base_url: &str,
    changes: &[Change],
    now: Timestamp,
) -> Vec<Callback> {
    let related = related_changes(org, changes);
    let mut callbacks = Vec::new();
    for channel in org.channels.values().filter(|channel| channel.expiry > now) {
        for module in channel.modules() {
            for operation in [Operation::Insert, Operation::Update, Operation::Delete] {
                if !channel.hears(module, operation) {
                    continue;
                }
                let own = changes.iter();
                let others = related.iter().filter(|_| channel.related);
                let heard: Vec<&Change> = own
                    .chain(others)
                    .filter(|change| change.module == module && change.operation == operation)
                    .filter(|change| channel.concerns(change))
                    .collect();
                if !heard.is_empty() {
                    callbacks.push(callback(channel, base_url, module, operation, &heard, now));
                }
            }
        }
    }
    callbacks
}

/// An edited company is an edit of its contacts, for channels that did not opt out.
fn related_changes(org: &Org, changes: &[Change]) -> Vec<Change> {
    let companies: Vec<Id> = changes
        .iter()
        .filter(|change| change.module == "Accounts" && change.operation == Operation::Update)
        .map(|change| change.record.id)
        .collect();
    if companies.is_empty() {
        return Vec::new();
    }
    let contacts = org
        .module("Contacts")
        .into_iter()
        .flat_map(|module| module.records.values());
    contacts
        .filter(|contact| {
            contact
                .lookup("Account_Name")
                .is_some_and(|id| companies.contains(&id))
        })
        .map(|contact| Change {
            module: "Contacts",
            operation: Operation::Update,
            record: Arc::clone(contact),
            fields: Vec::new(),
        })
        .collect()
}

fn callback(
    channel: &Channel,
    base_url: &str,
    module: &str,
    operation: Operation,
    changes: &[&Change],
    now: Timestamp,
) -> Callback {
    let query_params: Map<String, Value> = channel
        .notify_url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), json!(value)))
        .collect();
    let mut ids: Vec<Id> = changes.iter().map(|change| change.record.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let affected_fields: Vec<Value> = changes
        .iter()
        .filter(|change| !change.fields.is_empty())
        .map(|change| json!({change.record.id.to_string(): change.fields}))
        .collect();
    let mut body = json!({
        "server_time": now.as_millisecond(), "query_params": query_params, "module": module,
        // An old path, whatever version subscribed.
        "resource_uri": format!("{base_url}/crm/v2/{module}"),
        "ids": ids, "channel_id": channel.id, "token": channel.token,
        "operation": match operation {
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Delete => "delete",
        },
        "affected_fields": affected_fields,
    });
    if channel.return_values {
        let values: Vec<Value> = changes.iter().map(|change| values(change)).collect();
        body["affected_values"] = json!(values);
    }
    Callback {
        url: channel.notify_url.clone(),
        ids,
        body,
    }
}

fn values(change: &Change) -> Value {
    let values: Map<String, Value> = change
        .fields
        .iter()
        .map(|name| {
            (
                name.clone(),
                change.record.values.get(name).cloned().unwrap_or_default(),
            )
        })
        .collect();
    json!({"record_id": change.record.id, "values": values})
}

/// Sends callbacks in the background: each after its own delay, some twice, some never, as the settings say.
pub(in crate::zoho) fn send(zoho: &Arc<Zoho>, callbacks: Vec<Callback>, settings: &Settings) {
    let journal = &zoho.shared.journal;
    for (number, callback) in callbacks.into_iter().enumerate() {
        if zoho.shared.dice.chance(settings.callback_drop_rate) {
            journal.mark("zoho.callbacks_dropped");
            continue;
        }
        let copies = 1 + u64::from(zoho.shared.dice.chance(settings.callback_duplicate_rate));
        for copy in 0..copies {
            let words = [
                callback.body["server_time"].to_string(),
                number.to_string(),
                copy.to_string(),
            ];
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let roll = stable_number(zoho.shared.dice.seed(), &words);
            let delay = Duration::from_millis(roll % (settings.callback_delay_milliseconds + 1));
            zoho.shared
                .tasks
                .spawn(deliver(Arc::clone(zoho), callback.clone(), delay));
        }
    }
}

async fn deliver(zoho: Arc<Zoho>, callback: Callback, delay: Duration) {
    let sending = async {
        tokio::time::sleep(delay).await;
        let at = zoho.shared.clock.now();
        let sent = zoho
            .http
            .post(callback.url)
            .json(&callback.body)
            .send()
            .await;
        let taken = sent.is_ok_and(|answer| answer.status().is_success());
        let name = if taken {
            "zoho.callbacks_taken"
        } else {
            "zoho.callbacks_failed"
        };
        zoho.shared.journal.mark(name);
        zoho.sent().add(at, callback.ids, taken);
    };
    tokio::select! {
        () = sending => {}
        () = zoho.shared.stop.cancelled() => {}
    }
}
