//! Reading a calendar, round by round.
//!
//! A sync token cannot stand beside a filter, so a round reads the whole calendar, or what changed in it, and the window
//! of a sync only decides what is inside its scope. The parts of a series are kept until the list is read to its
//! end; then each series is told as one record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use provider::{At, Collection, CollectionState, Extent, Fault, Page, Scope, Seen, SnapshotPart};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    client::{Client, Listing},
    map,
    options::Options,
    series::{Parts, Series, sort, whole},
    sight::Sight,
    wire::{ListEntry, Reminder},
};

/// Google's word for a collection of events.
const CALENDAR: &str = "calendar";
/// The calendar that a scope without one means; the real id is the account's address.
const PRIMARY: &str = "primary";
/// Series of a snapshot that are told on one page.
const TOLD: usize = 200;
/// Series of a delta that are read for one page; each takes a call or two.
const READ: usize = 20;

/// A restart point.
#[derive(Serialize, Deserialize)]
struct Cursor {
    sync_token: String,
}

/// How a round goes on.
#[derive(Serialize, Deserialize)]
struct Round {
    /// The token that it began with; without one it is a snapshot.
    sync_token: Option<String>,
    step: Step,
    /// The series of which parts were seen and that are still to be told.
    parts: Parts,
}

/// What a round reads next.
#[derive(Serialize, Deserialize)]
enum Step {
    /// The list, from this page on; none for its first.
    List { page_token: Option<String> },
    /// Series after series.
    Series {
        /// What the list ended with.
        next_sync_token: String,
        reminders: Vec<Reminder>,
        now: Timestamp,
    },
}

/// Reads one page.
pub(crate) async fn page(client: Client<'_>, scope: &Scope, at: &At) -> Result<Page, Fault> {
    let options = Options::of(scope)?;
    let round = match at {
        At::Start { cursor } => {
            let cursor = cursor.as_deref().map(usable).transpose()?;
            let (state, now) = collection(client, scope).await?;
            if state != CollectionState::Present {
                return Ok(page_of(&[], state, now));
            }
            Round {
                sync_token: cursor.map(|cursor| cursor.sync_token),
                step: Step::List { page_token: None },
                parts: Parts::new(),
            }
        }
        At::Next(round) => serde_json::from_value(round.clone())
            .map_err(|_| Fault::malformed("a round of another form"))?,
    };
    let is_snapshot = round.sync_token.is_none();
    let mut page = match round.step {
        Step::List { page_token } => {
            let (sync_token, parts) = (round.sync_token, round.parts);
            list(client, scope, options, sync_token, page_token, parts).await
        }
        Step::Series { .. } => series(client, scope, options, round).await,
    }?;
    if page.next.is_none() && page.collection == CollectionState::Present {
        (page.collection, page.provider_time) = collection(client, scope).await?;
    }
    page.snapshot = is_snapshot.then_some(SnapshotPart {
        extent: Extent::Account,
        end: page.next.is_none(),
    });
    Ok(page)
}

/// A page of the list.
async fn list(
    client: Client<'_>,
    scope: &Scope,
    options: Options,
    sync_token: Option<String>,
    page_token: Option<String>,
    mut parts: Parts,
) -> Result<Page, Fault> {
    let listing = Listing::Feed {
        sync_token: sync_token.as_deref(),
    };
    let calendar = calendar(scope);
    let listed = client
        .events(calendar, listing, page_token.as_deref())
        .await?;
    let (listed, now) = (listed.body, listed.at);
    if !shows_content(&listed.access_role) {
        return Ok(page_of(&[], CollectionState::Forbidden, now));
    }
    let sight = Sight {
        options,
        now,
        reminders: &listed.default_reminders,
    };
    let mut seen = Vec::new();
    for item in sort(listed.items, &mut parts) {
        seen.extend(sight.of(&Series::single(item))?);
    }
    let mut page = page_of(&seen, CollectionState::Present, now);
    let step = match (listed.next_page_token, listed.next_sync_token) {
        (Some(page_token), _) => Step::List {
            page_token: Some(page_token),
        },
        (None, Some(next_sync_token)) if parts.is_empty() => {
            page.restart = Some(restart(next_sync_token)?);
            return Ok(page);
        }
        (None, Some(next_sync_token)) => Step::Series {
            next_sync_token,
            reminders: listed.default_reminders,
            now,
        },
        (None, None) => {
            return Err(Fault::malformed(
                "the last page of a list has no sync token",
            ));
        }
    };
    page.next = Some(encode(&Round {
        sync_token,
        step,
        parts,
    })?);
    Ok(page)
}

