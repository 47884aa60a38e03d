//! A world: two providers that people edit, connectors, a bus, the reconciler on its store, and writers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{PerSide, Side};
use proto::{
    control::{Policies, SyncDefinition},
    reconcile::{ResumeRequest, RunRequest, resume_request::Answer, syncs_server::Syncs as _},
};
use reconciler::{intake, service::SyncService, tide::Tide, wake::Wake};
use tonic::Request;

use crate::{
    bus::Bus,
    connector::Connectors,
    coverage::{Coverage, Fault, Situation},
    definition::{definition, pairing, sync},
    operation::{Change, Operation},
    people::People,
    provider::{Kind, Provider},
    store::{BEGINNING, Store},
    trace::Trace,
};

/// How long the CRM's lists may show the past, in seconds.
const LEFT_HORIZON: u32 = 60;
/// How long the address book's may.
const RIGHT_HORIZON: u32 = 300;
/// So much time passes with every operation, in microseconds.
const TICK: i64 = 150_000;
/// Records that a capped run may write.
const CAP: u32 = 3;

/// A simulated world.
#[derive(Debug)]
pub struct World {
    /// The engine's store.
    pub store: Store,
    /// The time, in microseconds since the Unix epoch.
    pub now: i64,
    /// Both accounts.
    pub providers: PerSide<Provider>,
    /// The bus.
    pub bus: Bus,
    /// What people did.
    pub(crate) people: People,
    /// The definition as control has it.
    pub definition: SyncDefinition,
    /// Faults by situation.
    pub coverage: Coverage,
    /// What must not be and was.
    pub violations: Vec<String>,
    pub(crate) connectors: Connectors,
    /// What this process knows of how much was done.
    pub(crate) tide: Arc<Tide>,
    /// Writes that were released and not answered.
    pub(crate) under_way: BTreeMap<String, Situation>,
    /// Writes that were claimed.
    pub(crate) started: BTreeSet<String>,
    /// The source of a one-way sync, with how often our writers had changed it when it became one.
    pub(crate) source: Option<(Side, u64)>,
    /// Whether its direction or what can be read changed since everything was compared.
    pub(crate) to_be_swept: bool,
    /// How often it has come to rest.
    pub(crate) rests: u32,
    /// Whether it is coming to rest: nothing goes wrong any more.
    pub(crate) quiet: bool,
    /// Prints what changes, if somebody wants to see it.
    trace: Option<Trace>,
}

impl World {
    /// A world at its beginning, on a store that is cleared for it.
    pub async fn new(mut store: Store) -> Self {
        store.clear().await;
        let tide = Tide::alone(store.pool.clone());
        let mut world = Self {
            store,
            now: BEGINNING,
            providers: PerSide::new(
                Provider::new(Side::Left, Kind::View, LEFT_HORIZON.into()),
                Provider::new(Side::Right, Kind::Group, RIGHT_HORIZON.into()),
            ),
            bus: Bus::default(),
            people: People::default(),
            definition: definition(LEFT_HORIZON, RIGHT_HORIZON),
            coverage: Coverage::default(),
            violations: Vec::new(),
            connectors: Connectors::default(),
            tide,
            under_way: BTreeMap::new(),
            started: BTreeSet::new(),
            source: None,
            to_be_swept: false,
            rests: 0,
            quiet: false,
            trace: Trace::wanted(),
        };
        world.define().await;
        world
    }

    /// Something happened: whoever wants to see it is told what it changed.
    pub(crate) async fn tell(&mut self, what: &str) {
        if let Some(mut trace) = self.trace.take() {
            trace.after(what, self).await;
            self.trace = Some(trace);
        }
    }

    /// Has the store's clock show this world's time.
    pub(crate) async fn set_clock(&self) {
        self.store.set_clock(self.now).await;
    }

