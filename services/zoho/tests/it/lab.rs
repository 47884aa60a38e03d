//! A running emulator, a session with it, and what people do there.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use jiff::Timestamp;
use model::{Edit, Path, Record, Side, Value, Version};
use provider::{
    Access, Account, At, Batch, BatchKind, Create, Fault, Grant, HttpClient, HttpSettings, Lane,
    Operation, Outcome, Page, Provider, Scope, Seen, Session, Update, What, Write,
};
use sandbox::{Options, Sandbox};
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use zoho::{Zoho, ZohoSettings};

/// An emulator with a session of its first user.
pub(crate) struct Lab {
    pub(crate) sandbox: Sandbox,
    pub(crate) zoho: Zoho,
    pub(crate) http: HttpClient,
    pub(crate) secret: Vec<u8>,
    pub(crate) account: Account,
    pub(crate) access: Access,
    people: reqwest::Client,
}

impl Lab {
    /// Kind settings: no lag, whole pages.
    pub(crate) async fn kind() -> Self {
        Self::start(true).await
    }

    /// The default, unkind settings.
    pub(crate) async fn unkind() -> Self {
        Self::start(false).await
    }

    async fn start(kind: bool) -> Self {
        provider::install_tls();
        let options = Options {
            kind,
            ..Options::default()
        };
        let sandbox = Sandbox::start(options).await.unwrap();
        let credentials = &sandbox.credentials()["zoho"];
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let zoho = Zoho::new(ZohoSettings {
            accounts_url: text("accounts_url").parse().unwrap(),
            client_id: text("client_id"),
            client_secret: SecretString::from(text("client_secret")),
            sync_permission: "Crm_Implied_Google_Contacts_Sync".to_owned(),
            calendar_sync_permission: "Crm_Implied_Google_Calendar_Sync".to_owned(),
            horizon_seconds: 3,
            request_timeout_seconds: 20,
        });
        let http = HttpClient::new(HttpSettings::new("zoho", zoho.about().request_timeout));
        let http = http.unwrap();
        let file = json!({"refresh_token": text("refresh_token")}).to_string();
        let grant = Grant::SecretFile(SecretString::from(file));
        let signed_in = zoho.exchange(&http, grant).await.unwrap();
        let renewed = zoho.renew(&http, &signed_in.secret).await.unwrap();
        Self {
            people: reqwest::Client::builder().build().unwrap(),
            sandbox,
            zoho,
            http,
            secret: signed_in.secret,
            account: signed_in.account,
            access: renewed.access,
        }
    }

    /// From now on a colleague in the same organisation is signed in, who writes through the same process.
    pub(crate) async fn sign_in_as_colleague(&mut self) {
        let credentials = &self.sandbox.credentials()["zoho"];
        let token = credentials["users"][1]["refresh_token"].as_str().unwrap();
        let file = json!({ "refresh_token": token }).to_string();
        let grant = Grant::SecretFile(SecretString::from(file));
        let signed_in = self.zoho.exchange(&self.http, grant).await.unwrap();
        let renewed = self
            .zoho
            .renew(&self.http, &signed_in.secret)
            .await
            .unwrap();
        assert_ne!(signed_in.account.id, self.account.id);
        self.secret = signed_in.secret;
        self.account = signed_in.account;
        self.access = renewed.access;
    }

