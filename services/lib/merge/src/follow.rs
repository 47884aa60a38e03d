//! Values that a side left out as another field stood, and may take now that that one has changed: a reminder that was
//! due already, of a meeting that is put off ([`Pairing::follows`]).
//!
//! The base of such a pairing says that the provider left the value out, and so that nobody has to look ([`PairBase`]).
//! With the change of what it follows this explains the difference no more, and the base says so from then on: the value
//! is carried once, however often the plan is made again, and the answer to it explains what is left.

use model::{Edit, PairKey, Pairing, PerSide, Side, Value};

use crate::{
    base::{Base, PairBase},
    fields::{self, Merged},
    plan::{Cause, PlannedEdit},
    policy::Policy,
    situation::Sight,
};

/// What becomes of the field that a pairing follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leader {
    /// It stays as it is.
    Rests,
    /// Both sides have come to the same.
    Changed,
    /// It is about to be written to this side.
    Written(Side),
}

/// Carries what follows, where merging the pairings one by one has found nothing to do. `merges` tells which pairings
/// are known on both sides and not frozen.
pub(crate) fn carry(
    pairings: &[Pairing],
    policy: &Policy,
    base: &Base,
    sights: PerSide<&Sight>,
    merges: impl Fn(&Pairing) -> bool,
    merged: &mut Merged,
) {
    for pairing in pairings {
        let Some(field) = &pairing.follows else {
            continue;
        };
        let key = pairing.key();
        let Some(entry) = base.get(&key).filter(|_| merges(pairing)) else {
            continue;
        };
        let now = PerSide::new(
            fields::value(pairing, Side::Left, sights.left),
            fields::value(pairing, Side::Right, sights.right),
        );
        let Some(to) = left_out(pairing, entry, now) else {
            continue;
        };
        if fields::flow(policy, pairing).is_none_or(|flow| !flow.reaches(to)) {
            continue;
        }
        let leader = leader(pairings, field, merged);
        if entry.rewritten && leader == Leader::Rests {
            continue;
        }
        if entry.rewritten {
            let unexplained = PairBase {
                rewritten: false,
                ..entry.clone()
            };
            merged.agreed.push((key.clone(), unexplained));
        }
        // Where the side itself has moved on, the other one follows first: answered before that, the value would be asked
        // for again.
        if leader != Leader::Written(to.other()) {
            write(pairing, key, to, now, merged);
        }
    }
}

/// The side that shows nothing of a single value that the other side has, as in the bases.
fn left_out(pairing: &Pairing, entry: &PairBase, now: PerSide<Option<&Value>>) -> Option<Side> {
    let comparison = pairing.comparison();
    let rests = |side: Side| comparison.same(entry.get(side), *now.get(side));
    let lacks = |side: &Side| now.get(*side).is_none() && now.get(side.other()).is_some();
    let is_whole = !pairing.is_list() && Side::ALL.into_iter().all(rests);
    Side::ALL.into_iter().find(lacks).filter(|_| is_whole)
}

fn leader(pairings: &[Pairing], field: &str, merged: &Merged) -> Leader {
    let leads = |key: &PairKey| {
        let mut leaders = pairings.iter().filter(|pairing| pairing.pairs(field));
        leaders.any(|pairing| pairing.key() == *key)
    };
    let written = |side: &Side| merged.edits.get(*side).iter().any(|edit| leads(&edit.pair));
    match Side::ALL.into_iter().find(written) {
        Some(side) => Leader::Written(side),
        None if merged.agreed.iter().any(|(key, _)| leads(key)) => Leader::Changed,
        None => Leader::Rests,
    }
}

fn write(
    pairing: &Pairing,
    key: PairKey,
    to: Side,
    now: PerSide<Option<&Value>>,
    merged: &mut Merged,
) {
    let value = now.get(to.other()).cloned();
    let planned = PlannedEdit {
        pair: key,
        edit: Edit {
            path: pairing.path(to).clone(),
            before: None,
            after: value.clone(),
        },
        source: value,
        replaces: None,
        cause: Cause::FirstContact,
    };
    merged.write(to, planned, false);
}
