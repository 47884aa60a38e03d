//! What must hold once the world has come to rest.

use merge::{Cause, Disposition, Loss, Policy};
use model::{Direction, Pairing, PerSide, Side, Value};

use super::{people::tokens_of, provider::equal, world::World};

impl World {
    /// What is not equal on both sides although it should be.
    pub(crate) fn differences(&self) -> Vec<String> {
        let (Some(left), Some(right)) = (&self.providers.left.record, &self.providers.right.record)
        else {
            return Vec::new();
        };
        if self.state != Disposition::InSync || self.link.policy.direction != Direction::Both {
            return Vec::new();
        }
        let differs = |pairing: &&Pairing| {
            let (left, right) = (
                left.fields.get(&pairing.left),
                right.fields.get(&pairing.right),
            );
            if pairing.is_list() {
                return !self.equal_as_far_as_they_fit(left, right);
            }
            !equal(pairing, usize::MAX, left, right)
        };
        let pairings = self.link.pairings.iter().filter(differs);
        pairings.map(|pairing| pairing.key().to_string()).collect()
    }

    /// Whether each side has every address of the other, but for those that it quietly dropped or has no
    /// room for.
    fn equal_as_far_as_they_fit(&self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let lists = PerSide::new(left, right)
            .map(|value| value.map_or(Vec::new(), |value| tokens_of(value).collect::<Vec<_>>()));
        Side::ALL.into_iter().all(|side| {
            let (own, dropped) = (lists.get(side), self.dropped(side));
            let excused = |token: &String| own.contains(token) || dropped.contains(token);
            own.len() >= self.providers.get(side).limit
                || lists.get(side.other()).iter().all(excused)
        })
    }

    /// Addresses of the other side that a side did not take.
    fn dropped(&self, side: Side) -> Vec<String> {
        let list = self
            .link
            .pairings
            .iter()
            .find(|pairing| pairing.is_list())
            .unwrap();
        let base = self
            .link
            .base
            .as_ref()
            .and_then(|base| base.get(&list.key()));
        let elements = |side| {
            base.and_then(|base| base.get(side))
                .map_or(&[][..], Value::as_elements)
        };
        let pairs = elements(side).iter().zip(elements(side.other()));
        let lone = pairs
            .filter(|(own, _)| own.is_empty())
            .map(|(_, other)| other.clone());
        tokens_of(&Value::Elements(lone.collect())).collect()
    }

    /// Values that somebody entered and that are neither on a side nor in the history.
    pub(crate) fn vanished(&self) -> Vec<String> {
        let there: Vec<_> = Side::ALL
            .into_iter()
            .flat_map(|side| self.tokens(side))
            .collect();
        let known = |token: &&String| {
            there.contains(token) || self.history.contains(token) || self.replaced.contains(token)
        };
        self.entered
            .iter()
            .filter(|token| !known(token))
            .cloned()
            .collect()
    }
}

/// Whether an edit that met no other edit was overwritten, in a two-way sync. Values are numbered in the order
/// in which people entered them. Elements do not count: which one is an edit of which is a guess by label.
pub(super) fn undoes_an_edit(policy: &Policy, loss: &Loss) -> bool {
    let number = |value: &Value| value.as_text().and_then(|_| tokens_of(value).next());
    let after = loss.after.as_ref().and_then(number);
    let plain = policy.direction == Direction::Both && loss.cause == Cause::Edit;
    plain && after.is_some_and(|after| number(&loss.before) > Some(after))
}
