//! Syncs and their definitions by generation.

use model::Direction;
use sqlx::{FromRow, PgConnection, types::Json};
use uuid::Uuid;

use crate::{
    definition::Definition,
    error::Error,
    ids::{ConnectionId, Identity, SyncId, TenantId},
    rings::Flow,
};

/// What a sync is doing, as far as control decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Active,
    /// Both sides are read and planned, nothing is written.
    Preview,
    Paused,
    /// The reconciler is ending it, or has.
    Deleting,
}

impl State {
    /// The word for it in the store and in the contracts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Preview => "preview",
            Self::Paused => "paused",
            Self::Deleting => "deleting",
        }
    }

    /// The table allows no other words; an unknown one, of a newer program, is left alone like a pause.
    fn from_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "preview" => Self::Preview,
            "deleting" => Self::Deleting,
            _ => Self::Paused,
        }
    }
}

/// A sync with the definition in force.
#[derive(Clone, Debug)]
pub(crate) struct Sync {
    pub(crate) tenant: TenantId,
    pub(crate) id: SyncId,
    pub(crate) name: String,
    pub(crate) recipe: String,
    pub(crate) state: State,
    pub(crate) generation: u64,
    /// Whether the reconciler has ended it.
    pub(crate) ended: bool,
    pub(crate) definition: Definition,
}

impl Sync {
    /// Whether it is being deleted and the reconciler has not ended it yet.
    pub(crate) fn is_ending(&self) -> bool {
        self.state == State::Deleting && !self.ended
    }
}

#[derive(FromRow)]
struct Row {
    tenant: String,
    id: Uuid,
    name: String,
    recipe: String,
    state: String,
    generation: i64,
    ended: bool,
    definition: serde_json::Value,
}

impl TryFrom<Row> for Sync {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            tenant: TenantId::parse(&row.tenant)
                .map_err(|error| Error::Refused(error.to_string()))?,
            id: SyncId(row.id),
            name: row.name,
            recipe: row.recipe,
            state: State::from_word(&row.state),
            generation: row.generation.unsigned_abs(),
            ended: row.ended,
            definition: serde_json::from_value(row.definition)?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.tenant, s.id, s.name, s.recipe, s.state, s.generation, s.ended, d.definition FROM syncs s ",
            "JOIN sync_definitions d ON d.tenant = s.tenant AND d.sync = s.id AND d.generation = s.generation ",
            $rest
        )
    };
}

