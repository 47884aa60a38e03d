//! `rapport connect`: a person consents at the provider and comes back to a listener on this machine.

use std::{
    collections::HashMap,
    io::Read as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::Html,
    routing::get,
};
use proto::control::{BeginConnectionRequest, FinishConnectionRequest, FinishConnectionResponse};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{caller::Caller, cli::ConnectArgs, failure::Failure, output};

/// For how long control remembers a sign-in that was begun.
const PATIENCE: Duration = Duration::from_mins(10);

const DONE: &str = "<!doctype html><meta charset=utf-8><title>Rapport</title>\
    <p>Rapport has what it needs. You can close this window and go back to the terminal.";
const NOT_THIS: &str = "<!doctype html><meta charset=utf-8><title>Rapport</title>\
    <p>This is not the sign-in that Rapport waits for. Use the address that the terminal shows.";

pub(crate) async fn run(caller: &Caller, json: bool, args: &ConnectArgs) -> Result<(), Failure> {
    let finished = match &args.secret_file {
        Some(path) => {
            let request = FinishConnectionRequest {
                provider: args.provider.clone(),
                name: args.name.clone(),
                secret_json: secret(path)?,
                ..FinishConnectionRequest::default()
            };
            caller.finish_connection(request).await?
        }
        None => consent(caller, args).await?,
    };
    let FinishConnectionResponse {
        connection,
        account_name,
        missing_rights,
    } = finished;
    if json {
        output::json(&serde_json::json!({
            "connection": connection, "name": args.name, "account_name": account_name,
            "missing_rights": missing_rights,
        }));
        return Ok(());
    }
    output::line(format!("connected {} as {}", account_name, args.name));
    if !missing_rights.is_empty() {
        let missing = missing_rights.join(", ");
        output::line(format!(
            "the account lacks these rights, and what needs them is skipped: {missing}"
        ));
    }
    Ok(())
}

fn secret(path: &Path) -> Result<String, Failure> {
    let wrong = |error| {
        Failure::Wrong(format!(
            "cannot read the secret from {}: {error}",
            path.display()
        ))
    };
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(wrong)
}

async fn consent(caller: &Caller, args: &ConnectArgs) -> Result<FinishConnectionResponse, Failure> {
    let port = args.redirect_port;
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.map_err(|error| {
        Failure::Failed(format!(
            "cannot listen on 127.0.0.1:{port}: {error}; choose another --redirect-port"
        ))
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::here("listen", error))?;
    let begun = caller
        .begin_connection(BeginConnectionRequest {
            provider: args.provider.clone(),
            name: args.name.clone(),
            redirect_uri: format!("http://{address}/callback"),
            ..BeginConnectionRequest::default()
        })
        .await?;
    if begun.url.is_empty() {
        return Err(Failure::Wrong(format!(
            "{} has no page for consent; give its secret with --secret-file",
            args.provider
        )));
    }
    // On standard error, so that standard output carries the result alone.
    progress(&format!(
        "Open this address in your browser and agree:\n\n  {}\n",
        begun.url
    ));
    let parameters = redirected(listener, &begun.state).await?;
    let request = FinishConnectionRequest {
        state: begun.state,
        parameters,
        ..FinishConnectionRequest::default()
    };
    caller.finish_connection(request).await
}

#[allow(
    clippy::print_stderr,
    reason = "what a person reads while the command waits"
)]
fn progress(text: &str) {
    eprintln!("{text}");
}

/// What the redirect waits for, and what it brought.
#[derive(Clone)]
struct Redirect {
    state: Arc<str>,
    brought: Arc<Mutex<Option<HashMap<String, String>>>>,
    done: CancellationToken,
}

/// Waits for the person to come back with this state.
async fn redirected(
    listener: TcpListener,
    state: &str,
) -> Result<HashMap<String, String>, Failure> {
    let redirect = Redirect {
        state: state.into(),
        brought: Arc::default(),
        done: CancellationToken::new(),
    };
    let router = Router::new()
        .route("/callback", get(callback))
        .with_state(redirect.clone());
    let serving = axum::serve(listener, router)
        .with_graceful_shutdown(redirect.done.clone().cancelled_owned());
    match tokio::time::timeout(PATIENCE, async { serving.await }).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(Failure::here("wait for the provider", error)),
        Err(_elapsed) => {
            let minutes = PATIENCE.as_secs() / 60;
            return Err(Failure::Failed(format!(
                "nobody came back from the provider within {minutes} minutes; run the command again"
            )));
        }
    }
    let brought = redirect
        .brought
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    brought.ok_or_else(|| {
        Failure::Failed("the provider sent nothing back; run the command again".to_owned())
    })
}

async fn callback(
    State(redirect): State<Redirect>,
    Query(parameters): Query<HashMap<String, String>>,
) -> (StatusCode, Html<&'static str>) {
    if parameters.get("state").map(String::as_str) != Some(&*redirect.state) {
        return (StatusCode::BAD_REQUEST, Html(NOT_THIS));
    }
    *redirect
        .brought
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(parameters);
    redirect.done.cancel();
    (StatusCode::OK, Html(DONE))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    use super::*;

    /// The status of a GET at this path.
    async fn get(address: SocketAddr, path: &str) -> u16 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    #[tokio::test]
    async fn only_the_redirect_with_the_right_state_is_believed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let person = async {
            assert_eq!(
                get(address, "/callback?state=forged&code=theirs").await,
                400
            );
            assert_eq!(get(address, "/callback?code=theirs").await, 400);
            assert_eq!(
                get(address, "/callback?state=right&code=mine&location=eu").await,
                200
            );
        };
        let (parameters, ()) = tokio::join!(redirected(listener, "right"), person);
        let parameters = parameters.unwrap();
        assert_eq!(parameters["code"], "mine");
        assert_eq!(parameters["location"], "eu");
    }
}
