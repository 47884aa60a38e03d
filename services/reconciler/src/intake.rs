//! Definitions: what control says of each sync is stored, and moves it between its phases.

use kit::grpc::Client;
use prost::Message as _;
use proto::control::{SyncDefinition, SyncsRequest, definitions_client::DefinitionsClient};
use sqlx::{PgConnection, PgPool};

use crate::{
    advance,
    definition::Definition,
    error::EngineError,
    plan,
    store::{
        SyncKey, feed, link, outbox, owner, record, sweep,
        sync::{self, Hold, Phase, SyncRow},
        write,
    },
};

/// Why definitions could not be refreshed.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Control does not answer; the stored definitions hold until it does.
    #[error("control does not answer")]
    Control(#[from] Box<tonic::Status>),
    /// A definition could not be stored.
    #[error("a definition could not be stored")]
    Engine(#[from] EngineError),
}

/// Asks control for every definition, or for one, and stores what changed. Answers the syncs concerned.
pub async fn refresh(
    pool: &PgPool,
    control: &Client,
    sync: &str,
) -> Result<Vec<SyncKey>, IntakeError> {
    let mut client = DefinitionsClient::new(control.clone());
    let answer = client
        .syncs(SyncsRequest {
            provider: String::new(),
            sync: sync.to_owned(),
        })
        .await
        .map_err(Box::new)?
        .into_inner();
    let mut keys = Vec::new();
    for definition in answer.syncs {
        let name = definition.sync.clone();
        match take(pool, definition).await {
            Ok(key) => keys.push(key),
            Err(EngineError::Definition(reason)) => {
                tracing::error!(sync = name, %reason, "a definition cannot be carried out");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(keys)
}

/// Stores one definition.
pub async fn take(pool: &PgPool, wire: SyncDefinition) -> Result<SyncKey, EngineError> {
    let bytes = wire.encode_to_vec();
    let definition = Definition::read(wire)?;
    let key = definition.key.clone();
    let mut transaction = pool.begin().await?;
    sync::insert(
        &mut transaction,
        &key,
        &bytes,
        definition.generation,
        &definition.wanted,
    )
    .await?;
    if let Some(mut row) = sync::lock(&mut transaction, &key).await? {
        settle(&mut transaction, &mut row, &definition, bytes).await?;
        // Somebody may have signed in again; a connection that is still refused says so at once.
        for side in [&definition.left, &definition.right] {
            outbox::go_on(&mut transaction, &key.tenant, &side.connection).await?;
        }
    }
    transaction.commit().await.map_err(EngineError::from)?;
    Ok(key)
}

async fn settle(
    connection: &mut PgConnection,
    row: &mut SyncRow,
    definition: &Definition,
    bytes: Vec<u8>,
) -> Result<(), EngineError> {
    let fresh = definition.generation > row.generation;
    if fresh && !same_criteria(&row.definition, definition) {
        record::forget_readable(connection, &row.key).await?;
    }
    let was = std::mem::replace(&mut row.wanted, definition.wanted.clone());
    if definition.generation >= row.generation {
        row.definition = bytes;
        row.generation = definition.generation;
    }
    match definition.wanted.as_str() {
        "deleting" => end(connection, row).await?,
        "paused" => {
            if fresh && matches!(row.phase, Phase::Baseline | Phase::Live) {
                // It goes on by the new definition, whenever that is.
                restart(connection, row).await?;
                sweep::begin(connection, &row.key).await?;
            }
            if row.held != Some(Hold::Paused) {
                row.held = Some(Hold::Paused);
                "paused by a person".clone_into(&mut row.held_reason);
                write::revoke_all(connection, &row.key, "paused", false).await?;
            }
        }
        _ => {
            if row.held == Some(Hold::Paused) {
                row.held = None;
                row.held_reason.clear();
            }
            let was_off = row.phase == Phase::Off;
            if was_off {
                restart(connection, row).await?;
                row.activated_at = sync::now(connection).await?;
                // Links of the time before are adopted, not made again (BEY-14).
                link::adopt_all(connection, &row.key, plan::ADOPTED).await?;
            } else if fresh {
                restart(connection, row).await?;
            } else if row.phase == Phase::Deactivating {
                row.phase = Phase::Live;
                link::touch_all(connection, &row.key).await?;
            }
            if fresh || was_off {
                // What rested by the old definition may differ by the new one: bases are compared as well.
                sweep::begin(connection, &row.key).await?;
            }
        }
    }
    if was != row.wanted || fresh {
        tracing::info!(sync = %row.key.sync, wanted = row.wanted, generation = row.generation,
            phase = row.phase.word(), "a sync's definition changed");
    }
    sync::define(connection, row).await?;
    owner::note_accounts(connection, definition).await?;
    sync::save(connection, row).await?;
    Ok(())
}

fn same_criteria(stored: &[u8], definition: &Definition) -> bool {
    Definition::decode(stored).is_ok_and(|stored| {
        stored.hash_key == definition.hash_key
            && model::Side::ALL
                .into_iter()
                .all(|side| stored.side(side).criteria == definition.side(side).criteria)
    })
}

/// Both sides are read from the beginning, and every link is planned again.
async fn restart(connection: &mut PgConnection, row: &mut SyncRow) -> Result<(), EngineError> {
    write::revoke_all(connection, &row.key, "the definition changed", false).await?;
    feed::reset(connection, &row.key).await?;
    link::touch_all(connection, &row.key).await?;
    row.phase = Phase::Baseline;
    row.held = None;
    row.held_reason.clear();
    Ok(())
}

/// A sync ends when every started write is answered; links and history stay (BEY-14).
async fn end(connection: &mut PgConnection, row: &mut SyncRow) -> Result<(), EngineError> {
    if matches!(row.phase, Phase::Off | Phase::Deactivating) {
        return Ok(());
    }
    write::revoke_all(connection, &row.key, "the sync was deleted", false).await?;
    row.held = None;
    row.held_reason.clear();
    let (_, started) = write::open(connection, &row.key).await?;
    row.phase = if started == 0 {
        Phase::Off
    } else {
        Phase::Deactivating
    };
    Ok(())
}

/// Begins a run if one is due: a person asked, or the sync's time has come.
pub async fn begin_due_run(
    connection: &mut PgConnection,
    row: &mut SyncRow,
    asked: bool,
) -> Result<(), EngineError> {
    if row.phase != Phase::Live {
        return Ok(());
    }
    let definition = Definition::decode(&row.definition)?;
    let now = sync::now(connection).await?;
    let over = now.duration_since(row.run_began_at) >= definition.limits.frequency;
    let finished = row.last_run_at.is_some_and(|at| at >= row.run_began_at);
    if asked || (over && finished) {
        advance::begin_run(connection, row, now).await?;
    }
    Ok(())
}
