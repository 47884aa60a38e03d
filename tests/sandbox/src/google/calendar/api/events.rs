//! One event: get, insert, import, patch, update, delete, move.

use super::{Reply, Request};
use crate::google::calendar::act::Act;
use crate::google::calendar::error::CalendarError;
use crate::google::calendar::sight::Seen;
use crate::google::calendar::view::View;
use crate::google::calendar::write::{self, Mode};

/// `events.get`: cancelled events are still there, until they age out.
pub(super) fn get(act: &Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let lag = i64::try_from(act.settings.get_lag_milliseconds).unwrap_or(i64::MAX / 2);
    let view = request.view(act)?;
    let seen = view
        .calendar
        .seen(act.now - lag)
        .find(request.segment(1))
        .filter(|seen| !act.is_forgotten(seen))
        .ok_or_else(CalendarError::not_found)?;
    Ok(shown(view, &seen))
}

pub(super) fn insert(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let (body, wish) = (request.object()?, request.wish()?);
    let seen = write::insert(act, request.segment(0), body, wish)?;
    Ok(shown(request.view(act)?, &seen))
}

pub(super) fn import(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let (body, wish) = (request.object()?, request.wish()?);
    let seen = write::import(act, request.segment(0), body, wish)?;
    Ok(shown(request.view(act)?, &seen))
}

pub(super) fn patch(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    change(act, request, Mode::Patch)
}

pub(super) fn update(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    change(act, request, Mode::Replace)
}

fn change(act: &mut Act<'_>, request: &Request<'_>, mode: Mode) -> Result<Reply, CalendarError> {
    let (body, wish) = (request.object()?, request.wish()?);
    let (calendar, id) = (request.segment(0), request.segment(1));
    let seen = write::change(act, calendar, id, mode, body, wish)?;
    Ok(shown(request.view(act)?, &seen))
}

pub(super) fn delete(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    write::remove(act, request.segment(0), request.segment(1), request.wish()?)?;
    Ok(Reply::default())
}

/// `events.move`. The answer may show the event that was left behind, cancelled, though the move worked (seen live).
pub(super) fn relocate(act: &mut Act<'_>, request: &Request<'_>) -> Result<Reply, CalendarError> {
    let destination = request
        .query
        .text("destination")
        .ok_or_else(|| CalendarError::required("Required parameter: destination"))?;
    let (calendar, id) = (request.segment(0), request.segment(1));
    let seen = write::relocate(act, calendar, id, destination, request.wish()?)?;
    let seen = if act.settings.reorder && act.dice.chance(0.5) {
        act.find(&act.writable(calendar)?, id)?
    } else {
        seen
    };
    Ok(shown(request.view(act)?, &seen))
}

fn shown(view: View<'_>, seen: &Seen) -> Reply {
    let view = View {
        cancelled_in_full: true,
        ..view
    };
    Reply::of(view.event(seen))
}
