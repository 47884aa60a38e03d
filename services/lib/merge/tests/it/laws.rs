//! Laws that hold for every situation.

use merge::{Disposition, Plan, PlannedEdit, Presence, Standing, Write};
use model::{Comparison, Element, Fields, Side, Value};
use proptest::prelude::*;

use crate::{cases::check_swap, link::Link, situations};

/// Every edit of a plan, with the side that it writes.
fn edits(plan: &Plan) -> impl Iterator<Item = (Side, &PlannedEdit)> {
    Side::ALL.into_iter().flat_map(|side| {
        let write = plan.writes.get(side).as_ref();
        write
            .into_iter()
            .flat_map(Write::edits)
            .map(move |planned| (side, planned))
    })
}

/// The values that a side had and has no more.
fn vanished(link: &Link, side: Side, before: &Fields, after: &Fields) -> Vec<Value> {
    let mut vanished = Vec::new();
    for pairing in &link.pairings {
        let (before, after) = (
            before.get(pairing.path(side)),
            after.get(pairing.path(side)),
        );
        if pairing.is_list() {
            let lost = missing(before, after, pairing.comparison());
            vanished.extend(
                lost.into_iter()
                    .map(|element| Value::Elements(vec![element])),
            );
        } else if !pairing.comparison().same(before, after) {
            vanished.extend(before.filter(|value| !value.is_empty()).cloned());
        }
    }
    vanished
}

fn missing(before: Option<&Value>, after: Option<&Value>, comparison: Comparison) -> Vec<Element> {
    let mut left: Vec<_> = after.map_or(&[][..], Value::as_elements).to_vec();
    let mut missing = Vec::new();
    for element in before.map_or(&[][..], Value::as_elements) {
        match left
            .iter()
            .position(|other| comparison.same_element(element, other))
        {
            Some(at) => drop(left.remove(at)),
            None => missing.push(element.clone()),
        }
    }
    missing
}

