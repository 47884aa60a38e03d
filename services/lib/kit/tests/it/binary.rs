//! A service as a process of its own: the example `service` beside these tests.

use std::{path::PathBuf, process::Stdio, time::Duration};

use pretty_assertions::assert_eq;
use test_kit::{Database, Folder, eventually};
use tokio::{
    io::AsyncReadExt as _,
    net::TcpListener,
    process::{Child, Command},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const PATIENCE: Duration = Duration::from_secs(30);

fn service() -> Command {
    // Integration tests lie in `deps`, examples beside it.
    let tests = std::env::current_exe().unwrap();
    let program: PathBuf = tests.ancestors().nth(2).unwrap().join("examples/service");
    let mut command = Command::new(program);
    command
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running service and where it said that it listens.
async fn started(command: &mut Command, folder: &Folder) -> (Child, serde_json::Value) {
    let announcement = folder.path().join("addresses.json");
    let child = command
        .arg("--announce-file")
        .arg(&announcement)
        .spawn()
        .unwrap();
    let line = eventually("it announces itself", PATIENCE, async || {
        std::fs::read_to_string(&announcement)
    })
    .await;
    assert!(line.ends_with("}\n"), "{line}");
    (child, serde_json::from_str(&line).unwrap())
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status()
            .await
            .unwrap()
            .success()
    );
}

/// Exit code, standard output, standard error.
async fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn it_serves_until_sigterm_and_finishes_what_is_in_flight() {
    let folder = Folder::new("rapport-kit");
    let (child, addresses) = started(service().arg("serve"), &folder).await;
    for what in ["grpc", "http"] {
        assert!(
            addresses[what].as_str().unwrap().starts_with("127.0.0.1:"),
            "{addresses}"
        );
    }
    signal(&child, "TERM").await;
    let (code, output, log) = ended(child).await;
    assert_eq!((code, output.as_str()), (Some(0), ""), "{log}");
    assert!(
        log.contains(r#""message":"finished what was in flight""#),
        "{log}"
    );
    assert!(
        log.trim_end()
            .lines()
            .last()
            .unwrap()
            .contains(r#""message":"stopped""#),
        "{log}"
    );
}

#[tokio::test]
async fn serve_is_the_default_and_sigint_stops_as_well() {
    let folder = Folder::new("rapport-kit");
    let (child, _addresses) = started(&mut service(), &folder).await;
    signal(&child, "INT").await;
    assert_eq!(ended(child).await.0, Some(0));
}

#[tokio::test]
async fn past_the_grace_it_names_what_still_runs_and_exits_with_1() {
    let folder = Folder::new("rapport-kit");
    let mut command = service();
    command.args(["--misbehave", "never-stop", "--grace-seconds", "1"]);
    let (child, _addresses) = started(&mut command, &folder).await;
    signal(&child, "TERM").await;
    let (code, _output, log) = ended(child).await;
    assert_eq!(code, Some(1));
    assert!(
        log.contains("still running when the grace was over: stubborn"),
        "{log}"
    );
}

#[tokio::test]
async fn a_panic_in_a_task_stops_the_process_with_1() {
    let folder = Folder::new("rapport-kit");
    let mut command = service();
    command.args(["--misbehave", "panic"]);
    let (child, _addresses) = started(&mut command, &folder).await;
    let (code, _output, log) = ended(child).await;
    assert_eq!(code, Some(1));
    assert!(log.contains(r#""task":"careless""#), "{log}");
}

#[tokio::test]
async fn a_start_that_fails_says_why_and_exits_with_1() {
    let child = service()
        .args(["--misbehave", "fail-to-start"])
        .spawn()
        .unwrap();
    let (code, _output, log) = ended(child).await;
    assert_eq!(code, Some(1));
    assert!(
        log.contains("cannot start: the stars are not right"),
        "{log}"
    );
}

#[tokio::test]
async fn migrate_needs_the_database_alone() {
    let database = Database::create(None).await;
    let mut command = service();
    command
        .arg("migrate")
        .env("RAPPORT_DATABASE_URL", &database.url);
    let (code, output, log) = ended(command.spawn().unwrap()).await;
    assert_eq!((code, output.as_str()), (Some(0), ""), "{log}");
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM example._sqlx_migrations")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(count, 2);
}

#[tokio::test]
async fn traces_are_exported_where_a_collector_is_configured() {
    let collector = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = Folder::new("rapport-kit");
    let mut command = service();
    command.env(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        format!("http://{}", collector.local_addr().unwrap()),
    );
    let (child, addresses) = started(&mut command, &folder).await;
    let client =
        kit::grpc::client(&format!("http://{}", addresses["grpc"].as_str().unwrap())).unwrap();
    HealthClient::new(client)
        .check(HealthCheckRequest::default())
        .await
        .unwrap();
    signal(&child, "TERM").await;
    // It flushes when it stops; a collector that says nothing does not hold it up for long.
    let (mut connection, _from) = tokio::time::timeout(PATIENCE, collector.accept())
        .await
        .unwrap()
        .unwrap();
    let mut preface = [0; 24];
    connection.read_exact(&mut preface).await.unwrap();
    assert_eq!(preface, *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_eq!(ended(child).await.0, Some(0));
}

#[tokio::test]
async fn a_wrong_flag_exits_with_2() {
    let (code, _output, errors) = ended(service().arg("--nonsense").spawn().unwrap()).await;
    assert_eq!(code, Some(2));
    assert!(errors.contains("--nonsense"), "{errors}");
}
