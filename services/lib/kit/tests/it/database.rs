//! Schemas and their migrations on a real PostgreSQL.

use kit::{DatabaseSettings, Schema, database::DatabaseError};
use pretty_assertions::assert_eq;
use sqlx::migrate::Migrator;
use test_kit::Database;

static MIGRATOR: Migrator = sqlx::migrate!("tests/it/migrations");
static SCHEMA: Schema = Schema::new("example", &MIGRATOR);

fn older() -> &'static Migrator {
    let first = MIGRATOR.iter().take(1).cloned().collect();
    Box::leak(Box::new(Migrator::with_migrations(first)))
}

#[tokio::test]
async fn a_schema_is_made_by_migrate_and_only_checked_at_start() {
    let database = Database::create(None).await;
    let settings = DatabaseSettings::new(&database.url);
    let error = SCHEMA.open(&settings).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "schema example lacks migration 1: run `migrate` of this service first"
    );
    SCHEMA.migrate(&settings).await.unwrap();
    SCHEMA.migrate(&settings).await.unwrap();
    let pool = SCHEMA.open(&settings).await.unwrap();
    sqlx::query("INSERT INTO thing (id, name) VALUES (1, 'one')")
        .execute(&pool)
        .await
        .unwrap();
    let schema: String =
        sqlx::query_scalar("SELECT schemaname::text FROM pg_tables WHERE tablename = 'thing'")
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(schema, "example");
}

#[tokio::test]
async fn old_programs_run_on_the_new_schema_and_new_ones_wait_for_it() {
    let database = Database::create(None).await;
    let settings = DatabaseSettings::new(&database.url);
    let old = Schema::new("example", older());
    old.migrate(&settings).await.unwrap();
    let error = SCHEMA.open(&settings).await.unwrap_err();
    assert!(
        matches!(error, DatabaseError::Behind { version: 2, .. }),
        "{error}"
    );
    SCHEMA.migrate(&settings).await.unwrap();
    old.open(&settings).await.unwrap();
    old.migrate(&settings).await.unwrap();
}

#[tokio::test]
async fn a_migration_that_was_changed_afterwards_is_noticed() {
    let database = Database::create(None).await;
    let settings = DatabaseSettings::new(&database.url);
    SCHEMA.migrate(&settings).await.unwrap();
    sqlx::query("UPDATE example._sqlx_migrations SET checksum = 'x' WHERE version = 2")
        .execute(&database.pool)
        .await
        .unwrap();
    let error = SCHEMA.open(&settings).await.unwrap_err();
    assert!(
        matches!(error, DatabaseError::Different { version: 2, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn two_schemas_of_one_database_do_not_see_each_other() {
    let database = Database::create(None).await;
    let settings = DatabaseSettings::new(&database.url);
    let other = Schema::new("other", &MIGRATOR);
    SCHEMA.migrate(&settings).await.unwrap();
    other.migrate(&settings).await.unwrap();
    let (here, there) = (
        SCHEMA.open(&settings).await.unwrap(),
        other.open(&settings).await.unwrap(),
    );
    sqlx::query("INSERT INTO thing (id) VALUES (1)")
        .execute(&here)
        .await
        .unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM thing")
        .fetch_one(&there)
        .await
        .unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn errors_do_not_show_the_password() {
    let settings = DatabaseSettings::new("postgres://user:hunter2@127.0.0.1:1/none");
    let error = SCHEMA.open(&settings).await.unwrap_err();
    let shown = format!("{error:?} {settings:?}") + &format!("{:#}", anyhow::Error::from(error));
    assert!(!shown.contains("hunter2"), "{shown}");
    let malformed = SCHEMA
        .open(&DatabaseSettings::new("nonsense"))
        .await
        .unwrap_err();
    assert!(matches!(malformed, DatabaseError::Url(_)), "{malformed}");
}
