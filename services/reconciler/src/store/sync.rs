//! Syncs: their definitions as control gave them, and where they stand.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use model::Side;
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row, postgres::PgRow, types::Json};

use super::{StoreError, SyncKey};

/// How far a sync has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Both sides are read to the end before anything is written.
    Baseline,
    /// Changes are planned as they come.
    Live,
    /// Started writes are awaited.
    Deactivating,
    /// Nothing is done any more; links and history stay.
    Off,
}

impl Phase {
    /// The phase's stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Live => "live",
            Self::Deactivating => "deactivating",
            Self::Off => "off",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        Ok(match word {
            "baseline" => Self::Baseline,
            "live" => Self::Live,
            "deactivating" => Self::Deactivating,
            "off" => Self::Off,
            other => return Err(StoreError::UnknownWord(other.to_owned())),
        })
    }
}

/// Why nothing is planned at present, although the sync is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// A person paused it.
    Paused,
    /// The guard asks a person.
    Guard,
    /// A collection is gone or out of reach.
    Collection,
    /// A deletion came and the policy says to stop.
    Deletion,
}

impl Hold {
    /// The hold's stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Guard => "guard",
            Self::Collection => "collection",
            Self::Deletion => "deletion",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        Ok(match word {
            "paused" => Self::Paused,
            "guard" => Self::Guard,
            "collection" => Self::Collection,
            "deletion" => Self::Deletion,
            other => return Err(StoreError::UnknownWord(other.to_owned())),
        })
    }
}

/// A sync's row.
#[derive(Debug, Clone)]
pub struct SyncRow {
    /// Its key.
    pub key: SyncKey,
    /// `rapport.control.v1.SyncDefinition`, encoded.
    pub definition: Vec<u8>,
    /// The definition's generation.
    pub generation: i64,
    /// What control wants: active, preview, paused, deleting.
    pub wanted: String,
    /// How far it has come.
    pub phase: Phase,
    /// Why nothing is planned, if so.
    pub held: Option<Hold>,
    /// The hold in words for people.
    pub held_reason: String,
    /// When a person last accepted what the guard held back.
    pub guard_accepted_at: Option<Timestamp>,
    /// When it was last turned on.
    pub activated_at: Timestamp,
    /// The time that the baseline took; none once anything held the sync since.
    pub baseline: Option<Baseline>,
    /// The current run.
    pub run: i64,
    /// When it began.
    pub run_began_at: Timestamp,
    /// Records written in it.
    pub run_written: i64,
    /// When a run last left nothing pending.
    pub last_run_at: Option<Timestamp>,
    /// What the last run did.
    pub last_run_result: String,
    /// When the last outcome was applied.
    pub last_outcome_at: Option<Timestamp>,
    /// When the sweep that is under way began; none when none is. Stored by [`super::sweep`] alone.
    pub sweep_began_at: Option<Timestamp>,
    /// What all runs have done, by name.
    pub totals: BTreeMap<String, u64>,
    /// What the guard counted last.
    pub guarded: Guarded,
    /// This database's clock when the row was read.
    pub read_at: Timestamp,
}

/// The time that a baseline took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baseline {
    /// When the first of its readings began.
    pub began_at: Timestamp,
    /// When both sides had been read to the end and were matched.
    pub ended_at: Timestamp,
}

/// What the guard counted last, so that it need not count with every batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guarded {
    /// Linked records.
    pub linked: u64,
    /// At most so many records were overwritten on the left side.
    pub left: u64,
    /// At most so many records were overwritten on the right side.
    pub right: u64,
}

impl Guarded {
    /// At most so many records were overwritten on a side.
    pub fn overwritten(&mut self, side: Side) -> &mut u64 {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }
}

