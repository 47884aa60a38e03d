//! gRPC servers and clients: health, reflection, deadlines.

use std::time::Duration;

use kit::{CancellationToken, GrpcSettings, OnFailure, OnStop, Process, grpc};
use pretty_assertions::assert_eq;
use test_kit::eventually;
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

const PATIENCE: Duration = Duration::from_secs(20);

async fn serve() -> (Process, grpc::Client) {
    let process = Process::new("test", CancellationToken::new());
    let address = grpc::serve(&process, &GrpcSettings::default(), grpc::Routes::default())
        .await
        .unwrap();
    assert!(address.ip().is_loopback());
    assert_eq!(process.address("grpc"), Some(address));
    (process, grpc::client(&format!("http://{address}")).unwrap())
}

async fn status(client: &grpc::Client) -> ServingStatus {
    let answer = HealthClient::new(client.clone())
        .check(HealthCheckRequest::default())
        .await
        .unwrap();
    answer.into_inner().status()
}

#[tokio::test]
async fn health_follows_readiness() {
    let (process, client) = serve().await;
    let part = process.health.part("database");
    eventually("not serving", PATIENCE, async || {
        status(&client).await == ServingStatus::NotServing
    })
    .await;
    part.ready();
    eventually("serving", PATIENCE, async || {
        status(&client).await == ServingStatus::Serving
    })
    .await;
}

#[tokio::test]
async fn reflection_lists_the_contracts() {
    let (_process, client) = serve().await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::FileContainingSymbol(
            "rapport.reconcile.v1.Positions".to_owned(),
        )),
    };
    let mut answers = ServerReflectionClient::new(client)
        .server_reflection_info(tonic::codegen::tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    assert!(
        matches!(answer, MessageResponse::FileDescriptorResponse(_)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn clients_connect_when_the_server_comes_and_again_when_it_comes_back() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = GrpcSettings {
        grpc_listen: listener.local_addr().unwrap(),
    };
    drop(listener);
    let client = grpc::client(&format!("http://{}", settings.grpc_listen)).unwrap();
    let check = || HealthClient::new(client.clone());
    let refused = check()
        .check(HealthCheckRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    for _ in 0..2 {
        let process = Process::new("test", CancellationToken::new());
        grpc::serve(&process, &settings, grpc::Routes::default())
            .await
            .unwrap();
        eventually("it answers", PATIENCE, async || {
            check().check(HealthCheckRequest::default()).await
        })
        .await;
        process.shutdown.cancel();
        process.tasks.finish(PATIENCE).await.unwrap();
    }
}

#[tokio::test]
async fn a_call_without_an_answer_ends_at_its_deadline() {
    // It accepts the connection and never says a word.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let client = grpc::client_with_deadline(&url, Duration::from_millis(200)).unwrap();
    let call = HealthClient::new(client)
        .check(HealthCheckRequest::default())
        .await;
    let code = call.unwrap_err().code();
    assert!(
        matches!(code, Code::DeadlineExceeded | Code::Cancelled),
        "{code:?}"
    );
}

#[tokio::test]
async fn a_stop_finishes_calls_and_frees_the_port() {
    let (process, client) = serve().await;
    eventually("it answers", PATIENCE, async || {
        HealthClient::new(client.clone())
            .check(HealthCheckRequest::default())
            .await
    })
    .await;
    let address = process.address("grpc").unwrap();
    process.shutdown.cancel();
    process.tasks.finish(PATIENCE).await.unwrap();
    std::net::TcpListener::bind(address).unwrap();
}

#[tokio::test]
async fn urls_that_are_none_are_refused_with_what_to_write() {
    let error = grpc::client("not a url").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`not a url` is not the URL of a gRPC server: write http://HOST:PORT"
    );
}

#[test]
fn a_token_that_cannot_be_sent_is_refused_without_showing_it() {
    let token = "se\ncret".into();
    let error = grpc::client_with_token("http://127.0.0.1:1", Some(&token)).unwrap_err();
    assert!(matches!(error, grpc::ClientError::Token));
    assert!(!format!("{error} {error:?}").contains("cret"), "{error:?}");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let (process, _client) = serve().await;
    let settings = GrpcSettings {
        grpc_listen: process.address("grpc").unwrap(),
    };
    let error = grpc::serve(&process, &settings, grpc::Routes::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {} for gRPC", settings.grpc_listen)
    );
    process
        .tasks
        .spawn("unused", OnFailure::Log, OnStop::Abort, async {
            anyhow::Ok(())
        });
}
