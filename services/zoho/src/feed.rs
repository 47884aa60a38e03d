//! The feed of a module: what was modified, who is in the list view, and what was deleted.
//!
//! A round goes through up to four lists, one page per call, and the series that they showed parts of: the *members* of the list view (ids only), the
//! *modified* records of the module, the *view* itself with all fields where its members are not those
//! that the cursor knows, and the *deleted* records. `PROVIDER.md` says why.

mod cursor;
mod lists;
mod occurrences;
mod page;
mod round;
mod series;
pub(crate) mod view;

use jiff::SignedDuration;
use provider::{At, CollectionState, Fault, Page, Scope, Session};

use self::{page::Pages, round::Round};
use crate::{client::Client, config::ZohoSettings, fault::Failure, kind::Kind, reader::Reader};

/// Reads one page.
pub(crate) async fn page(
    settings: &ZohoSettings,
    session: Session<'_>,
    scope: &Scope,
    at: &At,
) -> Result<Page, Fault> {
    let kind = Kind::named(&scope.kind)?;
    let client = Client::about(session, kind)?;
    let pages = |reader| Pages::new(&client, scope, reader, overlap(settings));
    let read = match at {
        At::Start { cursor } => {
            let reader = Reader::of_caller(&client, kind, scope).await?;
            pages(reader).begin(cursor.as_deref()).await
        }
        At::Next(round) => {
            let round = Round::read(round)?;
            let reader = Reader::new(kind, round.zone.as_deref(), scope)?;
            pages(reader).go_on(round).await
        }
    };
    match read {
        Ok(page) => Ok(page),
        Err(failure) => lost_view(&client, kind, scope, failure).await,
    }
}

/// A list that cannot be read because its view has gone, or was hidden, ends the round without a fault.
async fn lost_view(
    client: &Client<'_>,
    kind: Kind,
    scope: &Scope,
    failure: Failure,
) -> Result<Page, Fault> {
    let may_be_view =
        failure.is_unknown_id("cvid") || matches!(failure.fault, Fault::Forbidden { .. });
    if scope.collection.is_empty() || !may_be_view {
        return Err(failure.into());
    }
    match view::state(client, kind.module(), &scope.collection).await? {
        (CollectionState::Present, _) => Err(failure.into()),
        (state, at) => Ok(page::ended(state, at)),
    }
}

/// How far a time cursor reaches back: lists show the past for the horizon, and a list is as old as the call
/// that brought it took.
fn overlap(settings: &ZohoSettings) -> SignedDuration {
    SignedDuration::try_from(settings.horizon() + settings.request_timeout())
        .unwrap_or(SignedDuration::MAX)
}
