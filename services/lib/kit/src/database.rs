//! The PostgreSQL pool and the migrations of a schema.

use std::{fmt, str::FromStr, time::Duration};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions as _, PgPool,
    migrate::{Migrate as _, MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{OnFailure, OnStop, Process};

/// How often the database is asked whether it answers.
const ASK: Duration = Duration::from_secs(5);

/// How statements are planned. Each of ours reaches a batch of rows through an index: compiling it costs more
/// than running it, and reading a table whole, which a planner without fresh statistics likes, is never right.
const PLANS: [(&str, &str); 3] = [
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("random_page_cost", "1.1"),
];

/// Which database to use, and how many connections to it.
#[derive(Debug, Clone, Args)]
pub struct DatabaseSettings {
    /// PostgreSQL, for example `postgres://user:password@host/database`.
    #[arg(
        long,
        env = "RAPPORT_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: SecretString,
    /// Connections that this process opens at most.
    #[arg(
        long,
        env = "RAPPORT_DATABASE_MAX_CONNECTIONS",
        default_value_t = 10,
        value_name = "NUMBER"
    )]
    pub database_max_connections: u32,
}

impl DatabaseSettings {
    /// Settings for this URL with every default.
    pub fn new(url: &str) -> Self {
        Self {
            database_url: SecretString::from(url),
            database_max_connections: 10,
        }
    }
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is not one that PostgreSQL understands.
    #[error("the database URL is malformed")]
    Url(#[source] sqlx::Error),
    /// The server cannot be reached, or refuses the connection.
    #[error("cannot connect to the database for schema {schema}")]
    Connect {
        /// The schema that was wanted.
        schema: &'static str,
        /// What the driver says.
        #[source]
        source: sqlx::Error,
    },
    /// A migration does not apply.
    #[error("cannot migrate schema {schema}")]
    Migrate {
        /// The schema that was migrated.
        schema: &'static str,
        /// What the migrator says.
        #[source]
        source: MigrateError,
    },
    /// The schema lacks migrations that this program needs.
    #[error("schema {schema} lacks migration {version}: run `migrate` of this service first")]
    Behind {
        /// The schema that was checked.
        schema: &'static str,
        /// The first migration that it lacks.
        version: i64,
    },
    /// A migration in the database is not the one that this program carries.
    #[error("schema {schema}: migration {version} was applied in another form, or only in part")]
    Different {
        /// The schema that was checked.
        schema: &'static str,
        /// The migration that differs.
        version: i64,
    },
}

/// Makes the database a part of the process's readiness: asked every few seconds, over this pool.
pub fn watch(process: &Process, pool: &PgPool) {
    let part = process.health.part("database");
    let pool = pool.clone();
    process.tasks.spawn(
        "database health",
        OnFailure::Log,
        OnStop::Abort,
        async move {
            loop {
                match sqlx::query("SELECT 1").execute(&pool).await {
                    Ok(_answered) => part.ready(),
                    Err(error) => part.not_ready(&error.to_string()),
                }
                tokio::time::sleep(ASK).await;
            }
            #[allow(unreachable_code, reason = "says what the endless loop would return")]
            anyhow::Ok(())
        },
    );
}

/// A schema and the migrations that make it. Each service owns one, and nobody else reads it.
///
/// Migrations name no schema: the search path of every connection does.
pub struct Schema {
    name: &'static str,
    migrator: &'static Migrator,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Schema {
    /// A schema of this name, a plain lower-case identifier, made by these migrations.
    pub const fn new(name: &'static str, migrator: &'static Migrator) -> Self {
        Self { name, migrator }
    }

    /// Connects, and checks that every migration that this program knows is applied.
    ///
    /// Newer migrations are welcome: old programs run on the new schema while a release rolls out.
    pub async fn open(&self, settings: &DatabaseSettings) -> Result<PgPool, DatabaseError> {
        let pool = self.connect(settings).await?;
        self.check(&pool).await?;
        Ok(pool)
    }

    /// Creates the schema if need be and applies what is missing.
    pub async fn migrate(&self, settings: &DatabaseSettings) -> Result<(), DatabaseError> {
        let pool = self.connect(settings).await?;
        let mut migrator = Migrator::with_migrations(self.migrator.iter().cloned().collect());
        migrator.create_schema(self.name);
        migrator.set_ignore_missing(true);
        let result = migrator.run(&pool).await;
        pool.close().await;
        result.map_err(|source| DatabaseError::Migrate {
            schema: self.name,
            source,
        })
    }

    async fn connect(&self, settings: &DatabaseSettings) -> Result<PgPool, DatabaseError> {
        let options = PgConnectOptions::from_str(settings.database_url.expose_secret())
            .map_err(DatabaseError::Url)?
            .application_name(self.name)
            .options([("search_path", self.name)])
            .options(PLANS)
            .log_slow_statements(tracing::log::LevelFilter::Warn, Duration::from_secs(1));
        PgPoolOptions::new()
            .max_connections(settings.database_max_connections)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await
            .map_err(|source| DatabaseError::Connect {
                schema: self.name,
                source,
            })
    }

    async fn check(&self, pool: &PgPool) -> Result<(), DatabaseError> {
        let failed = |source: MigrateError| DatabaseError::Migrate {
            schema: self.name,
            source,
        };
        let unreachable = |source| DatabaseError::Connect {
            schema: self.name,
            source,
        };
        let mut connection = pool.acquire().await.map_err(unreachable)?;
        let table: Option<String> =
            sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text")
                .fetch_one(&mut *connection)
                .await
                .map_err(unreachable)?;
        let applied = match table {
            Some(_) => connection
                .list_applied_migrations("_sqlx_migrations")
                .await
                .map_err(failed)?,
            None => Vec::new(),
        };
        for known in self.migrator.iter() {
            match applied
                .iter()
                .find(|applied| applied.version == known.version)
            {
                None => {
                    return Err(DatabaseError::Behind {
                        schema: self.name,
                        version: known.version,
                    });
                }
                Some(applied) if applied.checksum != known.checksum => {
                    return Err(DatabaseError::Different {
                        schema: self.name,
                        version: known.version,
                    });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
