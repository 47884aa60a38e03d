//! An account of the sandbox, as the provider and as its owner see it.

use std::collections::{BTreeMap, BTreeSet};

use clap::Parser;
use google::{Google, GoogleSettings};
use model::{Edit, Path, Record, Side, Value, Version};
use provider::{
    Access, Answer, At, CollectionState, Create, Delete, Fault, HttpClient, HttpSettings, Lane,
    Live, Operation, Outcome, Page, Provider, Read, Scope, Seen, Session, Update, What, Write,
    install_tls,
};
use reqwest::Method;
use sandbox::{Options, Sandbox};
use serde_json::{Value as Json, json};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    google: GoogleSettings,
}

/// The first account of a sandbox.
pub(crate) struct Account {
    pub(crate) sandbox: Sandbox,
    pub(crate) google: Google,
    pub(crate) http: HttpClient,
    access: Access,
}

/// A round of the feed, read to its end.
pub(crate) struct Round {
    pub(crate) pages: Vec<Page>,
    pub(crate) seen: BTreeMap<String, Seen>,
    pub(crate) cursor: String,
}

impl Round {
    /// The ids of those inside and outside the scope.
    pub(crate) fn sides(&self) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let of = |wanted: fn(&What) -> bool| {
            let seen = self.seen.values().filter(|seen| wanted(&seen.what));
            seen.map(|seen| seen.remote_id.as_str()).collect()
        };
        (
            of(|what| matches!(what, What::Inside(_))),
            of(|what| matches!(what, What::Outside(_))),
        )
    }
}

impl Account {
    /// With everything that the documentation allows and clients like to forget.
    pub(crate) async fn unkind() -> Self {
        Self::start(Options::default()).await
    }

    /// Without lag and short pages.
    pub(crate) async fn kind() -> Self {
        Self::start(Options {
            kind: true,
            ..Options::default()
        })
        .await
    }

    async fn start(options: Options) -> Self {
        install_tls();
        let sandbox = Sandbox::start(options).await.unwrap();
        let google = Google::new(settings(&sandbox, 0));
        let about = google.about();
        let http = HttpClient::new(HttpSettings::new("google", about.request_timeout)).unwrap();
        // Tests push the clock; a token that dies by that is a test of its own.
        let url = format!("{}/control/google/settings", sandbox.control_url());
        let settings = json!({ "access_token_seconds": 100_000_000 });
        let request = http.request(Method::PATCH, url).json(&settings);
        request.send().await.unwrap().error_for_status().unwrap();
        let secret = secret(&sandbox).to_string();
        let renewed = google.renew(&http, secret.as_bytes()).await.unwrap();
        Self {
            sandbox,
            google,
            http,
            access: renewed.access,
        }
    }

    /// The same account for a provider that takes everything for fresh that is younger than this.
    pub(crate) fn with_horizon(mut self, seconds: u64) -> Self {
        self.google = Google::new(settings(&self.sandbox, seconds));
        self
    }