fn syncs(rows: Vec<Row>) -> Result<Vec<Sync>, Error> {
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Every sync of every tenant that the other services must know of.
pub(crate) async fn known_to_services(db: &mut PgConnection) -> Result<Vec<Sync>, Error> {
    let rows = sqlx::query_as(select!("WHERE NOT s.ended ORDER BY s.tenant, s.id"))
        .fetch_all(db)
        .await?;
    syncs(rows)
}

/// The syncs of a tenant that have not ended, by name.
pub(crate) async fn all(db: &mut PgConnection, tenant: &TenantId) -> Result<Vec<Sync>, Error> {
    let rows = sqlx::query_as(select!(
        "WHERE s.tenant = $1 AND NOT s.ended ORDER BY s.name, s.id"
    ))
    .bind(tenant.as_str())
    .fetch_all(db)
    .await?;
    syncs(rows)
}

/// What the syncs of a tenant that are not deleted let flow between which accounts.
pub(crate) async fn flows(db: &mut PgConnection, tenant: &TenantId) -> Result<Vec<Flow>, Error> {
    let rows: Vec<(Uuid, String, Uuid, Uuid, Json<Direction>)> = sqlx::query_as(
        "SELECT s.id, d.definition ->> 'kind', (d.definition #>> '{left,connection}')::uuid,
             (d.definition #>> '{right,connection}')::uuid, d.definition #> '{policies,direction}'
         FROM syncs s
         JOIN sync_definitions d ON d.tenant = s.tenant AND d.sync = s.id AND d.generation = s.generation
         WHERE s.tenant = $1 AND NOT s.ended AND s.state <> 'deleting'",
    )
    .bind(tenant.as_str())
    .fetch_all(db)
    .await?;
    let flow = |(id, kind, left, right, Json(direction))| Flow {
        sync: SyncId(id),
        kind,
        left: ConnectionId(left),
        right: ConnectionId(right),
        direction,
    };
    Ok(rows.into_iter().map(flow).collect())
}

/// A sync, ended or not.
pub(crate) async fn get(
    db: &mut PgConnection,
    tenant: &TenantId,
    id: SyncId,
) -> Result<Option<Sync>, Error> {
    let row: Option<Row> = sqlx::query_as(select!("WHERE s.tenant = $1 AND s.id = $2"))
        .bind(tenant.as_str())
        .bind(id.0)
        .fetch_optional(db)
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// The sync that people mean by this name: one that is not being deleted before one that is.
pub(crate) async fn named(
    db: &mut PgConnection,
    tenant: &TenantId,
    name: &str,
) -> Result<Option<Sync>, Error> {
    let row: Option<Row> = sqlx::query_as(select!(
        "WHERE s.tenant = $1 AND s.name = $2 ORDER BY s.state = 'deleting', s.changed_at DESC LIMIT 1"
    ))
    .bind(tenant.as_str())
    .bind(name)
    .fetch_optional(db)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// The sync that pairs the same collections: one that is not being deleted before one that is.
pub(crate) async fn with_identity(
    db: &mut PgConnection,
    tenant: &TenantId,
    identity: Identity,
) -> Result<Option<Sync>, Error> {
    let row: Option<Row> = sqlx::query_as(select!(
        "WHERE s.tenant = $1 AND s.identity = $2 ORDER BY s.state = 'deleting', s.changed_at DESC LIMIT 1"
    ))
    .bind(tenant.as_str())
    .bind(identity.0)
    .fetch_optional(db)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// The ids of the syncs that a connection takes part in.
pub(crate) async fn of_connection(
    db: &mut PgConnection,
    tenant: &TenantId,
    connection: ConnectionId,
) -> Result<Vec<SyncId>, Error> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT s.id FROM syncs s \
         JOIN sync_definitions d ON d.tenant = s.tenant AND d.sync = s.id AND d.generation = s.generation \
         WHERE s.tenant = $1 AND NOT s.ended AND $2 IN (d.left_connection, d.right_connection)",
    )
    .bind(tenant.as_str())
    .bind(connection.0)
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(SyncId).collect())
}

/// Stores a sync with the definition of its generation.
pub(crate) async fn put(db: &mut PgConnection, sync: &Sync) -> Result<(), Error> {
    let generation = i64::try_from(sync.generation).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO syncs (tenant, id, name, recipe, identity, state, generation, ended) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, recipe = excluded.recipe, \
             identity = excluded.identity, state = excluded.state, generation = excluded.generation, \
             ended = excluded.ended, changed_at = now()",
    )
    .bind(sync.tenant.as_str())
    .bind(sync.id.0)
    .bind(&sync.name)
    .bind(&sync.recipe)
    .bind(sync.definition.identity(&sync.tenant).0)
    .bind(sync.state.word())
    .bind(generation)
    .bind(sync.ended)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO sync_definitions (tenant, sync, generation, left_connection, right_connection, definition) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (tenant, sync, generation) DO UPDATE SET left_connection = excluded.left_connection, \
             right_connection = excluded.right_connection, definition = excluded.definition, applied_at = now()",
    )
    .bind(sync.tenant.as_str())
    .bind(sync.id.0)
    .bind(generation)
    .bind(sync.definition.left.connection)
    .bind(sync.definition.right.connection)
    .bind(Json(&sync.definition))
    .execute(db)
    .await?;
    Ok(())
}

/// Changes the state of a sync, if it is still what it was when that was decided.
pub(crate) async fn set_state(
    db: &mut PgConnection,
    sync: &Sync,
    state: State,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE syncs SET state = $4, changed_at = now() WHERE tenant = $1 AND id = $2 AND state = $3",
    )
    .bind(sync.tenant.as_str())
    .bind(sync.id.0)
    .bind(sync.state.word())
    .bind(state.word())
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that the reconciler has ended a sync, unless it has been applied again since.
pub(crate) async fn set_ended(db: &mut PgConnection, sync: &Sync) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE syncs SET ended = true, changed_at = now() \
         WHERE tenant = $1 AND id = $2 AND state = 'deleting' AND generation = $3 AND NOT ended",
    )
    .bind(sync.tenant.as_str())
    .bind(sync.id.0)
    .bind(i64::try_from(sync.generation).unwrap_or(i64::MAX))
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
