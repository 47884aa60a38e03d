//! Histories: what happened in a world, drawn from a seed, played, and cut down when it went wrong.

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    coverage::Coverage,
    operation::{Operation, operations},
    store::Store,
    world::World,
};

/// Operations of one world between its beginning and its end.
pub const LENGTH: usize = 600;
/// After so many operations a world comes to rest.
const REST: usize = 300;

/// How a world ended.
#[derive(Debug)]
pub struct Ending {
    /// Operations that did something.
    pub operations: u64,
    /// Faults by situation.
    pub coverage: Coverage,
    /// What must not be and was.
    pub violations: Vec<String>,
    /// The store, for the next world.
    pub store: Store,
}

/// So many operations that a seed stands for.
pub fn draw(seed: u64, length: usize) -> Vec<Operation> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = operations();
    let next = || Some(strategy.new_tree(&mut runner).ok()?.current());
    std::iter::from_fn(next).flatten().take(length).collect()
}

/// Plays a history: now and then, and at its end, the world comes to rest and is looked at.
pub async fn play(store: Store, history: &[Operation]) -> Ending {
    let mut world = World::new(store).await;
    let mut operations = 0;
    let mut number = 0;
    for part in history.chunks(REST) {
        for operation in part {
            operations += u64::from(world.operate(*operation).await);
            number += 1;
            world.tell(&format!("{number} {operation:?}")).await;
        }
        world.come_to_rest().await;
        world.check().await;
        if !world.violations.is_empty() {
            break;
        }
        world.listen_for_an_echo().await;
    }
    Ending {
        operations,
        coverage: world.coverage,
        violations: world.violations,
        store: world.store,
    }
}

/// A violation without its numbers: what kind it is.
fn kind(violation: &str) -> String {
    let words = violation.split([':', ',']).next().unwrap_or_default();
    words.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Cuts a history that went wrong down to what it takes, by leaving out ever smaller parts, within so many plays.
pub async fn reduce(
    mut store: Store,
    history: Vec<Operation>,
    violations: Vec<String>,
    plays: usize,
) -> (Store, Vec<Operation>, Vec<String>) {
    let wanted = violations.first().map(|violation| kind(violation));
    let mut shortest = (history, violations);
    let mut left = plays;
    // What comes after the part in which it went wrong was never played.
    while shortest.0.len() > REST && left > 0 {
        let candidate = shortest.0[..(shortest.0.len() - 1) / REST * REST].to_vec();
        let ending = play(store, &candidate).await;
        store = ending.store;
        left -= 1;
        if ending.violations.is_empty() {
            break;
        }
        shortest = (candidate, ending.violations);
    }
    let mut size = shortest.0.len() / 2;
    while size > 0 && left > 0 {
        let mut at = 0;
        let mut shorter = false;
        while at < shortest.0.len() && left > 0 {
            let end = (at + size).min(shortest.0.len());
            let candidate: Vec<Operation> = [&shortest.0[..at], &shortest.0[end..]].concat();
            let ending = play(store, &candidate).await;
            store = ending.store;
            left -= 1;
            let same = ending
                .violations
                .iter()
                .any(|violation| Some(kind(violation)) == wanted);
            if same {
                shortest = (candidate, ending.violations);
                shorter = true;
            } else {
                at = end;
            }
        }
        if size > 1 || !shorter {
            size /= 2;
        }
    }
    (store, shortest.0, shortest.1)
}
