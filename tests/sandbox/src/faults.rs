//! The fault script: which call fails, and how.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dice::Dice;

/// What happens to a call that a rule picks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The call is not executed; this status is answered.
    Status {
        /// HTTP status code, 400 to 599.
        status: u16,
        /// Value of a `Retry-After` header, if any.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
        /// Body to answer instead of the provider's usual one for this status.
        #[serde(default)]
        body: Option<Value>,
    },
    /// The call takes longer.
    Latency {
        /// How much longer, in milliseconds of real time.
        milliseconds: u64,
        /// Wait after the call was executed instead of before: the client may give up on a write that happened.
        #[serde(default)]
        after_commit: bool,
    },
    /// The connection is closed without executing the call.
    CutBefore,
    /// The call is executed, then the connection is closed without an answer.
    CutAfterCommit,
    /// Every cursor is expired, then the call is executed.
    ExpireCursors,
    /// Every grant is revoked, then the call is executed.
    RevokeGrants,
    /// Every access token is expired, then the call is executed.
    ExpireAccessTokens,
}

impl Fault {
    /// The word for it in the journal.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Latency { .. } => "latency",
            Self::CutBefore => "cut_before",
            Self::CutAfterCommit => "cut_after_commit",
            Self::ExpireCursors => "expire_cursors",
            Self::RevokeGrants => "revoke_grants",
            Self::ExpireAccessTokens => "expire_access_tokens",
        }
    }
}

/// One line of the script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `google`, `zoho`; absent means any.
    #[serde(default)]
    pub provider: Option<String>,
    /// Method name, exactly or with a trailing `*`; absent means any.
    #[serde(default)]
    pub method: Option<String>,
    /// The first matching call that is hit, counted from 1 after the rule was added.
    #[serde(default)]
    pub nth: Option<u64>,
    /// How many matching calls are hit from then on; absent means one with `nth`, else all.
    #[serde(default)]
    pub times: Option<u64>,
    /// Probability with which each of those is hit; absent means always.
    #[serde(default)]
    pub rate: Option<f64>,
    /// What happens to it.
    pub fault: Fault,
}

impl Rule {
    /// A rule that hits every call of one method.
    pub fn every(provider: &str, method: &str, fault: Fault) -> Self {
        Self {
            provider: Some(provider.to_owned()),
            method: Some(method.to_owned()),
            nth: None,
            times: None,
            rate: None,
            fault,
        }
    }

    /// A rule that hits only the `nth` call of one method, counted from 1.
    pub fn nth(provider: &str, method: &str, nth: u64, fault: Fault) -> Self {
        Self {
            nth: Some(nth),
            ..Self::every(provider, method, fault)
        }
    }

    fn matches(&self, provider: &str, method: &str) -> bool {
        let provider_fits = self.provider.as_deref().is_none_or(|p| p == provider);
        let method_fits =
            self.method
                .as_deref()
                .is_none_or(|wanted| match wanted.strip_suffix('*') {
                    Some(prefix) => method.starts_with(prefix),
                    None => wanted == method,
                });
        provider_fits && method_fits
    }

    /// Whether the `call`-th matching call (from 1) lies in the rule's window.
    fn covers(&self, call: u64) -> bool {
        let first = self.nth.unwrap_or(1).max(1);
        let times = self.times.or(self.nth.map(|_| 1));
        call >= first && times.is_none_or(|times| call - first < times)
    }
}

/// A rule with what it has seen so far.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Installed {
    /// Name to remove it by.
    pub(crate) id: u64,
    /// The rule as given.
    pub(crate) rule: Rule,
    /// Calls that matched provider and method.
    pub(crate) seen: u64,
    /// Calls that were hit.
    pub(crate) hit: u64,
}

/// The script in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    rules: Vec<Installed>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule and answers its id.
    pub(crate) fn add(&self, rule: Rule) -> u64 {
        let mut state = self.state();
        state.last_id += 1;
        let id = state.last_id;
        state.rules.push(Installed {
            id,
            rule,
            seen: 0,
            hit: 0,
        });
        id
    }

    /// Removes one rule; false if there is none with this id.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut state = self.state();
        let before = state.rules.len();
        state.rules.retain(|installed| installed.id != id);
        state.rules.len() < before
    }

    /// Removes every rule.
    pub(crate) fn clear(&self) {
        self.state().rules.clear();
    }

    /// The rules with their counters.
    pub(crate) fn list(&self) -> Vec<Installed> {
        self.state().rules.clone()
    }

    /// The faults that hit this call, in the order of the script.
    pub(crate) fn decide(&self, dice: &Dice, provider: &str, method: &str) -> Vec<Fault> {
        let mut hits = Vec::new();
        for installed in &mut self.state().rules {
            if !installed.rule.matches(provider, method) {
                continue;
            }
            installed.seen += 1;
            if installed.rule.covers(installed.seen)
                && installed.rule.rate.is_none_or(|rate| dice.chance(rate))
            {
                installed.hit += 1;
                hits.push(installed.rule.fault.clone());
            }
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(faults: &Faults, method: &str, calls: usize) -> Vec<bool> {
        let dice = Dice::new(1);
        (0..calls)
            .map(|_| !faults.decide(&dice, "google", method).is_empty())
            .collect()
    }

    #[test]
    fn nth_hits_one_call_of_the_named_method_only() {
        let faults = Faults::default();
        faults.add(Rule::nth(
            "google",
            "people.createContact",
            2,
            Fault::CutBefore,
        ));
        assert_eq!(hits(&faults, "people.get", 3), [false; 3]);
        assert_eq!(
            hits(&faults, "people.createContact", 4),
            [false, true, false, false]
        );
    }

    #[test]
    fn a_star_matches_the_beginning_and_times_bounds_the_hits() {
        let faults = Faults::default();
        let id = faults.add(Rule {
            times: Some(2),
            ..Rule::every("google", "people.*", Fault::CutAfterCommit)
        });
        assert_eq!(hits(&faults, "people.get", 3), [true, true, false]);
        assert_eq!(faults.list()[0].hit, 2);
        assert!(faults.remove(id));
        assert!(!faults.remove(id));
    }

    #[test]
    fn a_rate_hits_about_that_share_and_repeats_with_the_seed() {
        let count = || {
            let faults = Faults::default();
            faults.add(Rule {
                rate: Some(0.25),
                ..Rule::every("google", "*", Fault::CutBefore)
            });
            hits(&faults, "people.get", 400)
                .into_iter()
                .filter(|hit| *hit)
                .count()
        };
        assert!((60..140).contains(&count()));
        assert_eq!(count(), count());
    }

    #[test]
    fn an_unknown_fault_is_refused() {
        let parsed: Result<Rule, _> = serde_json::from_str(r#"{"fault":{"kind":"explode"}}"#);
        assert!(parsed.is_err());
    }
}
