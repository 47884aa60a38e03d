//! A link as the reconciler would hold it, and carrying out its plans without any service.

use merge::{
    Answer, Base, Plan, Policy, Presence, Readable, Sight, Situation, Standing, Write, applied,
};
use model::{Fields, Pairing, PerSide, Side, Value, patch_elements};

/// Everything that a situation borrows, owned.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) pairings: Vec<Pairing>,
    pub(crate) policy: Policy,
    pub(crate) base: Option<Base>,
    pub(crate) sides: PerSide<Presence>,
    pub(crate) created_by_us: Option<Side>,
    pub(crate) standing: Standing,
    pub(crate) frozen: Vec<model::PairKey>,
}

impl Link {
    pub(crate) fn plan(&self) -> Plan {
        merge::plan(&Situation {
            pairings: &self.pairings,
            policy: &self.policy,
            base: self.base.as_ref(),
            left: self.sides.left.clone(),
            right: self.sides.right.clone(),
            created_by_us: self.created_by_us,
            standing: self.standing,
            frozen: &self.frozen,
        })
    }

    pub(crate) fn sight(&self, side: Side) -> Option<&Sight> {
        match self.sides.get(side) {
            Presence::Live(sight) => Some(sight),
            Presence::Gone | Presence::OutOfReach | Presence::Never => None,
        }
    }

    /// The link after every write of its plan was applied and answered.
    pub(crate) fn carry_out(&self, plan: &Plan) -> Self {
        let mut next = self.clone();
        if !plan.agreed.is_empty() {
            next.base
                .get_or_insert_default()
                .extend(plan.agreed.iter().cloned());
        }
        for side in Side::ALL {
            if let Some(write) = plan.writes.get(side) {
                next.carry_out_write(side, write);
            }
        }
        next
    }

    fn carry_out_write(&mut self, side: Side, write: &Write) {
        let seen = self
            .sight(side)
            .map(|sight| sight.fields.clone())
            .unwrap_or_default();
        match write {
            Write::Delete => *self.sides.get_mut(side) = Presence::Gone,
            Write::Create(edits) => {
                let fields = patched(&self.pairings, side, &Fields::new(), edits);
                self.base = Some(self.moved(&Base::new(), side, edits, &Fields::new(), &fields));
                *self.sides.get_mut(side) = Presence::Live(Sight {
                    fields,
                    readable: Readable::All,
                    edited_at_micros: None,
                    in_scope: true,
                    joinable: true,
                });
                self.created_by_us = Some(side);
                self.standing = Standing::Active;
            }
            Write::Update { edits, adopt } => {
                let fields = patched(&self.pairings, side, &seen, edits);
                let base = self.base.clone().unwrap_or_default();
                let base = self.moved(&base, side, edits, &seen, &fields);
                if !base.is_empty() {
                    self.base = Some(base);
                }
                if let Presence::Live(sight) = self.sides.get_mut(side) {
                    sight.fields = fields;
                    sight.edited_at_micros = None;
                    sight.in_scope |= *adopt;
                }
            }
        }
    }

    fn moved(
        &self,
        base: &Base,
        side: Side,
        edits: &[merge::PlannedEdit],
        seen: &Fields,
        answer: &Fields,
    ) -> Base {
        let answer = Answer {
            fields: answer,
            readable: &Readable::All,
        };
        applied(base, &self.pairings, side, edits, seen, Some(answer))
    }

    /// The same link with the sides exchanged.
    pub(crate) fn swap(self) -> Self {
        let swapped = |pairing: &Pairing| (pairing.key(), pairing.clone().swap().key());
        let keys: Vec<_> = self.pairings.iter().map(swapped).collect();
        let rename = |base: Base| {
            let entry = |(old, new): &(model::PairKey, model::PairKey)| {
                let base = base.get(old)?.clone();
                Some((
                    new.clone(),
                    merge::PairBase {
                        left: base.right,
                        right: base.left,
                        rewritten: base.rewritten,
                    },
                ))
            };
            keys.iter().filter_map(entry).collect()
        };
        let frozen = |key: &model::PairKey| {
            let new = keys.iter().find(|(old, _)| old == key);
            new.map(|(_, new)| new.clone())
        };
        Self {
            base: self.base.clone().map(rename),
            frozen: self.frozen.iter().filter_map(frozen).collect(),
            pairings: self.pairings.into_iter().map(Pairing::swap).collect(),
            policy: self.policy.swap(),
            sides: self.sides.swap(),
            created_by_us: self.created_by_us.map(Side::other),
            standing: self.standing,
        }
    }
}

/// What a side shows once edits are applied to it.
pub(crate) fn patched(
    pairings: &[Pairing],
    side: Side,
    fields: &Fields,
    edits: &[merge::PlannedEdit],
) -> Fields {
    let mut fields = fields.clone();
    for pairing in pairings {
        let path = pairing.path(side);
        let own: Vec<_> = edits
            .iter()
            .filter(|planned| planned.edit.path == *path)
            .collect();
        if own.is_empty() {
            continue;
        }
        let value = if pairing.is_list() {
            let elements = fields.get(path).map_or(&[][..], Value::as_elements);
            let edits = own.iter().map(|planned| &planned.edit);
            let patched = patch_elements(elements, edits, pairing.comparison());
            Value::elements(patched.into_iter().map(|patched| patched.element))
        } else {
            own.last().and_then(|planned| planned.edit.after.clone())
        };
        match value {
            Some(value) => fields.insert(path.clone(), value),
            None => fields.remove(path),
        };
    }
    fields
}
