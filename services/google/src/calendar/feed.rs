//! Reading a calendar, round by round.
//!
//! A sync token cannot stand beside a filter, so a round reads the whole calendar, or what changed in it, and the window
//! of a sync only decides what is inside its scope. The parts of a series are kept until the list is read to its
//! end; then each series is told as one record.

use jiff::Timestamp;
use model::event::SeriesLimits;
use provider::{
    At, Collection, CollectionState, Extent, Fault, Page, Scope, Seen, SnapshotPart, What,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    alone::Alone,
    apart::{One, Telling},
    client::{Client, Listing},
    fault::closed,
    map,
    options::Options,
    series::{Parts, Series, sort, text, whole},
    sight::Sight,
    told::AllTold,
    wire::{ListEntry, Reminder},
};
use crate::fault::{Effect, refused};

/// Google's word for a collection of events.
const CALENDAR: &str = "calendar";
/// The calendar that a scope without one means; the real id is the account's address.
const PRIMARY: &str = "primary";
/// Series of a snapshot that are told on one page.
const TOLD: usize = 200;
/// Calls or two that are made for the series of one page: one of a delta is read again, and one that the other side
/// cannot hold is asked for its instances.
const READ: usize = 20;
/// With so many records a page is full.
const FULL: usize = 2_500;

/// A restart point.
#[derive(Serialize, Deserialize)]
struct Cursor {
    sync_token: String,
    /// By what the other side can hold of a series; with other words everything is read anew.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    limits: String,
    /// The series that the other side cannot hold.
    #[serde(default, skip_serializing_if = "AllTold::is_empty")]
    apart: AllTold,
    /// The instances without their series.
    #[serde(default, skip_serializing_if = "Alone::is_empty")]
    alone: Alone,
}

/// How a round goes on.
#[derive(Serialize, Deserialize)]
struct Round {
    /// The token that it began with; without one it is a snapshot.
    sync_token: Option<String>,
    step: Step,
    /// The series of which parts were seen and that are still to be told.
    parts: Parts,
    /// What was told before and shows in no list.
    known: Known,
}

/// What a cursor remembers of what was told.
#[derive(Default, Serialize, Deserialize)]
struct Known {
    /// The series that the other side cannot hold, as they were told last.
    apart: AllTold,
    /// The instances that were told without their series.
    alone: Alone,
}

/// What a round is read for.
#[derive(Clone, Copy)]
struct Reader<'a> {
    client: Client<'a>,
    scope: &'a Scope,
    options: Options,
    limits: Option<&'a SeriesLimits>,
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
    let limits = limits(scope)?.filter(|_| !options.skips_series);
    let reader = Reader {
        client,
        scope,
        options,
        limits: limits.as_ref(),
    };
    let round = match at {
        At::Start { cursor } => {
            let cursor = cursor.as_deref().map(|cursor| reader.usable(cursor));
            let cursor = cursor.transpose()?;
            let (state, now) = collection(client, scope).await?;
            if state != CollectionState::Present {
                return Ok(page_of(&[], state, now));
            }
            let (sync_token, known) = cursor.map_or((None, Known::default()), |cursor| {
                let (apart, alone) = (cursor.apart, cursor.alone);
                (Some(cursor.sync_token), Known { apart, alone })
            });
            Round {
                sync_token,
                step: Step::List { page_token: None },
                parts: Parts::new(),
                known,
            }
        }
        At::Next(round) => serde_json::from_value(round.clone())
            .map_err(|_| Fault::malformed("a round of another form"))?,
    };
    let is_snapshot = round.sync_token.is_none();
    let mut page = match round.step {
        Step::List { .. } => reader.list(round).await,
        Step::Series { .. } => reader.series(round).await,
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

impl Reader<'_> {
    /// A page of the list.
    async fn list(self, mut round: Round) -> Result<Page, Fault> {
        let Step::List { page_token } = &round.step else {
            return Err(Fault::malformed("a round of another form"));
        };
        let listing = Listing::Feed {
            sync_token: round.sync_token.as_deref(),
        };
        let (client, calendar) = (self.client, calendar(self.scope));
        let listed = client
            .events(calendar, listing, page_token.as_deref())
            .await?;
        let (listed, now) = (listed.body, listed.at);
        if !shows_content(&listed.access_role) {
            return Err(closed(Effect::Read));
        }
        let sight = self.sight(now, &listed.default_reminders);
        let mut seen = Vec::new();
        for item in sort(listed.items, &mut round.parts) {
            // A series of which instances were told, and that is deleted or recurs no more.
            let known = text(&item, "id").filter(|id| round.known.apart.contains_key(*id));
            match known.map(str::to_owned) {
                Some(id) => round.parts.entry(id).or_default().master = Some(item),
                None => seen.extend(sight.of(&Series::single(item))?),
            }
        }
        let mut page = page_of(&seen, CollectionState::Present, now);
        round.step = match (listed.next_page_token, listed.next_sync_token) {
            (Some(page_token), _) => Step::List {
                page_token: Some(page_token),
            },
            (None, Some(next_sync_token)) => {
                // Of these the next instances have to be told, though nobody changed them.
                let apart = &round.known.apart;
                let short = apart.iter().filter(|(_, told)| told.is_short(now));
                for (id, _) in short {
                    round.parts.entry(id.clone()).or_default();
                }
                if round.parts.is_empty() {
                    page.restart = Some(self.restart(next_sync_token, round.known)?);
                    return Ok(page);
                }
                Step::Series {
                    next_sync_token,
                    reminders: listed.default_reminders,
                    now,
                }
            }
            (None, None) => {
                return Err(Fault::malformed(
                    "the last page of a list has no sync token",
                ));
            }
        };
        page.next = Some(encode(&round)?);
        Ok(page)
    }

    /// A page of whole series. A snapshot has seen all parts; a delta has not, and each of its series is read again.
    async fn series(self, mut round: Round) -> Result<Page, Fault> {
        let Step::Series {
            next_sync_token,
            reminders,
            now,
        } = &round.step
        else {
            return Err(Fault::malformed("a round of another form"));
        };
        let (next_sync_token, now) = (next_sync_token.clone(), *now);
        let is_delta = round.sync_token.is_some();
        let telling = Telling {
            client: self.client,
            calendar: calendar(self.scope),
            sight: self.sight(now, reminders),
            is_delta,
        };
        let (mut seen, mut read): (Vec<Seen>, usize) = (Vec::new(), 0);
        for _ in 0..TOLD {
            if read >= READ || seen.len() >= FULL {
                break;
            }
            let Some((id, series)) = round.parts.pop_first() else {
                break;
            };
            read += usize::from(is_delta);
            let (told, asked) = one(telling, &id, series, &mut round.known).await?;
            read += usize::from(asked);
            seen.extend(told);
        }
        let mut page = page_of(&seen, CollectionState::Present, now);
        if round.parts.is_empty() {
            page.restart = Some(self.restart(next_sync_token, round.known)?);
        } else {
            page.next = Some(encode(&round)?);
        }
        Ok(page)
    }

    fn sight<'s>(&'s self, now: Timestamp, reminders: &'s [Reminder]) -> Sight<'s> {
        Sight {
            options: self.options,
            now,
            reminders,
            limits: self.limits,
        }
    }

    /// By what the other side can hold of a series, in words.
    fn words(&self) -> String {
        self.limits.map(ToString::to_string).unwrap_or_default()
    }

    /// A cursor that is ours; any other counts as expired.
    fn usable(&self, cursor: &str) -> Result<Cursor, Fault> {
        let cursor: Cursor = serde_json::from_str(cursor).map_err(|_| Fault::CursorExpired)?;
        let fits = cursor.limits == self.words();
        fits.then_some(cursor).ok_or(Fault::CursorExpired)
    }

    fn restart(&self, sync_token: String, known: Known) -> Result<String, Fault> {
        let cursor = Cursor {
            sync_token,
            limits: self.words(),
            apart: known.apart,
            alone: known.alone,
        };
        Ok(encode(&cursor)?.to_string())
    }
}

