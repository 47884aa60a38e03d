//! What a sync does where its recipe leaves a choice. The words are those of `Policies` in control.proto.

pub(crate) mod events;

use merge::{ConflictChoice, Deletion, DeletionAgainstEdit, Drift, Outside, Twins};
use model::Direction;
use proto::control as wire;
use serde::{Deserialize, Serialize};

use self::events::{AskedEvents, Events};

/// The frequencies that people choose from, in seconds.
pub(crate) const FREQUENCIES: [u32; 6] = [60, 300, 900, 3600, 14_400, 86_400];

/// Every policy of a sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policies {
    /// Which way changes go.
    pub direction: Direction,
    /// Whose value stays when both sides changed one path.
    pub conflict: ConflictChoice,
    /// What a deletion means for the other side.
    pub deletion: Deletion,
    /// What becomes of an edit on the target of a one-way sync.
    pub drift: Drift,
    /// What becomes of a match outside the scope.
    pub outside: Outside,
    /// What becomes of several records of one side that are the same.
    pub twins: Twins,
    /// What wins when one side deletes what the other edits.
    pub deletion_against_edit: DeletionAgainstEdit,
    /// How often both sides are read, in seconds.
    pub frequency_seconds: u32,
    /// When the sync stops and asks.
    pub guard: Guard,
    /// How many records one run writes at most.
    pub caps: Caps,
    /// What only a sync of events has a choice in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Events>,
}

/// The share of records that may be deleted, cleared or overwritten before the sync stops and asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Guard {
    /// In per cent of the records in scope.
    pub percent: u32,
    /// Counted over this time.
    pub window_seconds: u32,
}

/// How many records one run writes at most; 0 for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caps {
    /// The baseline.
    pub first_run: u32,
    /// Every other run.
    pub later_runs: u32,
}

/// The policies that a sync file names; the recipe has the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Asked {
    direction: Option<Direction>,
    conflict: Option<ConflictChoice>,
    deletion: Option<Deletion>,
    drift: Option<Drift>,
    outside: Option<Outside>,
    twins: Option<Twins>,
    deletion_against_edit: Option<DeletionAgainstEdit>,
    frequency_seconds: Option<u32>,
    guard: AskedGuard,
    caps: AskedCaps,
    events: Option<AskedEvents>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AskedGuard {
    percent: Option<u32>,
    window_seconds: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AskedCaps {
    first_run: Option<u32>,
    later_runs: Option<u32>,
}

impl Policies {
    /// These policies, with what is asked for in their place.
    #[must_use]
    pub(crate) fn with(&self, asked: &Asked) -> Self {
        Self {
            direction: asked.direction.unwrap_or(self.direction),
            conflict: asked.conflict.unwrap_or(self.conflict),
            deletion: asked.deletion.unwrap_or(self.deletion),
            drift: asked.drift.unwrap_or(self.drift),
            outside: asked.outside.unwrap_or(self.outside),
            twins: asked.twins.unwrap_or(self.twins),
            deletion_against_edit: asked
                .deletion_against_edit
                .unwrap_or(self.deletion_against_edit),
            frequency_seconds: asked.frequency_seconds.unwrap_or(self.frequency_seconds),
            guard: Guard {
                percent: asked.guard.percent.unwrap_or(self.guard.percent),
                window_seconds: asked
                    .guard
                    .window_seconds
                    .unwrap_or(self.guard.window_seconds),
            },
            caps: Caps {
                first_run: asked.caps.first_run.unwrap_or(self.caps.first_run),
                later_runs: asked.caps.later_runs.unwrap_or(self.caps.later_runs),
            },
            events: self.events.as_ref().map(|events| match &asked.events {
                Some(asked) => events.with(asked),
                None => events.clone(),
            }),
        }
    }

    /// Whether something is asked for that only a sync of another kind of record has a choice in.
    pub(crate) fn lacks(&self, asked: &Asked) -> bool {
        self.events.is_none() && asked.events.is_some()
    }

    /// What is out of range, if anything: the policy's name and what it allows.
    pub(crate) fn problem(&self, any_frequency: bool) -> Option<(&'static str, String)> {
        if any_frequency && self.frequency_seconds == 0 {
            return Some(("frequency_seconds", "must be at least 1".to_owned()));
        }
        if !any_frequency && !FREQUENCIES.contains(&self.frequency_seconds) {
            let words: Vec<String> = FREQUENCIES.iter().map(u32::to_string).collect();
            return Some((
                "frequency_seconds",
                format!("must be one of {}", words.join(", ")),
            ));
        }
        if !(1..=100).contains(&self.guard.percent) {
            return Some(("guard.percent", "must be 1 to 100".to_owned()));
        }
        if self.guard.window_seconds == 0 {
            return Some(("guard.window_seconds", "must be at least 1".to_owned()));
        }
        self.events.as_ref().and_then(Events::problem)
    }

    /// Each by its name, as sync files have it.
    pub(crate) fn named(&self) -> Vec<(&'static str, String)> {
        let mut named = vec![
            ("direction", self.direction.to_string()),
            ("conflict", self.conflict.to_string()),
            ("deletion", self.deletion.to_string()),
            ("drift", self.drift.to_string()),
            ("outside", self.outside.to_string()),
            ("twins", self.twins.to_string()),
            (
                "deletion_against_edit",
                self.deletion_against_edit.to_string(),
            ),
            ("frequency_seconds", self.frequency_seconds.to_string()),
            ("guard.percent", self.guard.percent.to_string()),
            (
                "guard.window_seconds",
                self.guard.window_seconds.to_string(),
            ),
            ("caps.first_run", self.caps.first_run.to_string()),
            ("caps.later_runs", self.caps.later_runs.to_string()),
        ];
        named.extend(self.events.iter().flat_map(Events::named));
        named
    }

    /// As the other services read it.
    pub(crate) fn to_wire(&self) -> wire::Policies {
        wire::Policies {
            direction: self.direction.to_string(),
            conflict: self.conflict.to_string(),
            deletion: self.deletion.to_string(),
            drift: self.drift.to_string(),
            outside: self.outside.to_string(),
            twins: self.twins.to_string(),
            deletion_against_edit: self.deletion_against_edit.to_string(),
            frequency_seconds: self.frequency_seconds,
            guard_percent: self.guard.percent,
            guard_window_seconds: self.guard.window_seconds,
            cap_first_run: self.caps.first_run,
            cap_later_runs: self.caps.later_runs,
        }
    }
}
