//! The engine's store: a real PostgreSQL with the reconciler's own schema, and a clock that the simulation moves.
//!
//! Nothing of the store is imitated. Only its clock is replaced, by the database's own means: a schema `clock`
//! with functions of the names that the SQL uses stands before `pg_catalog` in the search path, so that
//! `now()` and `clock_timestamp()` read a sequence, which no transaction turns back.

use std::{
    str::FromStr as _,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use reconciler::store::MIGRATOR;
use sqlx::{
    AssertSqlSafe, Executor as _, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use test_kit::Database;

/// When every simulated world begins, in microseconds since the Unix epoch.
pub const BEGINNING: i64 = 1_800_000_000_000_000;

const CLOCK: &str = "
    CREATE SCHEMA clock;
    CREATE SEQUENCE clock.time START 1800000000000000;
    SELECT nextval('clock.time');
    CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        $$ SELECT timestamptz 'epoch' + pg_sequence_last_value('clock.time') * interval '1 microsecond' $$;
    CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        $$ SELECT timestamptz 'epoch' + pg_sequence_last_value('clock.time') * interval '1 microsecond' $$;
";

/// More statements than the engine has: each is parsed once a connection.
const STATEMENTS: usize = 1_000;

/// A database of a world's own.
#[derive(Debug)]
pub struct Store {
    /// Connections to it.
    pub pool: PgPool,
    tables: Vec<String>,
    has_backup: bool,
    /// What the clock shows.
    shows: AtomicI64,
    _database: Database,
}

impl Store {
    /// An empty store.
    pub async fn create() -> Self {
        let database = Database::create(None).await;
        let name = sqlx::query("SELECT current_database() AS name")
            .fetch_one(&database.pool)
            .await
            .expect("a new database answers")
            .get::<String, _>("name");
        let first = &database.pool;
        run(first, CLOCK.to_owned()).await;
        for setting in [
            "search_path = public, clock, pg_catalog",
            "synchronous_commit = off",
            "jit = off",
            // The tables are so small that any plan will do.
            "plan_cache_mode = force_generic_plan",
        ] {
            run(first, format!("ALTER DATABASE {name} SET {setting}")).await;
        }
        let options = PgConnectOptions::from_str(&database.url)
            .expect("the address of the new database can be read")
            .statement_cache_capacity(STATEMENTS);
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(20))
            .connect_with(options)
            .await
            .expect("the new database can be reached");
        MIGRATOR.run(&pool).await.expect("the migrations apply");
        let tables = tables(&pool).await;
        Self {
            pool,
            tables,
            has_backup: false,
            shows: AtomicI64::new(i64::MIN),
            _database: database,
        }
    }

    /// Whether there is a backup.
    pub fn has_backup(&self) -> bool {
        self.has_backup
    }

    /// Copies every table into a schema of its own, in place of an earlier backup.
    pub async fn back_up(&mut self) {
        let copies = self.backed_up().map(|table| {
            format!(
                "DROP TABLE IF EXISTS backup.{table}; CREATE TABLE backup.{table} AS TABLE public.{table};"
            )
        });
        let sql = format!(
            "CREATE SCHEMA IF NOT EXISTS backup; {}",
            copies.collect::<String>()
        );
        run(&self.pool, sql).await;
        self.has_backup = true;
    }

    /// Puts the backup in place of everything that there is.
    pub async fn go_back(&self) {
        let restored = self.backed_up().map(|table| {
            format!(
                "DELETE FROM public.{table};
                 INSERT INTO public.{table} OVERRIDING SYSTEM VALUE SELECT * FROM backup.{table};"
            )
        });
        let sql = format!(
            "SET session_replication_role = replica; {} SET session_replication_role = origin;
             SELECT setval(pg_get_serial_sequence('public.record', 'id'),
                 (SELECT coalesce(max(id), 0) + 1 FROM public.record), false)",
            restored.collect::<String>()
        );
        run(&self.pool, sql).await;
    }

    fn backed_up(&self) -> impl Iterator<Item = &str> {
        let tables = self.tables.iter().map(String::as_str);
        tables.chain(["installation", "tide"])
    }

    /// Forgets everything, for the next world.
    pub async fn clear(&mut self) {
        self.has_backup = false;
        let tables = self.tables.join(", ");
        run(
            &self.pool,
            format!("TRUNCATE {tables} RESTART IDENTITY CASCADE"),
        )
        .await;
        self.set_clock(BEGINNING).await;
    }

    /// Sets the clock, in microseconds since the Unix epoch.
    pub async fn set_clock(&self, micros: i64) {
        if self.shows.swap(micros, Ordering::Relaxed) == micros {
            return;
        }
        sqlx::query("SELECT setval('clock.time', $1)")
            .bind(micros)
            .execute(&self.pool)
            .await
            .expect("the clock can be set");
    }
}

/// Every table that is empty in a new schema.
async fn tables(pool: &PgPool) -> Vec<String> {
    let names = sqlx::query(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_sqlx%'
         ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .expect("the tables can be listed");
    let mut tables = Vec::new();
    for name in names.iter().map(|row| row.get::<String, _>("tablename")) {
        let first = sqlx::query(AssertSqlSafe(format!("SELECT 1 FROM {name} LIMIT 1")));
        let first = first.fetch_optional(pool).await;
        if first.expect("the table can be read").is_none() {
            tables.push(name);
        }
    }
    tables
}

async fn run(pool: &PgPool, sql: String) {
    pool.execute(AssertSqlSafe(sql))
        .await
        .expect("the statement is right");
}
