//! `events.watch` and `channels.stop`.

use super::{Reply, Request};
use crate::google::calendar::act::Act;
use crate::google::calendar::error::CalendarError;

/// Opens a channel on the events of a calendar; its `sync` message may come before the answer.
pub(super) fn watch(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let (calendar, _) = act.readable(request.segment(0))?;
    let id = calendar.id.clone();
    let channel = act.calendars.channels.open(
        request.body,
        act.account,
        &id,
        request.base_url,
        act.settings,
        act.now,
    )?;
    Ok(Reply {
        opened: Some(channel.id.clone()),
        ..Reply::of(channel.json())
    })
}

/// Closes a channel. What is on its way still arrives.
pub(super) fn stop(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let id = request.body["id"].as_str();
    let resource_id = request.body["resourceId"].as_str();
    let (Some(id), Some(resource_id)) = (id, resource_id) else {
        return Err(CalendarError::required("Required"));
    };
    act.calendars
        .channels
        .stop(id, resource_id, act.account, act.now)?;
    Ok(Reply::default())
}
