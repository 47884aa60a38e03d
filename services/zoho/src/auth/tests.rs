//! Which servers are believed, and what sign-in takes.

use super::*;

fn settings() -> ZohoSettings {
    ZohoSettings {
        accounts_url: "http://127.0.0.1:4000".parse().unwrap(),
        client_id: "id".to_owned(),
        client_secret: SecretString::from("secret"),
        sync_permission: String::new(),
        calendar_sync_permission: String::new(),
        horizon_seconds: 120,
        request_timeout_seconds: 60,
    }
}

fn server(named: &str) -> Result<Url, Fault> {
    accounts_server(
        &settings(),
        &BTreeMap::from([("accounts-server".to_owned(), named.to_owned())]),
    )
}

#[test]
fn only_zohos_accounts_servers_are_believed() {
    for good in [
        "https://accounts.zoho.eu",
        "https://accounts.zoho.com.au",
        "http://127.0.0.1:4000",
    ] {
        assert!(server(good).is_ok(), "{good}");
    }
    for bad in [
        "https://accounts.zoho.com.example.org",
        "http://accounts.zoho.eu",
        "https://accounts.zoho.eu:8443",
        "http://127.0.0.1:4001",
        "https://example.org/accounts.zoho.eu",
        "nonsense",
    ] {
        assert!(server(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_secret_file_may_bring_its_own_client() {
    let secret = read_file(
        &settings(),
        r#"{"refresh_token":"r","client_id":"c","client_secret":"s"}"#,
    )
    .unwrap();
    assert_eq!(
        (secret.client_id.as_deref(), secret.refresh_token.as_str()),
        (Some("c"), "r")
    );
    for bad in [
        "",
        "[]",
        r#"{"client_id":"c"}"#,
        r#"{"refresh_token":"r","accounts_url":"https://example.org"}"#,
    ] {
        assert!(
            matches!(read_file(&settings(), bad), Err(Fault::Unauthorised { .. })),
            "{bad}"
        );
    }
}

#[test]
fn a_consent_asks_for_offline_access() {
    let url = authorize_url(&settings(), "https://r/cb", "st&ate", "ch").unwrap();
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(url.path(), "/oauth/v2/auth");
    assert_eq!(query["state"], "st&ate");
    assert_eq!(
        (query["access_type"].as_str(), query["prompt"].as_str()),
        ("offline", "consent")
    );
}

#[test]
fn an_error_word_cannot_carry_anything_else() {
    assert_eq!(
        printable("invalid_code<script>ana@example.com"),
        "invalid_codescriptanaexamplecom"
    );
}