    pub(crate) fn session(&self) -> Session<'_> {
        Session {
            access: &self.access,
            account_id: "a1",
            lane: Lane::Change,
            http: &self.http,
            begin_before: None,
        }
    }

    /// Does something as a person or an administrator.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Json) -> Json {
        let done = self.attempt(method, path, body).await;
        done.unwrap_or_else(|refused| panic!("{path}: {refused}"))
    }

    /// The same, where it may be refused.
    pub(crate) async fn attempt(
        &self,
        method: Method,
        path: &str,
        body: Json,
    ) -> Result<Json, String> {
        let url = format!("{}/control/{path}", self.sandbox.control_url());
        let mut request = self.http.request(method.clone(), url);
        if method != Method::GET {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let body: Json = response.json().await.unwrap();
        if status.is_success() {
            Ok(body)
        } else {
            Err(format!("{status} {body}"))
        }
    }

    pub(crate) async fn configure(&self, settings: Json) {
        self.control(Method::PATCH, "google/settings", settings)
            .await;
    }

    /// Lets time pass, so that everything written becomes visible.
    pub(crate) async fn settle(&self) {
        self.pass(10).await;
    }

    pub(crate) async fn pass(&self, seconds: i64) {
        self.control(Method::POST, "clock/advance", json!({ "seconds": seconds }))
            .await;
    }

    /// Somebody makes a group; its resource name.
    pub(crate) async fn group(&self, name: &str) -> String {
        let group = self
            .control(Method::POST, "google/groups", json!({ "name": name }))
            .await;
        self.settle().await;
        group["resource_name"].as_str().unwrap().to_owned()
    }

    /// Somebody types a contact in; its resource name.
    pub(crate) async fn add(&self, person: Json, groups: &[&str]) -> String {
        let body = json!({ "person": person, "groups": groups });
        let contact = self.control(Method::POST, "google/contacts", body).await;
        contact["resourceName"].as_str().unwrap().to_owned()
    }

    /// Somebody types in contacts `0..count` of a group.
    pub(crate) async fn add_many(&self, count: usize, group: &str) -> Vec<String> {
        let mut names = Vec::new();
        for number in 0..count {
            names.push(self.add(person(number), &[group]).await);
        }
        names
    }

    /// Somebody replaces fields of a contact.
    pub(crate) async fn edit(&self, name: &str, person: Json) {
        self.on_contact(Method::PATCH, name, "", json!({ "person": person }))
            .await;
    }

    pub(crate) async fn remove(&self, name: &str) {
        self.on_contact(Method::DELETE, name, "", json!({})).await;
    }

    pub(crate) async fn on_contact(
        &self,
        method: Method,
        name: &str,
        what: &str,
        body: Json,
    ) -> Json {
        let id = name.strip_prefix("people/").unwrap();
        self.control(method, &format!("google/contacts/{id}{what}"), body)
            .await
    }

    /// A contact as it truly is.
    pub(crate) async fn truth(&self, name: &str) -> Json {
        self.on_contact(Method::GET, name, "", json!({})).await
    }

    /// Every live contact as it truly is.
    pub(crate) async fn contacts(&self) -> Vec<Json> {
        let truth = self.control(Method::GET, "google/truth", json!({})).await;
        let account = truth["accounts"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap();
        account["contacts"].as_array().unwrap().clone()
    }

    /// How often a method was called.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.sandbox
            .journal()
            .iter()
            .filter(|entry| entry.method == method)
            .count()
    }

    /// Reads one page from a cursor.
    pub(crate) async fn start_round(
        &self,
        scope: &Scope,
        cursor: Option<&str>,
    ) -> Result<Page, Fault> {
        let at = At::Start {
            cursor: cursor.map(str::to_owned),
        };
        self.google.page(self.session(), scope, &at).await
    }

    /// Reads a round to its end.
    pub(crate) async fn round(&self, scope: &Scope, cursor: Option<&str>) -> Round {
        let mut pages = vec![self.start_round(scope, cursor).await.unwrap()];
        while let Some(next) = pages.last().unwrap().next.clone() {
            assert_eq!(
                pages.last().unwrap().restart,
                None,
                "a page token is no restart point"
            );
            pages.push(
                self.google
                    .page(self.session(), scope, &At::Next(next))
                    .await
                    .unwrap(),
            );
        }
        let last = pages.last().unwrap();
        assert_eq!(last.collection, CollectionState::Present);
        let cursor = last.restart.clone().unwrap();
        let seen = pages.iter().flat_map(|page| page.seen.clone());
        let seen = seen.map(|seen| (seen.remote_id.clone(), seen)).collect();
        Round {
            pages,
            seen,
            cursor,
        }
    }

    /// The versions of all contacts, as a feed shows them once everything is visible.
    pub(crate) async fn versions(&self) -> BTreeMap<String, Version> {
        self.settle().await;
        let round = self.round(&scope(""), None).await;
        round
            .seen
            .into_iter()
            .map(|(id, seen)| (id, seen.version.unwrap()))
            .collect()
    }

    /// Makes writes, batch after batch, as a writer does; the answers by the writes' ids.
    pub(crate) async fn execute(&self, scope: &Scope, operations: Vec<Operation>) -> Vec<Outcome> {
        let writes = operations
            .into_iter()
            .enumerate()
            .map(|(id, operation)| Write {
                id: id.to_string(),
                kind: scope.kind.clone(),
                operation,
            });
        let mut outcomes = BTreeMap::new();
        for batch in self.google.batches(scope, writes.collect()) {
            let answers = self.google.execute(self.session(), scope, &batch).await;
            assert_eq!(answers.len(), batch.writes.len());
            let ids = batch
                .writes
                .iter()
                .map(|write| write.id.parse::<usize>().unwrap());
            outcomes.extend(ids.zip(answers));
        }
        outcomes.into_values().collect()
    }
}

