//! One at a time by key, in order of arrival.

use std::collections::{HashMap, VecDeque, hash_map::Entry};

/// Holds back what follows an item of the same key until that one is finished.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    /// A key is present while one of its items is out.
    waiting: HashMap<String, VecDeque<T>>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
        }
    }
}

impl<T> InOrder<T> {
    /// Takes an item in; gives it back if it can go out at once.
    pub(super) fn offer(&mut self, key: &str, item: T) -> Option<T> {
        match self.waiting.entry(key.to_owned()) {
            Entry::Occupied(mut queue) => {
                queue.get_mut().push_back(item);
                None
            }
            Entry::Vacant(place) => {
                place.insert(VecDeque::new());
                Some(item)
            }
        }
    }

    /// The item of this key that was out is finished; gives the next one, which is out now.
    pub(super) fn finish(&mut self, key: &str) -> Option<T> {
        let next = self.waiting.get_mut(key)?.pop_front();
        if next.is_none() {
            self.waiting.remove(key);
        }
        next
    }

    /// Lets go of every item that waits; those that are out stay out.
    pub(super) fn take_waiting(&mut self) -> Vec<T> {
        self.waiting.values_mut().flat_map(std::mem::take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::InOrder;

    #[test]
    fn items_of_a_key_go_out_one_by_one_and_keys_do_not_wait_for_each_other() {
        let mut order = InOrder::default();
        assert_eq!(order.offer("a", 1), Some(1));
        assert_eq!(order.offer("a", 2), None);
        assert_eq!(order.offer("b", 3), Some(3));
        assert_eq!(order.offer("a", 4), None);
        assert_eq!(order.finish("a"), Some(2));
        assert_eq!(order.finish("b"), None);
        assert_eq!(order.finish("a"), Some(4));
        assert_eq!(order.finish("a"), None);
        assert_eq!(order.offer("a", 5), Some(5));
    }

    #[test]
    fn what_waits_can_be_let_go() {
        let mut order = InOrder::default();
        order.offer("a", 1);
        order.offer("a", 2);
        order.offer("a", 3);
        assert_eq!(order.take_waiting(), [2, 3]);
        assert_eq!(order.finish("a"), None);
    }
}
