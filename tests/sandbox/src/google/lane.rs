//! One mutation at a time per user: Google warns that parallel ones add latency and failures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Mutations under way, by account.
#[derive(Debug, Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<HashMap<String, usize>>>);

/// A mutation under way; ends when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    lanes: Lanes,
    account: String,
    /// Whether another mutation of the same user was under way when this one began.
    pub(super) collided: bool,
}

impl Lanes {
    /// A mutation begins.
    pub(super) fn enter(&self, account: &str) -> Turn {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = lanes.entry(account.to_owned()).or_default();
        *under_way += 1;
        Turn {
            lanes: self.clone(),
            account: account.to_owned(),
            collided: *under_way > 1,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut lanes = self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = lanes.get_mut(&self.account) {
            *under_way -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_mutation_of_one_user_collides() {
        let lanes = Lanes::default();
        let first = lanes.enter("ana");
        assert!(!first.collided);
        assert!(lanes.enter("ana").collided);
        assert!(!lanes.enter("ben").collided);
        drop(first);
        assert!(!lanes.enter("ana").collided);
    }
}
