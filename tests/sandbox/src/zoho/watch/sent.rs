//! What became of callbacks.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

use crate::zoho::id::Id;

/// Callbacks kept; older ones go.
const KEPT: usize = 200_000;

/// A callback that was sent.
#[derive(Debug, Clone, Serialize)]
pub(in crate::zoho) struct SentCallback {
    /// 1, 2, 3 …
    number: u64,
    /// When it left.
    at: Timestamp,
    /// The records that it is about.
    ids: Vec<Id>,
    /// Whether the client answered with a 2xx.
    taken: bool,
}

/// The newest callbacks.
#[derive(Debug, Default)]
pub(in crate::zoho) struct Sent {
    last_number: u64,
    callbacks: VecDeque<SentCallback>,
}

impl Sent {
    /// Another one.
    pub(super) fn add(&mut self, at: Timestamp, ids: Vec<Id>, taken: bool) {
        self.last_number += 1;
        if self.callbacks.len() == KEPT {
            self.callbacks.pop_front();
        }
        self.callbacks.push_back(SentCallback {
            number: self.last_number,
            at,
            ids,
            taken,
        });
    }

    /// Those with a higher number, oldest first.
    pub(in crate::zoho) fn after(&self, number: u64) -> Vec<SentCallback> {
        let newer = self.callbacks.iter().rev();
        let mut newer: Vec<SentCallback> = newer
            .take_while(|callback| callback.number > number)
            .cloned()
            .collect();
        newer.reverse();
        newer
    }
}
