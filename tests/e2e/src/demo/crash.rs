//! The reconciler dies while providers are busy with its writes.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::Sandbox;

use super::{
    SYNCS,
    inquiry::Inquiry,
    meetings::MeetingEdits,
    people::{self, At, Edits},
    screen,
    stage::Stage,
    waiting::until,
};

/// How long providers take to answer a write meanwhile, in milliseconds: it is done, but nobody knows yet.
const SLOW: u64 = 1_500;
/// The calls that are slow.
const WRITES: [(&str, &str); 5] = [
    ("zoho", "Contacts.updateRecord*"),
    ("zoho", "Events.updateRecord*"),
    ("google", "people.batchUpdateContacts"),
    ("google", "people.updateContact"),
    ("google", "calendar.events.patch"),
];
/// How many writes should be open, and how long that is waited for; then any number will do.
const MANY: (u64, Duration) = (5, Duration::from_secs(10));
/// The longest wait for something that is about to happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// What happened.
pub(super) struct Crash {
    /// What people did to contacts.
    pub(super) edits: Edits,
    /// What they did to meetings.
    pub(super) meetings: MeetingEdits,
    /// Writes without an answer when the reconciler was killed.
    pub(super) open: u64,
    /// Records that were written while it was dead.
    pub(super) written_meanwhile: usize,
}

/// People edit both sides; the reconciler is killed while writes are in flight, and started again.
pub(super) async fn kill_while_writing(stage: &mut Stage) -> anyhow::Result<Crash> {
    let edits = Edits::plan(&people::everybody(stage).await?)?;
    let meetings = MeetingEdits::plan(&stage.system.sandbox).await?;
    slow_down(&stage.system.sandbox).await?;
    edits.make(&stage.system.sandbox).await?;
    meetings.make(&stage.system.sandbox).await?;
    tell(&edits);
    meetings.tell();
    let open = until_writing(stage).await?;
    stage.system.kill("reconciler").await?;
    let killed = stage.system.sandbox.newest_entry().await?;
    screen::line(format!(
        "  SIGKILL: the reconciler is gone, with {open} writes open and a provider busy with some of them"
    ));
    for edit in &edits.late {
        edit.make(&stage.system.sandbox).await?;
    }
    let written_meanwhile = until_answered(&stage.system.sandbox, killed).await?;
    screen::line(format!(
        "  {written_meanwhile} records were written while nobody heard the answers, and two more were edited"
    ));
    stage.system.sandbox.delete("faults").await?;
    stage.system.restart("reconciler")?;
    screen::line("  the reconciler is started again");
    Ok(Crash {
        edits,
        meetings,
        open,
        written_meanwhile,
    })
}

fn tell(edits: &Edits) {
    let [left, right] = &edits.together;
    screen::line(format!(
        "  {}: {} edited in Zoho CRM, {} in Google",
        left.person.left,
        left.field.zoho(),
        right.field.zoho()
    ));
    let [left, _] = &edits.against;
    screen::line(format!(
        "  {}: {} edited in both, to different values",
        left.person.left,
        left.field.zoho()
    ));
    let in_crm = edits.many.iter().filter(|edit| edit.at == At::Left).count();
    screen::line(format!(
        "  {} other people: {in_crm} edited in Zoho CRM, {} in Google",
        edits.many.len(),
        edits.many.len() - in_crm
    ));
}

async fn slow_down(sandbox: &Sandbox) -> anyhow::Result<()> {
    for (provider, method) in WRITES {
        let fault = json!({ "kind": "latency", "milliseconds": SLOW, "after_commit": true });
        let rule = json!({ "provider": provider, "method": method, "fault": fault });
        sandbox.post("faults", &rule).await?;
    }
    Ok(())
}

/// Waits until a provider is busy with a write; answers how many are open.
async fn until_writing(stage: &Stage) -> anyhow::Result<u64> {
    let mut inquiries = Vec::new();
    for sync in SYNCS {
        inquiries.push(Inquiry::begin(&stage.system, sync).await?);
    }
    let sandbox = &stage.system.sandbox;
    let began = Instant::now();
    until("writes are in flight", PATIENCE, async || {
        let rules = sandbox.get("faults").await?;
        let hits: u64 = rules["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|rule| rule["hit"].as_u64())
            .sum();
        if hits == 0 {
            return Ok(None);
        }
        let mut open = 0;
        for inquiry in &mut inquiries {
            open += inquiry.status().await?.open_writes;
        }
        let enough = if began.elapsed() < MANY.1 { MANY.0 } else { 1 };
        Ok(Some(open).filter(|open| *open >= enough))
    })
    .await
}

/// Waits until a write that was in flight is done; answers how many records were written since.
async fn until_answered(sandbox: &Sandbox, since: u64) -> anyhow::Result<usize> {
    until("the writes in flight are done", PATIENCE, async || {
        let mut written = 0;
        for provider in ["google", "zoho"] {
            written += sandbox.written_records(provider, since).await?.len();
        }
        Ok(Some(written).filter(|written| *written > 0))
    })
    .await
}
