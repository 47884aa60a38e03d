//! A system of a scenario's own, with short waits, and with servers of its own where these are to suffer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use e2e::{Configuration, Infrastructure, Sandbox, System, Timing};
use local::Durability;
use proto::reconcile::StatusResponse;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use test_kit::{Database, Folder, Nats, eventually};

use crate::{crowd::Crowd, kind::Kind, verdict::Before};

/// Records on each side when a scenario is run without `RAPPORT_CHAOS_RECORDS`.
const RECORDS: u32 = 300;
/// The longest wait for something that is about to happen.
pub const SOON: Duration = Duration::from_mins(2);

/// How often people type on until what they type must have led to every kind of call.
const TIMES_TYPED: usize = 8;

/// What a provider may show late, and how long a call takes at most, in seconds.
const TIMING: Timing = Timing {
    horizon_seconds: 3,
    request_timeout_seconds: 4,
};

/// The system, the people who use both accounts, and how everything was before.
pub struct Stage {
    /// What the accounts are full of.
    pub kind: Kind,
    pub system: System,
    pub servers: Servers,
    pub crowd: Crowd,
    pub before: Before,
    /// The random part of the scenario.
    pub random: StdRng,
    seed: u64,
    began: Instant,
    folder: Option<Folder>,
}

/// NATS and PostgreSQL.
pub enum Servers {
    /// Those of all tests.
    Shared(Option<Database>),
    /// Private ones, which may be killed and lose what they hold.
    Own(Box<local::Nats>, Box<local::Postgres>),
}

impl Drop for Stage {
    /// Says how long it took; a failed scenario leaves its logs and its database behind, to be looked at.
    #[allow(clippy::print_stderr, reason = "what a scenario says")]
    fn drop(&mut self) {
        let seconds = self.began.elapsed().as_secs_f32();
        eprintln!("{seconds:.1} s, RAPPORT_CHAOS_SEED={}", self.seed);
        if !std::thread::panicking() {
            return;
        }
        let folder = self.folder.take();
        let shared = match &mut self.servers {
            Servers::Shared(database) => database.take(),
            Servers::Own(..) => None,
        };
        let place = folder.as_ref().map(|folder| folder.path().display());
        let url = shared.as_ref().map(|database| &database.url);
        eprintln!("logs are in {place:?}, the database is {url:?}");
        std::mem::forget((folder, shared));
    }
}

/// A number that the environment names.
#[allow(
    clippy::disallowed_methods,
    reason = "the settings of the tests themselves"
)]
fn number(name: &str, unless_set: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(unless_set, |text| text.parse().expect(name))
}

/// Records on each side.
pub fn records() -> u32 {
    number("RAPPORT_CHAOS_RECORDS", RECORDS.into())
        .try_into()
        .expect("few enough records")
}

/// Whether scenarios are run at more than their usual size, without haste.
pub fn is_soak() -> bool {
    records() > RECORDS
}

/// What every service is told: short waits, and a pace that the sandbox allows.
fn settings() -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        settings.insert(format!("RAPPORT_{name}"), value.to_owned());
    };
    for (name, value) in [
        ("NATS_PARTITIONS", "2"),
        ("NATS_STREAM_MEBIBYTES", "16"),
        ("DATABASE_MAX_CONNECTIONS", "6"),
        ("LOOK_AGAIN_SECONDS", "2,5,10"),
        ("LEASE_SECONDS", "6"),
        ("STALLED_SECONDS", "8"),
        ("DEFINITIONS_SECONDS", "10"),
        ("PUSH_CHECK_SECONDS", "5"),
        ("GOOGLE_READS_PER_MINUTE", "6000"),
        ("GOOGLE_WRITES_PER_MINUTE", "6000"),
        ("GOOGLE_GROUP_WRITES_PER_MINUTE", "6000"),
        ("GOOGLE_CALENDAR_REQUESTS_PER_MINUTE", "6000"),
    ] {
        set(name, value);
    }
    for provider in ["GOOGLE", "ZOHO"] {
        let seconds = [
            ("HORIZON", TIMING.horizon_seconds),
            ("REQUEST_TIMEOUT", TIMING.request_timeout_seconds),
        ];
        for (name, seconds) in seconds {
            set(&format!("{provider}_{name}_SECONDS"), &seconds.to_string());
        }
    }
    settings
}

impl Stage {
    /// Everything up and signed in, beside the servers that tests share.
    pub async fn new(kind: Kind) -> Self {
        Self::of(kind, records()).await
    }

    /// As [`Stage::new`], with so many records on each side.
    pub async fn of(kind: Kind, records: u32) -> Self {
        let stage = Self::beside_others(kind, records, BTreeMap::new()).await;
        stage.signed_in().await
    }

    /// As [`Stage::new`], with these variables in the environment of every service; nobody has signed in yet.
    pub async fn told(kind: Kind, more: BTreeMap<String, String>) -> Self {
        Self::beside_others(kind, records(), more).await
    }

    async fn beside_others(kind: Kind, records: u32, more: BTreeMap<String, String>) -> Self {
        let (database, nats) = (Database::create(None).await, Nats::create().await);
        let infrastructure = Infrastructure {
            nats_url: nats.url.clone(),
            namespace: nats.namespace.clone(),
            database_url: database.url.clone(),
        };
        let servers = Servers::Shared(Some(database));
        let folder = Folder::new("rapport-chaos");
        Self::with((kind, records), servers, &infrastructure, folder, more).await
    }

