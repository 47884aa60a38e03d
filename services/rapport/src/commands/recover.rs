//! `rapport recover`: going on after the database went back.

use proto::reconcile::{RecoverRequest, RecoverResponse};
use serde_json::json;

use crate::{caller::Caller, cli::RecoverArgs, failure::Failure, output};

pub(crate) async fn run(caller: &Caller, json: bool, args: &RecoverArgs) -> Result<(), Failure> {
    let request = RecoverRequest {
        confirmed: args.yes,
        anyway: args.anyway,
    };
    let answer = caller.recover(request).await?;
    if json {
        output::json(&json!({
            "behind": answer.behind, "lost": answer.lost, "syncs": answer.syncs,
            "open_writes": answer.open_writes, "recovered": answer.recovered,
        }));
    } else {
        tell(&answer, args);
    }
    if args.yes && !answer.recovered {
        return Err(Failure::Failed(
            "nothing was done; if NATS was restored or lost together with the database, add --anyway"
                .to_owned(),
        ));
    }
    Ok(())
}

fn tell(answer: &RecoverResponse, args: &RecoverArgs) {
    let RecoverResponse {
        lost,
        syncs,
        open_writes,
        ..
    } = answer;
    output::line(if answer.behind {
        format!("the database is older than what was done from it, by {lost} steps")
    } else {
        "nothing tells that the database is older than what was done from it".to_owned()
    });
    if answer.recovered {
        output::line(format!(
            "{syncs} syncs are read and compared anew; {open_writes} writes without an answer are looked up"
        ));
        output::line(
            "what would be deleted waits: `rapport status` shows where, `rapport resume SYNC --accept` lets it pass",
        );
    } else if !args.yes && (answer.behind || args.anyway) {
        output::line(format!(
            "with --yes, what NATS carries is dropped, {open_writes} writes without an answer count as possibly made, \
             {syncs} syncs of all tenants are read and compared anew, and deletions wait for a person"
        ));
    }
}
