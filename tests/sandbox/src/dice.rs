//! Chance that can be repeated: one seeded generator for the whole sandbox.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// A seeded generator; the same seed and the same order of calls give the same results.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    generator: Arc<Mutex<StdRng>>,
    seed: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            generator: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
            seed,
        }
    }

    fn generator(&self) -> MutexGuard<'_, StdRng> {
        self.generator
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The seed it started from, for results that must not depend on the order of calls.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// True with this probability (0 never, 1 always).
    pub(crate) fn chance(&self, rate: f64) -> bool {
        rate > 0.0 && self.generator().random::<f64>() < rate
    }

    /// Puts the items into another order.
    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        items.shuffle(&mut *self.generator());
    }

    /// An opaque token of 32 hexadecimal digits.
    pub(crate) fn token(&self) -> String {
        format!("{:032x}", self.generator().random::<u128>())
    }
}

/// A number that depends on the seed and the words alone, for effects that must be the same however often
/// and in whatever order they are asked for.
pub(crate) fn stable_number(seed: u64, words: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    for word in words {
        hasher.update(word.as_bytes());
        hasher.update(&[0]);
    }
    let mut first = [0_u8; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_tokens() {
        let (one, two) = (Dice::new(7), Dice::new(7));
        assert_eq!(one.token(), two.token());
        assert_ne!(one.token(), Dice::new(8).token());
    }

    #[test]
    fn stable_numbers_tell_the_words_apart() {
        assert_ne!(
            stable_number(1, &["ab", "c"]),
            stable_number(1, &["a", "bc"])
        );
        assert_eq!(stable_number(1, &["ab"]), stable_number(1, &["ab"]));
    }
}