fn row(row: &PgRow) -> Result<SyncRow, StoreError> {
    let held: Option<String> = row.try_get("held")?;
    let moment = |name: &str| -> Result<Option<Timestamp>, sqlx::Error> {
        Ok(row
            .try_get::<Option<jiff_sqlx::Timestamp>, _>(name)?
            .map(jiff_sqlx::Timestamp::to_jiff))
    };
    Ok(SyncRow {
        key: SyncKey::new(
            row.try_get::<String, _>("tenant")?,
            row.try_get::<String, _>("sync")?,
        ),
        definition: row.try_get("definition")?,
        generation: row.try_get("generation")?,
        wanted: row.try_get("wanted")?,
        phase: Phase::parse(row.try_get("phase")?)?,
        held: held.as_deref().map(Hold::parse).transpose()?,
        held_reason: row.try_get("held_reason")?,
        guard_accepted_at: moment("guard_accepted_at")?,
        activated_at: row
            .try_get::<jiff_sqlx::Timestamp, _>("activated_at")?
            .to_jiff(),
        baseline: moment("baseline_began_at")?
            .zip(moment("baseline_ended_at")?)
            .map(|(began_at, ended_at)| Baseline { began_at, ended_at }),
        run: row.try_get("run")?,
        run_began_at: row
            .try_get::<jiff_sqlx::Timestamp, _>("run_began_at")?
            .to_jiff(),
        run_written: row.try_get("run_written")?,
        last_run_at: moment("last_run_at")?,
        last_run_result: row.try_get("last_run_result")?,
        last_outcome_at: moment("last_outcome_at")?,
        sweep_began_at: moment("sweep_began_at")?,
        totals: row.try_get::<Json<BTreeMap<String, u64>>, _>("totals")?.0,
        read_at: row.try_get::<jiff_sqlx::Timestamp, _>("read_at")?.to_jiff(),
        guarded: row.try_get::<Json<Guarded>, _>("guarded")?.0,
    })
}

/// Locks a sync's row for the rest of the transaction and reads it.
pub async fn lock(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Option<SyncRow>, StoreError> {
    sqlx::query("SELECT *, clock_timestamp() AS read_at FROM sync WHERE tenant = $1 AND sync = $2 FOR UPDATE")
        .bind(&key.tenant)
        .bind(&key.sync)
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(row)
        .transpose()
}

/// Reads a sync's row without locking it.
pub async fn load(
    connection: &mut PgConnection,
    key: &SyncKey,
) -> Result<Option<SyncRow>, StoreError> {
    sqlx::query("SELECT *, clock_timestamp() AS read_at FROM sync WHERE tenant = $1 AND sync = $2")
        .bind(&key.tenant)
        .bind(&key.sync)
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(row)
        .transpose()
}

/// What there may be to do for a sync; each is looked up where nothing else is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, all asked at once"
)]
pub struct Chores {
    /// Writes are claimed and not answered.
    pub started: bool,
    /// Records wait to be matched.
    pub unmatched: bool,
    /// Creates of unknown fate are looked up.
    pub looked_up: bool,
    /// Deletions wait to be settled, or doubtful records to be read.
    pub unsettled: bool,
    /// Links wait for a plan.
    pub dirty: bool,
    /// Links of an earlier time are adopted.
    pub adopted: bool,
}

/// What there may be to do for a sync.
pub async fn chores(connection: &mut PgConnection, key: &SyncKey) -> Result<Chores, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM write WHERE tenant = $1 AND sync = $2
                 AND status IN ('queued', 'released', 'started') AND status = 'started') AS started,
             EXISTS (SELECT FROM record WHERE tenant = $1 AND sync = $2 AND unmatched
                 AND presence = 'live' AND (in_scope OR marker <> '')) AS unmatched,
             EXISTS (SELECT FROM link WHERE tenant = $1 AND sync = $2 AND look_up_after IS NOT NULL
                 AND state <> 'closed') AS looked_up,
             EXISTS (SELECT FROM record WHERE tenant = $1 AND sync = $2
                 AND presence IN ('unsettled', 'doubtful')) AS unsettled,
             EXISTS (SELECT FROM link WHERE tenant = $1 AND sync = $2 AND dirty
                 AND state <> 'closed') AS dirty,
             EXISTS (SELECT FROM link WHERE tenant = $1 AND sync = $2 AND state = 'in sync'
                 AND reason = 'adopted') AS adopted",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .fetch_one(connection)
    .await?;
    Ok(Chores {
        started: row.try_get("started")?,
        unmatched: row.try_get("unmatched")?,
        looked_up: row.try_get("looked_up")?,
        unsettled: row.try_get("unsettled")?,
        dirty: row.try_get("dirty")?,
        adopted: row.try_get("adopted")?,
    })
}

