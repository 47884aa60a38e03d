//! One round of one feed: begin, read page by page, publish, and see it applied.

use std::{collections::HashSet, sync::Arc};

use proto::{
    change::ChangeBatch,
    reconcile::{BeginRequest, BeginResponse},
};
use provider::{At, Fault, Lane, Page, Seen, What};
use tonic::Code;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Connector, ahead::Ahead, batches, overlap::Shown};
use crate::{definitions::DefinedSide, store::feeds::Leased, wire};

/// How a round ends.
#[derive(Debug)]
pub(super) enum End {
    /// Read to its end, and applied.
    Read {
        /// Hashes of the record versions that it showed; `None` if they are too many to keep.
        shown: Option<Vec<i64>>,
        /// Whether it showed anything that the last round did not.
        news: bool,
    },
    /// The definition is not known here, or does not want the feed to be read.
    Undefined,
    /// The reconciler does not want the feed to be read now.
    Unwanted,
    /// The reconciler holds another generation of the definition.
    Outdated,
    /// Too many complete readings go on already.
    Crowded,
    /// Another round of this feed has begun.
    Superseded,
    /// The reconciler makes no progress, or NATS takes nothing in: what was published may be lost.
    Stalled,
    /// Control or the reconciler does not answer.
    PeerSilent,
    /// The process stops.
    Stopping,
    /// The provider failed.
    Fault(Fault),
}

impl End {
    /// A stable word for metrics and spans.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Read { news: true, .. } => "news",
            Self::Read { news: false, .. } => "nothing",
            Self::Undefined => "undefined",
            Self::Unwanted => "unwanted",
            Self::Outdated => "outdated",
            Self::Crowded => "crowded",
            Self::Superseded => "superseded",
            Self::Stalled => "stalled",
            Self::PeerSilent => "peer_silent",
            Self::Stopping => "stopping",
            Self::Fault(fault) => fault.word(),
        }
    }
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// So many record versions are kept to tell news from an overlap; a round that shows more has news.
const KEPT: usize = 2000;