    pub(crate) fn session(&self) -> Session<'_> {
        Session {
            access: &self.access,
            account_id: &self.account.id,
            lane: Lane::Change,
            http: &self.http,
            begin_before: None,
        }
    }

    /// A call of the control API, which must succeed.
    pub(crate) async fn control(&self, verb: Method, path: &str, body: Json) -> Json {
        let (status, text) = self.try_control(verb, path, body).await;
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Json::Null)
    }

    /// A call of the control API, and what it answers.
    pub(crate) async fn try_control(
        &self,
        verb: Method,
        path: &str,
        body: Json,
    ) -> (StatusCode, String) {
        let url = format!("{}/control{path}", self.sandbox.control_url());
        let mut request = self.people.request(verb, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// People make contacts.
    pub(crate) async fn contacts(&self, rows: Json) -> Vec<String> {
        let made = self
            .control(Method::POST, "/zoho/records/Contacts", rows)
            .await;
        let ids = made["ids"].as_array().unwrap();
        ids.iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect()
    }

    /// People make one contact.
    pub(crate) async fn contact(&self, row: Json) -> String {
        self.contacts(json!([row])).await.remove(0)
    }

    /// People edit a contact.
    pub(crate) async fn edit(&self, id: &str, values: Json) {
        let path = format!("/zoho/records/Contacts/{id}");
        self.control(Method::PATCH, &path, values).await;
    }

    /// People delete a contact.
    pub(crate) async fn delete(&self, id: &str) {
        let path = format!("/zoho/records/Contacts/{id}");
        self.control(Method::DELETE, &path, Json::Null).await;
    }

    /// A contact as it really is; null if there is none.
    pub(crate) async fn truth(&self, id: &str) -> Json {
        let all = self
            .control(Method::GET, "/zoho/records/Contacts", Json::Null)
            .await;
        let rows = all["records"].as_array().unwrap();
        let row = rows.iter().find(|row| row["id"] == id);
        row.cloned().unwrap_or_default()
    }

    /// How many contacts there really are.
    pub(crate) async fn count(&self, module: &str) -> usize {
        let path = format!("/zoho/records/{module}");
        let all = self.control(Method::GET, &path, Json::Null).await;
        all["records"].as_array().unwrap().len()
    }

    pub(crate) async fn settings(&self, patch: Json) {
        self.control(Method::PATCH, "/zoho/settings", patch).await;
    }

    /// Lets the provider's clock run ahead.
    pub(crate) async fn later(&self, seconds: u32) {
        let body = json!({ "seconds": seconds });
        self.control(Method::POST, "/clock/advance", body).await;
    }

    /// Who is tier `Regular` is outside of this list view.
    pub(crate) async fn key_accounts(&self) -> String {
        self.view("Key accounts").await
    }

    /// The id of a list view.
    pub(crate) async fn view(&self, name: &str) -> String {
        let listed = self.control(Method::GET, "/zoho/views", Json::Null).await;
        let views = listed["views"].as_array().unwrap();
        let view = views.iter().find(|view| view["name"] == name).unwrap();
        view["id"].as_str().unwrap().to_owned()
    }

    /// How often a method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        let journal = self.sandbox.journal();
        journal.iter().filter(|call| call.method == method).count()
    }

    /// How many writes ran automations.
    pub(crate) async fn automated(&self) -> u64 {
        let counts = self.control(Method::GET, "/counts", Json::Null).await;
        let marks = &counts["marks"]["zoho.automated_writes"];
        marks.as_u64().unwrap_or_default()
    }

    /// One page.
    pub(crate) async fn page(&self, scope: &Scope, at: &At) -> Result<Page, Fault> {
        self.zoho.page(self.session(), scope, at).await
    }

    /// A whole round.
    pub(crate) async fn round(&self, scope: &Scope, cursor: Option<&str>) -> Round {
        let mut pages = Vec::new();
        let cursor = cursor.map(str::to_owned);
        let mut at = At::Start { cursor };
        loop {
            let page = self.page(scope, &at).await.unwrap();
            let next = page.next.clone();
            pages.push(page);
            match next {
                Some(next) => at = At::Next(next),
                None => return Round { pages },
            }
        }
    }

    /// Makes writes of one kind as one batch.
    pub(crate) async fn execute(&self, scope: &Scope, operations: Vec<Operation>) -> Vec<Outcome> {
        let kind = operations.first().map_or(BatchKind::Read, Operation::kind);
        let writes = operations.into_iter().enumerate();
        let writes = writes.map(|(number, operation)| Write {
            id: number.to_string(),
            kind: "contact".to_owned(),
            operation,
        });
        let batch = Batch {
            kind,
            writes: writes.collect(),
        };
        self.zoho.execute(self.session(), scope, &batch).await
    }

    /// Makes one write.
    pub(crate) async fn one(&self, scope: &Scope, operation: Operation) -> Outcome {
        self.execute(scope, vec![operation]).await.remove(0)
    }

    /// A contact's version as a feed would show it.
    pub(crate) async fn version(&self, id: &str) -> Version {
        let truth = self.truth(id).await;
        let at: Timestamp = truth["Modified_Time"].as_str().unwrap().parse().unwrap();
        Version {
            token: at.to_string(),
            changed_at_micros: Some(at.as_microsecond()),
            coarse: true,
        }
    }
}