/// An edit without labels and case: of two elements with the same value either may be the one that goes.
fn bare(edit: &model::Edit) -> String {
    let bare = |value: &Option<model::Value>| match value {
        Some(model::Value::Elements(elements)) => {
            let parts: Vec<_> = elements.iter().map(|element| &element.parts).collect();
            format!("{parts:?}")
        }
        other => format!("{other:?}"),
    };
    format!("{} {} {}", edit.path, bare(&edit.before), bare(&edit.after)).to_lowercase()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    // proves: R-13
    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(link in situations::link()) {
        let next = link.carry_out(&link.plan());
        // A record that had to be adopted first agrees on its bases only now.
        let next = next.carry_out(&next.plan());
        let again = next.plan();
        prop_assert!(again.is_empty(), "{again:#?}");
        prop_assert_ne!(again.disposition, Disposition::Pending);
    }

    // proves: R-13
    #[test]
    fn planning_again_before_a_write_is_done_writes_the_same(link in situations::link()) {
        let plan = link.plan();
        let mut stored = link.clone();
        if !plan.agreed.is_empty() {
            stored.base.get_or_insert_default().extend(plan.agreed.clone());
        }
        let again = stored.plan();
        for side in Side::ALL {
            let written = |plan: &Plan| {
                let mut edits: Vec<_> = plan.writes.get(side).iter().flat_map(Write::edits).map(|p| bare(&p.edit)).collect();
                edits.sort();
                edits
            };
            prop_assert_eq!(written(&plan), written(&again));
        }
    }

    // proves: R-16
    #[test]
    fn exchanging_the_sides_exchanges_the_plan(link in situations::link()) {
        check_swap(&link, &link.plan());
    }

    #[test]
    fn every_value_that_vanishes_is_among_the_losses(link in situations::link()) {
        let plan = link.plan();
        let next = link.carry_out(&plan);
        for side in Side::ALL {
            let empty = Fields::new();
            let before = link.sight(side).map_or(&empty, |sight| &sight.fields);
            let after = next.sight(side).map_or(&empty, |sight| &sight.fields);
            let mut lost: Vec<_> = plan.losses.iter().filter(|loss| loss.side == side).collect();
            if matches!(plan.writes.get(side), Some(Write::Delete)) {
                let all = before.values().filter(|value| !value.is_empty()).count();
                prop_assert_eq!(lost.len(), all);
                continue;
            }
            for value in vanished(&link, side, before, after) {
                let told = |loss: &&merge::Loss| Comparison::Email.same(Some(&loss.before), Some(&value));
                let at = lost.iter().position(told);
                prop_assert!(at.is_some(), "{value:?} is lost on the {side} without a trace: {plan:#?}");
                lost.remove(at.unwrap());
            }
        }
    }

    #[test]
    fn a_loss_is_never_empty_and_comes_from_a_write(link in situations::link()) {
        let plan = link.plan();
        for loss in &plan.losses {
            prop_assert!(!loss.before.is_empty());
            prop_assert!(plan.writes.get(loss.side).is_some());
        }
        for conflict in &plan.conflicts {
            let edit = edits(&plan).find(|(side, edit)| *side == conflict.lost_side() && edit.pair == conflict.pair);
            prop_assert!(edit.is_some(), "a conflict without a write: {conflict:?}");
        }
    }

    // proves: R-17
    #[test]
    fn the_source_of_a_one_way_flow_is_never_written(link in situations::link()) {
        let plan = link.plan();
        for side in Side::ALL {
            prop_assert!(link.policy.direction.reaches(side) || plan.writes.get(side).is_none());
        }
        for (side, planned) in edits(&plan) {
            let pairing = link.pairings.iter().find(|pairing| pairing.key() == planned.pair).unwrap();
            prop_assert!(pairing.direction.reaches(side));
        }
    }

    // proves: R-04
    #[test]
    fn an_unreadable_path_is_never_written_and_never_gets_a_base(link in situations::link()) {
        let plan = link.plan();
        let readable = |pair: &model::PairKey, side| {
            let pairing = link.pairings.iter().find(|pairing| pairing.key() == *pair).unwrap();
            link.sight(side).is_none_or(|sight| sight.readable.covers(pairing.path(side)))
        };
        for (pair, _) in &plan.agreed {
            prop_assert!(readable(pair, Side::Left) && readable(pair, Side::Right));
        }
        for (_, planned) in edits(&plan) {
            prop_assert!(readable(&planned.pair, Side::Left) && readable(&planned.pair, Side::Right));
        }
    }

    // proves: R-12
    #[test]
    fn a_side_that_equals_its_own_base_causes_no_write(mut link in situations::link()) {
        link.base.get_or_insert_default();
        link.standing = Standing::Active;
        let base = link.base.clone().unwrap();
        for side in Side::ALL {
            let Presence::Live(sight) = link.sides.get_mut(side) else { continue };
            sight.fields = Fields::new();
            for pairing in &link.pairings {
                let value = base.get(&pairing.key()).and_then(|base| base.get(side)).cloned();
                let value = match value {
                    Some(Value::Elements(elements)) => Value::elements(elements),
                    other => other,
                };
                sight.fields.extend(value.map(|value| (pairing.path(side).clone(), value)));
            }
        }
        let both_live = link.sight(Side::Left).is_some() && link.sight(Side::Right).is_some();
        prop_assume!(both_live && !base.is_empty());
        let plan = link.plan();
        // What a side left out is carried later all the same, as what it follows stands.
        let follows = |key: &model::PairKey| link.pairings.iter().any(|pairing| pairing.key() == *key && pairing.follows.is_some());
        let met = |key: &model::PairKey| !base.contains_key(key) || follows(key);
        prop_assert!(edits(&plan).all(|(_, planned)| met(&planned.pair)), "{plan:#?}");
    }

    // proves
    #[test]
    fn only_a_proved_deletion_of_an_active_link_in_the_scope_deletes(link in situations::link()) {
        let plan = link.plan();
        for side in Side::ALL {
            if matches!(plan.writes.get(side), Some(Write::Delete)) {
                prop_assert_eq!(link.sides.get(side.other()), &Presence::Gone);
                prop_assert!(link.base.as_ref().is_some_and(|base| !base.is_empty()));
                prop_assert_eq!(link.standing, Standing::Active);
                prop_assert!(link.sight(side).is_some_and(|sight| sight.in_scope));
            }
        }
    }

    // proves: R-23
    #[test]
    fn only_a_pending_link_is_written(link in situations::link()) {
        let plan = link.plan();
        let writes = plan.writes.left.is_some() || plan.writes.right.is_some();
        prop_assert_eq!(writes, plan.disposition == Disposition::Pending);
    }

    // proves: R-15
    #[test]
    fn a_list_never_grows_beyond_its_limit_by_our_writes(link in situations::link()) {
        let next = link.carry_out(&link.plan());
        for side in Side::ALL {
            for pairing in link.pairings.iter().filter(|pairing| pairing.is_list()) {
                let count = |link: &Link| {
                    let fields = link.sight(side).map(|sight| sight.fields.get(pairing.path(side)));
                    fields.flatten().map_or(0, |value| value.as_elements().len())
                };
                let limit = pairing.limit(side).map_or(usize::MAX, |limit| limit as usize);
                prop_assert!(count(&next) <= limit.max(count(&link)));
            }
        }
    }

    #[test]
    fn a_plan_reads_back_from_json(link in situations::link()) {
        let plan = link.plan();
        let json = serde_json::to_string(&plan).unwrap();
        prop_assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    }

    // proves: R-15
    #[test]
    fn sides_that_came_to_the_same_list_are_not_written(mut link in situations::link()) {
        let lists: Vec<_> = link.pairings.iter().filter(|pairing| pairing.is_list()).cloned().collect();
        let Some(left) = link.sight(Side::Left).map(|sight| sight.fields.clone()) else {
            return Ok(());
        };
        if let Presence::Live(right) = &mut link.sides.right {
            for pairing in &lists {
                right.fields.remove(&pairing.right);
                let value = left.get(&pairing.left).cloned();
                right.fields.extend(value.map(|value| (pairing.right.clone(), value)));
            }
            let plan = link.plan();
            let of_lists = |planned: &PlannedEdit| lists.iter().any(|list| list.key() == planned.pair);
            prop_assert!(!edits(&plan).any(|(_, planned)| of_lists(planned)), "{plan:#?}");
        }
    }

    // proves: R-10
    #[test]
    fn what_is_frozen_is_never_written_in_an_update(mut link in situations::link()) {
        link.frozen = link.pairings.iter().map(model::Pairing::key).collect();
        let plan = link.plan();
        let updates = |write: &&Write| matches!(write, Write::Update { .. });
        for side in Side::ALL {
            prop_assert_eq!(plan.writes.get(side).iter().filter(updates).flat_map(Write::edits).count(), 0);
        }
    }

    // proves: R-35
    #[test]
    fn bases_that_writes_have_moved_are_explained(mut link in situations::link()) {
        link.base = None;
        let next = link.carry_out(&link.plan());
        let next = next.carry_out(&next.plan());
        let base = next.base.clone().unwrap_or_default();
        prop_assert_eq!(merge::unexplained(&base, &next.pairings, &next.policy), Vec::new());
    }
}
