//! Tenants, each with the key of its match-key hashes.

use sqlx::{FromRow, PgConnection};

use crate::{
    envelope::{Place, Sealed},
    error::Error,
    ids::TenantId,
    keys::KeyRing,
};

/// Bytes of the key of a tenant's match-key hashes.
pub(crate) const HASH_KEY_BYTES: usize = 32;

fn place(tenant: &TenantId) -> Place<'_> {
    Place {
        purpose: "match-key hash key",
        tenant: tenant.as_str(),
        record: "",
    }
}

/// Makes sure that the tenant exists, with a random hash key of its own.
pub(crate) async fn ensure(
    db: &mut PgConnection,
    keys: &KeyRing,
    tenant: &TenantId,
) -> Result<(), Error> {
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM tenants WHERE id = $1)")
        .bind(tenant.as_str())
        .fetch_one(&mut *db)
        .await?;
    if known {
        return Ok(());
    }
    let mut key = [0; HASH_KEY_BYTES];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| crate::envelope::SealError::Randomness)?;
    let sealed = keys.seal(place(tenant), &key)?;
    sqlx::query("INSERT INTO tenants (id, hash_key_id, hash_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(tenant.as_str())
        .bind(sealed.key_id)
        .bind(sealed.bytes)
        .execute(db)
        .await?;
    Ok(())
}

/// Lets one apply of a tenant finish before the next begins.
pub(crate) async fn lock(db: &mut PgConnection, tenant: &TenantId) -> Result<(), Error> {
    sqlx::query("SELECT FROM tenants WHERE id = $1 FOR UPDATE")
        .bind(tenant.as_str())
        .execute(db)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct HashKeyRow {
    hash_key_id: String,
    hash_key: Vec<u8>,
}

/// The key of the tenant's match-key hashes.
pub(crate) async fn hash_key(
    db: &mut PgConnection,
    keys: &KeyRing,
    tenant: &TenantId,
) -> Result<Vec<u8>, Error> {
    let row: HashKeyRow = sqlx::query_as("SELECT hash_key_id, hash_key FROM tenants WHERE id = $1")
        .bind(tenant.as_str())
        .fetch_one(db)
        .await?;
    let sealed = Sealed {
        key_id: row.hash_key_id,
        bytes: row.hash_key,
    };
    Ok(keys.open(place(tenant), &sealed)?)
}