/// A round that was read.
pub(crate) struct Round {
    pub(crate) pages: Vec<Page>,
}

impl Round {
    pub(crate) fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.pages.iter().flat_map(|page| &page.seen)
    }

    /// Ids by what is shown of them, sorted.
    pub(crate) fn ids(&self, shown: fn(&What) -> bool) -> Vec<&str> {
        let seen = self.seen().filter(|seen| shown(&seen.what));
        let mut ids: Vec<&str> = seen.map(|seen| seen.remote_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(crate) fn inside(&self) -> Vec<&str> {
        self.ids(|what| matches!(what, What::Inside(_)))
    }

    pub(crate) fn outside(&self) -> Vec<&str> {
        self.ids(|what| matches!(what, What::Outside(_)))
    }

    pub(crate) fn deleted(&self) -> Vec<&str> {
        self.ids(|what| matches!(what, What::Deleted { .. }))
    }

    /// The restart point at its end.
    pub(crate) fn cursor(&self) -> &str {
        let last = self.pages.last().unwrap();
        last.restart
            .as_deref()
            .expect("a round ends with a restart point")
    }
}

/// The paths that a usual sync maps.
pub(crate) const MAPPED: [&str; 10] = [
    "name.given",
    "name.family",
    "organization",
    "title",
    "emails[work]",
    "emails[other]",
    "phones[work]",
    "phones[mobile]",
    "addresses[work].city",
    "birthday",
];

/// One side of a sync over a list view; none for the whole module.
pub(crate) fn scope(collection: &str) -> Scope {
    Scope {
        tenant: "acme".to_owned(),
        sync: "s1".to_owned(),
        side: Side::Left,
        kind: "contact".to_owned(),
        connection: "c1".to_owned(),
        collection: collection.to_owned(),
        collection_form: "list_view".to_owned(),
        options: BTreeMap::new(),
        paths: MAPPED.iter().map(|text| path(text)).collect(),
        match_paths: vec![path("emails[work]")],
    }
}

/// The same with one of the provider's own options.
pub(crate) fn with_option(mut scope: Scope, name: &str, option: &str) -> Scope {
    scope.options.insert(name.to_owned(), option.to_owned());
    scope
}

/// What is said of a right that the profile lacks.
pub(crate) fn lacking(right: &str, module: &str) -> String {
    format!(
        "{right}, which an administrator of Zoho CRM grants in the user's profile, under {module}"
    )
}

pub(crate) fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A record of single fields and labelled elements.
pub(crate) fn record(fields: &[(&str, &str)]) -> Record {
    let mut record = Record::new("contact");
    let edits: Vec<Edit> = fields
        .iter()
        .map(|(at, value)| edit(at, None, Some(value)))
        .collect();
    model::patch(&mut record, &edits);
    record
}

pub(crate) fn edit(at: &str, before: Option<&str>, after: Option<&str>) -> Edit {
    Edit {
        path: path(at),
        before: before.map(text),
        after: after.map(text),
    }
}

pub(crate) fn create(record: Record, look_up: bool) -> Operation {
    Operation::Create(Create {
        record,
        marker: None,
        look_up,
        match_paths: vec![path("emails[work]")],
        known_until: None,
    })
}

pub(crate) fn update(id: &str, expected: Version, edits: Vec<Edit>) -> Operation {
    Operation::Update(Update {
        remote_id: id.to_owned(),
        expected,
        edits,
        marker: None,
        adopt: false,
    })
}

/// The text that a record shows on a path.
pub(crate) fn shown(record: &Record, at: &str) -> Option<String> {
    let shown = model::project(record, &[path(at)], &model::Fields::new());
    shown.into_values().next()?.as_text().map(str::to_owned)
}
