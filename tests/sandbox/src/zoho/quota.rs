//! The three limits that answer 429: credits a day, calls at a time, expensive calls at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// Credits used, by minute, over a sliding day.
#[derive(Debug, Default)]
pub(super) struct Credits {
    spent: VecDeque<(i64, u64)>,
    total: u64,
}

impl Credits {
    /// Spends credits unless that would exceed the ceiling.
    pub(super) fn spend(&mut self, now: Timestamp, cost: u64, ceiling: u64) -> bool {
        self.forget(now);
        if self.total + cost > ceiling {
            return false;
        }
        let minute = now.as_second().div_euclid(60);
        match self.spent.back_mut() {
            Some((last, spent)) if *last == minute => *spent += cost,
            _ => self.spent.push_back((minute, cost)),
        }
        self.total += cost;
        true
    }

    /// Credits spent within the last day.
    pub(super) fn spent(&mut self, now: Timestamp) -> u64 {
        self.forget(now);
        self.total
    }

    fn forget(&mut self, now: Timestamp) {
        let day_ago = (now - SignedDuration::from_hours(24))
            .as_second()
            .div_euclid(60);
        while let Some((_, cost)) = self.spent.pop_front_if(|(minute, _)| *minute <= day_ago) {
            self.total -= cost;
        }
    }
}

/// A pool of slots; a slot is free again when it is dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Arc<AtomicU32>);

/// A taken slot.
#[derive(Debug)]
pub(super) struct Slot(Arc<AtomicU32>);

impl Pool {
    /// Takes a slot if fewer than `ceiling` are taken.
    pub(super) fn take(&self, ceiling: u32) -> Option<Slot> {
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |taken| {
                (taken < ceiling).then_some(taken + 1)
            })
            .ok()
            .map(|_| Slot(Arc::clone(&self.0)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The pools of one organisation.
#[derive(Debug, Clone, Default)]
pub(super) struct Pools {
    /// Every call.
    pub(super) all: Pool,
    /// COQL, search, lists with `sort_by` or `cvid`, writes of more than ten rows.
    pub(super) expensive: Pool,
}

/// Which limit was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Credits,
    Concurrency,
    SubConcurrency,
}

impl Limit {
    /// Name of the counter in the journal.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Credits => "zoho.refused_for_credits",
            Self::Concurrency => "zoho.refused_for_concurrency",
            Self::SubConcurrency => "zoho.refused_for_sub_concurrency",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Credits => "You have crossed the maximum number of API credits for 24 hours",
            Self::Concurrency => {
                "You have crossed the concurrency limit of API calls for your organization"
            }
            Self::SubConcurrency => {
                "You have crossed the sub-concurrency limit of API calls for this resource"
            }
        }
    }

    /// The answer. No `Retry-After`: none was ever seen.
    pub(super) fn response(self, legacy: bool) -> Response {
        let body = if legacy {
            json!({"code": 429, "error": "TOO_MANY_REQUESTS", "error_info": self.message()})
        } else {
            json!({
                "code": "TOO_MANY_REQUESTS", "details": {}, "message": self.message(), "status": "error",
            })
        };
        (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_come_back_after_a_day() {
        let mut credits = Credits::default();
        let start = Timestamp::from_second(1_000_000).unwrap();
        assert!(credits.spend(start, 3, 5));
        assert!(!credits.spend(start, 3, 5));
        let tomorrow = start + SignedDuration::from_hours(25);
        assert!(credits.spend(tomorrow, 3, 5));
        assert_eq!(credits.spent(tomorrow), 3);
    }

    #[test]
    fn a_dropped_slot_is_free_again() {
        let pool = Pool::default();
        let slot = pool.take(1);
        assert!(slot.is_some());
        assert!(pool.take(1).is_none());
        drop(slot);
        assert!(pool.take(1).is_some());
    }
}
