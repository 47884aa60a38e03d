//! Names and ids. Ids of accounts and syncs are derived, so that whoever comes back finds what was theirs.

use std::fmt;

use uuid::Uuid;

/// Everything derived here is derived in this namespace. It never changes: links hang on the ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_9f1c_54c3_5d6b_9e0a_7c3b_21d4_8a11);

const MAX_NAME_LENGTH: usize = 63;

/// A customer organisation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TenantId(String);

/// The tenant of an installation that has only one.
pub(crate) const DEFAULT_TENANT: &str = "default";

impl TenantId {
    /// A tenant by its name; the name must be fit for subjects and keys.
    pub(crate) fn parse(name: &str) -> Result<Self, NameError> {
        check_name(name)?;
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that people give to a tenant, connection or sync cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name \"{0}\" must be 1 to {MAX_NAME_LENGTH} of a-z, 0-9 and -, and neither begin nor end with -"
)]
pub(crate) struct NameError(String);

/// Checks a name that people give to a connection or sync.
pub(crate) fn check_name(name: &str) -> Result<(), NameError> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let good = (1..=MAX_NAME_LENGTH).contains(&name.len())
        && name.bytes().all(fits)
        && !name.starts_with('-')
        && !name.ends_with('-');
    if good {
        Ok(())
    } else {
        Err(NameError(name.chars().take(MAX_NAME_LENGTH).collect()))
    }
}

/// An account at a provider that a tenant has signed in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ConnectionId(pub Uuid);

impl ConnectionId {
    /// The connection of this account: signing in again gives the same one.
    pub(crate) fn of(tenant: &TenantId, provider: &str, account_id: &str) -> Self {
        Self(derived(&[
            "connection",
            tenant.as_str(),
            provider,
            account_id,
        ]))
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A configured pairing of two collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SyncId(pub Uuid);

impl fmt::Display for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a sync pairs, whatever it is called: the kind of record, and the account and collection of each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(pub Uuid);

/// One side of an [`Identity`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdentitySide<'a> {
    /// The provider.
    pub provider: &'a str,
    /// The account's stable id there.
    pub account_id: &'a str,
    /// The collection's id; empty for the whole account.
    pub collection: &'a str,
}

impl Identity {
    /// The identity of what a sync pairs. The sides are not interchangeable: links name them.
    pub(crate) fn of(
        tenant: &TenantId,
        kind: &str,
        left: IdentitySide<'_>,
        right: IdentitySide<'_>,
    ) -> Self {
        let mut parts = vec!["sync", tenant.as_str(), kind];
        for side in [left, right] {
            parts.extend([side.provider, side.account_id, side.collection]);
        }
        Self(derived(&parts))
    }

    /// The id of the `attempt`th sync created with this identity, from 0. The first fits unless a sync that was
    /// created with this scope has since been given another one and keeps the id.
    pub(crate) fn sync_id(self, attempt: u32) -> SyncId {
        if attempt == 0 {
            return SyncId(self.0);
        }
        SyncId(derived(&[
            "attempt",
            &self.0.to_string(),
            &attempt.to_string(),
        ]))
    }
}

/// Unambiguous: each part is preceded by its length.
fn derived(parts: &[&str]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&NAMESPACE, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    #[test]
    fn names_are_fit_for_subjects_and_urls() {
        for good in ["a", "ana-clients", "2026", &"x".repeat(63)] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a.b",
            "a b",
            "ä",
            "a*",
            &"x".repeat(64),
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_same_account_has_the_same_connection_and_no_two_accounts_share_one() {
        let one = ConnectionId::of(&tenant("t"), "zoho", "1");
        assert_eq!(one, ConnectionId::of(&tenant("t"), "zoho", "1"));
        assert_ne!(one, ConnectionId::of(&tenant("u"), "zoho", "1"));
        assert_ne!(one, ConnectionId::of(&tenant("t"), "zoho1", ""));
    }

    #[test]
    fn identity_tells_accounts_collections_kinds_and_sides_apart() {
        let side = |provider, collection| IdentitySide {
            provider,
            account_id: "1",
            collection,
        };
        let of = |kind, left, right| Identity::of(&tenant("t"), kind, left, right);
        let one = of("contact", side("zoho", "v"), side("google", "g"));
        assert_eq!(one, of("contact", side("zoho", "v"), side("google", "g")));
        assert_ne!(one, of("event", side("zoho", "v"), side("google", "g")));
        assert_ne!(one, of("contact", side("google", "g"), side("zoho", "v")));
        assert_ne!(one, of("contact", side("zoho", ""), side("google", "g")));
        assert_ne!(one.sync_id(0), one.sync_id(1));
    }
}
