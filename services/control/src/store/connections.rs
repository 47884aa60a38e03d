//! Accounts at providers that a tenant has signed in to.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    envelope::Sealed,
    error::Error,
    ids::{ConnectionId, TenantId},
};

/// A connection as stored.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) name: String,
    pub(crate) provider: String,
    pub(crate) account_id: String,
    /// Personal: shown to its tenant, never logged.
    pub(crate) account_name: String,
    pub(crate) state: State,
    pub(crate) missing_rights: Vec<String>,
    pub(crate) secret: Sealed,
    pub(crate) token: Option<Token>,
}

/// Whether a connection can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    /// A person must sign in again, for this reason.
    Unauthorised(String),
}

impl State {
    /// The word for it in the store and in the contracts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unauthorised(_) => "unauthorised",
        }
    }
}

/// An access token as stored.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) sealed: Sealed,
    pub(crate) renewed_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    provider: String,
    account_id: String,
    account_name: String,
    state: String,
    reason: String,
    missing_rights: Vec<String>,
    secret_key_id: String,
    secret: Vec<u8>,
    token_key_id: Option<String>,
    token: Option<Vec<u8>>,
    token_renewed_at: Option<jiff_sqlx::Timestamp>,
    token_expires_at: Option<jiff_sqlx::Timestamp>,
}

impl From<Row> for Connection {
    fn from(row: Row) -> Self {
        let token = match (
            row.token_key_id,
            row.token,
            row.token_renewed_at,
            row.token_expires_at,
        ) {
            (Some(key_id), Some(bytes), Some(renewed_at), Some(expires_at)) => Some(Token {
                sealed: Sealed { key_id, bytes },
                renewed_at: renewed_at.to_jiff(),
                expires_at: expires_at.to_jiff(),
            }),
            _ => None,
        };
        Self {
            id: ConnectionId(row.id),
            name: row.name,
            provider: row.provider,
            account_id: row.account_id,
            account_name: row.account_name,
            state: if row.state == "active" {
                State::Active
            } else {
                State::Unauthorised(row.reason)
            },
            missing_rights: row.missing_rights,
            secret: Sealed {
                key_id: row.secret_key_id,
                bytes: row.secret,
            },
            token,
        }
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, provider, account_id, account_name, state, reason, missing_rights, secret_key_id, ",
            "secret, token_key_id, token, token_renewed_at, token_expires_at FROM connections WHERE tenant = $1 ",
            $rest
        )
    };
}

/// Every connection of a tenant, by name.
pub(crate) async fn all(
    db: &mut PgConnection,
    tenant: &TenantId,
) -> Result<Vec<Connection>, Error> {
    let rows: Vec<Row> = sqlx::query_as(select!("ORDER BY name"))
        .bind(tenant.as_str())
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// A connection.
pub(crate) async fn get(
    db: &mut PgConnection,
    tenant: &TenantId,
    id: ConnectionId,
) -> Result<Option<Connection>, Error> {
    let row: Option<Row> = sqlx::query_as(select!("AND id = $2"))
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(db)
        .await?;
    Ok(row.map(Into::into))
}

/// A connection, locked until the transaction ends.
pub(crate) async fn lock(
    db: &mut PgConnection,
    tenant: &TenantId,
    id: ConnectionId,
) -> Result<Option<Connection>, Error> {
    let row: Option<Row> = sqlx::query_as(select!("AND id = $2 FOR UPDATE"))
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(db)
        .await?;
    Ok(row.map(Into::into))
}

/// Stores a connection of which a person has just proved that it is theirs.
pub(crate) async fn put(
    db: &mut PgConnection,
    tenant: &TenantId,
    connection: &Connection,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO connections (tenant, id, name, provider, account_id, account_name, state, missing_rights, \
             secret_key_id, secret) \
         VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $8, $9) \
         ON CONFLICT (tenant, id) DO UPDATE SET account_name = excluded.account_name, state = 'active', \
             reason = '', missing_rights = excluded.missing_rights, secret_key_id = excluded.secret_key_id, \
             secret = excluded.secret, changed_at = now()",
    )
    .bind(tenant.as_str())
    .bind(connection.id.0)
    .bind(&connection.name)
    .bind(&connection.provider)
    .bind(&connection.account_id)
    .bind(&connection.account_name)
    .bind(&connection.missing_rights)
    .bind(&connection.secret.key_id)
    .bind(&connection.secret.bytes)
    .execute(&mut *db)
    .await?;
    match &connection.token {
        Some(token) => set_token(db, tenant, connection.id, token).await,
        None => Ok(()),
    }
}

/// Stores an access token.
pub(crate) async fn set_token(
    db: &mut PgConnection,
    tenant: &TenantId,
    id: ConnectionId,
    token: &Token,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE connections SET token_key_id = $3, token = $4, token_renewed_at = $5, token_expires_at = $6 \
         WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(&token.sealed.key_id)
    .bind(&token.sealed.bytes)
    .bind(token.renewed_at.to_sqlx())
    .bind(token.expires_at.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Stores the secret that replaces another.
pub(crate) async fn set_secret(
    db: &mut PgConnection,
    tenant: &TenantId,
    id: ConnectionId,
    secret: &Sealed,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE connections SET secret_key_id = $3, secret = $4 WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(&secret.key_id)
    .bind(&secret.bytes)
    .execute(db)
    .await?;
    Ok(())
}

/// Stores what the account may not do.
pub(crate) async fn set_missing_rights(
    db: &mut PgConnection,
    tenant: &TenantId,
    id: ConnectionId,
    missing: &[String],
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE connections SET missing_rights = $3, changed_at = now() WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(missing)
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a person must sign in again; the access token is forgotten. False if that was known already.
pub(crate) async fn set_unauthorised(
    db: &mut PgConnection,
    tenant: &TenantId,
    id: ConnectionId,
    reason: &str,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE connections SET state = 'unauthorised', reason = $3, token_key_id = NULL, token = NULL, \
             token_renewed_at = NULL, token_expires_at = NULL, changed_at = now() \
         WHERE tenant = $1 AND id = $2 AND state = 'active'",
    )
    .bind(tenant.as_str())
    .bind(id.0)
    .bind(reason)
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
