//! From a situation to a plan.

use model::{Edit, Element, Pairing, PerSide, Side, Value};

use crate::{
    deletion,
    fields::{self, Merged},
    plan::{Cause, Disposition, Loss, Overfull, Plan, PlannedEdit, Write},
    policy::Outside,
    reason::Reason,
    situation::{Presence, Sight, Situation, Standing},
};

/// Decides what to do about one link. Planning again after the plan was carried out gives an empty plan.
pub fn plan(situation: &Situation<'_>) -> Plan {
    use Presence::{Gone, Live, Never, OutOfReach};
    match (&situation.left, &situation.right) {
        (Live(left), Live(right)) => both_live(situation, PerSide::new(left, right)),
        (OutOfReach, Gone) => out_of_reach(situation, Some(Side::Right)),
        (Gone, OutOfReach) => out_of_reach(situation, Some(Side::Left)),
        (OutOfReach, _) | (_, OutOfReach) => out_of_reach(situation, None),
        (Live(sight), Gone) => deletion::plan(situation, Side::Left, sight),
        (Gone, Live(sight)) => deletion::plan(situation, Side::Right, sight),
        (Live(sight), Never) => only_on(situation, Side::Left, sight),
        (Never, Live(sight)) => only_on(situation, Side::Right, sight),
        (Gone | Never, Gone | Never) => Plan::nothing(Disposition::Closed(Reason::BothGone)),
    }
}

/// A record cannot be reached, and the one of the side `gone` is deleted.
fn out_of_reach(situation: &Situation<'_>, gone: Option<Side>) -> Plan {
    let skipped = gone.and_then(|gone| deletion::skipped(situation, gone));
    Plan::nothing(Disposition::Excluded(skipped.unwrap_or(Reason::OutOfReach)))
}

fn both_live(situation: &Situation<'_>, sights: PerSide<&Sight>) -> Plan {
    let adopt = match scope(situation, sights) {
        Ok(adopt) => adopt,
        Err(reason) => return Plan::nothing(Disposition::Excluded(reason)),
    };
    let merged = fields::merge(
        situation.pairings,
        situation.policy,
        situation.base,
        situation.frozen,
        sights,
    );
    let mut plan = Plan::nothing(at_rest(situation.pairings, &merged));
    for side in Side::ALL {
        let edits = merged.edits.get(side);
        plan.losses
            .extend(edits.iter().filter_map(|planned| loss(side, planned)));
        let adopt = adopt == Some(side);
        if adopt || !edits.is_empty() {
            plan.disposition = Disposition::Pending;
            *plan.writes.get_mut(side) = Some(Write::Update {
                edits: edits.clone(),
                adopt,
            });
        }
    }
    let Merged {
        agreed,
        conflicts,
        drifts,
        frozen,
        thawed,
        overfull,
        ..
    } = merged;
    // A record that is still to be adopted has not agreed on anything: without a base it stays a match
    // outside the scope, to be adopted, whatever becomes of this plan.
    plan.agreed = if adopt.is_none() { agreed } else { Vec::new() };
    plan.conflicts = conflicts;
    plan.drifts = drifts;
    plan.frozen = frozen;
    plan.thawed = thawed;
    plan.overfull = overfull;
    plan
}

/// The state of a link on which there is nothing to write.
fn at_rest(pairings: &[Pairing], merged: &Merged) -> Disposition {
    // Elements that their labels tell apart, such as guests, are missed where they are not; the address too many of
    // somebody who has three already is not.
    let is_missed = |overfull: &Overfull| {
        let mut pairings = pairings.iter();
        pairings.any(|pairing| pairing.comparison().is_keyed() && pairing.key() == overfull.pair)
    };
    if !merged.frozen.is_empty() {
        Disposition::SetAside(Reason::Bounces)
    } else if merged.overfull.iter().any(is_missed) {
        Disposition::SetAside(Reason::Overfull)
    } else {
        Disposition::InSync
    }
}