/// A round in progress.
pub(super) struct Round<'a> {
    pub(super) connector: &'a Connector,
    pub(super) side: &'a Arc<DefinedSide>,
    feed: &'a Leased,
    /// Record versions that the last round showed.
    known: HashSet<i64>,
    /// Record versions that this one shows.
    shown: HashSet<i64>,
    /// Whether it showed anything that the last round did not.
    news: bool,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        connector: &'a Connector,
        side: &'a Arc<DefinedSide>,
        feed: &'a Leased,
    ) -> Self {
        Self {
            connector,
            side,
            feed,
            known: feed.seen.iter().copied().collect(),
            shown: HashSet::new(),
            news: false,
        }
    }

    /// Runs to the end. A cursor that has expired leads to a snapshot, once.
    pub(super) async fn run(mut self) -> End {
        let mut expired = false;
        loop {
            match self.read(expired).await {
                Ok(()) => break,
                Err(End::Fault(Fault::CursorExpired)) if !expired => {
                    tracing::info!("the cursor has expired; everything is read again");
                    expired = true;
                }
                Err(end) => return end,
            }
        }
        let kept = self.shown.len() <= KEPT;
        End::Read {
            shown: kept.then(|| self.shown.into_iter().collect()),
            news: self.news,
        }
    }

    /// Reads from the reconciler's position, or everything, to the end.
    async fn read(&mut self, everything: bool) -> Result<(), End> {
        let begun = self.begin().await?;
        if begun.generation != self.side.generation {
            return Err(End::Outdated);
        }
        if !begun.wanted {
            return Err(End::Unwanted);
        }
        kit::point("connector.begun");
        let cursor =
            (!everything && !begun.snapshot && !begun.cursor.is_empty()).then_some(begun.cursor);
        let lane = if cursor.is_none() {
            Lane::Baseline
        } else {
            Lane::Change
        };
        let tenant = &self.side.scope.tenant;
        let _place = match lane {
            Lane::Baseline => Some(self.connector.places.baseline(tenant).ok_or(End::Crowded)?),
            _ => None,
        };
        let generation = self.side.generation;
        let overlaps = &self.connector.overlaps;
        let last = overlaps.of(&self.feed.key, generation, cursor.as_deref());
        let mut reading = Reading {
            everything: cursor.is_none(),
            shown: Shown::after(last, self.connector.about.horizon),
            restart: cursor.clone().unwrap_or_default(),
            snapshot_id: Uuid::now_v7().to_string(),
            lost: false,
            right: String::new(),
            ahead: Ahead::new(self.connector, self.feed.key.to_wire(), begun.epoch),
        };
        let mut at = At::Start { cursor };
        loop {
            let span = tracing::info_span!("feed.page", records = tracing::field::Empty);
            let page = self.page_or_end(&at, lane, &mut reading);
            let page = page.instrument(span.clone()).await?;
            span.record("records", page.seen.len());
            match self.publish(page, &mut reading).instrument(span).await? {
                Some(next) => at = At::Next(next),
                None => break,
            }
        }
        if reading.lost {
            // The reconciler stops the sync and applies nothing that could be waited for.
            return Ok(());
        }
        reading.ahead.finish().await?;
        let shown = reading.shown.into_overlap();
        overlaps.keep(&self.feed.key, shown, &reading.restart);
        Ok(())
    }

    async fn begin(&self) -> Result<BeginResponse, End> {
        let request = BeginRequest {
            feed: Some(self.feed.key.to_wire()),
            generation: self.side.generation,
        };
        let answer = self.connector.positions.clone().begin(request).await;
        match answer {
            Ok(answer) => Ok(answer.into_inner()),
            // It has not heard of the sync yet.
            Err(status) if status.code() == Code::NotFound => Err(End::Outdated),
            Err(status) => {
                tracing::warn!(code = ?status.code(), "the reconciler begins no round");
                Err(End::PeerSilent)
            }
        }
    }

    /// Reads a page. What says that the collection cannot be read ends the round with that news.
    async fn page_or_end(
        &self,
        at: &At,
        lane: Lane,
        reading: &mut Reading<'_>,
    ) -> Result<Page, End> {
        match self.page(at, lane).await {
            Err(End::Fault(Fault::Gone {
                collection: true, ..
            })) => Ok(no_collection(provider::CollectionState::Gone)),
            Err(End::Fault(Fault::Forbidden { right })) => {
                reading.right = right;
                Ok(no_collection(provider::CollectionState::Forbidden))
            }
            page => page,
        }
    }

    /// Publishes a page in batches and answers how the round goes on.
    async fn publish(
        &mut self,
        mut page: Page,
        reading: &mut Reading<'_>,
    ) -> Result<Option<serde_json::Value>, End> {
        let present = page.collection == provider::CollectionState::Present;
        if !present {
            reading.lost = true;
            (page.next, page.restart, page.snapshot) = (None, None, None);
            page.seen.clear();
        }
        let last = page.next.is_none();
        self.note(&page.seen);
        let before = std::mem::take(&mut reading.restart);
        reading.restart = page.restart.take().unwrap_or_else(|| before.clone());
        // A reading of everything that breaks off must begin again: it has no restart point before its end.
        if reading.everything && !last {
            reading.restart.clear();
        }
        let template = self.template(&page, reading, before);
        let seen = std::mem::take(&mut page.seen);
        let changes: Vec<_> = seen
            .into_iter()
            .map(|seen| wire::change(seen, self.side))
            .collect();
        let changes = if page.snapshot.is_none() {
            reading.shown.fresh(changes, &template.readable)
        } else {
            changes
        };
        let ends_snapshot = page.snapshot.is_some_and(|part| part.end);
        let must = last || ends_snapshot || reading.restart != template.cursor_after;
        let mut batches = batches::split(&template, changes);
        if batches.is_empty() && must {
            batches.push(template);
        }
        if let Some(end) = batches.last_mut() {
            end.cursor_after.clone_from(&reading.restart);
            end.round_end = last;
            if let Some(snapshot) = &mut end.snapshot {
                snapshot.end = ends_snapshot;
            }
        }
        for batch in batches {
            for change in &batch.changes {
                self.connector.metrics.changes(wire::change_word(change), 1);
            }
            reading.ahead.publish(batch).await?;
        }
        Ok(page.next)
    }

    /// What all batches of a page have in common.
    fn template(&self, page: &Page, reading: &Reading<'_>, cursor_after: String) -> ChangeBatch {
        let scope = &self.side.scope;
        let mut batch = ChangeBatch {
            tenant: scope.tenant.clone(),
            sync: scope.sync.clone(),
            generation: self.side.generation,
            cursor_after,
            readable: page.readable.iter().map(ToString::to_string).collect(),
            provider_time_micros: page.provider_time.as_microsecond(),
            snapshot: page.snapshot.map(|part| proto::change::Snapshot {
                id: reading.snapshot_id.clone(),
                extent: wire::extent(part.extent).into(),
                end: false,
            }),
            right: reading.right.clone(),
            ..ChangeBatch::default()
        };
        batch.set_side(scope.side.into());
        batch.set_collection(wire::collection_state(page.collection));
        batch
    }

    /// Notes what a page shows, to tell news from what an overlapping cursor shows again.
    fn note(&mut self, seen: &[Seen]) {
        for seen in seen {
            let hash = version_hash(seen);
            self.news |= !self.known.contains(&hash);
            if self.shown.len() <= KEPT {
                self.shown.insert(hash);
            }
        }
    }
}

/// One reading of a feed, from a start to its end.
struct Reading<'a> {
    /// Whether it reads everything.
    everything: bool,
    /// The newest restart point.
    restart: String,
    /// What it shows, beside what the round before showed.
    shown: Shown,
    /// The id of its snapshot, if it makes one.
    snapshot_id: String,
    /// Whether the collection turned out to be gone or forbidden.
    lost: bool,
    /// The right that the account lacks, if that is why.
    right: String,
    ahead: Ahead<'a>,
}

fn no_collection(collection: provider::CollectionState) -> Page {
    Page {
        seen: Vec::new(),
        readable: Vec::new(),
        snapshot: None,
        restart: None,
        next: None,
        provider_time: jiff::Timestamp::now(),
        collection,
    }
}

/// The same for the same version of the same record.
fn version_hash(seen: &Seen) -> i64 {
    let what = match &seen.what {
        What::Inside(_) => "inside",
        What::Outside(_) => "outside",
        What::Deleted { .. } => "deleted",
        What::Unreadable { .. } => "unreadable",
    };
    let token = seen
        .version
        .as_ref()
        .map_or("", |version| version.token.as_str());
    let mut hasher = blake3::Hasher::new();
    for part in [seen.remote_id.as_str(), token, what] {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    i64::from_le_bytes(bytes)
}
