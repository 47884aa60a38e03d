//! Worlds drawn from seeds, and histories that went wrong once.
#![allow(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "tests read their settings and say what they did"
)]

use std::{path::Path, time::Instant};

use simulation::{
    coverage::Coverage,
    history::{LENGTH, draw, play, reduce},
    operation::Operation,
    store::Store,
};

/// Operations of a run unless `RAPPORT_SIMULATION_OPERATIONS` or `RAPPORT_SIMULATION_MINUTES` says otherwise. In a run
/// of so many each fault has to meet each situation; a shorter one only counts.
const OPERATIONS: u64 = 100_000;
/// Each fault meets each situation at least so often in a run of that size.
const LEAST: u64 = 50;
/// Into how many tests a run is divided, which play at the same time.
const SHARDS: u64 = 2;
/// How often a history that goes wrong is played while it is cut down.
const PLAYS: usize = 600;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays every `SHARDS`th seed until there were enough operations, and each fault met each situation often enough.
async fn shard(number: u64) {
    let total = setting("RAPPORT_SIMULATION_OPERATIONS").unwrap_or(OPERATIONS);
    let minutes = setting("RAPPORT_SIMULATION_MINUTES");
    let first = setting("RAPPORT_SIMULATION_SEED").unwrap_or(1);
    let wanted = total / SHARDS;
    let least = if total >= OPERATIONS {
        LEAST / SHARDS
    } else {
        0
    };
    let began = Instant::now();
    let mut store = Store::create().await;
    let (mut coverage, mut operations, mut worlds) = (Coverage::default(), 0, 0);
    let mut seed = first + number;
    loop {
        let elapsed = began.elapsed().as_secs();
        let enough = match minutes {
            Some(minutes) => elapsed >= minutes * 60,
            // A pair that is still rare gets another half of the time.
            None => {
                operations >= wanted
                    && (coverage.below(least).is_empty() || operations > wanted * 3 / 2)
            }
        };
        if enough {
            break;
        }
        let history = draw(seed, LENGTH);
        let ending = play(store, &history).await;
        store = ending.store;
        operations += ending.operations;
        worlds += 1;
        coverage.add(&ending.coverage);
        if !ending.violations.is_empty() {
            fail(store, seed, history, ending.violations).await;
            return;
        }
        seed += SHARDS;
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = (operations as f64 / seconds).round();
    eprintln!(
        "shard {number}: {operations} operations in {worlds} worlds from seed {first}, {seconds:.0} s, \
         {rate} a second, no violation\n{coverage}"
    );
    let least = if operations >= wanted { least } else { 0 };
    let rare = coverage.below(least);
    assert!(rare.is_empty(), "hit less than {least} times: {rare:?}");
}

/// Cuts the history down, keeps it, and says how to repeat it.
async fn fail(store: Store, seed: u64, history: Vec<Operation>, violations: Vec<String>) {
    eprintln!("seed {seed} went wrong: {violations:#?}; cutting it down");
    let (_, shortest, violations) = reduce(store, history, violations, PLAYS).await;
    let lines: Vec<String> = shortest
        .iter()
        .map(|operation| serde_json::to_string(operation).unwrap())
        .collect();
    let file = std::env::temp_dir().join(format!("rapport-simulation-{seed}.json"));
    std::fs::write(&file, format!("[\n{}\n]\n", lines.join(",\n"))).unwrap();
    panic!(
        "seed {seed}: {violations:#?}\nits {} operations are in {}; repeat it with\n\
         RAPPORT_SIMULATION_SEED={seed} RAPPORT_SIMULATION_OPERATIONS=2 cargo nextest run -p simulation --run-ignored all shard_one\n\
         and keep them in tests/simulation/regressions",
        shortest.len(),
        file.display()
    );
}

// proves
#[tokio::test]
async fn whatever_happens_the_engine_keeps_its_promises_shard_one() {
    shard(0).await;
}

// proves
#[tokio::test]
async fn whatever_happens_the_engine_keeps_its_promises_shard_two() {
    shard(1).await;
}

// proves
#[tokio::test]
async fn what_went_wrong_once_does_not_go_wrong_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    assert!(
        !files.is_empty(),
        "the histories are not where they are looked for"
    );
    let mut store = Store::create().await;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let history: Vec<Operation> = serde_json::from_str(&text).unwrap();
        let ending = play(store, &history).await;
        store = ending.store;
        assert_eq!(
            ending.violations,
            Vec::<String>::new(),
            "{}",
            file.display()
        );
    }
}

/// Plays the history in the file that `RAPPORT_SIMULATION_HISTORY` names.
#[tokio::test]
#[ignore = "plays one history, for whoever looks at it"]
async fn a_history_is_played() {
    let file = std::env::var("RAPPORT_SIMULATION_HISTORY").unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let history: Vec<Operation> = serde_json::from_str(&text).unwrap();
    let ending = play(Store::create().await, &history).await;
    assert_eq!(ending.violations, Vec::<String>::new());
}

/// Plays `RAPPORT_SIMULATION_WORLDS` worlds and says which seeds go wrong, and how, without cutting them down.
#[tokio::test]
#[ignore = "looks through many seeds, for whoever mends what they find"]
async fn seeds_are_looked_through() {
    let first = setting("RAPPORT_SIMULATION_SEED").unwrap_or(1);
    let worlds = setting("RAPPORT_SIMULATION_WORLDS").unwrap_or(20);
    let mut store = Store::create().await;
    let (mut wrong, mut coverage) = (0, Coverage::default());
    for seed in first..first + worlds {
        let began = Instant::now();
        let ending = play(store, &draw(seed, LENGTH)).await;
        store = ending.store;
        coverage.add(&ending.coverage);
        wrong += usize::from(!ending.violations.is_empty());
        eprintln!(
            "seed {seed}: {} operations, {:.1} s, {:#?}",
            ending.operations,
            began.elapsed().as_secs_f64(),
            ending.violations
        );
    }
    eprintln!("{coverage}");
    assert_eq!(wrong, 0, "worlds went wrong");
}

#[tokio::test]
async fn a_seed_is_the_same_history_and_ends_the_same_way() {
    assert_eq!(draw(7, LENGTH), draw(7, LENGTH));
    assert_ne!(draw(7, LENGTH), draw(8, LENGTH));
    let history = draw(7, 120);
    let first = play(Store::create().await, &history).await;
    let second = play(first.store, &history).await;
    assert_eq!(first.operations, second.operations);
    assert_eq!(first.coverage, second.coverage);
}
