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

/// A database as it was at a time; it is dropped with this value.
#[derive(Debug)]
pub struct Backup {
    name: String,
    server: String,
}

impl Database {
    /// Copies the database as it is now. Who is connected is cut off for a moment, and reconnects.
    pub async fn back_up(&self) -> Backup {
        let backup = Backup {
            name: format!("t{}", Uuid::now_v7().simple()),
            server: self.server.clone(),
        };
        self.alone(&[format!(
            "CREATE DATABASE {} TEMPLATE {}",
            backup.name, self.name
        )])
        .await;
        backup
    }

    /// Puts a backup in the place of the database. Who is connected is cut off, and finds the old one.
    pub async fn restore(&self, backup: &Backup) {
        self.alone(&[
            format!("DROP DATABASE {} WITH (FORCE)", self.name),
            format!("CREATE DATABASE {} TEMPLATE {}", self.name, backup.name),
        ])
        .await;
    }

    /// Does this while nobody is connected.
    async fn alone(&self, statements: &[String]) {
        let name = &self.name;
        let mut all = vec![
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
        ];
        all.extend_from_slice(statements);
        all.push(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
        let mut connection = PgConnection::connect(&self.server)
            .await
            .expect("the server can be reached");
        for statement in all {
            // Those who are cut off take a moment to leave.
            let mut attempts = 0;
            while let Err(error) = connection.execute(AssertSqlSafe(statement.clone())).await {
                attempts += 1;
                assert!(attempts < 50, "{statement}: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        connection.close().await.expect("the connection ends");
    }
}

impl Drop for Backup {
    fn drop(&mut self) {
        drop_database(&self.name, &self.server);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop_database(&self.name, &self.server);
    }
}

fn drop_database(name: &str, server: &str) {
    let server = server.to_owned();
    let drop_it = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    // A runtime of its own: the test's may be ending.
    let dropping = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.map(|runtime| runtime.block_on(execute(&server, drop_it)))
    });
    let _left_to_the_end_of_the_run = dropping.join();
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