    /// Does one operation; answers whether it did anything.
    pub async fn operate(&mut self, operation: Operation) -> bool {
        self.now += TICK;
        match operation {
            Operation::Person { side, deed } => {
                let provider = self.providers.get_mut(side);
                provider.deed(deed, self.now, &mut self.people)
            }
            Operation::Wait { seconds } => {
                self.now += i64::from(seconds) * 1_000_000;
                true
            }
            Operation::Round { side, lag, turn } => self.round(side, lag, turn).await,
            Operation::Begin { side, lag, turn } => self.begin(side, lag, turn).await,
            Operation::Page { side } => self.read_page(side),
            Operation::Stalled { side } => self.read_stalled(side),
            Operation::Expire { side } => {
                self.hit(Fault::CursorLost);
                self.expire(side);
                true
            }
            Operation::Ingest { crash } => self.ingest(crash).await,
            Operation::Apply { crash } => self.apply(crash).await,
            Operation::Turn => {
                self.turn().await;
                true
            }
            Operation::Prepare => {
                self.prepare().await;
                true
            }
            Operation::Meddle { side, meddling } => self.meddle(side, meddling),
            Operation::Advance => {
                self.advance().await;
                true
            }
            Operation::Step => {
                self.hit(Fault::KilledBetweenSteps);
                self.step().await;
                true
            }
            Operation::Release { lost } => self.release(lost).await > 0,
            Operation::Write {
                side,
                fate,
                death,
                lag,
            } => self.write(side, fate, death, lag).await,
            Operation::Bus { queue, trouble, at } => self.trouble(queue, trouble, at.into()),
            Operation::LoseBus => {
                self.hit(Fault::BusLost);
                self.bus.lose_store();
                true
            }
            Operation::Hide { place, hidden } => self.hide(place, hidden),
            Operation::Collection { side, state } => self.lose_collection(side, state),
            Operation::Refuse {
                side,
                which,
                refused,
            } => self.refuse(side, which, refused),
            Operation::Define { change } => self.change(change).await,
            Operation::Run => self.run().await,
            Operation::Resume { accept } => self.resume(accept).await,
            Operation::BackUp => {
                self.store.back_up().await;
                true
            }
            Operation::GoBack => self.go_back().await,
        }
    }

    /// Changes the definition as a person would.
    pub(crate) async fn change(&mut self, change: Change) -> bool {
        let pick = |at: u8, words: &[&str]| words[usize::from(at) % words.len()].to_owned();
        let before = self.definition.clone();
        let policies = policies(&mut self.definition);
        let fault = match change {
            Change::Conflict(at) => {
                policies.conflict = pick(at, &["left", "right", "newest"]);
                Fault::PolicyChanged
            }
            Change::Deletion(at) => {
                policies.deletion = pick(at, &["propagate", "ignore", "propagate"]);
                Fault::PolicyChanged
            }
            Change::Cap(capped) => {
                policies.cap_later_runs = if capped { CAP } else { 0 };
                Fault::PolicyChanged
            }
            Change::Direction(at) => {
                policies.direction = pick(at, &["both", "left-to-right", "right-to-left"]);
                Fault::DirectionChanged
            }
            Change::Note(mapped) => {
                self.map_note(mapped);
                Fault::MappingChanged
            }
            Change::Paused(paused) => {
                "active".clone_into(&mut self.definition.state);
                if paused {
                    "paused".clone_into(&mut self.definition.state);
                }
                Fault::Paused
            }
            Change::Deleted(deleted) => {
                "active".clone_into(&mut self.definition.state);
                if deleted {
                    "deleting".clone_into(&mut self.definition.state);
                }
                Fault::Deleted
            }
        };
        if self.definition == before {
            return false;
        }
        if matches!(fault, Fault::MappingChanged | Fault::DirectionChanged) {
            self.definition.generation += 1;
        }
        self.hit(fault);
        self.define().await;
        true
    }

    fn map_note(&mut self, mapped: bool) {
        let mapping = &mut self.definition.mapping;
        let is_mapped = mapping.iter().any(|line| line.left == "note");
        if mapped && !is_mapped {
            let mut line = pairing("note");
            // Mapped anew, it has no base.
            line.revision = self.definition.generation;
            mapping.push(line);
        } else if !mapped {
            mapping.retain(|line| line.left != "note");
        }
    }

    /// Control announces the definition.
    pub(crate) async fn define(&mut self) {
        self.set_clock().await;
        let taken = intake::take(&self.store.pool, self.definition.clone()).await;
        self.complain(taken.map(|_| ()));
        self.watch_source();
    }

    pub(crate) fn service(&self) -> SyncService {
        SyncService {
            pool: self.store.pool.clone(),
            tide: self.tide.clone(),
            wake: Arc::new(Wake::default()),
        }
    }

    /// A person answers a sync that waits for a word.
    pub(crate) async fn resume(&mut self, accept: bool) -> bool {
        self.set_clock().await;
        let answer = if accept {
            Answer::Accept
        } else {
            Answer::Restore
        };
        let request = ResumeRequest {
            sync: Some(sync()),
            answer: answer.into(),
        };
        self.service().resume(Request::new(request)).await.is_ok()
    }

    /// A person asks for a run; a sync that is held refuses.
    async fn run(&mut self) -> bool {
        self.set_clock().await;
        let request = RunRequest { sync: Some(sync()) };
        self.service().run(Request::new(request)).await.is_ok()
    }
}

pub(crate) fn policies(definition: &mut SyncDefinition) -> &mut Policies {
    definition.policies.get_or_insert_default()
}
