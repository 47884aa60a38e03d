//! The sync of the simulation, as control would define it.

use model::{Path, Side};
use proto::{
    control::{MatchCriterion, Pairing, Policies, SideDefinition, SyncDefinition},
    reconcile::{Feed, SyncRef},
};
use reconciler::store::SyncKey;

use crate::{provider::Kind, values::path};

/// The tenant.
pub(crate) const TENANT: &str = "acme";
/// The sync.
pub(crate) const SYNC: &str = "s1";
/// The key of the match-key hashes.
pub(crate) const HASH_KEY: [u8; 32] = [7; 32];

/// The paths by which records are matched.
pub(crate) fn criteria() -> Vec<Path> {
    vec![path("emails[work]"), path("emails")]
}

/// The sync's key.
pub(crate) fn key() -> SyncKey {
    SyncKey::new(TENANT, SYNC)
}

/// The sync as services name it.
pub(crate) fn sync() -> SyncRef {
    SyncRef {
        tenant: TENANT.to_owned(),
        sync: SYNC.to_owned(),
    }
}

/// A side's feed as services name it.
pub(crate) fn feed(side: Side) -> Feed {
    Feed {
        tenant: TENANT.to_owned(),
        sync: SYNC.to_owned(),
        side: proto::record::Side::from(side).into(),
    }
}

/// The provider's name of a side; its connection is called the same.
pub(crate) fn provider(side: Side) -> &'static str {
    match side {
        Side::Left => "crm",
        Side::Right => "suite",
    }
}

fn side(side: Side, kind: Kind, horizon: u32) -> SideDefinition {
    SideDefinition {
        connection: provider(side).to_owned(),
        provider: provider(side).to_owned(),
        account_id: format!("account of {}", provider(side)),
        collection: "c".to_owned(),
        collection_form: match kind {
            Kind::View => "list_view".to_owned(),
            Kind::Group => "group".to_owned(),
        },
        carries_marker: kind == Kind::Group,
        horizon_seconds: horizon,
        request_timeout_seconds: 30,
        ..SideDefinition::default()
    }
}

/// A pairing of the same path on both sides.
pub(crate) fn pairing(name: &str) -> Pairing {
    Pairing {
        left: name.to_owned(),
        right: name.to_owned(),
        direction: "both".to_owned(),
        left_limit: if name == "emails" {
            u32::try_from(crate::provider::MOST_EMAILS).unwrap_or(3)
        } else {
            0
        },
        ..Pairing::default()
    }
}

/// The paths that are mapped from the beginning.
pub(crate) const MAPPED: [&str; 7] = [
    "nickname",
    "name.given",
    "name.family",
    "emails",
    "phones[mobile]",
    "title",
    "note",
];

/// A sync between a CRM's list view on the left and an address book's group on the right.
pub(crate) fn definition(left_horizon: u32, right_horizon: u32) -> SyncDefinition {
    SyncDefinition {
        tenant: TENANT.to_owned(),
        sync: SYNC.to_owned(),
        name: "simulated".to_owned(),
        kind: crate::values::KIND.to_owned(),
        generation: 1,
        state: "active".to_owned(),
        left: Some(side(Side::Left, Kind::View, left_horizon)),
        right: Some(side(Side::Right, Kind::Group, right_horizon)),
        policies: Some(Policies {
            direction: "both".to_owned(),
            conflict: "left".to_owned(),
            deletion: "propagate".to_owned(),
            drift: "keep".to_owned(),
            outside: "adopt".to_owned(),
            twins: "link-one".to_owned(),
            deletion_against_edit: "edit-wins".to_owned(),
            frequency_seconds: 300,
            guard_percent: 10,
            guard_window_seconds: 86_400,
            ..Policies::default()
        }),
        mapping: MAPPED.iter().map(|name| pairing(name)).collect(),
        r#match: criteria()
            .iter()
            .map(|path| MatchCriterion {
                left: path.to_string(),
                right: path.to_string(),
            })
            .collect(),
        hash_key: HASH_KEY.to_vec(),
    }
}