/// The side whose record must be put into the collection first, or why the link is not kept in step.
fn scope(situation: &Situation<'_>, sights: PerSide<&Sight>) -> Result<Option<Side>, Reason> {
    let outside: Vec<Side> = Side::ALL
        .into_iter()
        .filter(|side| !sights.get(*side).in_scope)
        .collect();
    let Some(first) = outside.first().copied() else {
        return Ok(None);
    };
    let policy = situation.policy;
    let is_match = !situation.is_linked() || situation.standing == Standing::Adopted;
    if is_match {
        let adoptable = policy.outside == Outside::Adopt
            && outside.len() == 1
            && sights.get(first).joinable
            && policy.direction.reaches(first);
        return if adoptable {
            Ok(Some(first))
        } else {
            Err(Reason::OutsideScope)
        };
    }
    let ours = |side: &Side| situation.created_by_us == Some(*side) && !sights.get(*side).joinable;
    if outside.iter().all(ours) {
        Err(Reason::OutsideListView)
    } else {
        Err(Reason::LeftScope)
    }
}

/// Plans for a record that has no counterpart yet.
fn only_on(situation: &Situation<'_>, side: Side, sight: &Sight) -> Plan {
    if !sight.in_scope {
        return Plan::nothing(Disposition::Excluded(Reason::OutsideScope));
    }
    if !situation.policy.direction.reaches(side.other()) {
        return Plan::nothing(Disposition::Excluded(Reason::OnlyOnTarget));
    }
    create(situation, side.other(), sight, Cause::Edit)
}

/// Creates a side's record from what the other side shows.
pub(crate) fn create(situation: &Situation<'_>, to: Side, source: &Sight, cause: Cause) -> Plan {
    let flows = |pairing: &&Pairing| {
        let flow = fields::flow(situation.policy, pairing);
        flow.is_some_and(|flow| flow.reaches(to))
            && source.readable.covers(pairing.path(to.other()))
    };
    let edits: Vec<PlannedEdit> = situation
        .pairings
        .iter()
        .filter(flows)
        .flat_map(|pairing| {
            creating_edits(
                pairing,
                to,
                fields::value(pairing, to.other(), source),
                cause,
            )
        })
        .collect();
    if edits.iter().all(|planned| planned.edit.after.is_none()) {
        return Plan::nothing(Disposition::SetAside(Reason::NothingMapped));
    }
    let mut plan = Plan::nothing(Disposition::Pending);
    *plan.writes.get_mut(to) = Some(Write::Create(edits));
    plan
}

/// The edits that make a new record's value: one per element of a multi-valued field, as many as fit. An
/// empty value makes an edit without content, so that its pairing gets a base too: what a provider fills in
/// by itself must not look like somebody's edit.
fn creating_edits(
    pairing: &Pairing,
    to: Side,
    value: Option<&Value>,
    cause: Cause,
) -> Vec<PlannedEdit> {
    let edit = |value: Option<Value>| PlannedEdit {
        pair: pairing.key(),
        edit: Edit {
            path: pairing.path(to).clone(),
            before: None,
            after: value.clone(),
        },
        source: value,
        replaces: None,
        cause,
    };
    match value {
        Some(Value::Elements(elements)) if pairing.is_list() => {
            let limit = pairing.limit(to).map_or(usize::MAX, |limit| limit as usize);
            let single = |element: &Element| edit(Some(Value::Elements(vec![element.clone()])));
            let held = elements.iter().filter(|element| !element.is_empty());
            held.take(limit).map(single).collect()
        }
        value => vec![edit(value.cloned())],
    }
}

/// What an edit overwrites or clears, if anything.
fn loss(side: Side, planned: &PlannedEdit) -> Option<Loss> {
    Some(Loss {
        side,
        path: planned.edit.path.clone(),
        before: planned.edit.before.clone()?,
        after: planned.edit.after.clone(),
        cause: planned.cause,
    })
}
