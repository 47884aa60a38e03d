//! A simulation: two sides that people edit, a reconciler that plans, writers that fail at every point.
//!
//! After a series of random operations the world comes to rest: everything can be read again and is read,
//! planned, written and answered until nothing is left to do. Then both sides are equal under the mapping,
//! no value that somebody entered has vanished without a trace, and nothing is written any more.

mod checks;
mod people;
mod provider;
mod world;

use merge::{Deletion, Disposition, Policy};
use model::{Direction, PerSide, Side};
use proptest::prelude::*;
use world::{Op, World};

use crate::situations;

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

fn op() -> impl Strategy<Value = Op> {
    let place = 0..world::FIELDS;
    prop_oneof![
        8 => (side(), place.clone()).prop_map(|(side, place)| Op::Edit { side, place }),
        2 => (side(), place.clone()).prop_map(|(side, place)| Op::Clear { side, place }),
        3 => side().prop_map(|side| Op::AddElement { side }),
        2 => (side(), 0_usize..4).prop_map(|(side, at)| Op::EditElement { side, at }),
        2 => (side(), 0_usize..4).prop_map(|(side, at)| Op::RemoveElement { side, at }),
        1 => (side(), 0_usize..4).prop_map(|(side, at)| Op::Relabel { side, at }),
        1 => side().prop_map(|side| Op::Delete { side }),
        2 => (side(), any::<bool>()).prop_map(|(side, inside)| Op::Move { side, inside }),
        1 => (side(), place, any::<bool>()).prop_map(|(side, place, hidden)| Op::Hide { side, place, hidden }),
        1 => (side(), any::<bool>()).prop_map(|(side, reachable)| Op::Reach { side, reachable }),
        6 => side().prop_map(|side| Op::Read { side }),
        6 => Just(Op::Plan),
        5 => side().prop_map(|side| Op::Execute { side }),
        5 => side().prop_map(|side| Op::Answer { side }),
        1 => side().prop_map(|side| Op::AnswerTwice { side }),
        2 => side().prop_map(|side| Op::LoseAnswer { side }),
        3 => Just(Op::Round),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 20..40)
}

/// Runs a series of operations and lets the world come to rest.
fn rest(
    policy: Policy,
    limits: PerSide<Option<usize>>,
    ops: &[Op],
) -> Result<World, TestCaseError> {
    let mut world = World::new(policy, limits);
    for op in ops {
        world.step(op);
    }
    let rounds = world.come_to_rest();
    prop_assert!(rounds.is_some(), "never at rest: {world:#?}");
    Ok(world)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    // proves
    #[test]
    fn after_everything_both_sides_are_equal_and_no_value_has_vanished(
        policy in situations::policy(),
        limits in (prop::option::weighted(0.3, 1_usize..4), prop::option::weighted(0.3, 1_usize..4)),
        ops in ops(),
    ) {
        let world = rest(policy, PerSide::new(limits.0, limits.1), &ops)?;
        prop_assert_eq!(world.violations(), &Vec::<String>::new(), "{:#?}", world);
        prop_assert_eq!(world.differences(), Vec::<String>::new(), "{:#?}", world);
        prop_assert_eq!(world.vanished(), Vec::<String>::new(), "{:#?}", world);
    }

    // proves: R-13
    #[test]
    fn at_rest_nothing_is_written_whatever_is_read_again(policy in situations::policy(), ops in ops()) {
        let mut world = rest(policy, PerSide::default(), &ops)?;
        let writes = world.writes();
        for _ in 0..3 {
            world.step(&Op::Round);
        }
        prop_assert_eq!(world.writes(), writes, "an echo: {:#?}", world);
    }

    // proves: R-23
    #[test]
    fn without_deletions_by_people_nothing_is_ever_deleted(policy in situations::policy(), ops in ops()) {
        let harmless: Vec<_> = ops.into_iter().filter(|op| !matches!(op, Op::Delete { .. })).collect();
        let world = rest(policy, PerSide::default(), &harmless)?;
        prop_assert!(world.is_live(Side::Left) && world.is_live(Side::Right) || !world.was_linked());
        prop_assert_eq!(world.violations(), &Vec::<String>::new());
    }
}

#[test]
fn a_two_way_sync_that_is_left_alone_ends_in_sync() {
    let mut world = World::new(Policy::default(), PerSide::default());
    world.step(&Op::Edit {
        side: Side::Left,
        place: 0,
    });
    world.step(&Op::Edit {
        side: Side::Right,
        place: 1,
    });
    assert!(world.come_to_rest().is_some());
    assert_eq!(world.state(), Disposition::InSync);
    assert_eq!(world.differences(), Vec::<String>::new());
}

// proves: R-17
#[test]
fn a_source_is_not_written_even_when_its_counterpart_is_deleted() {
    let policy = Policy {
        direction: Direction::LeftToRight,
        deletion: Deletion::Propagate,
        ..Policy::default()
    };
    let mut world = World::new(policy, PerSide::default());
    world.step(&Op::Round);
    world.step(&Op::Delete { side: Side::Right });
    assert!(world.come_to_rest().is_some());
    assert!(world.is_live(Side::Left) && !world.is_live(Side::Right));
    assert_eq!(world.violations(), &Vec::<String>::new());
}
