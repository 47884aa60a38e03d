//! The Zoho emulator, row by row of what it must be faithful to.

mod control;
mod deleted;
mod events;
mod events_people;
mod lag;
mod lists;
mod metadata;
mod oauth;
mod paging;
mod preconditions;
mod quota;
mod rights;
mod scale;
mod search;
mod series;
mod upsert;
mod watch;
mod workflows;
mod writes;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::client::{Answer, Lab, send};

/// A client of the emulator with a live access token.
pub(crate) struct Crm {
    pub(crate) lab: Lab,
    pub(crate) token: String,
}

impl Crm {
    /// Kind settings: no lag, whole pages.
    pub(crate) async fn kind() -> Self {
        Self::with(Lab::kind().await).await
    }

    /// The default, unkind settings.
    pub(crate) async fn unkind() -> Self {
        Self::with(Lab::unkind().await).await
    }

    async fn with(lab: Lab) -> Self {
        let token = access_token(&lab, 0).await;
        Self { lab, token }
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let authorization = format!("Zoho-oauthtoken {}", self.token);
        let path = format!("/crm/v8{path}");
        self.lab
            .request("zoho", method, &path)
            .header("Authorization", authorization)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_since(&self, path: &str, since: &str) -> Answer {
        send(
            self.request(Method::GET, path)
                .header("If-Modified-Since", since),
        )
        .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Creates a contact without automations and gives its id.
    pub(crate) async fn contact(&self, values: Value) -> String {
        let answer = self
            .post("/Contacts", json!({"data": [values], "trigger": []}))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        text(&answer.body["data"][0]["details"]["id"])
    }

    /// A record as it is, without lag.
    pub(crate) async fn record(&self, id: &str) -> Value {
        let answer = self.get(&format!("/Contacts/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body["data"][0].clone()
    }

    /// A control call below `/control/zoho` that must succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        self.lab
            .control(method, &format!("/zoho{path}"), body)
            .await
    }

    /// Changes settings of the emulator.
    pub(crate) async fn settings(&self, patch: Value) {
        self.lab.settings("zoho", patch).await;
    }

    /// How often something happened.
    pub(crate) async fn mark(&self, name: &str) -> u64 {
        let counts = self.lab.control(Method::GET, "/counts", Value::Null).await;
        counts["marks"][name].as_u64().unwrap_or(0)
    }

    /// Id of a list view.
    pub(crate) async fn view(&self, name: &str) -> String {
        let views = self.control(Method::GET, "/views", Value::Null).await;
        let views = views["views"].as_array().unwrap();
        text(&views.iter().find(|view| view["name"] == name).unwrap()["id"])
    }

    /// Names of the contacts that a list gives, in its order.
    pub(crate) async fn names(&self, path: &str) -> Vec<String> {
        let answer = self.get(path).await;
        if answer.status == 204 {
            return Vec::new();
        }
        assert_eq!(answer.status, 200, "{}", answer.text);
        let rows = answer.body["data"].as_array().unwrap();
        rows.iter().map(|row| text(&row["Last_Name"])).collect()
    }
}

/// A new access token of the user at this place in the printed credentials.
pub(crate) async fn access_token(lab: &Lab, user: usize) -> String {
    let refresh_token = text(&lab.sandbox.credentials()["zoho"]["users"][user]["refresh_token"]);
    let answer = refresh(lab, &refresh_token).await;
    text(&answer.body["access_token"])
}

/// Asks for an access token.
pub(crate) async fn refresh(lab: &Lab, refresh_token: &str) -> Answer {
    let zoho = &lab.sandbox.credentials()["zoho"];
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", zoho["client_id"].as_str().unwrap()),
        ("client_secret", zoho["client_secret"].as_str().unwrap()),
        ("refresh_token", refresh_token),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = lab
        .request("zoho", Method::POST, "/oauth/v2/token")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(body);
    send(request).await
}

/// A JSON string.
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// Asserts a refusal of the whole request: empty bodies and other shapes fail.
pub(crate) fn refused(answer: &Answer, status: u16, code: &str, details: &Value) {
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (status, &json!(code)),
        "{}",
        answer.text
    );
    assert_eq!(answer.body["status"], "error");
    let given = &answer.body["details"];
    for (name, value) in details.as_object().unwrap() {
        assert_eq!(&given[name], value, "{}", answer.text);
    }
}
