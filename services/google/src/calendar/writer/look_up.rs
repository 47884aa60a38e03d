//! Looking for an event that is about to be created: by the id that its marker gives, by its marker, and by the
//! values of the match paths.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::{MatchKey, Record, event, match_keys};
use provider::{Answer, Create, Fault};
use serde_json::Value;

use super::{Writer, create::id_of};
use crate::calendar::{client::Listing, map, series::text, wire::Event};

/// Compares within one look-up only.
const KEY: [u8; 32] = [7; 32];
/// Pages of a list of what takes place at one time.
const MOST_PAGES: usize = 10;

impl Writer<'_> {
    /// The answer that names what was found.
    pub(super) async fn look_up(&mut self, create: &Create) -> Result<Option<Answer>, Fault> {
        let marker = create.marker.as_deref();
        // An id that is taken says so itself. So the first creates of a baseline look for others' events alone.
        if let Some(marker) = marker.filter(|_| create.known_until.is_none()) {
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
        let uid = create.match_paths.iter().find(|path| path.field() == "uid");
        let uid = uid.and_then(|path| create.record.fields.get(path)?.as_text());
        if let Some(uid) = uid {
            listed.extend(self.listed(Listing::Uid(uid)).await?);
        }
        if let Some((from, to)) = around(&create.record) {
            listed.extend(self.listed(Listing::Between(&from, &to)).await?);
        }
        let mut best: Option<(u32, String)> = None;
        for item in &listed {
            if let (Some(rank), Some(id)) = (self.rank(create, item, &wanted), living(item))
                && best.as_ref().is_none_or(|(other, _)| rank < *other)
            {
                best = Some((rank, id.to_owned()));
            }
        }
        let Some((_, id)) = best else {
            return Ok(None);
        };
        let found = self.find(&id).await?;
        let marker = map::marker(&found.event()?);
        Ok(self.existing(&found, marker.as_deref()))
    }

    /// The best criterion by which an event of a list is the wanted one.
    fn rank(&self, create: &Create, item: &Value, wanted: &[MatchKey]) -> Option<u32> {
        let event: Event = serde_json::from_value(item.clone()).ok()?;
        if event.recurring_event_id.is_some() || self.is_closed(&event) {
            return None;
        }
        let record = map::record(&event, &[], &[]).ok()?;
        let keys = match_keys(&record, &create.match_paths, &KEY);
        let same = |key: &&MatchKey| {
            let equal = |one: &MatchKey| (one.rank, one.hash) == (key.rank, key.hash);
            wanted.iter().any(equal)
        };
        keys.iter().filter(same).map(|key| key.rank).min()
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
