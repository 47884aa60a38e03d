//! The tide: a counter that only rises with what is done, copied outside PostgreSQL, so that a database that
//! went back is noticed before anything more is done from it.
//!
//! Two steps change the outside: a claim, after which a provider is called, and an epoch, with which a connector
//! reads. Each raises one of a few gauges in its own transaction, and its answer goes out only after the new height
//! was copied to NATS. No gauge is raised in a database in which any of them stands lower than is known, or that
//! is another one than was last compared with the copies; so every step proves that the database is not behind.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use bus::{Bus, Copied};
use sqlx::PgPool;
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::{
    error::EngineError,
    metrics,
    store::tide::{self, GAUGES, Known, Reading, Step},
};

/// What people are told where nothing is done any more.
pub const BEHIND: &str = "the database is older than what was done from it; run `rapport recover`";

/// How often a copy is tried in place of another one that came first.
const ATTEMPTS: u32 = 5;

/// What this process knows of the tide.
#[derive(Debug)]
pub struct Tide {
    pool: PgPool,
    bus: Option<Bus>,
    known: Mutex<(String, Known)>,
    next: AtomicUsize,
    gauges: [Gauge; GAUGES],
    behind: watch::Sender<bool>,
}

/// One gauge's copy.
#[derive(Debug, Default)]
struct Gauge {
    /// The highest height that waits to be copied: those who wait are copied together.
    highest: AtomicI64,
    copied: AsyncMutex<Lying>,
}

/// What lies in the bucket, as far as this process knows.
#[derive(Debug, Default)]
struct Lying {
    height: i64,
    revision: u64,
}

/// How the database stands to its copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Whether the database is older than what was done from it.
    pub behind: bool,
    /// How many steps it has forgotten; 0 where nothing tells.
    pub lost: i64,
    /// How high each gauge was seen anywhere.
    pub highest: Vec<i64>,
}

impl Tide {
    /// A tide that is copied to this bus.
    pub fn new(pool: PgPool, bus: Bus) -> Arc<Self> {
        Self::with(pool, Some(bus))
    }

    /// A tide that only this process remembers, for an engine without a bus.
    pub fn alone(pool: PgPool) -> Arc<Self> {
        Self::with(pool, None)
    }

    fn with(pool: PgPool, bus: Option<Bus>) -> Arc<Self> {
        Arc::new(Self {
            pool,
            bus,
            known: Mutex::default(),
            next: AtomicUsize::new(0),
            gauges: Default::default(),
            behind: watch::Sender::new(false),
        })
    }

    /// Whether the database was found to be older than what was done from it.
    pub fn is_behind(&self) -> bool {
        *self.behind.borrow()
    }

