//! Commands that change what a sync does: run, restore, retry, pause, resume, delete.

use proto::{
    control::{DeleteSyncRequest, SetSyncStateRequest},
    reconcile::{
        RestoreRequest, ResumeRequest, RetryRequest, RunRequest, restore_request::What,
        resume_request::Answer,
    },
};
use serde_json::json;

use crate::{
    caller::{Caller, named},
    cli::{RestoreArgs, ResumeArgs, RetryArgs, SyncArgs},
    failure::Failure,
    output,
};

pub(crate) async fn run(caller: &Caller, json: bool, args: &SyncArgs) -> Result<(), Failure> {
    let request = RunRequest {
        sync: Some(named(&args.sync)),
    };
    let run = caller.run(request).await?.run;
    if json {
        output::json(&json!({ "sync": args.sync, "run": run }));
    } else {
        output::line(format!(
            "{}: run {run} has begun; `rapport status {}` shows it",
            args.sync, args.sync
        ));
    }
    Ok(())
}

pub(crate) async fn restore(
    caller: &Caller,
    json: bool,
    args: &RestoreArgs,
) -> Result<(), Failure> {
    let what = match (&args.what.entry, &args.what.record, args.what.run) {
        (Some(entry), _, _) => What::HistoryEntry(entry.clone()),
        (_, Some(record), _) => What::Record(record.clone()),
        (_, _, Some(run)) => What::Run(run),
        _ => {
            return Err(Failure::Wrong(
                "say what to restore: --entry, --record or --run".to_owned(),
            ));
        }
    };
    let request = RestoreRequest {
        sync: Some(named(&args.sync)),
        what: Some(what),
    };
    let answer = caller.restore(request).await?;
    if json {
        output::json(
            &json!({ "sync": args.sync, "planned": answer.planned, "refused": answer.refused }),
        );
    } else {
        output::line(format!(
            "{}: {} values will be put back",
            args.sync, answer.planned
        ));
        for refused in &answer.refused {
            output::line(format!("  not put back: {refused}"));
        }
    }
    if answer.planned == 0 && !answer.refused.is_empty() {
        return Err(Failure::Failed("nothing can be put back".to_owned()));
    }
    Ok(())
}

pub(crate) async fn retry(caller: &Caller, json: bool, args: &RetryArgs) -> Result<(), Failure> {
    let request = RetryRequest {
        sync: Some(named(&args.sync)),
        record: args.record.clone(),
    };
    let retried = caller.retry(request).await?.retried;
    if json {
        output::json(&json!({ "sync": args.sync, "retried": retried }));
    } else {
        output::line(format!(
            "{}: {retried} set-aside records are tried again",
            args.sync
        ));
    }
    Ok(())
}

pub(crate) async fn pause(caller: &Caller, json: bool, args: &SyncArgs) -> Result<(), Failure> {
    set_state(caller, &args.sync, "paused").await?;
    done(
        json,
        &args.sync,
        "paused",
        "paused; nothing is written until `rapport resume`",
    );
    Ok(())
}

pub(crate) async fn resume(caller: &Caller, json: bool, args: &ResumeArgs) -> Result<(), Failure> {
    let answer = match (args.accept, args.restore) {
        (true, _) => Answer::Accept,
        (_, true) => Answer::Restore,
        _ => {
            set_state(caller, &args.sync, "active").await?;
            done(json, &args.sync, "active", "goes on");
            return Ok(());
        }
    };
    let request = ResumeRequest {
        sync: Some(named(&args.sync)),
        answer: answer.into(),
    };
    let released = caller.resume(request).await?.released;
    if json {
        output::json(&json!({ "sync": args.sync, "released": released }));
    } else {
        output::line(format!(
            "{}: goes on; {released} records were held back",
            args.sync
        ));
    }
    Ok(())
}

pub(crate) async fn delete(caller: &Caller, json: bool, args: &SyncArgs) -> Result<(), Failure> {
    let request = DeleteSyncRequest {
        tenant: String::new(),
        sync: args.sync.clone(),
    };
    caller.delete_sync(request).await?;
    let text = "deleted; both accounts stay as they are, and its links wait for a sync that comes after it";
    done(json, &args.sync, "deleting", text);
    Ok(())
}

async fn set_state(caller: &Caller, sync: &str, state: &str) -> Result<(), Failure> {
    let request = SetSyncStateRequest {
        tenant: String::new(),
        sync: sync.to_owned(),
        state: state.to_owned(),
    };
    caller.set_sync_state(request).await.map(|_| ())
}

fn done(json: bool, sync: &str, state: &str, text: &str) {
    if json {
        output::json(&json!({ "sync": sync, "state": state }));
    } else {
        output::line(format!("{sync}: {text}"));
    }
}
