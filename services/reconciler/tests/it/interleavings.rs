//! The engine under random interleavings: people edit, messages are lost, doubled and reordered,
//! answers are lost; afterwards both books agree, nobody is there twice, and no edit is lost.

use std::collections::BTreeSet;

use model::Side;
use proptest::prelude::*;
use proto::{
    change::ChangeBatch,
    write::{Outcome, Unknown, outcome::Result as Answer},
};

use crate::world::World;

#[derive(Debug, Clone)]
enum Event {
    Edit {
        side: Side,
        who: u8,
        path: u8,
        value: u8,
    },
    Add {
        side: Side,
        who: u8,
    },
    Read {
        side: Side,
        lose: bool,
        twice: bool,
    },
    Late,
    Advance,
    Write {
        lose_answer: bool,
        twice: bool,
    },
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (side(), 0..6u8, 0..3u8, 0..5u8)
            .prop_map(|(side, who, path, value)| Event::Edit { side, who, path, value }),
        2 => (side(), 0..6u8).prop_map(|(side, who)| Event::Add { side, who }),
        4 => (side(), prop::bool::weighted(0.2), prop::bool::weighted(0.2))
            .prop_map(|(side, lose, twice)| Event::Read { side, lose, twice }),
        1 => Just(Event::Late),
        4 => Just(Event::Advance),
        4 => (prop::bool::weighted(0.2), prop::bool::weighted(0.2))
            .prop_map(|(lose_answer, twice)| Event::Write { lose_answer, twice }),
    ]
}

fn unknown(outcome: &Outcome) -> Outcome {
    Outcome {
        write: outcome.write.clone(),
        result: Some(Answer::Unknown(Unknown::default())),
        ..Outcome::default()
    }
}

async fn step(
    world: &mut World,
    event: &Event,
    held: &mut Vec<ChangeBatch>,
    typed: &mut BTreeSet<String>,
) {
    match *event {
        Event::Edit {
            side,
            who,
            path,
            value,
        } => {
            let path = ["title", "note", "phones[mobile]"][usize::from(path)];
            let value = format!("{value}{value}{value}{value}");
            let ids = world.find(side, &format!("p{who}@example.com"));
            if let Some(id) = ids.first() {
                world.book(side).set(id, path, Some(&value));
                typed.insert(value);
            }
        }
        Event::Add { side, who } => {
            let email = format!("p{who}@example.com");
            if world.find(side, &email).is_empty() {
                let name = format!("Family{who}");
                world
                    .book(side)
                    .add(&[("emails[work]", &email), ("name.family", &name)]);
            }
        }
        Event::Read { side, lose, twice } => {
            if let Some(batch) = world.round(side).await {
                if lose {
                    held.push(batch);
                    return;
                }
                world.ingest(&batch).await;
                if twice {
                    world.ingest(&batch).await;
                }
            }
        }
        Event::Late => {
            if let Some(batch) = held.pop() {
                world.ingest(&batch).await;
            }
        }
        Event::Advance => world.advance().await,
        Event::Write { lose_answer, twice } => {
            let writes = world.claimed().await;
            let outcomes: Vec<Outcome> = writes.iter().map(|write| world.execute(write)).collect();
            if lose_answer {
                world.answer(outcomes.iter().map(unknown).collect()).await;
            } else {
                world.answer(outcomes.clone()).await;
                if twice {
                    world.answer(outcomes).await;
                }
            }
        }
    }
}

async fn play(events: Vec<Event>) {
    let mut world = World::new().await;
    let mut held = Vec::new();
    let mut typed = BTreeSet::new();
    for event in &events {
        step(&mut world, event, &mut held, &mut typed).await;
    }
    world.settle().await;
    world.agree();
    for side in Side::ALL {
        for who in 0..6 {
            let found = world.find(side, &format!("p{who}@example.com"));
            assert!(
                found.len() <= 1,
                "p{who} is there twice on the {side} side: {found:?}"
            );
        }
    }
    let before = world.writes();
    world.settle().await;
    assert_eq!(world.writes(), before, "no echo");
}

// proves
#[test]
fn whatever_the_order_both_books_agree_and_nobody_is_there_twice() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 16,
        max_shrink_iters: 60,
        ..ProptestConfig::default()
    });
    runner
        .run(&prop::collection::vec(event(), 1..40), |events| {
            runtime.block_on(play(events));
            Ok(())
        })
        .unwrap();
}
