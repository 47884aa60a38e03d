//! What people do to meetings after the first sync.

use anyhow::Context as _;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::Sandbox;

use super::{
    super::screen, BOARD, CALL, EVENTS, FAIR, MEETINGS, TRAINING, crm_hour, crm_rows, google_event,
    text,
};

/// What somebody does to a meeting, and how it shows.
pub(in crate::demo) struct MeetingEdit {
    /// The title by which it is found afterwards.
    pub(in crate::demo) title: &'static str,
    /// Zoho CRM's name of the field.
    pub(in crate::demo) field: &'static str,
    /// What that says then, as it is compared.
    pub(in crate::demo) value: String,
    /// For people.
    pub(in crate::demo) told: &'static str,
    path: String,
    body: Value,
}

#[cfg(test)]
impl MeetingEdit {
    /// One that was made already.
    pub(in crate::demo) fn made(title: &'static str, field: &'static str, value: &str) -> Self {
        Self {
            title,
            field,
            value: value.to_owned(),
            told: "",
            path: String::new(),
            body: Value::Null,
        }
    }
}

/// What people do to meetings.
pub(in crate::demo) struct MeetingEdits(pub(in crate::demo) Vec<MeetingEdit>);

impl MeetingEdits {
    /// What they will do.
    pub(in crate::demo) async fn plan(sandbox: &Sandbox) -> anyhow::Result<Self> {
        Ok(Self(vec![
            first_board_later(sandbox).await?,
            call_later(sandbox).await?,
            training_placed(sandbox).await?,
            guest_at_the_fair(sandbox).await?,
        ]))
    }

    /// They do it.
    pub(in crate::demo) async fn make(&self, sandbox: &Sandbox) -> anyhow::Result<()> {
        for edit in &self.0 {
            let made = sandbox.patch(&edit.path, &edit.body).await;
            made.with_context(|| format!("cannot edit {} as a person", edit.title))?;
        }
        Ok(())
    }

    /// Says what they did.
    pub(in crate::demo) fn tell(&self) {
        for edit in &self.0 {
            screen::line(format!("  {}: {}", edit.title, edit.told));
        }
    }
}

async fn first_board_later(sandbox: &Sandbox) -> anyhow::Result<MeetingEdit> {
    let (id, start) = crm_rows(sandbox, BOARD.title).await?.swap_remove(0);
    let start = start + SignedDuration::from_hours(1);
    Ok(MeetingEdit {
        title: BOARD.title,
        field: "Start_DateTime",
        value: start.to_string(),
        told: "its first week is moved by an hour, in Zoho CRM",
        path: format!("{MEETINGS}/{id}"),
        body: crm_hour(start),
    })
}

async fn call_later(sandbox: &Sandbox) -> anyhow::Result<MeetingEdit> {
    let (id, start) = crm_rows(sandbox, CALL.title).await?.swap_remove(0);
    let start = start + SignedDuration::from_hours(2);
    Ok(MeetingEdit {
        title: CALL.title,
        field: "Start_DateTime",
        value: start.to_string(),
        told: "moved by two hours, in Zoho CRM",
        path: format!("{MEETINGS}/{id}"),
        body: crm_hour(start),
    })
}

async fn training_placed(sandbox: &Sandbox) -> anyhow::Result<MeetingEdit> {
    let place = "Room 7";
    let event = google_event(sandbox, TRAINING.title).await?;
    Ok(MeetingEdit {
        title: TRAINING.title,
        field: "Venue",
        value: place.to_owned(),
        told: "gets a place, in Google",
        path: format!("{EVENTS}/{}", text(&event, "id")?),
        body: json!({ "event": { "location": place } }),
    })
}

async fn guest_at_the_fair(sandbox: &Sandbox) -> anyhow::Result<MeetingEdit> {
    let guest = "eve@example.net";
    let event = google_event(sandbox, FAIR.title).await?;
    Ok(MeetingEdit {
        title: FAIR.title,
        field: "Participants",
        value: guest.to_owned(),
        told: "somebody is invited, in Google",
        path: format!("{EVENTS}/{}", text(&event, "id")?),
        body: json!({ "event": { "attendees": [{ "email": guest }] } }),
    })
}
