//! One record is proved to be deleted and the other is there.

use model::{Pairing, Side, Value};

use crate::{
    base::PairBase,
    decide, fields,
    plan::{Cause, Disposition, Loss, Plan, Write},
    planner,
    policy::{Deletion, DeletionAgainstEdit, Drift},
    reason::Reason,
    situation::{Sight, Situation, Standing},
};

/// Plans for a survivor whose counterpart is proved to be deleted.
pub(crate) fn plan(situation: &Situation<'_>, survivor: Side, sight: &Sight) -> Plan {
    let policy = situation.policy;
    let gone = survivor.other();
    if let Some(reason) = skipped(situation, gone) {
        return Plan::nothing(Disposition::Excluded(reason));
    }
    // Adoption never deletes, and what is outside the scope is not ours to delete.
    if !stands(situation) || !sight.in_scope {
        return Plan::nothing(Disposition::Closed(Reason::CounterpartGone));
    }
    match policy.deletion {
        Deletion::Ignore => Plan::nothing(Disposition::Excluded(Reason::DeletionIgnored)),
        Deletion::Stop => Plan::nothing(Disposition::StopSync(Reason::DeletionStops)),
        Deletion::Propagate => {
            let edit_wins = policy.deletion_against_edit == DeletionAgainstEdit::EditWins;
            let edited = edit_wins && is_edited(situation, survivor, sight);
            match (edited, policy.direction.reaches(gone), policy.drift) {
                (true, true, _) => planner::create(situation, gone, sight, Cause::Edit),
                (true, false, Drift::Keep) => {
                    Plan::nothing(Disposition::Excluded(Reason::EditKept))
                }
                _ => delete(situation, survivor, sight),
            }
        }
    }
}

/// Why a deletion goes nowhere, whatever becomes of the survivor: it stays so when that one leaves the scope or cannot be
/// reached for a while.
pub(crate) fn skipped(situation: &Situation<'_>, gone: Side) -> Option<Reason> {
    let policy = situation.policy;
    let reason = if decide::target(policy.direction) == Some(gone) {
        Reason::TargetDeleted
    } else if policy.deletion == Deletion::Ignore {
        Reason::DeletionIgnored
    } else {
        return None;
    };
    stands(situation).then_some(reason)
}

/// Whether both sides were in step until now.
fn stands(situation: &Situation<'_>) -> bool {
    situation.is_linked() && situation.standing == Standing::Active
}

/// Whether the survivor differs from its own base on any path that can be read.
fn is_edited(situation: &Situation<'_>, side: Side, sight: &Sight) -> bool {
    let differs = |pairing: &Pairing| {
        let Some(base) = situation.base.and_then(|base| base.get(&pairing.key())) else {
            return false;
        };
        let before = if pairing.is_list() {
            own_elements(base, side)
        } else {
            base.get(side).cloned()
        };
        !pairing
            .comparison()
            .same(before.as_ref(), fields::value(pairing, side, sight))
    };
    situation
        .pairings
        .iter()
        .filter(|pairing| sight.readable.covers(pairing.path(side)))
        .any(differs)
}

fn own_elements(base: &PairBase, side: Side) -> Option<Value> {
    Value::elements(
        base.get(side)
            .map_or(&[][..], Value::as_elements)
            .iter()
            .cloned(),
    )
}

fn delete(situation: &Situation<'_>, survivor: Side, sight: &Sight) -> Plan {
    let mut plan = Plan::nothing(Disposition::Pending);
    *plan.writes.get_mut(survivor) = Some(Write::Delete);
    let loss = |pairing: &Pairing| {
        Some(Loss {
            side: survivor,
            path: pairing.path(survivor).clone(),
            before: fields::value(pairing, survivor, sight)?.clone(),
            after: None,
            cause: Cause::Deletion,
        })
    };
    plan.losses = situation.pairings.iter().filter_map(loss).collect();
    plan
}