    /// Follows [`Tide::is_behind`].
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.behind.subscribe()
    }

    pub(crate) fn bus(&self) -> Option<&Bus> {
        self.bus.as_ref()
    }

    /// The next step: what it needs to raise a gauge.
    ///
    /// # Errors
    /// The database is behind.
    pub fn step(&self) -> Result<Step, EngineError> {
        if self.is_behind() {
            return Err(EngineError::WentBack);
        }
        Ok(Step {
            gauge: self.next.fetch_add(1, Ordering::Relaxed) % GAUGES,
            known: self.known().1.clone(),
        })
    }

    /// The step raised no gauge: looks why.
    ///
    /// # Errors
    /// The database is behind. Otherwise the step can be taken anew.
    pub async fn refused(&self) -> Result<(), EngineError> {
        if self.look().await?.behind {
            return Err(EngineError::WentBack);
        }
        Ok(())
    }

    /// Copies the height that a committed step has reached; what the step was for may begin only then.
    pub async fn reached(&self, step: &Step, height: i64) -> Result<(), EngineError> {
        let gauge = &self.gauges[step.gauge];
        gauge.highest.fetch_max(height, Ordering::Relaxed);
        if let Some(bus) = &self.bus {
            self.copy(bus, step.gauge, height).await?;
        }
        // A look may have found meanwhile what the step could not know.
        if self.is_behind() {
            return Err(EngineError::WentBack);
        }
        self.learn(step.gauge, height);
        Ok(())
    }

    async fn copy(&self, bus: &Bus, gauge: usize, height: i64) -> Result<(), EngineError> {
        for _attempt in 0..ATTEMPTS {
            let mut lying = self.gauges[gauge].copied.lock().await;
            if lying.height >= height {
                return Ok(());
            }
            let highest = self.gauges[gauge].highest.load(Ordering::Relaxed);
            let installation = self.known().0.clone();
            let copied = bus.copy(gauge, &installation, highest, lying.revision);
            if let Some(revision) = copied.await? {
                *lying = Lying {
                    height: highest,
                    revision,
                };
                return Ok(());
            }
            drop(lying);
            // Another process was faster, or the bucket was lost.
            self.refused().await?;
        }
        Err(EngineError::Crowded)
    }

    /// Compares the database with its copies, and fills in what is missing of them.
    pub async fn look(&self) -> Result<Level, EngineError> {
        // The copies first: whatever they show was committed before.
        let copies = self.copies().await?;
        let (installation, known) = self.known().clone();
        let mut connection = self.pool.acquire().await?;
        let reading = tide::read(&mut connection).await?;
        let mut highest = reading.known.heights.clone();
        let ours = copies
            .iter()
            .map(|copy| {
                copy.as_ref()
                    .filter(|copy| copy.installation == reading.installation)
            })
            .map(|copy| copy.map_or(0, |copy| copy.height));
        raise_to(&mut highest, ours);
        if installation == reading.installation {
            raise_to(&mut highest, known.heights.iter().copied());
        }
        let lost = highest.iter().zip(&reading.known.heights);
        let lost = lost.map(|(highest, height)| highest - height).sum();
        let level = Level {
            behind: lost > 0 || reading.behind_since.is_some(),
            lost,
            highest,
        };
        if level.behind && reading.behind_since.is_none() {
            tide::set_behind(&mut connection).await?;
        }
        drop(connection);
        self.tell(&level);
        if !level.behind {
            self.fill(&reading, copies).await?;
        }
        Ok(level)
    }

    async fn copies(&self) -> Result<Vec<Option<Copied>>, EngineError> {
        let mut copies = Vec::with_capacity(GAUGES);
        if let Some(bus) = &self.bus {
            for gauge in 0..GAUGES {
                copies.push(bus.copied(gauge).await?);
            }
        }
        Ok(copies)
    }

    fn tell(&self, level: &Level) {
        metrics::behind(level.behind);
        let changed = self
            .behind
            .send_if_modified(|was| std::mem::replace(was, level.behind) != level.behind);
        if changed && level.behind {
            tracing::error!(lost = level.lost, "{BEHIND}");
        } else if changed {
            tracing::info!("the database is as new as what was done from it");
        }
    }

    /// The database is not behind: copies that are missing, lower or somebody else's are made anew.
    async fn fill(
        &self,
        reading: &Reading,
        copies: Vec<Option<Copied>>,
    ) -> Result<(), EngineError> {
        self.remember(reading);
        let Some(bus) = &self.bus else { return Ok(()) };
        for (gauge, copy) in copies.into_iter().enumerate() {
            let height = reading
                .known
                .heights
                .get(gauge)
                .copied()
                .unwrap_or_default();
            let mut lying = self.gauges[gauge].copied.lock().await;
            let (revision, theirs) = match copy {
                Some(copy) if copy.installation == reading.installation => {
                    (copy.revision, copy.height)
                }
                Some(copy) => {
                    tracing::warn!(gauge, "a copy of another installation is replaced");
                    (copy.revision, -1)
                }
                None => (0, -1),
            };
            *lying = Lying {
                height: theirs,
                revision,
            };
            if theirs < height
                && let Some(revision) = bus
                    .copy(gauge, &reading.installation, height, revision)
                    .await?
            {
                *lying = Lying { height, revision };
            }
        }
        Ok(())
    }

    fn remember(&self, reading: &Reading) {
        let mut known = self.known();
        let mut heights = reading.known.heights.clone();
        if known.0 == reading.installation {
            raise_to(&mut heights, known.1.heights.iter().copied());
        }
        let place = reading.known.place.clone();
        *known = (reading.installation.clone(), Known { place, heights });
    }

    fn learn(&self, gauge: usize, height: i64) {
        if let Some(known) = self.known().1.heights.get_mut(gauge) {
            *known = height.max(*known);
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, (String, Known)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn raise_to(heights: &mut [i64], others: impl Iterator<Item = i64>) {
    for (height, other) in heights.iter_mut().zip(others) {
        *height = other.max(*height);
    }
}
