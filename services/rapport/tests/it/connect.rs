//! `rapport connect`.

use test_kit::Folder;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use crate::{
    command::{file, rapport, start},
    stage::Stage,
};

/// What a browser does when the provider sends it back: the status of the answer.
async fn come_back(redirect: &str) -> u16 {
    let (host, path) = redirect
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Runs `rapport connect` with a person who signs in to this account.
async fn connect_as(stage: &Stage, account: &str) -> (Option<i32>, String) {
    let mut child = start(stage, "connect google --name ana-google");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let url = loop {
        let line = lines
            .next_line()
            .await
            .unwrap()
            .expect("it prints where to go");
        if line.trim().starts_with("https://") {
            break line.trim().to_owned();
        }
    };
    let (redirect, state) = stage.google.asked_to_redirect(&url);
    assert!(redirect.starts_with("http://127.0.0.1:"), "{redirect}");
    let code = stage.google.consent(&url, account);
    assert_eq!(
        come_back(&format!("{redirect}?state=forged&code={code}")).await,
        400
    );
    assert_eq!(
        come_back(&format!("{redirect}?state={state}&code={code}")).await,
        200
    );
    let output = child.wait_with_output().await.unwrap();
    let mut printed = String::from_utf8(output.stdout).unwrap();
    while let Some(line) = lines.next_line().await.unwrap() {
        printed.push_str(&line);
    }
    (output.status.code(), printed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_consents_and_comes_back_and_another_account_is_refused() {
    let stage = Stage::start().await;
    let (code, printed) = connect_as(&stage, "ana").await;
    assert_eq!(
        (code, printed.as_str()),
        (Some(0), "connected ana of google as ana-google\n")
    );
    assert_eq!(stage.connections().await.len(), 1);
    let (code, printed) = connect_as(&stage, "bob").await;
    assert_eq!(code, Some(1));
    assert!(
        printed.contains("belongs to the google account ana of google"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_file_connects_without_a_person_and_is_not_printed() {
    let stage = Stage::start().await;
    let folder = Folder::new("rapport-connect");
    let secret = file(&folder, "secret.json", "{\"account\":\"acme\"}");
    let words = format!(
        "connect zoho --name acme-zoho --json --secret-file {}",
        secret.display()
    );
    let out = rapport(&stage, &words).await.ok();
    let printed: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(printed["account_name"], "acme of zoho");
    assert!(!out.contains("secret-"), "{out}");
    let broken = file(&folder, "broken.json", "{}");
    let words = format!(
        "connect zoho --name acme-zoho --secret-file {}",
        broken.display()
    );
    let done = rapport(&stage, &words).await;
    assert_eq!(done.code, 2);
    assert!(
        done.err.contains("the secret file lacks \"account\""),
        "{}",
        done.err
    );
    let done = rapport(
        &stage,
        "connect zoho --name a --secret-file /does/not/exist",
    )
    .await;
    assert_eq!(done.code, 2);
    assert!(
        done.err
            .contains("cannot read the secret from /does/not/exist"),
        "{}",
        done.err
    );
    let done = rapport(&stage, "connect outlook --name a").await;
    assert_eq!(done.code, 2);
    assert!(done.err.contains("there are: google, zoho"), "{}", done.err);
}
