//! `rapport get`: lists.

use proto::{
    control::{ChosenPolicy, ListConnectionsRequest, ListSyncsRequest},
    reconcile::{RecordsRequest, SyncRecord},
};
use serde_json::json;

use crate::{
    caller::{Caller, named},
    cli::{GetArgs, Listed},
    failure::Failure,
    output,
};

/// Records that are asked for at a time.
const PAGE: u32 = 500;

pub(crate) async fn run(caller: &Caller, json: bool, args: &GetArgs) -> Result<(), Failure> {
    match (args.what, &args.sync) {
        (Listed::Syncs, _) => syncs(caller, json).await,
        (Listed::Connections, _) => connections(caller, json).await,
        (Listed::Records, Some(name)) => records(caller, json, name, args).await,
        (Listed::Records, None) => Err(Failure::Wrong("say the records of which sync".to_owned())),
    }
}

async fn syncs(caller: &Caller, json: bool) -> Result<(), Failure> {
    let syncs = caller.list_syncs(ListSyncsRequest::default()).await?.syncs;
    let mut table = output::table(&[
        "name",
        "state",
        "recipe",
        "generation",
        "left",
        "right",
        "policies of its own",
    ]);
    for sync in syncs {
        if json {
            output::json(&json!({
                "id": sync.id, "name": sync.name, "state": sync.state, "recipe": sync.recipe,
                "generation": sync.generation, "left": sync.left, "right": sync.right,
                "policies": policies_json(&sync.policies),
            }));
        }
        let own = sync.policies.iter().filter(|policy| !policy.of_recipe);
        let own: Vec<String> = own
            .map(|policy| format!("{}: {}", policy.name, policy.value))
            .collect();
        let generation = sync.generation.to_string();
        table.add_row([
            sync.name,
            sync.state,
            sync.recipe,
            generation,
            sync.left,
            sync.right,
            own.join("\n"),
        ]);
    }
    if !json {
        output::show(
            &table,
            "no syncs yet; make one with `rapport apply -f FILE`",
        );
    }
    Ok(())
}

fn policies_json(policies: &[ChosenPolicy]) -> serde_json::Value {
    let values = policies
        .iter()
        .map(|policy| (policy.name.clone(), policy.value.clone().into()));
    serde_json::Value::Object(values.collect())
}

async fn connections(caller: &Caller, json: bool) -> Result<(), Failure> {
    let connections = caller
        .list_connections(ListConnectionsRequest::default())
        .await?
        .connections;
    let mut table = output::table(&["name", "provider", "state", "account", "missing rights"]);
    for connection in connections {
        if json {
            output::json(&json!({
                "id": connection.id, "name": connection.name, "provider": connection.provider,
                "account_name": connection.account_name, "state": connection.state,
                "missing_rights": connection.missing_rights,
            }));
        }
        table.add_row([
            connection.name,
            connection.provider,
            connection.state,
            connection.account_name,
            connection.missing_rights.join(", "),
        ]);
    }
    if !json {
        output::show(
            &table,
            "no connections yet; make one with `rapport connect PROVIDER --name NAME`",
        );
    }
    Ok(())
}

async fn records(caller: &Caller, json: bool, name: &str, args: &GetArgs) -> Result<(), Failure> {
    let mut table = output::table(&["link", "left id", "right id", "state", "reason"]);
    let mut shown = 0;
    let mut after = String::new();
    while args.limit == 0 || shown < args.limit {
        let limit = if args.limit == 0 {
            PAGE
        } else {
            PAGE.min(args.limit - shown)
        };
        let request = RecordsRequest {
            sync: Some(named(name)),
            state: args.state.clone(),
            limit,
            after: after.clone(),
        };
        let records = caller.records(request).await?.records;
        let Some(last) = records.last() else { break };
        after.clone_from(&last.link);
        shown += u32::try_from(records.len()).unwrap_or(u32::MAX);
        for record in records {
            if json {
                output::json(&record_json(&record));
            } else {
                table.add_row([
                    record.link,
                    record.left_id,
                    record.right_id,
                    record.state,
                    record.reason,
                ]);
            }
        }
    }
    if !json {
        output::show(&table, "no records");
    }
    Ok(())
}

fn record_json(record: &SyncRecord) -> serde_json::Value {
    json!({
        "link": record.link, "left_id": record.left_id, "right_id": record.right_id, "state": record.state,
        "reason": record.reason,
    })
}