    /// As [`Stage::new`], with servers of its own that keep what they confirm.
    pub async fn with_own_servers(kind: Kind) -> Self {
        let folder = Folder::new("rapport-chaos");
        let path = |name: &str| folder.path().join(name);
        let nats = local::Nats::start(&path("nats"), Durability::Durable).await;
        let postgres = local::Postgres::start(&path("postgres"), Durability::Durable).await;
        let (nats, postgres) = (nats.unwrap(), postgres.unwrap());
        postgres.create_database("rapport").await.unwrap();
        let infrastructure = Infrastructure {
            nats_url: nats.url(),
            namespace: "rapport".to_owned(),
            database_url: postgres.url("rapport"),
        };
        let servers = Servers::Own(Box::new(nats), Box::new(postgres));
        let filled = (kind, records());
        let stage = Self::with(filled, servers, &infrastructure, folder, BTreeMap::new()).await;
        stage.signed_in().await
    }

    async fn with(
        (kind, records): (Kind, u32),
        servers: Servers,
        infrastructure: &Infrastructure,
        folder: Folder,
        more: BTreeMap<String, String>,
    ) -> Self {
        let began = Instant::now();
        let seed = number("RAPPORT_CHAOS_SEED", 1);
        let seed_text = seed.to_string();
        let sandbox = Sandbox::start(&["--seed", &seed_text]).await.unwrap();
        kind.fill(&sandbox, records, seed).await;
        let before = Before::look(kind, &sandbox).await;
        let mut told = settings();
        told.extend(more);
        let configuration = Configuration::Shipped(told);
        let system = System::start_with(sandbox, infrastructure, &configuration, folder.path())
            .await
            .unwrap();
        Self {
            kind,
            system,
            servers,
            crowd: Crowd::default(),
            before,
            random: StdRng::seed_from_u64(seed),
            seed,
            began,
            folder: Some(folder),
        }
    }

    async fn signed_in(self) -> Self {
        self.system.connect().await.unwrap();
        self
    }

    /// Makes the sync, or changes it.
    pub async fn apply(&self, policies: &str) {
        self.system.apply(&self.kind.yaml(policies)).await.unwrap();
    }

    /// Waits until everything is read, planned, written and answered, past the providers' lag.
    pub async fn quiet(&mut self) -> StatusResponse {
        // A debug build takes about a second for ten records.
        let records = self.before.zoho_inside.len() as u64;
        let within = Duration::from_mins(4) + Duration::from_secs(records / 10);
        self.system
            .quiet(self.kind.sync(), within, TIMING)
            .await
            .unwrap()
    }

    /// Waits until the sync's status is so. Each look checks that its states add up.
    pub async fn until(
        &self,
        what: &str,
        look: impl Fn(&StatusResponse) -> bool,
    ) -> StatusResponse {
        self.until_within(what, SOON, look).await
    }

    /// As [`Stage::until`], for what takes longer.
    pub async fn until_within(
        &self,
        what: &str,
        within: Duration,
        look: impl Fn(&StatusResponse) -> bool,
    ) -> StatusResponse {
        eventually(what, within, async || {
            let status = self.system.status(self.kind.sync()).await;
            let status = status.map_err(|error| format!("{error:#}"))?;
            if look(&status) {
                Ok(status)
            } else {
                Err(format!("{status:?}"))
            }
        })
        .await
    }

    /// Waits until writes are out.
    pub async fn in_flight(&self) {
        self.until("writes are in flight", |status| status.open_writes > 0)
            .await;
    }

    /// A rule of the sandbox's fault script.
    pub async fn fault(&self, provider: &str, method: &str, more: Value) -> u64 {
        let mut rule = json!({ "provider": provider, "method": method });
        let members = rule.as_object_mut().unwrap();
        members.extend(more.as_object().cloned().unwrap());
        let answer = self.system.sandbox.post("faults", &rule).await.unwrap();
        answer["id"].as_u64().unwrap()
    }

    /// Waits until a rule has hit so many calls.
    pub async fn hit(&self, rule: u64, times: u64) {
        eventually("a call is hit by the fault", SOON * 2, async || {
            let rules = self.system.sandbox.get("faults").await.unwrap();
            let rules = rules["rules"].as_array().cloned().unwrap_or_default();
            let found = rules.into_iter().find(|known| known["id"] == rule);
            let hit = found.and_then(|rule| rule["hit"].as_u64());
            hit.filter(|hit| *hit >= times)
        })
        .await;
    }

    /// Waits until a rule has hit a call, and has people type on: what they type is drawn, and may lead to no such call yet.
    pub async fn hit_as_people_type(&mut self, rule: u64) {
        for _ in 0..TIMES_TYPED {
            let hit = tokio::time::timeout(SOON / 6, self.hit(rule, 1)).await;
            if hit.is_ok() {
                return;
            }
            self.people_type(6).await;
        }
        let status = self.system.status(self.kind.sync()).await;
        panic!("rule {rule} has hit no call: {status:?}");
    }

    /// Ends every fault.
    pub async fn no_faults(&self) {
        self.system.sandbox.delete("faults").await.unwrap();
    }

    /// A service ends at this point, with people typing before it and while it is away; then it is started again.
    pub async fn dies_at(&mut self, service: &str, point: &str) {
        self.system.arm(service, point).await.unwrap();
        self.people_type(4).await;
        let ended = self.system.revive(service, SOON).await;
        ended.unwrap_or_else(|error| panic!("{service} at {point}: {error:#}"));
    }
}
