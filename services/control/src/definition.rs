//! A sync, resolved: names are ids, defaults are filled in, the mapping is complete. This is what is stored, by
//! generation, and what the other services read.

use std::collections::BTreeMap;

use model::Pairing;
use proto::control as wire;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConnectionId, Identity, IdentitySide, TenantId},
    policies::Policies,
    recipe::Criterion,
};

/// The option that says what the other side can hold of a series.
const OTHER_SERIES: &str = "other_series";

/// A resolved sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// The kind of record.
    pub kind: String,
    /// The left side.
    pub left: Side,
    /// The right side.
    pub right: Side,
    /// Every policy.
    pub policies: Policies,
    /// The complete mapping.
    pub mapping: Vec<Pairing>,
    /// By which paths records are matched, best first.
    #[serde(rename = "match")]
    pub criteria: Vec<Criterion>,
}

/// One side of a resolved sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Side {
    /// The connection's id.
    pub connection: uuid::Uuid,
    /// The connection's name.
    pub connection_name: String,
    /// The provider.
    pub provider: String,
    /// The account's stable id there.
    pub account_id: String,
    /// What holds the records.
    pub collection: Collection,
    /// The provider's own options.
    pub options: BTreeMap<String, String>,
    /// What the provider's connector last said of it.
    pub about: About,
    /// What the account can hold of a series, as its connector says it; empty for whatever there is.
    #[serde(default)]
    pub series: String,
}

/// What holds the records of a side. All empty for the whole account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Collection {
    /// Its id at the provider.
    pub id: String,
    /// Its name when the sync was applied.
    pub name: String,
    /// The provider's word for it.
    pub form: String,
}

/// What a connector says of its provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// For how long the provider may still show the past.
    pub horizon_seconds: u32,
    /// How long one of its calls may take before its answer counts as lost.
    pub request_timeout_seconds: u32,
    /// Whether a marker of ours can be put on a record.
    pub carries_marker: bool,
}

impl Definition {
    /// What the sync pairs, whatever it is called.
    pub(crate) fn identity(&self, tenant: &TenantId) -> Identity {
        Identity::of(
            tenant,
            &self.kind,
            self.left.identity(),
            self.right.identity(),
        )
    }

    /// Whether both are between the same two accounts: then links of the one are links of the other.
    pub(crate) fn same_accounts(&self, other: &Self) -> bool {
        let accounts =
            |definition: &Self| (definition.left.connection, definition.right.connection);
        self.kind == other.kind && accounts(self) == accounts(other)
    }

    /// Gives each pairing the revision that it has in `before`, or this one if it is new there.
    #[must_use]
    pub(crate) fn revised(mut self, before: Option<&Self>, revision: u64) -> Self {
        let previous = before.map_or(&[][..], |before| &before.mapping);
        model::keep_revisions(previous, &mut self.mapping, revision);
        self
    }

    /// As the other services read it, but for what only the store knows of the sync.
    pub(crate) fn to_wire(&self) -> wire::SyncDefinition {
        let events = self.policies.events.as_ref();
        let shared: Vec<(String, String)> =
            events.map(|e| e.options().collect()).unwrap_or_default();
        wire::SyncDefinition {
            kind: self.kind.clone(),
            left: Some(self.left.to_wire(&shared, &self.right)),
            right: Some(self.right.to_wire(&shared, &self.left)),
            policies: Some(self.policies.to_wire()),
            mapping: self.mapping.iter().map(to_wire_pairing).collect(),
            r#match: self.criteria.iter().map(to_wire_criterion).collect(),
            ..wire::SyncDefinition::default()
        }
    }
}

impl Side {
    /// The id of the side's connection.
    pub(crate) fn connection(&self) -> ConnectionId {
        ConnectionId(self.connection)
    }

    /// For people: the connection and the collection.
    pub(crate) fn title(&self) -> String {
        if self.collection.id.is_empty() {
            return self.connection_name.clone();
        }
        let Collection { name, form, .. } = &self.collection;
        format!("{} ({form}: {name})", self.connection_name)
    }

    fn identity(&self) -> IdentitySide<'_> {
        IdentitySide {
            provider: &self.provider,
            account_id: &self.account_id,
            collection: &self.collection.id,
        }
    }

    /// With the options that both sides get, and what the other side can hold.
    fn to_wire(&self, shared: &[(String, String)], other: &Self) -> wire::SideDefinition {
        let mut own = self.options.clone();
        if !other.series.is_empty() {
            own.insert(OTHER_SERIES.to_owned(), other.series.clone());
        }
        wire::SideDefinition {
            connection: self.connection.to_string(),
            provider: self.provider.clone(),
            account_id: self.account_id.clone(),
            collection: self.collection.id.clone(),
            collection_form: self.collection.form.clone(),
            options: own.into_iter().chain(shared.iter().cloned()).collect(),
            horizon_seconds: self.about.horizon_seconds,
            request_timeout_seconds: self.about.request_timeout_seconds,
            carries_marker: self.about.carries_marker,
        }
    }
}

fn to_wire_pairing(pairing: &Pairing) -> wire::Pairing {
    wire::Pairing {
        left: pairing.left.to_string(),
        right: pairing.right.to_string(),
        direction: pairing.direction.to_string(),
        revision: pairing.revision,
        left_limit: pairing.left_limit.unwrap_or_default(),
        right_limit: pairing.right_limit.unwrap_or_default(),
    }
}

fn to_wire_criterion(criterion: &Criterion) -> wire::MatchCriterion {
    wire::MatchCriterion {
        left: criterion.left.to_string(),
        right: criterion.right.to_string(),
    }
}
