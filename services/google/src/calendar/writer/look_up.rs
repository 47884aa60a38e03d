//! Looking for an event that is about to be created: by the id that its marker gives, by its marker, and by the
//! values of the match paths.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::{MatchKey, Path, Record, event, match_keys};
use provider::{Answer, Create, Fault};
use serde_json::Value;

use super::{Writer, create::id_of, glance::Keys};
use crate::calendar::{
    client::Listing,
    map,
    series::{Series, text},
    sight::Sight,
    wire::Event,
};

/// Compares within one look-up only.
const KEY: [u8; 32] = [7; 32];
/// Pages of a list of what takes place at one time.
const MOST_PAGES: usize = 10;
/// Pages of a list of what is younger than a baseline; where there are more, each event is looked for by itself.
const MOST_YOUNG: usize = 200;

impl Writer<'_> {
    /// The answer that names what was found.
    pub(super) async fn look_up(
        &mut self,
        create: &Create,
        now: Timestamp,
    ) -> Result<Option<Answer>, Fault> {
        // An id that is taken says so itself. So the first creates of a baseline look for others' events alone, and
        // share that look.
        if let Some(since) = create.known_until {
            return if self.may_be_young(create, since, now).await? {
                self.by_key(create).await
            } else {
                Ok(None)
            };
        }
        let marker = create.marker.as_deref();
        if let Some(marker) = marker {
            match self.find(&id_of(marker, 0)).await {
                Ok(found) if !found.event()?.is_cancelled() => {
                    return Ok(self.existing(&found, Some(marker)));
                }
                Ok(_) | Err(Fault::Gone { .. }) => {}
                Err(fault) => return Err(fault),
            }
            let property = map::marker_property(marker);
            let marked = self.listed(Listing::Marker(&property)).await?;
            if let Some(id) = marked.iter().find_map(living) {
                let found = self.find(id).await?;
                if let Some(answer) = self.existing(&found, Some(marker)) {
                    return Ok(Some(answer));
                }
            }
        }
        self.by_key(create).await
    }

    /// An event that has the value of a match path.
    async fn by_key(&mut self, create: &Create) -> Result<Option<Answer>, Fault> {
        let wanted = match_keys(&create.record, &create.match_paths, &KEY);
        if wanted.is_empty() {
            return Ok(None);
        }
        let mut listed = Vec::new();
        let by_uid = |path: &Path| ["uid", event::UID_AND_RECURRENCE_ID].contains(&path.field());
        let uid = Path::parse("uid").ok();
        let uid = uid.and_then(|path| create.record.fields.get(&path)?.as_text());
        if let Some(uid) = uid.filter(|_| create.match_paths.iter().any(by_uid)) {
            listed.extend(self.listed(Listing::Uid(uid)).await?);
        }
        if let Some((from, to)) = around(&create.record) {
            listed.extend(self.listed(Listing::Between(&from, &to)).await?);
        }
        let ranked = listed.iter().filter_map(|item| {
            let rank = self.rank(create, item, &wanted)?;
            Some((rank, living(item)?.to_owned()))
        });
        let best = ranked.min_by_key(|(rank, _)| *rank);
        let Some((_, id)) = best else {
            return Ok(None);
        };
        let found = self.find(&id).await?;
        let marker = map::marker(&found.event()?);
        Ok(self.existing(&found, marker.as_deref()))
    }

    /// Whether an event that is younger than the baseline has the value of a match path.
    async fn may_be_young(
        &mut self,
        create: &Create,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let wanted = match_keys(&create.record, &create.match_paths, &KEY);
        if wanted.is_empty() {
            return Ok(false);
        }
        let paths = create.match_paths.iter().map(Path::to_string);
        let mut of = vec![self.calendar_of_account()];
        of.extend(paths);
        let of = of.join(" ");
        let young = if let Some(young) = self.glances.events.recent(&of, since) {
            young
        } else {
            let began = Instant::now();
            let young = self.young(&create.match_paths, since, now).await?;
            self.glances.events.remember(&of, since, began, young)
        };
        let Some(young) = young.as_ref() else {
            return Ok(true);
        };
        Ok(wanted
            .iter()
            .any(|key| young.contains(&(key.rank, key.hash))))
    }

    /// The keys of events that changed since a time; none if Google does not tell of all. One that carries a marker is
    /// the counterpart of another record, or a copy of one: it is left to the matching.
    async fn young(
        &mut self,
        match_paths: &[Path],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Keys>, Fault> {
        // By Google's clock.
        let back = Timestamp::now().duration_since(since);
        let from = now.checked_sub(back).unwrap_or(since).to_string();
        let (mut keys, mut page_token) = (Keys::new(), None::<String>);
        for _ in 0..MOST_YOUNG {
            self.calls += 1;
            let page =
                self.client
                    .events(self.calendar, Listing::Since(&from), page_token.as_deref());
            let page = match page.await {
                Ok(page) => page.body,
                Err(Fault::CursorExpired) => return Ok(None),
                Err(fault) => return Err(fault),
            };
            for item in page.items.iter().filter(|item| living(item).is_some()) {
                let Some(event) = self.adoptable(item) else {
                    continue;
                };
                if map::marker(&event).is_none() {
                    keys.extend(keys_of(&event, match_paths));
                }
            }
            page_token = page.next_page_token.filter(|token| !token.is_empty());
            if page_token.is_none() {
                return Ok(Some(keys));
            }
        }
        Ok(None)
    }

    /// The best criterion by which an event of a list is the wanted one, and whether it carries a marker. Of several, one
    /// without is more likely to be: a marker tells of a counterpart.
    fn rank(&self, create: &Create, item: &Value, wanted: &[MatchKey]) -> Option<(u32, bool)> {
        let event = self.adoptable(item)?;
        let keys = keys_of(&event, &create.match_paths);
        let wanted = wanted.iter().map(|key| (key.rank, key.hash));
        let same = wanted.filter(|key| keys.contains(key));
        let rank = same.map(|(rank, _)| rank).min()?;
        Some((rank, map::marker(&event).is_some()))
    }

    /// An event of a list that may be what is to be created.
    fn adoptable(&self, item: &Value) -> Option<Event> {
        let event: Event = serde_json::from_value(item.clone()).ok()?;
        let may_be = event.recurring_event_id.is_none() && !self.is_closed(&event);
        (may_be && !self.is_apart(item)).then_some(event)
    }

    /// Whether it is a series of which only the instances are records.
    fn is_apart(&self, item: &Value) -> bool {
        let sight = Sight {
            options: self.options,
            now: Timestamp::MIN,
            reminders: &[],
            limits: self.limits.as_ref(),
        };
        item["recurrence"].is_array() && sight.apart(&Series::single(item.clone()), true).is_some()
    }

    async fn listed(&mut self, listing: Listing<'_>) -> Result<Vec<Value>, Fault> {
        let (mut items, mut page_token) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            self.calls += 1;
            let page = self
                .client
                .events(self.calendar, listing, page_token.as_deref())
                .await?
                .body;
            items.extend(page.items);
            page_token = page.next_page_token.filter(|token| !token.is_empty());
            if page_token.is_none() {
                return Ok(items);
            }
        }
        // Not all was seen: nothing may be concluded.
        Err(Fault::transient(
            "the list of what takes place then has no end",
        ))
    }
}

/// The values of match paths that an event has.
fn keys_of(event: &Event, match_paths: &[Path]) -> Keys {
    let record = map::record(event, &[], &[]).ok();
    let keys = record.map(|record| match_keys(&record, match_paths, &KEY));
    let keys = keys.into_iter().flatten();
    keys.map(|key| (key.rank, key.hash)).collect()
}

/// The id of an event that is not deleted.
fn living(item: &Value) -> Option<&str> {
    text(item, "id").filter(|_| text(item, "status") != Some("cancelled"))
}

/// A time before an event begins, and one after.
fn around(record: &Record) -> Option<(String, String)> {
    let start = event::when(record).ok()?.start().clone();
    let (at, wide): (Timestamp, _) = if let Some(at) = start.instant() {
        (at, SignedDuration::from_mins(1))
    } else {
        let midnight = TimeZone::UTC.to_timestamp(start.clock()).ok()?;
        (midnight, SignedDuration::from_hours(15))
    };
    let (from, to) = (at.checked_sub(wide).ok()?, at.checked_add(wide).ok()?);
    Some((from.to_string(), to.to_string()))
}
