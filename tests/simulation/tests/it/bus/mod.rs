//! The bus of the simulation and the real one play the same histories, on one suite.

mod histories;
mod jetstream;
mod model;

use proto::{
    change::{Change, ChangeBatch},
    record::Side,
    write::{OutcomeBatch, WriteBatch},
};

/// A work queue of the suite; writes are those of the provider `suite`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    Changes,
    Writes,
    Outcomes,
}

/// One step of a history. Messages are named by their sync or connection; changes also by their number.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// A message is published.
    Publish(On, &'static str, u64),
    /// A message that the bus must not take in.
    Refused(Bad),
    /// Bytes that nobody can decode arrive in the queue of changes, for this sync.
    Garbage(&'static str),
    /// These are handed out, in any order, and nothing else.
    Take(On, &'static [(&'static str, u64)]),
    /// Nothing is handed out now.
    Nothing(On),
    /// A message is done with.
    Acknowledge(On, &'static str, u64),
    /// A message is given back.
    GiveBack(On, &'static str, u64),
    /// The reader dies with everything that it has in hand, and another one begins.
    Die,
    /// The server loses its store.
    LoseStore,
    /// So many messages could not be decoded.
    Dead(usize),
    /// So many messages are left in a queue.
    Left(On, usize),
}

/// What a bus must not take in.
#[derive(Debug, Clone, Copy)]
pub enum Bad {
    TooLarge,
    Subject,
}

/// A message as the suite names it.
pub type Name = (String, u64);

/// A bus that plays histories.
pub trait Player {
    async fn publish(&mut self, on: On, name: &str, number: u64);
    /// Whether it is refused.
    async fn refuses(&mut self, batch: &ChangeBatch) -> bool;
    async fn garbage(&mut self, name: &str, bytes: Vec<u8>);
    /// The next message; none if there is none. `sure` says that there must be one.
    async fn next(&mut self, on: On, sure: bool) -> Option<Name>;
    async fn acknowledge(&mut self, on: On, name: &Name);
    async fn give_back(&mut self, on: On, name: &Name);
    async fn die(&mut self);
    async fn lose_store(&mut self);
    async fn dead(&mut self) -> usize;
    async fn left(&mut self, on: On) -> usize;
}

/// Plays a history.
pub async fn play(bus: &mut impl Player, history: &[Step]) {
    for (at, step) in history.iter().enumerate() {
        match *step {
            Step::Publish(on, name, number) => bus.publish(on, name, number).await,
            Step::Refused(bad) => assert!(bus.refuses(&refused(bad)).await, "{at}: {step:?}"),
            Step::Garbage(name) => bus.garbage(name, vec![0xff; 40]).await,
            Step::Take(on, names) => {
                let mut wanted: Vec<Name> = names
                    .iter()
                    .map(|(name, number)| ((*name).to_owned(), *number))
                    .collect();
                let mut taken = Vec::new();
                for _ in names {
                    taken.extend(bus.next(on, true).await);
                }
                wanted.sort();
                taken.sort();
                assert_eq!(taken, wanted, "{at}: {step:?}");
            }
            Step::Nothing(on) => assert_eq!(bus.next(on, false).await, None, "{at}: {step:?}"),
            Step::Acknowledge(on, name, number) => {
                bus.acknowledge(on, &(name.to_owned(), number)).await;
            }
            Step::GiveBack(on, name, number) => {
                bus.give_back(on, &(name.to_owned(), number)).await;
            }
            Step::Die => bus.die().await,
            Step::LoseStore => bus.lose_store().await,
            Step::Dead(count) => assert_eq!(bus.dead().await, count, "{at}: {step:?}"),
            Step::Left(on, count) => assert_eq!(bus.left(on).await, count, "{at}: {step:?}"),
        }
    }
}

fn refused(bad: Bad) -> ChangeBatch {
    match bad {
        Bad::TooLarge => ChangeBatch {
            changes: vec![Change {
                remote_id: "x".repeat(1024 * 1024),
                ..Change::default()
            }],
            ..changes("one", 1)
        },
        Bad::Subject => changes("two words", 1),
    }
}

pub fn changes(sync: &str, number: u64) -> ChangeBatch {
    ChangeBatch {
        tenant: "acme".to_owned(),
        sync: sync.to_owned(),
        side: Side::Left.into(),
        epoch: 1,
        number,
        ..ChangeBatch::default()
    }
}

pub fn writes(connection: &str) -> WriteBatch {
    WriteBatch {
        tenant: "acme".to_owned(),
        connection: connection.to_owned(),
        provider: "suite".to_owned(),
        writes: Vec::new(),
    }
}

pub fn outcomes(sync: &str) -> OutcomeBatch {
    OutcomeBatch {
        tenant: "acme".to_owned(),
        sync: sync.to_owned(),
        outcomes: Vec::new(),
    }
}
