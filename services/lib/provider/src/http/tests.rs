//! The client against real sockets.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use oauth2::{
    AuthUrl, ClientId, ClientSecret, RefreshToken, TokenResponse, TokenUrl, basic::BasicClient,
};
use pretty_assertions::assert_eq;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// Answers each connection's first request with these bytes, then closes it; counts requests.
async fn server(answer: impl Into<Vec<u8>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/path", listener.local_addr().unwrap());
    let (answer, requests) = (answer.into(), Arc::new(AtomicUsize::new(0)));
    let count = requests.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            count.fetch_add(1, Ordering::SeqCst);
            let _ = socket.write_all(&answer).await;
        }
    });
    (url, requests)
}

fn client(request_timeout: Duration, max_body_bytes: usize) -> HttpClient {
    install_tls();
    let settings = HttpSettings::new("test", request_timeout);
    HttpClient::new(HttpSettings {
        max_body_bytes,
        ..settings
    })
    .unwrap()
}

fn usual() -> HttpClient {
    client(Duration::from_secs(10), 1024)
}

fn quota() -> Quota {
    Quota::new("user", 1000, Duration::from_millis(1)).burst(1000)
}

async fn get(client: &HttpClient, url: &str) -> Result<Reply, Fault> {
    get_before(client, url, None).await
}

async fn get_before(
    client: &HttpClient,
    url: &str,
    begin_before: Option<Instant>,
) -> Result<Reply, Fault> {
    let request = client
        .request(Method::GET, url)
        .query(&[("q", "Ana Petrov")]);
    let call = Call {
        method: "test.get",
        quota: &quota(),
        lane: Lane::Change,
        request,
        begin_before,
    };
    client.send(call).await
}

const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{}";

#[tokio::test]
async fn an_answer_of_any_status_is_a_reply_with_the_providers_clock() {
    let (url, _) = server(OK).await;
    let reply = get(&usual(), &url).await.unwrap();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.date().to_string(), "1994-11-06T08:49:37Z");
    let (url, _) = server("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(get(&usual(), &url).await.unwrap().status, 500);
}

#[tokio::test]
async fn a_refused_connection_was_surely_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let fault = get(&usual(), &url).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Transient { reason } if reason.starts_with("not sent")),
        "{fault}"
    );
    assert!(!fault.to_string().contains("Ana"), "{fault}");
}

// proves: R-25
#[tokio::test]
async fn a_call_whose_turn_comes_too_late_is_surely_not_sent() {
    let (url, requests) = server(OK).await;
    let client = usual();
    let fault = get_before(&client, &url, Some(Instant::now())).await;
    let fault = fault.unwrap_err();
    assert!(
        matches!(&fault, Fault::Transient { reason } if reason.starts_with("not sent")),
        "{fault}"
    );
    assert_eq!(requests.load(Ordering::SeqCst), 0);
    let soon = Instant::now() + Duration::from_mins(1);
    get_before(&client, &url, Some(soon)).await.unwrap();
}

// proves: R-26
#[tokio::test]
async fn a_connection_cut_after_the_request_is_a_lost_answer_and_never_repeated() {
    let (url, requests) = server("").await;
    let fault = get(&usual(), &url).await.unwrap_err();
    assert!(matches!(fault, Fault::LostAnswer { .. }), "{fault}");
    assert!(!fault.to_string().contains("Ana"), "{fault}");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
    let (url, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf").await;
    let fault = get(&usual(), &url).await.unwrap_err();
    assert!(matches!(fault, Fault::LostAnswer { .. }), "{fault}");
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_a_lost_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let fault = get(&client(Duration::from_millis(80), 1024), &url)
        .await
        .unwrap_err();
    assert_eq!(
        fault,
        Fault::LostAnswer {
            reason: "timed out".into()
        }
    );
}

#[tokio::test]
async fn an_oversized_answer_is_refused_before_it_fills_the_memory() {
    let body = "x".repeat(5000);
    let (url, _) = server(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{body}"
    ))
    .await;
    let fault = get(&usual(), &url).await.unwrap_err();
    assert_eq!(fault, Fault::malformed("larger than 1024 bytes"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let (other, requests) = server(OK).await;
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: {other}\r\ncontent-length: 0\r\n\r\n");
    let (url, _) = server(answer).await;
    assert_eq!(get(&usual(), &url).await.unwrap().status, 302);
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn too_many_requests_with_a_time_stops_the_next_call_before_it_is_sent() {
    let answer = "HTTP/1.1 429 Slow\r\nretry-after: 60\r\ncontent-length: 0\r\n\r\n";
    let (url, requests) = server(answer).await;
    let client = usual();
    assert_eq!(get(&client, &url).await.unwrap().status, 429);
    let fault = get(&client, &url).await.unwrap_err();
    assert!(matches!(fault, Fault::Throttled { .. }), "{fault}");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[test]
fn a_wrong_body_is_told_by_its_path_and_never_by_its_content() {
    #[derive(Debug, serde::Deserialize)]
    struct Person {
        #[expect(dead_code, reason = "only its type matters")]
        age: u32,
    }
    #[derive(Debug, serde::Deserialize)]
    struct List {
        #[expect(dead_code, reason = "only its type matters")]
        people: Vec<Person>,
    }
    let reply = Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from_static(br#"{"people": [{"age": 1}, {"age": "Ana Petrov"}]}"#),
    };
    let fault = reply.json::<List>().unwrap_err();
    assert_eq!(
        fault,
        Fault::malformed("JSON of an HTTP 200 answer at people[1].age: Data")
    );
}

async fn refresh(answer: &str) -> Result<String, Fault> {
    let (url, _) = server(answer).await;
    let client = usual();
    let oauth = BasicClient::new(ClientId::new("id".into()))
        .set_client_secret(ClientSecret::new("secret".into()))
        .set_auth_uri(AuthUrl::new(url.clone()).unwrap())
        .set_token_uri(TokenUrl::new(url).unwrap());
    let token = oauth
        .exchange_refresh_token(&RefreshToken::new("refresh".into()))
        .request_async(&client.oauth("oauth.token", quota()))
        .await
        .map_err(token_fault)?;
    Ok(token.access_token().secret().clone())
}

fn json_answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn token_requests_go_through_the_same_client() {
    let answer = json_answer("200 OK", r#"{"access_token":"abc","token_type":"bearer"}"#);
    assert_eq!(refresh(&answer).await.unwrap(), "abc");
}

#[tokio::test]
async fn a_revoked_grant_is_unauthorised_and_a_sick_token_endpoint_is_transient() {
    let body =
        r#"{"error":"invalid_grant","error_description":"Token of ana@example.com revoked."}"#;
    let fault = refresh(&json_answer("400 Bad Request", body))
        .await
        .unwrap_err();
    let reason = "the token endpoint says invalid_grant".to_owned();
    assert_eq!(fault, Fault::Unauthorised { reason });
    let fault = refresh(&json_answer("503 Busy", "<html>"))
        .await
        .unwrap_err();
    assert_eq!(fault, Fault::transient("HTTP 503"));
    let fault = refresh(&json_answer("429 Slow", "{}")).await.unwrap_err();
    assert!(matches!(fault, Fault::Throttled { .. }), "{fault}");
    let fault = refresh(&json_answer("200 OK", r#"{"error":"Access Denied"}"#))
        .await
        .unwrap_err();
    assert!(matches!(fault, Fault::Malformed { .. }), "{fault}");
}
