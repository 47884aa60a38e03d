//! What is around a batch of links while it is planned: whether another sync holds their records, and which
//! of their paths bounce.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use merge::Written;
use model::{PairKey, Pairing, Path, PerSide, Side};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    definition::Definition,
    error::EngineError,
    ledger::Ledger,
    metrics,
    store::{
        SyncKey,
        frozen::{self, FrozenPath},
        history::{self, Lately},
        link::LinkRow,
        owner::{self, SYNCED_BY},
        sync::SyncRow,
    },
};

/// Our writes of so long count as the history of a value that bounces.
const WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// For so long a path stays frozen, unless both sides agree or a person asks before.
const FROZEN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What links are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// What is decided is carried out, so that syncs which may decide about the same thing take turns.
    Decide,
    /// Nothing is carried out.
    Look,
}

/// What is around a batch of links.
#[derive(Debug, Default)]
pub struct Around {
    owners: HashMap<Uuid, String>,
    frozen: HashMap<Uuid, Vec<PairKey>>,
    written: HashMap<(Uuid, Side, Path), Vec<Written>>,
    froze: Vec<Froze>,
    thawed: Vec<(Uuid, PairKey)>,
}

/// A path that was frozen just now.
#[derive(Debug)]
struct Froze {
    link: Uuid,
    pair: PairKey,
    reason: String,
    traceparent: String,
}

impl Around {
    /// Loads it, with as many statements as it takes for any number of links: none for links that never
    /// agreed on anything, of a sync that shares its accounts with no other.
    pub async fn load(
        connection: &mut PgConnection,
        definition: &Definition,
        links: &[LinkRow],
        purpose: Purpose,
    ) -> Result<Self, EngineError> {
        let mut around = Self {
            owners: owners(connection, definition, links, purpose).await?,
            ..Self::default()
        };
        let agreed: Vec<Uuid> = links
            .iter()
            .filter(|link| link.base.is_some())
            .map(|link| link.id)
            .collect();
        if !agreed.is_empty() {
            let lately = history::lately(connection, &agreed, WITHIN).await?;
            around.remember(
                definition,
                frozen::of_links(connection, &agreed).await?,
                lately,
            );
        }
        Ok(around)
    }

    fn remember(&mut self, definition: &Definition, frozen: Vec<FrozenPath>, lately: Vec<Lately>) {
        let mut counts_from: HashMap<(Uuid, PairKey), Timestamp> = HashMap::new();
        for one in frozen {
            match one.released_at {
                Some(at) => drop(counts_from.insert((one.link, one.pair), at)),
                None => self.frozen.entry(one.link).or_default().push(one.pair),
            }
        }
        if lately.is_empty() {
            return;
        }
        let pairs: PerSide<BTreeMap<Path, PairKey>> =
            PerSide::new(Side::Left, Side::Right).map(|side| {
                let own = |pairing: &Pairing| (pairing.path(side).clone(), pairing.key());
                definition.pairings.iter().map(own).collect()
            });
        for one in lately {
            let Some(pair) = pairs.get(one.side).get(&one.path) else {
                continue;
            };
            // What was released is judged by what is written from then on.
            let released = counts_from.get(&(one.link, pair.clone()));
            if released.is_none_or(|released| one.at > *released) {
                self.written
                    .entry((one.link, one.side, one.path))
                    .or_default()
                    .push(one.written);
            }
        }
    }

    /// Why a link is excluded, if another sync holds its records.
    pub fn excluded(&self, link: Uuid) -> Option<String> {
        Some(format!("{SYNCED_BY}{}", self.owners.get(&link)?))
    }

    /// The frozen pairings of a link.
    pub fn frozen(&self, link: Uuid) -> &[PairKey] {
        self.frozen.get(&link).map_or(&[], Vec::as_slice)
    }

    /// Freezes the pairings of a link on which a plan would write a bouncing value, and answers whether there
    /// are any: then it has to be planned again.
    pub fn freeze(&mut self, pairings: &[Pairing], link: &LinkRow, plan: &merge::Plan) -> bool {
        if self.written.is_empty() {
            return false;
        }
        let mut bouncing = Vec::new();
        for side in Side::ALL {
            let Some(merge::Write::Update { edits, .. }) = plan.writes.get(side) else {
                continue;
            };
            for planned in edits {
                let place = (link.id, side, planned.edit.path.clone());
                let pairing = pairings.iter().find(|one| one.key() == planned.pair);
                if let (Some(written), Some(pairing)) = (self.written.get(&place), pairing)
                    && !bouncing.contains(&planned.pair)
                    && merge::bounces(pairing, &planned.edit, written)
                {
                    bouncing.push(planned.pair.clone());
                }
            }
        }
        for pair in &bouncing {
            self.froze.push(Froze {
                link: link.id,
                pair: pair.clone(),
                reason: reason(pairings, std::slice::from_ref(pair)),
                traceparent: link.traceparent.clone(),
            });
        }
        let any = !bouncing.is_empty();
        self.frozen.entry(link.id).or_default().extend(bouncing);
        any
    }

