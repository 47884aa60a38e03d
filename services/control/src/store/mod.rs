//! The only SQL of this service: a file a table. Every function takes a connection, so that callers decide what
//! belongs to one transaction.

pub(crate) mod audit;
pub(crate) mod connections;
pub(crate) mod sign_ins;
pub(crate) mod syncs;
pub(crate) mod tenants;

use sqlx::migrate::Migrator;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The schema that control owns.
pub static SCHEMA: kit::Schema = kit::Schema::new("control", &MIGRATOR);
