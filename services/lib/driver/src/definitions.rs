//! Definitions of syncs, kept as control tells them: at start, when told that one changed, and once a minute.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use bus::{Bus, BusError, Changed, Watch};
use kit::grpc::Client;
use model::{Path, PathError, Side};
use proto::control::{SyncDefinition, SyncsRequest, definitions_client::DefinitionsClient};
use provider::Scope;
use tokio::time::{Interval, MissedTickBehavior};
use tonic::Status;

use crate::store::FeedKey;

/// One side of one sync that this provider reads and writes.
#[derive(Clone, Debug)]
pub(crate) struct DefinedSide {
    /// The side as its provider knows it.
    pub(crate) scope: Scope,
    /// The account that the connection must belong to.
    pub(crate) account_id: String,
    /// The generation of the definition.
    pub(crate) generation: u64,
    /// The key of the tenant's match-key hashes.
    pub(crate) hash_key: [u8; 32],
    /// How often it is polled.
    pub(crate) frequency: Duration,
    /// Whether it is to be read: neither paused nor being deleted.
    pub(crate) read: bool,
}

impl DefinedSide {
    /// The connection through which it is reached.
    pub(crate) fn connection(&self) -> ConnectionKey {
        let Scope {
            tenant, connection, ..
        } = &self.scope;
        ConnectionKey {
            tenant: tenant.clone(),
            connection: connection.clone(),
        }
    }

    /// The feed that reads this side.
    pub(crate) fn key(&self) -> FeedKey {
        let Scope {
            tenant, sync, side, ..
        } = &self.scope;
        FeedKey {
            tenant: tenant.clone(),
            sync: sync.clone(),
            side: *side,
        }
    }
}

/// A connection to an account, as control knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionKey {
    /// The customer organisation.
    pub(crate) tenant: String,
    /// The connection.
    pub(crate) connection: String,
}

/// A definition that this program cannot work with; control stores none, so another version wrote it.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("it has no {0} side")]
    NoSide(Side),
    #[error("its hash key is not 32 bytes long")]
    HashKey,
}

/// What is known of definitions. Clones of the `Arc` share it.
pub(crate) struct Definitions {
    client: DefinitionsClient<Client>,
    provider: &'static str,
    known: RwLock<BTreeMap<FeedKey, Arc<DefinedSide>>>,
}

impl Definitions {
    pub(crate) fn new(client: Client, provider: &'static str) -> Self {
        let client = DefinitionsClient::new(client).max_decoding_message_size(64 * 1024 * 1024);
        Self {
            client,
            provider,
            known: RwLock::default(),
        }
    }

    /// A side, as far as it is known.
    pub(crate) fn side(&self, key: &FeedKey) -> Option<Arc<DefinedSide>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }

    /// A side; control is asked if it is not known.
    pub(crate) async fn look_up(&self, key: &FeedKey) -> Result<Option<Arc<DefinedSide>>, Status> {
        if let Some(side) = self.side(key) {
            return Ok(Some(side));
        }
        self.refresh(Some((&key.tenant, &key.sync))).await?;
        Ok(self.side(key))
    }

    /// Asks control again, for one sync or for all, and answers with the sides that it lists.
    pub(crate) async fn refresh(
        &self,
        sync: Option<(&str, &str)>,
    ) -> Result<Vec<Arc<DefinedSide>>, Status> {
        let request = SyncsRequest {
            provider: self.provider.to_owned(),
            sync: sync.map(|(_, sync)| sync.to_owned()).unwrap_or_default(),
        };
        let listed = self.client.clone().syncs(request).await?.into_inner().syncs;
        let asked = |key: &FeedKey| {
            sync.is_none_or(|(tenant, sync)| key.tenant == tenant && key.sync == sync)
        };
        let sides: Vec<_> = listed
            .iter()
            .flat_map(|definition| self.sides(definition))
            .filter(|side| asked(&side.key()))
            .map(Arc::new)
            .collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|key, _| !asked(key));
        known.extend(sides.iter().map(|side| (side.key(), side.clone())));
        Ok(sides)
    }

    fn sides(&self, definition: &SyncDefinition) -> Vec<DefinedSide> {
        let ours = Side::ALL.into_iter().filter(|side| {
            side_of(definition, *side).is_some_and(|side| side.provider == self.provider)
        });
        ours.filter_map(|side| {
            let SyncDefinition { tenant, sync, .. } = definition;
            defined(definition, side)
                .inspect_err(
                    |error| tracing::error!(tenant, sync, %error, "an unusable definition"),
                )
                .ok()
        })
        .collect()
    }
}