    /// Notes that both sides of a link agree on frozen pairings again.
    pub fn thaw(&mut self, link: Uuid, thawed: &[PairKey]) {
        self.thawed
            .extend(thawed.iter().map(|pair| (link, pair.clone())));
    }

    /// Stores what was frozen and released, and tells other systems.
    pub async fn store(
        self,
        connection: &mut PgConnection,
        definition: &Definition,
        row: &mut SyncRow,
    ) -> Result<(), EngineError> {
        frozen::release(connection, &self.thawed).await?;
        if self.froze.is_empty() {
            return Ok(());
        }
        let mut ledger = Ledger::new(definition, row.run);
        for one in &self.froze {
            ledger.frozen(one.link, &one.reason, &one.traceparent);
        }
        metrics::frozen(self.froze.len());
        let froze: Vec<(Uuid, PairKey)> = self
            .froze
            .into_iter()
            .map(|one| (one.link, one.pair))
            .collect();
        frozen::insert(connection, &definition.key, &froze).await?;
        ledger.store(connection, row).await
    }
}

/// Why a link with frozen pairings is set aside, in words for people.
pub fn reason(pairings: &[Pairing], frozen: &[PairKey]) -> String {
    let paths: Vec<String> = pairings
        .iter()
        .filter(|pairing| frozen.contains(&pairing.key()))
        .map(|pairing| pairing.left.to_string())
        .collect();
    let verb = if paths.len() == 1 {
        "bounces"
    } else {
        "bounce"
    };
    format!("frozen: {} {verb} between two values", paths.join(", "))
}

fn horizon(definition: &Definition) -> f64 {
    let horizon = definition.left.horizon.max(definition.right.horizon);
    horizon.as_secs_f64()
}

/// The names of the syncs that hold the records of these links.
async fn owners(
    connection: &mut PgConnection,
    definition: &Definition,
    links: &[LinkRow],
    purpose: Purpose,
) -> Result<HashMap<Uuid, String>, EngineError> {
    let neighbours = owner::neighbours(connection, definition).await?;
    if neighbours.is_none() {
        return Ok(HashMap::new());
    }
    owner::take_turns(connection, definition, &neighbours).await?;
    let mut ids: Vec<Uuid> = links.iter().map(|link| link.id).collect();
    let horizon = horizon(definition);
    let mut held = owner::held(connection, definition, &neighbours, &ids, horizon).await?;
    if purpose == Purpose::Decide {
        // Whoever gives way need not wait for anybody.
        ids.retain(|link| !held.contains_key(link));
        held.extend(
            owner::take_turns_at_copies(connection, definition, &neighbours, &ids, horizon).await?,
        );
        if neighbours.share_one() && !held.is_empty() {
            let pairs = held.iter().map(|(link, holder)| (*link, holder.link));
            owner::note_holders(connection, pairs).await?;
        }
    }
    let syncs: BTreeSet<&str> = held.values().map(|holder| holder.sync.as_str()).collect();
    let syncs: Vec<&str> = syncs.into_iter().collect();
    let names: HashMap<String, String> =
        owner::definitions(connection, &definition.key.tenant, &syncs)
            .await?
            .into_iter()
            .filter_map(|(sync, encoded)| Some((sync, Definition::decode(&encoded).ok()?.name)))
            .filter(|(_, name)| !name.is_empty())
            .collect();
    let named = |sync: String| names.get(&sync).cloned().unwrap_or(sync);
    Ok(held
        .into_iter()
        .map(|(link, holder)| (link, named(holder.sync)))
        .collect())
}

/// Has what was left alone for a while planned again, as a run begins: records that another sync has let go,
/// and paths that were frozen for their time.
pub async fn look_again(
    connection: &mut PgConnection,
    key: &SyncKey,
    definition: &Definition,
) -> Result<(), EngineError> {
    frozen::release_old(connection, key, FROZEN_FOR).await?;
    let neighbours = owner::neighbours(connection, definition).await?;
    owner::take_over(connection, definition, &neighbours, horizon(definition)).await?;
    Ok(())
}
