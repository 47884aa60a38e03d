//! A provider whose records live in memory: a log of changes, cursors that expire, tokens that it refuses, pushes
//! that it numbers, and faults that tests put in its way.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use model::{Catalogue, CatalogueEntry, Path, Record, Value, Version};
use provider::{
    About, Access, Account, Answer, Applied, At, Batch, BatchKind, Channel, ChannelKey, Collection,
    CollectionState, Delivery, Extent, Fault, Grant, HttpClient, Operation, Outcome, Page,
    Provider, Push, PushError, Renewed, Scope, Seen, Session, SignedIn, SnapshotPart, What, Write,
};
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};
use tokio::sync::RwLock;
use url::Url;

/// Writes that one call takes.
pub(crate) const BATCH: usize = 3;

pub(crate) struct Memory {
    state: Mutex<State>,
    /// Held for writing, it keeps pages from being answered.
    pub(crate) page_gate: RwLock<()>,
    /// Held for writing, it keeps calls that write from being answered.
    pub(crate) write_gate: RwLock<()>,
    pushes: bool,
}

pub(crate) struct State {
    rows: BTreeMap<String, Row>,
    log: Vec<String>,
    pub(crate) page_size: usize,
    /// Cursors below this have expired.
    pub(crate) oldest_cursor: usize,
    /// Faults of the next pages, by connection.
    pub(crate) faults: HashMap<String, VecDeque<Fault>>,
    /// Syncs over whose pages the code panics.
    pub(crate) panics: BTreeSet<String>,
    pub(crate) collection: CollectionState,
    pub(crate) refused_tokens: BTreeSet<String>,
    /// Tokens that are accepted for a call and refused for the next one.
    pub(crate) ending_tokens: BTreeSet<String>,
    /// Connections whose pages are not answered.
    pub(crate) stuck: BTreeSet<String>,
    /// The starts of pages: the sync, and the cursor of a round's start.
    pub(crate) starts: Vec<(String, Option<String>)>,
    pub(crate) pages: usize,
    /// What calls that write were asked, by the writes' ids.
    pub(crate) calls: Vec<Vec<String>>,
    /// For how long after they were asked calls that write may begin.
    pub(crate) begin_within: Vec<Option<Duration>>,
    /// Faults of the next calls that write.
    pub(crate) write_faults: VecDeque<Fault>,
    /// Records over which the code that writes panics, and over which the code that groups does.
    pub(crate) poison: BTreeSet<String>,
    pub(crate) poison_grouping: BTreeSet<String>,
    pub(crate) channels: Vec<(ChannelKey, Url)>,
    pub(crate) closed_channels: Vec<String>,
    pub(crate) channel_life: Duration,
    /// Answers to a delivery that is made before a subscription is answered.
    pub(crate) early_deliveries: Vec<u16>,
}

struct Row {
    record: Record,
    inside: bool,
    deleted: bool,
    version: usize,
}