fn side_of(definition: &SyncDefinition, side: Side) -> Option<&proto::control::SideDefinition> {
    match side {
        Side::Left => definition.left.as_ref(),
        Side::Right => definition.right.as_ref(),
    }
}

fn defined(definition: &SyncDefinition, side: Side) -> Result<DefinedSide, Unusable> {
    let of = side_of(definition, side).ok_or(Unusable::NoSide(side))?;
    let pick = |left, right| match side {
        Side::Left => left,
        Side::Right => right,
    };
    let mapped = definition
        .mapping
        .iter()
        .map(|pair| pick(&pair.left, &pair.right));
    let paths: Result<BTreeSet<_>, _> = mapped.map(|path| Path::from_str(path)).collect();
    let matched = definition
        .r#match
        .iter()
        .map(|pair| pick(&pair.left, &pair.right));
    let match_paths: Result<Vec<_>, _> = matched.map(|path| Path::from_str(path)).collect();
    let frequency = definition
        .policies
        .as_ref()
        .map_or(0, |policies| policies.frequency_seconds);
    Ok(DefinedSide {
        scope: Scope {
            tenant: definition.tenant.clone(),
            sync: definition.sync.clone(),
            side,
            kind: definition.kind.clone(),
            connection: of.connection.clone(),
            collection: of.collection.clone(),
            collection_form: of.collection_form.clone(),
            options: of.options.clone().into_iter().collect(),
            paths: paths?.into_iter().collect(),
            match_paths: match_paths?,
        },
        account_id: of.account_id.clone(),
        generation: definition.generation,
        hash_key: definition
            .hash_key
            .as_slice()
            .try_into()
            .map_err(|_| Unusable::HashKey)?,
        frequency: Duration::from_secs(match frequency {
            0 => 300,
            seconds => seconds.into(),
        }),
        read: matches!(definition.state.as_str(), "active" | "preview"),
    })
}

/// Definitions that were read again.
pub(crate) struct Refreshed {
    /// The sync that was said to have changed; `None` if all were read.
    pub(crate) of: Option<Changed>,
    /// The sides that control lists now.
    pub(crate) sides: Vec<Arc<DefinedSide>>,
}

/// Keeps definitions fresh, for as long as [`Follower::next`] is called.
pub(crate) struct Follower {
    definitions: Arc<Definitions>,
    bus: Bus,
    watch: Watch,
    interval: Interval,
}

/// How soon control is asked again when it did not answer.
const RETRY: Duration = Duration::from_secs(1);

impl Follower {
    /// Listens for changes from now on.
    pub(crate) async fn new(
        definitions: Arc<Definitions>,
        bus: Bus,
        period: Duration,
    ) -> Result<Self, BusError> {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            definitions,
            watch: bus.watch_changed().await?,
            bus,
            interval,
        })
    }

    /// Waits until definitions may have changed and reads them again; at first at once.
    pub(crate) async fn next(&mut self) -> Refreshed {
        let of = tokio::select! {
            _ = self.interval.tick() => None,
            changed = self.watch.next() => {
                if changed.is_none() {
                    self.listen_again().await;
                }
                changed
            }
        };
        let sync = of.as_ref().map(|of| (of.tenant.as_str(), of.sync.as_str()));
        loop {
            match self.definitions.refresh(sync).await {
                Ok(sides) => return Refreshed { of, sides },
                Err(status) => {
                    tracing::warn!(code = ?status.code(), "control does not tell its definitions");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn listen_again(&mut self) {
        loop {
            tokio::time::sleep(RETRY).await;
            match self.bus.watch_changed().await {
                Ok(watch) => {
                    self.watch = watch;
                    return;
                }
                Err(error) => tracing::warn!(%error, "cannot listen for changed definitions"),
            }
        }
    }
}
