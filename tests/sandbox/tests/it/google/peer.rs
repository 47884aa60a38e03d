//! A client of the People API that knows nothing but the documentation.

use reqwest::Method;
use sandbox::Options;
use serde_json::{Value, json};

use crate::client::{Answer, Lab, send};

/// The masks used throughout.
pub(crate) const ALL: &str =
    "names,emailAddresses,phoneNumbers,organizations,memberships,metadata,clientData";

pub(crate) struct Peer {
    pub(crate) lab: Lab,
    pub(crate) token: String,
}

impl Peer {
    pub(crate) async fn kind() -> Self {
        Self::over(Lab::kind().await).await
    }

    pub(crate) async fn unkind() -> Self {
        Self::over(Lab::unkind().await).await
    }

    pub(crate) async fn seeded(seed: u64) -> Self {
        Self::over(
            Lab::start(Options {
                seed,
                ..Options::default()
            })
            .await,
        )
        .await
    }

    async fn over(lab: Lab) -> Self {
        let token = fresh_token(&lab, 0).await;
        Self { lab, token }
    }

    /// The same sandbox as another account.
    pub(crate) async fn token_of(&self, account: usize) -> String {
        fresh_token(&self.lab, account).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        self.call_as(&self.token, method, path, body).await
    }

    pub(crate) async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Value,
    ) -> Answer {
        let mut request = self.lab.request("google", method, path).bearer_auth(token);
        if !body.is_null() {
            request = request.json(&body);
        }
        send(request).await
    }

    /// A call that must succeed.
    pub(crate) async fn ok(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ok(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn create(&self, person: Value) -> Value {
        let path = format!("/v1/people:createContact?personFields={ALL}");
        self.ok(Method::POST, &path, person).await
    }

    /// Creates a contact of this name and answers its resource name.
    pub(crate) async fn named(&self, given: &str) -> String {
        text(
            &self.create(json!({"names": [{"givenName": given}]})).await,
            "resourceName",
        )
    }

    pub(crate) async fn person(&self, name: &str) -> Value {
        self.get(&format!(
            "/v1/{name}?personFields={ALL}&sources=READ_SOURCE_TYPE_CONTACT"
        ))
        .await
    }

    /// Reads every page of a list; answers the items and the last page.
    pub(crate) async fn pages(&self, path: &str, items: &str) -> (Vec<Value>, Value) {
        let mut found = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let suffix = next.map_or_else(String::new, |token| format!("&pageToken={token}"));
            let page = self.get(&format!("{path}{suffix}")).await;
            found.extend(page[items].as_array().cloned().unwrap_or_default());
            match page["nextPageToken"].as_str() {
                Some(token) => {
                    assert!(page.get("nextSyncToken").is_none(), "only on the last page");
                    next = Some(token.to_owned());
                }
                None => return (found, page),
            }
        }
    }

    /// A full sync; answers the contacts and the sync token.
    pub(crate) async fn full_sync(&self) -> (Vec<Value>, String) {
        let (found, last) = self.pages(&sync_path(""), "connections").await;
        (found, text(&last, "nextSyncToken"))
    }

    /// A delta; answers the changes and the next token.
    pub(crate) async fn delta(&self, token: &str) -> (Vec<Value>, String) {
        let path = sync_path(&format!("&syncToken={token}"));
        let (found, last) = self.pages(&path, "connections").await;
        (found, text(&last, "nextSyncToken"))
    }
}

pub(crate) fn sync_path(suffix: &str) -> String {
    format!(
        "/v1/people/me/connections?personFields={ALL}&pageSize=1000&requestSyncToken=true\
         &sources=READ_SOURCE_TYPE_CONTACT{suffix}"
    )
}

pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member} in {value}"))
        .to_owned()
}

/// The message and reason of a refusal.
pub(crate) fn refusal(answer: &Answer) -> (u16, String, String) {
    let error = &answer.body["error"];
    (answer.status, text(error, "status"), text(error, "message"))
}

pub(crate) fn names(people: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = people
        .iter()
        .map(|person| text(person, "resourceName"))
        .collect();
    names.sort();
    names
}

pub(crate) fn credentials(lab: &Lab) -> &Value {
    &lab.sandbox.credentials()["google"]
}

pub(crate) async fn fresh_token(lab: &Lab, account: usize) -> String {
    let credentials = credentials(lab);
    let form = [
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", text(credentials, "client_id")),
        ("client_secret", text(credentials, "client_secret")),
        (
            "refresh_token",
            text(&credentials["accounts"][account], "refresh_token"),
        ),
    ];
    let answer = send(lab.request("google", Method::POST, "/token").form(&form)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    text(&answer.body, "access_token")
}