/// What is told of one series, and whether its instances were asked for.
async fn one(
    telling: Telling<'_>,
    id: &str,
    series: Series,
    known: &mut Known,
) -> Result<(Vec<Seen>, bool), Fault> {
    // A delta shows the series itself if it changed.
    let changed = series.master.is_none().then(|| series.instances.clone());
    let series = if telling.is_delta {
        whole(telling.client, telling.calendar, id, series).await?
    } else {
        Some(series)
    };
    let before = known.apart.get(id);
    let Some(series) = series else {
        return if before.is_some() {
            Err(Fault::transient("the list does not show the series yet"))
        } else {
            Ok((vec![Sight::in_part(id)], false))
        };
    };
    if let Some(apart) = telling.sight.apart(&series, before.is_some()) {
        let told = One {
            id,
            series: &series,
            apart: &apart,
            before,
            changed: changed.as_ref(),
        };
        let (mut seen, told) = telling.tell(told).await?;
        known.apart.extend(told.map(|told| (id.to_owned(), told)));
        seen.extend(known.alone.taken_over(id, &seen));
        return Ok((seen, true));
    }
    let mut seen = telling.sight.of(&series)?;
    let is_known = |one: &Seen| !matches!(one.what, What::Unreadable { .. });
    if series.master.is_none() {
        known.alone.remember(id, &seen);
    } else if seen.iter().all(is_known) {
        // It is told as a whole, or as gone: what was told of its instances is a part of it now.
        let apart = known.apart.remove(id).map(|told| told.gone(id));
        seen.extend(apart.unwrap_or_default());
        seen.extend(known.alone.taken_over(id, &seen));
    }
    Ok((seen, false))
}

/// What the other side can hold of a series.
pub(super) fn limits(scope: &Scope) -> Result<Option<SeriesLimits>, Fault> {
    let limits = scope.other_series();
    limits.map_err(|error| refused(None, &format!("the option other_series: {error}")))
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

/// What became of the scope's calendar, and Google's clock. One that a person took off the list counts as gone;
/// one that may not be read is a fault that names the right.
pub(super) async fn collection(
    client: Client<'_>,
    scope: &Scope,
) -> Result<(CollectionState, Timestamp), Fault> {
    match client.calendar(calendar(scope)).await {
        Ok(entry) => {
            let (entry, at) = (entry.body, entry.at);
            if entry.deleted {
                Ok((CollectionState::Gone, at))
            } else if shows_content(&entry.access_role) {
                Ok((CollectionState::Present, at))
            } else {
                Err(closed(Effect::Read))
            }
        }
        Err(Fault::Gone { .. }) => Ok((CollectionState::Gone, Timestamp::now())),
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
