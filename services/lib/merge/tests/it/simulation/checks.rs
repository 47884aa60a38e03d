//! What must hold once the world has come to rest.

use merge::{Cause, Disposition, Loss};
use model::{Direction, Pairing, Side, Value};

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

    /// Whether each side has every address of the other, or is full.
    fn equal_as_far_as_they_fit(&self, left: Option<&Value>, right: Option<&Value>) -> bool {
        let list =
            |value: Option<&Value>| value.map_or(Vec::new(), |value| tokens_of(value).collect());
        let (left, right): (Vec<_>, Vec<_>) = (list(left), list(right));
        let full = |list: &[String], limit: usize| list.len() >= limit;
        let has = |list: &[String], other: &[String], limit| {
            full(list, limit) || other.iter().all(|t| list.contains(t))
        };
        has(&left, &right, self.providers.left.limit)
            && has(&right, &left, self.providers.right.limit)
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

/// Whether an edit that met no other edit was overwritten. Values are numbered in the order in which people
/// entered them.
pub(super) fn undoes_an_edit(loss: &Loss) -> bool {
    let newest = |value: &Value| tokens_of(value).max();
    let after = loss.after.as_ref().and_then(newest);
    loss.cause == Cause::Edit && after.is_some_and(|after| newest(&loss.before) > Some(after))
}