/// Settings for a sandbox: its addresses, and no pace to speak of.
fn settings(sandbox: &Sandbox, horizon_seconds: u64) -> GoogleSettings {
    let google = &sandbox.credentials()["google"];
    let base = google["base_url"].as_str().unwrap();
    let flag = |name: &str, value: &str| format!("--google-{name}={value}");
    let text = |member: &str| google[member].as_str().unwrap();
    let flags = [
        "test".to_owned(),
        flag("client-id", text("client_id")),
        flag("client-secret", text("client_secret")),
        flag("people-url", base),
        flag("calendar-url", base),
        flag("auth-url", text("authorize_url")),
        flag("token-url", text("token_url")),
        flag("token-information-url", text("token_information_url")),
        flag("horizon-seconds", &horizon_seconds.to_string()),
        flag("reads-per-minute", "100000"),
        flag("writes-per-minute", "100000"),
        flag("group-writes-per-minute", "100000"),
        flag("calendar-requests-per-minute", "100000"),
    ];
    Command::parse_from(flags).google
}

/// A secret file for the sandbox's first account.
pub(crate) fn secret(sandbox: &Sandbox) -> Json {
    json!({ "refresh_token": sandbox.credentials()["google"]["accounts"][0]["refresh_token"] })
}

/// A scope of contacts in a group.
pub(crate) fn scope(group: &str) -> Scope {
    Scope {
        tenant: "acme".into(),
        sync: "s1".into(),
        side: Side::Right,
        kind: "contact".into(),
        connection: "c1".into(),
        collection: group.into(),
        collection_form: "group".into(),
        options: BTreeMap::new(),
        paths: Vec::new(),
        match_paths: vec![path("emails[work]"), path("emails")],
    }
}

pub(crate) fn path(text: &str) -> Path {
    text.parse().unwrap()
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The person with this number, as Google sends it.
pub(crate) fn person(number: usize) -> Json {
    json!({
        "names": [{"givenName": "Ana", "familyName": format!("Petrov {number}")}],
        "emailAddresses": [{"value": format!("ana{number}@example.com"), "type": "work"}],
    })
}

/// The same person as a canonical record.
pub(crate) fn record(number: usize) -> Record {
    let mut record = Record::new("contact");
    record.set(path("name.given"), Some(text("Ana")));
    record.set(path("name.family"), Some(text(&format!("Petrov {number}"))));
    let email = model::Element::simple("work", format!("ana{number}@example.com"));
    record.set(path("emails"), Some(Value::Elements(vec![email])));
    record
}

pub(crate) fn edit(at: &str, before: Option<&str>, after: Option<&str>) -> Edit {
    Edit {
        path: path(at),
        before: before.map(text),
        after: after.map(text),
    }
}

pub(crate) fn update(name: &str, expected: &Version, edits: Vec<Edit>) -> Operation {
    let (remote_id, expected) = (name.to_owned(), expected.clone());
    Operation::Update(Update {
        remote_id,
        expected,
        edits,
        marker: None,
        adopt: false,
    })
}

pub(crate) fn create(number: usize, look_up: bool) -> Operation {
    create_record(record(number), &format!("marker-{number}"), look_up)
}

pub(crate) fn create_record(record: Record, marker: &str, look_up: bool) -> Operation {
    let match_paths = vec![path("emails[work]"), path("emails")];
    Operation::Create(Create {
        record,
        marker: Some(marker.into()),
        look_up,
        match_paths,
        known_until: None,
    })
}

pub(crate) fn delete(name: &str, expected: &Version) -> Operation {
    Operation::Delete(Delete {
        remote_id: name.to_owned(),
        expected: expected.clone(),
    })
}

pub(crate) fn read(name: &str, former_ids: &[&str]) -> Operation {
    let former_ids = former_ids.iter().map(ToString::to_string).collect();
    Operation::Read(Read {
        remote_id: name.to_owned(),
        former_ids,
    })
}

/// The live record of an answer that says that the write was made.
pub(crate) fn applied(outcome: &Outcome) -> &Live {
    match &outcome.answer {
        Answer::Applied(applied) => applied
            .answer
            .as_ref()
            .expect("the answer carries the record"),
        other => panic!("{other:?}"),
    }
}

/// How many outcomes there are of each kind.
pub(crate) fn words(outcomes: &[Outcome]) -> BTreeMap<&'static str, usize> {
    let mut words = BTreeMap::new();
    for outcome in outcomes {
        *words.entry(outcome.answer.word()).or_default() += 1;
    }
    words
}
