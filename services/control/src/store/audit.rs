//! Who changed what.

use sqlx::PgConnection;

use crate::{error::Error, ids::TenantId};

/// Who caused an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Actor {
    /// Whoever holds the tenant's token.
    Tenant,
    /// Another service of the system.
    Service,
    /// Whoever administers the installation.
    Administrator,
}

/// Something that happened to a connection or sync, in the transaction that made it happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) actor: Actor,
    /// For example `sync.changed`.
    pub(crate) action: &'a str,
    /// The id of the connection or sync.
    pub(crate) subject: uuid::Uuid,
    /// Lines without values of records, secrets or display names.
    pub(crate) detail: &'a [String],
}

pub(crate) async fn write(
    db: &mut PgConnection,
    tenant: &TenantId,
    entry: Entry<'_>,
) -> Result<(), Error> {
    let actor = match entry.actor {
        Actor::Tenant => "tenant",
        Actor::Service => "service",
        Actor::Administrator => "administrator",
    };
    sqlx::query(
        "INSERT INTO audit (tenant, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(tenant.as_str())
    .bind(actor)
    .bind(entry.action)
    .bind(entry.subject.to_string())
    .bind(sqlx::types::Json(entry.detail))
    .execute(db)
    .await?;
    tracing::info!(tenant = %tenant, action = entry.action, subject = %entry.subject, "audited");
    Ok(())
}
