//! Control routes that only Google has: what people do in the web interfaces of Contacts and Calendar, and what
//! administrators do.
//!
//! None of it counts as an API call. Every route takes `?account=ADDRESS`; without it the first account is meant.

mod administration;
mod calendars;
mod contacts;
mod events;
mod groups;

use axum::Router;
use axum::routing::{delete, get, post, put};
use serde::Deserialize;

use super::account::Account;
use super::group;
use super::state::State;
use super::{Google, GoogleError};
use crate::control::ControlError;

/// The routes below `/control/google`.
pub(super) fn router(google: Google) -> Router {
    Router::new()
        .route("/accounts", post(administration::add_account))
        .route("/accounts/{email}/revoke", post(administration::revoke))
        .route(
            "/service-accounts",
            post(administration::add_service_account),
        )
        .route(
            "/contacts",
            post(contacts::create).patch(contacts::edit_many),
        )
        .route(
            "/contacts/{id}",
            get(contacts::show)
                .patch(contacts::edit)
                .delete(contacts::remove),
        )
        .route("/contacts/{id}/restore", post(contacts::restore))
        .route("/contacts/{id}/copy", post(contacts::copy))
        .route("/contacts/{id}/merge", post(contacts::merge))
        .route("/contacts/{id}/rekey", post(contacts::rekey))
        .route(
            "/contacts/{id}/profile",
            put(contacts::link_profile).delete(contacts::unlink_profile),
        )
        .route("/contacts/{id}/groups", post(contacts::regroup))
        .route("/groups", post(groups::create))
        .route("/groups/{id}", delete(groups::remove).patch(groups::rename))
        .route("/other-contacts", post(contacts::create_other))
        .merge(calendar_routes())
        .with_state(Controlled(google))
}

fn calendar_routes() -> Router<Controlled> {
    Router::new()
        .route("/calendars", get(calendars::list).post(calendars::create))
        .route("/calendars/{id}", delete(calendars::delete))
        .route("/calendars/{id}/roles/{account}", put(calendars::share))
        .route(
            "/calendars/{id}/entry",
            put(calendars::put_entry).delete(calendars::drop_entry),
        )
        .route(
            "/calendars/{id}/events",
            get(events::list).post(events::create),
        )
        .route(
            "/calendars/{id}/events/{event}",
            get(events::show).patch(events::edit).delete(events::cancel),
        )
        .route("/calendars/{id}/events/{event}/split", post(events::split))
        .route(
            "/calendars/{id}/events/{event}/respond",
            post(events::respond),
        )
        .route(
            "/calendars/{id}/events/{event}/move",
            post(events::relocate),
        )
        .route("/channels", get(calendars::channels))
        .route("/channels/expire", post(calendars::expire_channels))
        .route("/notifications", get(calendars::notifications))
}

/// The emulator as control's handlers see it.
#[derive(Clone)]
struct Controlled(Google);

/// Which account a control call is about.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    account: Option<String>,
}

impl Whose {
    fn account<'a>(&self, state: &'a mut State) -> Result<&'a mut Account, ControlError> {
        let email = self.account.as_deref().unwrap_or(State::default_account());
        state
            .accounts
            .get_mut(email)
            .ok_or_else(|| ControlError::not_found(format!("account {email}")))
    }
}

/// The key of a contact by the last segment of its resource name, deleted or not.
fn contact_key(account: &Account, id: &str) -> Result<u64, ControlError> {
    account
        .contact_key(&format!("people/{id}"))
        .ok_or_else(|| ControlError::not_found(format!("contact {id}")))
}

/// The resource name of a group, given by title, by id or by resource name.
fn group_name(account: &Account, wanted: &str) -> Result<String, ControlError> {
    let named = [wanted.to_owned(), format!("contactGroups/{wanted}")];
    named
        .into_iter()
        .find(|name| account.group(name).is_ok())
        .or_else(|| account.group_titled(wanted))
        .ok_or_else(|| ControlError::not_found(format!("group {wanted}")))
}

/// The groups of a contact that somebody types in: what is named, and My Contacts.
fn typed_groups(account: &Account, wanted: &[String]) -> Result<Vec<String>, ControlError> {
    let mut names = vec![group::MY_CONTACTS.to_owned()];
    for wanted in wanted {
        names.push(group_name(account, wanted)?);
    }
    Ok(names)
}

/// A refusal that control passes on.
fn refused(error: GoogleError) -> ControlError {
    error.into()
}
