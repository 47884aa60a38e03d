//! The Calendar API v3: calendars, events with their series and exceptions, guests, notification channels.
//!
//! Written from Google's public documentation ("Calendar API reference", "Synchronize resources efficiently", "Handle
//! API errors", "Push notifications", "Usage limits") and from what public logs of live probes report. What no source
//! settles is a switch in [`settings::CalendarSettings`] or says "unverified".

mod act;
mod api;
#[allow(
    clippy::module_inception,
    reason = "the API is named after what it keeps"
)]
mod calendar;
mod channel;
mod checks;
mod content;
pub(super) mod control;
mod cursor;
mod entry;
mod error;
mod event;
mod front;
mod guests;
mod methods;
mod moment;
mod partial;
mod properties;
mod push;
mod quota;
mod recurrence;
mod reminding;
mod seeding;
mod settings;
mod sight;
mod split;
mod store;
mod view;
mod write;

pub(super) use act::{Act, Notify};
pub(super) use calendar::Role;
pub(super) use error::CalendarError;
pub(super) use methods::resolve;
pub(super) use seeding::{seed, seed_colleague, seed_entry};
pub(super) use settings::CalendarSettings;
pub(super) use sight::Seen;
pub(super) use store::Calendars;

/// The zone of accounts that name none.
pub(super) const TIME_ZONE: &str = "Europe/Vienna";

/// What the calendar answers to a status that the fault script ordered.
pub(super) fn for_status(status: http::StatusCode) -> axum::response::Response {
    use axum::response::IntoResponse;
    let (domain, reason, message) = match status.as_u16() {
        401 => return CalendarError::unauthenticated().into_response(),
        403 => (
            "usageLimits",
            "userRateLimitExceeded",
            "User Rate Limit Exceeded",
        ),
        429 => ("usageLimits", "rateLimitExceeded", "Rate Limit Exceeded"),
        404 => ("global", "notFound", "Not Found"),
        409 => ("global", "conflict", "Conflict"),
        410 => (
            "calendar",
            "fullSyncRequired",
            "Sync token is no longer valid, a full sync is required.",
        ),
        412 => ("global", "conditionNotMet", "Precondition Failed"),
        400..=499 => ("global", "badRequest", "Bad Request"),
        _ => ("global", "backendError", "Backend Error"),
    };
    CalendarError::new(status.as_u16(), domain, reason, message).into_response()
}
