//! A sync's definition as the engine works with it, read from what control resolved.

use std::str::FromStr;

use jiff::SignedDuration;
use merge::Policy;
use model::{Direction, Pairing, Path, Side};
use prost::Message as _;
use proto::control::{self, SyncDefinition};

use crate::store::SyncKey;

/// Why a definition cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// A part that every definition has is missing.
    #[error("the definition lacks its {0}")]
    Missing(&'static str),
    /// A path cannot be read.
    #[error("a path of the mapping cannot be read")]
    Path(#[from] model::PathError),
    /// Two paths of the mapping do not fit.
    #[error("two paths of the mapping do not fit")]
    Mapping(#[from] model::MappingError),
    /// A policy has a value that this version does not know.
    #[error("the policy {policy} has no value {value:?}")]
    Policy {
        /// The policy.
        policy: &'static str,
        /// Its value.
        value: String,
    },
    /// The stored bytes are not a definition.
    #[error("the definition cannot be decoded")]
    Undecodable(#[from] prost::DecodeError),
}

/// How often and how much a sync may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Records that the first run may write; none for no limit.
    pub first_run: Option<u64>,
    /// Records that each later run may write.
    pub later_runs: Option<u64>,
    /// The guard's share, in percent of the linked records.
    pub guard_percent: u64,
    /// The guard's window.
    pub guard_window: SignedDuration,
    /// The time between two runs.
    pub frequency: SignedDuration,
}

/// One side of a sync.
#[derive(Debug, Clone)]
pub struct SideOf {
    /// The connection.
    pub connection: String,
    /// The provider's name.
    pub provider: String,
    /// The account's stable id.
    pub account: String,
    /// For how long the provider may still show the past.
    pub horizon: SignedDuration,
    /// After how long an answer counts as lost.
    pub request_timeout: SignedDuration,
    /// Whether a marker can be put on a record.
    pub carries_marker: bool,
    /// Whether a write can put a record into the collection: a group can be joined, a list view cannot.
    pub joinable: bool,
    /// The paths by which its records are matched, best first.
    pub criteria: Vec<Path>,
}

/// A sync's definition.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The sync.
    pub key: SyncKey,
    /// Its name, for people.
    pub name: String,
    /// The kind of record.
    pub kind: String,
    /// Its generation.
    pub generation: i64,
    /// What control wants: active, preview, paused, deleting.
    pub wanted: String,
    /// The left side.
    pub left: SideOf,
    /// The right side.
    pub right: SideOf,
    /// What decides.
    pub policy: Policy,
    /// Which paths belong together.
    pub pairings: Vec<Pairing>,
    /// How much it may do.
    pub limits: Limits,
    /// The key of the match-key hashes.
    pub hash_key: [u8; 32],
}

impl Definition {
    /// One side.
    pub fn side(&self, side: Side) -> &SideOf {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// The rank of the keys by which a side's records are the same in whatever account they are, if any are.
    pub fn identity_rank(&self, side: Side) -> Option<u32> {
        model::table(&self.kind)?.identity_rank(&self.side(side).criteria)
    }

    /// Whether records of its kind can be the same in whatever account they are.
    pub fn has_identity(&self) -> bool {
        model::table(&self.kind).is_some_and(|table| table.identity.is_some())
    }

    /// Whether its kind of records has fields that some providers set only when they make a record.
    pub fn made_anew(&self) -> bool {
        model::table(&self.kind).is_some_and(|table| !table.made_once.is_empty())
    }

    /// The mapped paths of one side.
    pub fn paths(&self, side: Side) -> Vec<Path> {
        self.pairings
            .iter()
            .map(|pairing| pairing.path(side).clone())
            .collect()
    }

    /// Reads a definition from its encoded form.
    pub fn decode(bytes: &[u8]) -> Result<Self, DefinitionError> {
        Self::read(SyncDefinition::decode(bytes)?)
    }

    /// Reads a definition as control gave it.
    pub fn read(definition: SyncDefinition) -> Result<Self, DefinitionError> {
        let policies = definition
            .policies
            .ok_or(DefinitionError::Missing("policies"))?;
        let criteria = |side: Side| -> Result<Vec<Path>, DefinitionError> {
            definition
                .r#match
                .iter()
                .map(|criterion| {
                    Ok(Path::parse(match side {
                        Side::Left => &criterion.left,
                        Side::Right => &criterion.right,
                    })?)
                })
                .collect()
        };
        Ok(Self {
            left: side(
                definition
                    .left
                    .ok_or(DefinitionError::Missing("left side"))?,
                criteria(Side::Left)?,
            ),
            right: side(
                definition
                    .right
                    .ok_or(DefinitionError::Missing("right side"))?,
                criteria(Side::Right)?,
            ),
            policy: policy(&policies)?,
            limits: limits(&policies),
            pairings: definition
                .mapping
                .iter()
                .map(|line| pairing(&definition.kind, line))
                .collect::<Result<_, _>>()?,
            hash_key: definition
                .hash_key
                .try_into()
                .map_err(|_| DefinitionError::Missing("hash key"))?,
            key: SyncKey::new(definition.tenant, definition.sync),
            name: definition.name,
            kind: definition.kind,
            generation: i64::try_from(definition.generation).unwrap_or(i64::MAX),
            wanted: definition.state,
        })
    }
}

fn side(side: control::SideDefinition, criteria: Vec<Path>) -> SideOf {
    SideOf {
        connection: side.connection,
        provider: side.provider,
        account: side.account_id,
        horizon: SignedDuration::from_secs(side.horizon_seconds.into()),
        request_timeout: SignedDuration::from_secs(side.request_timeout_seconds.into()),
        carries_marker: side.carries_marker,
        joinable: side.collection.is_empty() || side.collection_form != "list_view",
        criteria,
    }
}

fn word<T: FromStr>(policy: &'static str, value: &str) -> Result<T, DefinitionError> {
    value.parse().map_err(|_| DefinitionError::Policy {
        policy,
        value: value.to_owned(),
    })
}

fn policy(policies: &control::Policies) -> Result<Policy, DefinitionError> {
    Ok(Policy {
        direction: word("direction", &policies.direction)?,
        conflict: word("conflict", &policies.conflict)?,
        deletion: word("deletion", &policies.deletion)?,
        drift: word("drift", &policies.drift)?,
        outside: word("outside", &policies.outside)?,
        twins: word("twins", &policies.twins)?,
        deletion_against_edit: word("deletion_against_edit", &policies.deletion_against_edit)?,
        ..Policy::default()
    })
}

fn limits(policies: &control::Policies) -> Limits {
    let cap = |records: u32| (records > 0).then_some(u64::from(records));
    Limits {
        first_run: cap(policies.cap_first_run),
        later_runs: cap(policies.cap_later_runs),
        guard_percent: policies.guard_percent.into(),
        guard_window: SignedDuration::from_secs(policies.guard_window_seconds.into()),
        frequency: SignedDuration::from_secs(policies.frequency_seconds.into()),
    }
}

fn pairing(kind: &str, line: &control::Pairing) -> Result<Pairing, DefinitionError> {
    let limit = |limit: u32| (limit > 0).then_some(limit);
    let pairing = Pairing::new(
        kind,
        Path::parse(&line.left)?,
        Path::parse(&line.right)?,
        word::<Direction>("direction of a pairing", &line.direction)?,
    )?;
    Ok(Pairing {
        revision: line.revision,
        left_limit: limit(line.left_limit),
        right_limit: limit(line.right_limit),
        ..pairing
    })
}
