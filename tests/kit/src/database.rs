//! A database of a test's own.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, PgPool, migrate::Migrator,
    postgres::PgPoolOptions,
};
use uuid::Uuid;

use crate::Servers;

/// A new database on the shared server; it is dropped with this value.
#[derive(Debug)]
pub struct Database {
    /// Where to connect.
    pub url: String,
    /// A pool of a few connections.
    pub pool: PgPool,
    name: String,
    server: String,
}

impl Database {
    /// An empty database, or one with these migrations in its schema `public`.
    pub async fn create(migrator: Option<&Migrator>) -> Self {
        let server = Servers::shared().await.postgres.clone();
        let name = format!("t{}", Uuid::now_v7().simple());
        execute(&server, format!("CREATE DATABASE {name}"))
            .await
            .expect("a database can be created");
        let url = with_database(&server, &name);
        let pool = PgPoolOptions::new()
            .max_connections(5)
            .acquire_timeout(Duration::from_secs(20))
            .connect(&url)
            .await
            .expect("the new database can be reached");
        if let Some(migrator) = migrator {
            migrator.run(&pool).await.expect("the migrations apply");
        }
        Self {
            url,
            pool,
            name,
            server,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let server = std::mem::take(&mut self.server);
        let drop_it = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A runtime of its own: the test's may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.map(|runtime| runtime.block_on(execute(&server, drop_it)))
        });
        let _left_to_the_end_of_the_run = dropping.join();
    }
}

async fn execute(url: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

/// The same URL with another database.
fn with_database(url: &str, name: &str) -> String {
    let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
    format!("{server}/{name}")
}