/// The syncs for which there may be something to do, whatever hints were lost.
pub async fn with_chores(connection: &mut PgConnection) -> Result<Vec<SyncKey>, StoreError> {
    let rows = sqlx::query(
        "SELECT s.tenant, s.sync FROM sync s WHERE s.phase <> 'off' AND (
             s.phase <> 'live' OR s.sweep_began_at IS NOT NULL
             OR s.last_run_at IS NULL OR s.last_run_at < s.run_began_at
             OR EXISTS (SELECT FROM link l WHERE l.tenant = s.tenant AND l.sync = s.sync AND l.dirty
                 AND l.state <> 'closed')
             OR EXISTS (SELECT FROM record r WHERE r.tenant = s.tenant AND r.sync = s.sync
                 AND r.unmatched AND r.presence = 'live' AND (r.in_scope OR r.marker <> ''))
             OR EXISTS (SELECT FROM record r WHERE r.tenant = s.tenant AND r.sync = s.sync
                 AND r.presence IN ('unsettled', 'doubtful'))
             OR EXISTS (SELECT FROM link l WHERE l.tenant = s.tenant AND l.sync = s.sync
                 AND l.look_up_after IS NOT NULL AND l.state <> 'closed')
             OR EXISTS (SELECT FROM link l WHERE l.tenant = s.tenant AND l.sync = s.sync
                 AND l.state = 'in sync' AND l.reason = 'adopted'))
         UNION
         SELECT tenant, sync FROM write
             WHERE status IN ('queued', 'released', 'started') AND status = 'started'
                 AND started_at < clock_timestamp() - interval '30 seconds'
         ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(SyncKey::new(
                row.try_get::<String, _>("tenant")?,
                row.try_get::<String, _>("sync")?,
            ))
        })
        .collect()
}

/// Stores a sync that was not known, in its baseline; does nothing if it is known.
pub async fn insert(
    connection: &mut PgConnection,
    key: &SyncKey,
    definition: &[u8],
    generation: i64,
    wanted: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO sync (tenant, sync, definition, generation, wanted, phase)
         VALUES ($1, $2, $3, $4, $5, 'baseline') ON CONFLICT DO NOTHING",
    )
    .bind(&key.tenant)
    .bind(&key.sync)
    .bind(definition)
    .bind(generation)
    .bind(wanted)
    .execute(&mut *connection)
    .await?;
    for side in [1_i16, 2] {
        sqlx::query(
            "INSERT INTO feed (tenant, sync, side) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(&key.tenant)
        .bind(&key.sync)
        .bind(side)
        .execute(&mut *connection)
        .await?;
    }
    Ok(done.rows_affected() > 0)
}

/// Stores a definition, its generation and what control wants.
pub async fn define(connection: &mut PgConnection, row: &SyncRow) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE sync SET definition = $3, generation = $4, wanted = $5 WHERE tenant = $1 AND sync = $2",
    )
    .bind(&row.key.tenant)
    .bind(&row.key.sync)
    .bind(&row.definition)
    .bind(row.generation)
    .bind(&row.wanted)
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores everything of a row but its key and its definition.
pub async fn save(connection: &mut PgConnection, row: &SyncRow) -> Result<(), StoreError> {
    let baseline = row.baseline.filter(|_| row.held.is_none());
    sqlx::query(
        "UPDATE sync SET phase = $3, held = $4, held_reason = $5, guard_accepted_at = $6, run = $7,
             run_began_at = $8, run_written = $9, last_run_at = $10, last_run_result = $11,
             last_outcome_at = $12, totals = $13, activated_at = $14, guarded = $15,
             baseline_began_at = $16, baseline_ended_at = $17
         WHERE tenant = $1 AND sync = $2",
    )
    .bind(&row.key.tenant)
    .bind(&row.key.sync)
    .bind(row.phase.word())
    .bind(row.held.map(Hold::word))
    .bind(&row.held_reason)
    .bind(row.guard_accepted_at.map(ToSqlx::to_sqlx))
    .bind(row.run)
    .bind(row.run_began_at.to_sqlx())
    .bind(row.run_written)
    .bind(row.last_run_at.map(ToSqlx::to_sqlx))
    .bind(&row.last_run_result)
    .bind(row.last_outcome_at.map(ToSqlx::to_sqlx))
    .bind(Json(&row.totals))
    .bind(row.activated_at.to_sqlx())
    .bind(Json(&row.guarded))
    .bind(baseline.map(|baseline| baseline.began_at.to_sqlx()))
    .bind(baseline.map(|baseline| baseline.ended_at.to_sqlx()))
    .execute(connection)
    .await?;
    Ok(())
}

/// This database's clock, the only one that waits are measured by.
pub async fn now(connection: &mut PgConnection) -> Result<Timestamp, StoreError> {
    let row = sqlx::query("SELECT clock_timestamp() AS now")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get::<jiff_sqlx::Timestamp, _>("now")?.to_jiff())
}