/// A page of whole series. A snapshot has seen all parts; a delta has not, and each of its series is read again.
async fn series(
    client: Client<'_>,
    scope: &Scope,
    options: Options,
    mut round: Round,
) -> Result<Page, Fault> {
    let Step::Series {
        next_sync_token,
        reminders,
        now,
    } = &round.step
    else {
        return Err(Fault::malformed("a round of another form"));
    };
    let sight = Sight {
        options,
        now: *now,
        reminders,
    };
    let is_delta = round.sync_token.is_some();
    let most = if is_delta { READ } else { TOLD };
    let rest = match round.parts.keys().nth(most).cloned() {
        Some(first) => round.parts.split_off(&first),
        None => BTreeMap::new(),
    };
    let mut seen: Vec<Seen> = Vec::new();
    for (id, series) in std::mem::take(&mut round.parts) {
        let series = if is_delta {
            whole(client, calendar(scope), &id, series).await?
        } else {
            Some(series)
        };
        match series {
            Some(series) => seen.extend(sight.of(&series)?),
            None => seen.push(Sight::in_part(&id)),
        }
    }
    let mut page = page_of(&seen, CollectionState::Present, *now);
    if rest.is_empty() {
        page.restart = Some(restart(next_sync_token.clone())?);
    } else {
        round.parts = rest;
        page.next = Some(encode(&round)?);
    }
    Ok(page)
}

fn page_of(seen: &[Seen], collection: CollectionState, provider_time: Timestamp) -> Page {
    Page {
        seen: seen.to_vec(),
        readable: map::readable(),
        snapshot: None,
        restart: None,
        next: None,
        provider_time,
        collection,
    }
}

/// A cursor that is ours; any other counts as expired.
fn usable(cursor: &str) -> Result<Cursor, Fault> {
    serde_json::from_str(cursor).map_err(|_| Fault::CursorExpired)
}

fn restart(sync_token: String) -> Result<String, Fault> {
    Ok(encode(&Cursor { sync_token })?.to_string())
}

fn encode(value: &impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|_| Fault::malformed("a cursor that cannot be stored"))
}

/// The calendar of a scope.
pub(super) fn calendar(scope: &Scope) -> &str {
    if scope.collection.is_empty() {
        PRIMARY
    } else {
        &scope.collection
    }
}

/// What became of the scope's calendar, and Google's clock. One that a person took off the list counts as gone.
pub(super) async fn collection(
    client: Client<'_>,
    scope: &Scope,
) -> Result<(CollectionState, Timestamp), Fault> {
    match client.calendar(calendar(scope)).await {
        Ok(entry) => {
            let (entry, at) = (entry.body, entry.at);
            let state = if entry.deleted {
                CollectionState::Gone
            } else if shows_content(&entry.access_role) {
                CollectionState::Present
            } else {
                CollectionState::Forbidden
            };
            Ok((state, at))
        }
        Err(Fault::Gone { .. }) => Ok((CollectionState::Gone, Timestamp::now())),
        Err(Fault::Forbidden { .. }) => Ok((CollectionState::Forbidden, Timestamp::now())),
        Err(fault) => Err(fault),
    }
}

/// Whether a role shows what events are about. One that only shows when somebody is busy would empty every event.
fn shows_content(role: &str) -> bool {
    ["reader", "writerWithoutPrivateAccess", "writer", "owner"].contains(&role)
}

/// Whether a role may change events.
pub(super) fn may_write(entry: &ListEntry) -> bool {
    shows_content(&entry.access_role) && entry.access_role != "reader"
}

/// The calendars that the account may read and write (ZGE-01).
pub(crate) async fn collections(client: Client<'_>) -> Result<Vec<Collection>, Fault> {
    let mut collections = Vec::new();
    let mut page_token: Option<String> = None;
    loop {
        let page = client.calendars(page_token.as_deref()).await?;
        let offered = page
            .items
            .into_iter()
            .filter(|entry| !entry.deleted && !entry.id.is_empty() && may_write(entry));
        collections.extend(offered.map(|entry| Collection {
            name: entry.summary_override.unwrap_or(entry.summary),
            id: entry.id,
            form: CALENDAR.to_owned(),
        }));
        page_token = page.next_page_token.filter(|token| !token.is_empty());
        if page_token.is_none() {
            return Ok(collections);
        }
    }
}
