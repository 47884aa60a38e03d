//! Local servers start, keep their data over a restart, and lose it when told to.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{path::PathBuf, process::Command};

use local::{Durability, LocalError, Nats, Postgres};
use tokio::net::TcpStream;

/// A folder that is removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("rapport-local-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _cannot_be_helped = std::fs::remove_dir_all(&self.0);
    }
}

async fn reachable(url: &str) -> bool {
    let address = url
        .rsplit(['/', '@'])
        .find(|part| part.contains("127.0.0.1:"))
        .unwrap();
    TcpStream::connect(address).await.is_ok()
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    let psql = local::tools::postgres_bin().unwrap().join("psql");
    let output = Command::new(psql)
        .args(["-XAtq", "-d", url, "-c", sql])
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

#[tokio::test]
async fn nats_stops_and_comes_back_at_the_same_address() {
    let folder = Folder::new("nats");
    let mut nats = Nats::start(&folder.0, Durability::Durable).await.unwrap();
    let url = nats.url();
    assert!(url.starts_with("nats://127.0.0.1:"), "{url}");
    assert!(reachable(&url).await);
    nats.stop().await.unwrap();
    assert!(!reachable(&url).await);
    nats.resume().await.unwrap();
    nats.kill().await.unwrap();
    nats.resume().await.unwrap();
    assert_eq!(nats.url(), url);
    assert!(reachable(&url).await);
    nats.lose_store().await.unwrap();
    assert!(reachable(&url).await);
}

#[tokio::test]
async fn nats_ends_with_its_value() {
    let folder = Folder::new("nats-drop");
    let nats = Nats::start(&folder.0, Durability::Fast).await.unwrap();
    let url = nats.url();
    drop(nats);
    for _ in 0..100 {
        if !reachable(&url).await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("nats-server still answers at {url}");
}

#[tokio::test]
async fn postgres_keeps_what_it_stored_over_a_crash_and_a_new_start() {
    let folder = Folder::new("postgres");
    let mut postgres = Postgres::start(&folder.0, Durability::Durable)
        .await
        .unwrap();
    postgres.create_database("rapport").await.unwrap();
    postgres.create_database("rapport").await.unwrap();
    let url = postgres.url("rapport");
    psql(
        &url,
        "CREATE TABLE thing (id int); INSERT INTO thing VALUES (7)",
    )
    .unwrap();
    postgres.kill().await.unwrap();
    assert!(psql(&url, "SELECT 1").is_err());
    postgres.resume().await.unwrap();
    assert_eq!(psql(&url, "SELECT id FROM thing").unwrap(), "7");
    postgres.stop().await.unwrap();
    drop(postgres);
    let again = Postgres::start(&folder.0, Durability::Durable)
        .await
        .unwrap();
    assert_eq!(
        psql(&again.url("rapport"), "SELECT id FROM thing").unwrap(),
        "7"
    );
}

#[tokio::test]
async fn postgres_lets_nobody_in_without_the_password() {
    let folder = Folder::new("postgres-password");
    let postgres = Postgres::start(&folder.0, Durability::Fast).await.unwrap();
    let url = postgres.url("postgres");
    let (user, rest) = url.split_once("//rapport:").unwrap();
    let (password, rest) = rest.split_once('@').unwrap();
    assert_eq!(
        psql(&format!("{user}//rapport:{password}@{rest}"), "SELECT 1").unwrap(),
        "1"
    );
    let refused = psql(&format!("{user}//rapport:wrong@{rest}"), "SELECT 1").unwrap_err();
    assert!(
        refused.contains("password authentication failed"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = Folder::new("file");
    let file = folder.0.join("in-the-way");
    std::fs::write(&file, "").unwrap();
    let error = Nats::start(&file.join("below"), Durability::Fast)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, LocalError::File { path, .. } if path.starts_with(&file)),
        "{error}"
    );
}
