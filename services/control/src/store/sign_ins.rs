//! Sign-ins that a person has begun at a provider. Each is taken once.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow, PgConnection};

use crate::{envelope::Sealed, error::Error, ids::TenantId};

/// A pending sign-in as stored.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) sealed: Sealed,
    pub(crate) expires_at: Timestamp,
}

/// Stores a sign-in, and drops those that nobody can finish any more.
pub(crate) async fn insert(
    db: &mut PgConnection,
    tenant: &TenantId,
    state_digest: &[u8],
    pending: &Pending,
) -> Result<(), Error> {
    let day_ago = Timestamp::now() - SignedDuration::from_hours(24);
    sqlx::query("DELETE FROM sign_ins WHERE expires_at < $1")
        .bind(day_ago.to_sqlx())
        .execute(&mut *db)
        .await?;
    sqlx::query("INSERT INTO sign_ins (state_digest, tenant, key_id, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(state_digest)
        .bind(tenant.as_str())
        .bind(&pending.sealed.key_id)
        .bind(&pending.sealed.bytes)
        .bind(pending.expires_at.to_sqlx())
        .execute(db)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct PendingRow {
    key_id: String,
    sealed: Vec<u8>,
    expires_at: jiff_sqlx::Timestamp,
}

/// Takes a sign-in out, if this tenant began one with this state: nobody else will find it again.
pub(crate) async fn take(
    db: &mut PgConnection,
    tenant: &TenantId,
    state_digest: &[u8],
) -> Result<Option<Pending>, Error> {
    let row: Option<PendingRow> = sqlx::query_as(
        "DELETE FROM sign_ins WHERE state_digest = $1 AND tenant = $2 RETURNING key_id, sealed, expires_at",
    )
    .bind(state_digest)
    .bind(tenant.as_str())
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Pending {
        sealed: Sealed {
            key_id: row.key_id,
            bytes: row.sealed,
        },
        expires_at: row.expires_at.to_jiff(),
    }))
}
