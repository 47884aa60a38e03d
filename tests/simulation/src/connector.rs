//! Model connectors: whoever holds a feed's lease reads its pages and publishes them as numbered batches of its
//! epoch. One that stalls does not know that another has taken over, and publishes later.

use model::{PerSide, Side};
use proto::reconcile::positions_server::Positions as _;
use proto::{
    change::{ChangeBatch, CollectionState},
    reconcile::BeginRequest,
};
use reconciler::service::PositionService;
use tonic::Request;

use crate::{
    coverage::Fault,
    definition::{SYNC, TENANT, feed},
    provider::Reading,
    world::World,
};

/// One leaseholder's round.
#[derive(Debug, Clone)]
struct Round {
    epoch: u64,
    number: u64,
    generation: u64,
    snapshot: String,
    cursor: String,
    reading: Reading,
}

/// The readers of both feeds.
#[derive(Debug, Default)]
pub(crate) struct Connectors {
    feeds: PerSide<Feed>,
    snapshots: u32,
}

#[derive(Debug, Default)]
struct Feed {
    holder: Option<Round>,
    stalled: Vec<Round>,
    /// Whether the provider forgets the cursor from which the next round would go on.
    expires: bool,
    /// The cursor that it forgot: whoever goes on from it again reads everything again.
    forgotten: Option<String>,
}

/// How many stalled leaseholders a feed has at most.
const STALLED: usize = 2;

impl Connectors {
    /// Whether a side is being read as a whole.
    pub(crate) fn reads_everything(&self, side: Side) -> bool {
        let holder = self.feeds.get(side).holder.as_ref();
        holder.is_some_and(|round| round.reading.everything && round.reading.left() > 0)
    }
}

impl World {
    /// Takes a feed over and begins a round; answers whether the feed is wanted.
    pub(crate) async fn begin(&mut self, side: Side, lag: u8, turn: u8) -> bool {
        self.set_clock().await;
        let positions = PositionService {
            pool: self.store.pool.clone(),
            applied: std::sync::Arc::default(),
            tide: self.tide.clone(),
        };
        let generation = self.definition.generation;
        let begun = positions
            .begin(Request::new(BeginRequest {
                feed: Some(feed(side)),
                generation,
            }))
            .await;
        let begun = begun.expect("the reconciler begins a round").into_inner();
        if !begun.wanted || begun.generation != generation {
            return false;
        }
        let feed = self.connectors.feeds.get_mut(side);
        if std::mem::take(&mut feed.expires) {
            feed.forgotten = Some(begun.cursor.clone());
        }
        let everything = begun.snapshot || feed.forgotten.as_ref() == Some(&begun.cursor);
        let cursor = (!everything).then_some(begun.cursor.as_str());
        let reading = self.providers.get(side).begin(cursor, self.now, lag, turn);
        self.connectors.snapshots += 1;
        let round = Round {
            epoch: begun.epoch,
            number: 0,
            generation,
            snapshot: format!("snapshot {}", self.connectors.snapshots),
            cursor: cursor.unwrap_or_default().to_owned(),
            reading,
        };
        let feed = self.connectors.feeds.get_mut(side);
        let cut = feed
            .holder
            .replace(round)
            .filter(|cut| cut.reading.left() > 0);
        if let Some(cut) = cut {
            let fault = if cut.reading.everything {
                Fault::SnapshotCut
            } else {
                Fault::RoundCut
            };
            feed.stalled.push(cut);
            if feed.stalled.len() > STALLED {
                feed.stalled.remove(0);
            }
            self.hit(fault);
        }
        if !lag.is_multiple_of(4) {
            self.hit(Fault::LateList);
        }
        true
    }

    /// The leaseholder reads and publishes its next page; answers whether there was one.
    pub(crate) fn read_page(&mut self, side: Side) -> bool {
        let Some(mut round) = self.connectors.feeds.get_mut(side).holder.take() else {
            return false;
        };
        let published = self.publish_page(side, &mut round);
        self.connectors.feeds.get_mut(side).holder = Some(round);
        published
    }

    /// A stalled leaseholder does.
    pub(crate) fn read_stalled(&mut self, side: Side) -> bool {
        let feed = self.connectors.feeds.get_mut(side);
        if feed.stalled.is_empty() {
            return false;
        }
        let mut round = feed.stalled.remove(0);
        let published = self.publish_page(side, &mut round);
        if round.reading.left() > 0 {
            self.connectors.feeds.get_mut(side).stalled.push(round);
        }
        if published {
            self.hit(Fault::StalledLeaseholder);
        }
        published
    }

    /// A whole round.
    pub(crate) async fn round(&mut self, side: Side, lag: u8, turn: u8) -> bool {
        if !self.begin(side, lag, turn).await {
            return false;
        }
        while self.read_page(side) {}
        true
    }

    /// The provider forgets the cursor of a feed: its next round reads everything.
    pub(crate) fn expire(&mut self, side: Side) {
        self.connectors.feeds.get_mut(side).expires = true;
    }

    fn publish_page(&mut self, side: Side, round: &mut Round) -> bool {
        let collection = self.providers.get(side).collection;
        let page = if collection == CollectionState::Present {
            let provider = self.providers.get(side);
            provider.page(&mut round.reading, self.now, &round.snapshot)
        } else {
            round.reading.give_up()
        };
        let Some(page) = page else {
            return false;
        };
        round.number += 1;
        let cursor_after = match (page.last, round.reading.everything) {
            _ if collection != CollectionState::Present => round.cursor.clone(),
            (true, _) => round.reading.restart.clone(),
            // A reading of everything that breaks off begins again.
            (false, true) => String::new(),
            (false, false) => round.cursor.clone(),
        };
        let mut batch = ChangeBatch {
            tenant: TENANT.to_owned(),
            sync: SYNC.to_owned(),
            generation: round.generation,
            epoch: round.epoch,
            number: round.number,
            cursor_after,
            readable: page.readable,
            changes: page.changes,
            snapshot: page.snapshot,
            round_end: page.last,
            provider_time_micros: self.now,
            ..ChangeBatch::default()
        };
        batch.set_side(side.into());
        batch.set_collection(collection);
        self.bus
            .publish_changes(&batch)
            .expect("a page fits the bus");
        true
    }
}