impl Memory {
    pub(crate) fn new(pushes: bool) -> Self {
        Self {
            state: Mutex::new(State {
                rows: BTreeMap::new(),
                log: Vec::new(),
                page_size: 100,
                oldest_cursor: 0,
                faults: HashMap::new(),
                panics: BTreeSet::new(),
                collection: CollectionState::Present,
                refused_tokens: BTreeSet::new(),
                ending_tokens: BTreeSet::new(),
                stuck: BTreeSet::new(),
                starts: Vec::new(),
                pages: 0,
                calls: Vec::new(),
                begin_within: Vec::new(),
                write_faults: VecDeque::new(),
                poison: BTreeSet::new(),
                poison_grouping: BTreeSet::new(),
                channels: Vec::new(),
                closed_channels: Vec::new(),
                channel_life: Duration::from_hours(1),
                early_deliveries: Vec::new(),
            }),
            page_gate: RwLock::default(),
            write_gate: RwLock::default(),
            pushes,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a person in, or changes one.
    pub(crate) fn put(&self, id: &str, email: &str, inside: bool) {
        self.state().put(id, person(email), inside);
    }

    pub(crate) fn put_record(&self, id: &str, record: Record) {
        self.state().put(id, record, true);
    }

    pub(crate) fn delete(&self, id: &str) {
        let mut state = self.state();
        state.rows.get_mut(id).unwrap().deleted = true;
        state.log.push(id.to_owned());
    }

    /// Rounds of this sync so far.
    pub(crate) fn rounds(&self, sync: &str) -> usize {
        self.state()
            .starts
            .iter()
            .filter(|(of, _)| of == sync)
            .count()
    }

    fn admit(&self, session: Session<'_>) -> Result<(), Fault> {
        let token = session.access.token.expose_secret();
        let state = self.state();
        if !state.refused_tokens.contains(token) {
            session.access.note_accepted();
            if !state.ending_tokens.contains(token) {
                return Ok(());
            }
        }
        Err(Fault::Unauthorised {
            reason: "the token is refused".into(),
        })
    }
}

/// A person who has nothing but an address.
pub(crate) fn person(email: &str) -> Record {
    let mut record = Record::new("contact");
    let element = model::Element {
        label: "work".into(),
        parts: BTreeMap::from([("value".to_owned(), email.to_owned())]),
    };
    record.set(
        Path::parse("emails").unwrap(),
        Some(Value::Elements(vec![element])),
    );
    record
}

impl State {
    fn put(&mut self, id: &str, record: Record, inside: bool) {
        let version = self.log.len() + 1;
        self.rows.insert(
            id.to_owned(),
            Row {
                record,
                inside,
                deleted: false,
                version,
            },
        );
        self.log.push(id.to_owned());
    }

    fn seen(&self, id: &str) -> Seen {
        let row = &self.rows[id];
        let what = if row.deleted {
            What::Deleted { at: None }
        } else if row.inside {
            What::Inside(row.record.clone())
        } else {
            What::Outside(row.record.clone())
        };
        Seen {
            remote_id: id.to_owned(),
            former_ids: Vec::new(),
            version: Some(Version {
                token: row.version.to_string(),
                changed_at_micros: None,
                coarse: false,
            }),
            marker: None,
            what,
        }
    }

    fn snapshot_page(&self, from: usize, end: usize) -> Page {
        let live: Vec<_> = self.rows.iter().filter(|(_, row)| !row.deleted).collect();
        let ids = live.iter().skip(from).take(self.page_size);
        let last = from + self.page_size >= live.len();
        Page {
            seen: ids.map(|(id, _)| self.seen(id)).collect(),
            snapshot: Some(SnapshotPart {
                extent: Extent::Account,
                end: last,
            }),
            next: (!last).then(|| json!({"snapshot_from": from + self.page_size, "end": end})),
            restart: last.then(|| end.to_string()),
            ..self.empty_page()
        }
    }

    fn delta_page(&self, from: usize, end: usize) -> Page {
        let to = end.min(from + self.page_size);
        let last = to == end;
        Page {
            seen: self.log[from..to].iter().map(|id| self.seen(id)).collect(),
            next: (!last).then(|| json!({"from": to, "end": end})),
            restart: last.then(|| end.to_string()),
            ..self.empty_page()
        }
    }

    fn empty_page(&self) -> Page {
        Page {
            seen: Vec::new(),
            readable: vec![Path::parse("emails").unwrap()],
            snapshot: None,
            restart: None,
            next: None,
            provider_time: Timestamp::now(),
            collection: self.collection,
        }
    }
}

#[async_trait]
impl Provider for Memory {
    fn about(&self) -> About {
        About {
            provider: "memory",
            display_name: "Memory",
            kinds: &["contact"],
            horizon: Duration::from_secs(90),
            request_timeout: Duration::from_secs(5),
            carries_marker: true,
        }
    }

    async fn authorize_url(
        &self,
        redirect_uri: &str,
        state: &str,
        code_challenge: &str,
    ) -> Result<Url, Fault> {
        let query = [
            ("redirect_uri", redirect_uri),
            ("state", state),
            ("code_challenge", code_challenge),
        ];
        Ok(Url::parse_with_params("https://memory.example/consent", query).unwrap())
    }

    async fn exchange(&self, _http: &HttpClient, grant: Grant) -> Result<SignedIn, Fault> {
        let secret = match grant {
            Grant::Code { code, .. } => code,
            Grant::SecretFile(json) => json,
        };
        if secret.expose_secret() == "wrong" {
            return Err(Fault::Unauthorised {
                reason: "the code is not valid".into(),
            });
        }
        Ok(SignedIn {
            secret: secret.expose_secret().as_bytes().to_vec(),
            account: account(),
        })
    }

    async fn renew(&self, _http: &HttpClient, secret: &[u8]) -> Result<Renewed, Fault> {
        if secret == b"revoked" {
            return Err(Fault::Unauthorised {
                reason: "the grant was revoked".into(),
            });
        }
        let token = SecretString::from("fresh");
        let api_base = Some(Url::parse("https://eu.memory.example/").unwrap());
        Ok(Renewed {
            access: Access::new(token, api_base),
            expires_in: Duration::from_hours(1),
            replacement: Some(b"next".to_vec()),
        })
    }

    async fn verify(&self, session: Session<'_>) -> Result<Account, Fault> {
        self.admit(session)?;
        Ok(account())
    }

    async fn collections(
        &self,
        session: Session<'_>,
        _kind: &str,
    ) -> Result<Vec<Collection>, Fault> {
        self.admit(session)?;
        Ok(vec![Collection {
            id: "1".into(),
            name: "Clients".into(),
            form: "group".into(),
        }])
    }

    async fn fields(&self, session: Session<'_>, _kind: &str) -> Result<Catalogue, Fault> {
        self.admit(session)?;
        Ok(Catalogue(vec![CatalogueEntry {
            path: Path::parse("emails[work]").unwrap(),
            name: "Mail".into(),
            readable: true,
            writable: true,
            max_length: Some(100),
            max_elements: None,
            required: false,
        }]))
    }

    async fn page(&self, session: Session<'_>, scope: &Scope, at: &At) -> Result<Page, Fault> {
        let _gate = self.page_gate.read().await;
        while self.state().stuck.contains(&scope.connection) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.admit(session)?;
        let mut state = self.state();
        assert!(
            !state.panics.contains(&scope.sync),
            "over a page, on purpose"
        );
        if let At::Start { cursor } = at {
            state.starts.push((scope.sync.clone(), cursor.clone()));
        }
        let faults = state.faults.get_mut(&scope.connection);
        if let Some(fault) = faults.and_then(VecDeque::pop_front) {
            return Err(fault);
        }
        state.pages += 1;
        let end = state.log.len();
        let number = |next: &Json, name: &str| usize::try_from(next.get(name)?.as_u64()?).ok();
        match at {
            At::Start { cursor: None } => Ok(state.snapshot_page(0, end)),
            At::Start {
                cursor: Some(cursor),
            } => {
                let from = cursor.parse().unwrap();
                if from < state.oldest_cursor {
                    return Err(Fault::CursorExpired);
                }
                Ok(state.delta_page(from, end))
            }
            At::Next(next) => {
                let end = number(next, "end").unwrap();
                match number(next, "snapshot_from") {
                    Some(from) => Ok(state.snapshot_page(from, end)),
                    None => Ok(state.delta_page(number(next, "from").unwrap(), end)),
                }
            }
        }
    }

    fn batches(&self, _scope: &Scope, writes: Vec<Write>) -> Vec<Batch> {
        let mut kinds: BTreeMap<BatchKind, Vec<Write>> = BTreeMap::new();
        for write in writes {
            let poison = write
                .operation
                .remote_id()
                .is_some_and(|id| self.state().poison_grouping.contains(id));
            assert!(!poison, "over a write that is grouped, on purpose");
            kinds.entry(write.operation.kind()).or_default().push(write);
        }
        let chunks = kinds.iter().flat_map(|(kind, writes)| {
            writes.chunks(BATCH).map(|writes| Batch {
                kind: *kind,
                writes: writes.to_vec(),
            })
        });
        chunks.collect()
    }

    async fn execute(&self, session: Session<'_>, _scope: &Scope, batch: &Batch) -> Vec<Outcome> {
        let all = |answer: Answer| vec![Outcome::new(answer, 1.0); batch.writes.len()];
        let ids = batch.writes.iter().map(|write| write.id.clone()).collect();
        self.state().calls.push(ids);
        let latest = session.begin_before;
        let within = latest.map(|latest| latest.saturating_duration_since(Instant::now()));
        self.state().begin_within.push(within);
        let _gate = self.write_gate.read().await;
        if let Err(fault) = self.admit(session) {
            return all(fault.into());
        }
        let mut state = self.state();
        if let Some(fault) = state.write_faults.pop_front() {
            return all(fault.into());
        }
        let mut outcomes = Vec::new();
        for write in &batch.writes {
            let id = write.operation.remote_id().unwrap_or(&write.id).to_owned();
            assert!(!state.poison.contains(&id), "over a write, on purpose");
            if let Operation::Create(create) = &write.operation {
                state.put(&id, create.record.clone(), true);
            }
            let applied = Applied {
                remote_id: id,
                version: None,
                answer: None,
                refused: Vec::new(),
            };
            outcomes.push(Outcome::new(Answer::Applied(applied), 1.0));
        }
        outcomes
    }

    fn push(&self) -> Option<&dyn Push> {
        self.pushes.then_some(self)
    }
}

fn account() -> Account {
    Account {
        id: "account-1".into(),
        name: "Ana".into(),
        missing_rights: vec!["delete".into()],
    }
}

#[async_trait]
impl Push for Memory {
    async fn subscribe(
        &self,
        session: Session<'_>,
        _scope: &Scope,
        address: &Url,
        key: &ChannelKey,
    ) -> Result<Channel, Fault> {
        self.admit(session)?;
        let life = {
            let mut state = self.state();
            state.channels.push((key.clone(), address.clone()));
            state.channel_life
        };
        let early = deliver(
            address,
            &key.id.to_string(),
            key.token.expose_secret(),
            1,
            "",
        )
        .await;
        self.state().early_deliveries.push(early);
        Ok(Channel {
            id: key.id.to_string(),
            expires_at: Timestamp::now() + jiff::SignedDuration::try_from(life).unwrap(),
            resource: "contacts".into(),
        })
    }

    async fn unsubscribe(&self, _session: Session<'_>, channel: &Channel) -> Result<(), Fault> {
        assert_eq!(channel.resource, "contacts");
        self.state().closed_channels.push(channel.id.clone());
        Ok(())
    }

    fn identify(
        &self,
        headers: &HeaderMap,
        _uri: &http::Uri,
        body: &Bytes,
    ) -> Result<Delivery, PushError> {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        Ok(Delivery {
            channel: text("x-channel").ok_or(PushError::Unrecognised)?,
            token: text("x-token").ok_or(PushError::Unrecognised)?.into(),
            sequence: text("x-number").and_then(|number| number.parse().ok()),
            news: body != "greeting",
        })
    }
}

/// Delivers a push as this provider does, with a number or without, and answers with the status.
pub(crate) async fn deliver(
    address: &Url,
    channel: &str,
    token: &str,
    number: impl Into<Option<i64>>,
    body: &str,
) -> u16 {
    provider::install_tls();
    let mut request = reqwest::Client::new()
        .post(address.clone())
        .header("x-channel", channel)
        .header("x-token", token);
    if let Some(number) = number.into() {
        request = request.header("x-number", number);
    }
    request
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}
