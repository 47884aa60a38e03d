//! Everything the emulator remembers.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::SignedDuration;

use crate::emulator::Shared;

use super::id::Id;
use super::oauth::grants::{Consent, Grants, Limits};
use super::org::Org;
use super::paging::PageTokens;
use super::quota::Pools;
use super::settings::Settings;
use super::start;
use super::watch::sent::Sent;

/// The emulator.
pub(super) struct Zoho {
    pub(super) shared: Shared,
    /// Sends the callbacks.
    pub(super) http: reqwest::Client,
    base_url: OnceLock<String>,
    state: Mutex<State>,
    sent: Mutex<Sent>,
}

/// What a reset throws away.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) grants: Grants,
    pub(super) orgs: Vec<Org>,
    pub(super) page_tokens: PageTokens,
    /// By organisation.
    pub(super) pools: Vec<Pools>,
}

impl Zoho {
    pub(super) fn new(shared: Shared, http: reqwest::Client) -> Self {
        let state = Mutex::new(State::new(&shared));
        Self {
            shared,
            http,
            base_url: OnceLock::new(),
            state,
            sent: Mutex::default(),
        }
    }

    /// The state, for as short as possible: nothing waits while it is held.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The callbacks that were sent.
    pub(super) fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Back to the state at start.
    pub(super) fn reset(&self) {
        *self.state() = State::new(&self.shared);
    }

    /// Where the emulator listens, without a trailing slash.
    pub(super) fn base_url(&self) -> String {
        self.base_url.get().cloned().unwrap_or_default()
    }

    pub(super) fn bound(&self, base_url: &str) {
        // Bound once; a second call would not change where the first one listens.
        let _ = self.base_url.set(base_url.to_owned());
    }

    /// Whether this is the test client.
    #[allow(clippy::unused_self, reason = "clients belong to the accounts server")]
    pub(super) fn is_client(&self, client_id: &str) -> bool {
        client_id == start::CLIENT_ID
    }

    /// The secret of the test client.
    #[allow(clippy::unused_self, reason = "clients belong to the accounts server")]
    pub(super) fn client_secret(&self) -> &'static str {
        start::CLIENT_SECRET
    }
}

impl State {
    fn new(shared: &Shared) -> Self {
        let settings = if shared.kind {
            Settings::kind()
        } else {
            Settings::unkind()
        };
        let orgs = start::orgs();
        let mut grants = Grants::default();
        for (token, org, user) in start::refresh_tokens(&orgs) {
            let consent = Consent {
                client_id: start::CLIENT_ID.to_owned(),
                org,
                user,
                scope: start::SCOPE.to_owned(),
            };
            grants.install(token.to_owned(), consent);
        }
        Self {
            settings,
            grants,
            pools: orgs.iter().map(|_| Pools::default()).collect(),
            orgs,
            page_tokens: PageTokens::default(),
        }
    }

    /// Opens an organisation for a user of this address; answers its id and a refresh token of the user.
    pub(super) fn open(&mut self, email: &str) -> (String, String) {
        let org = start::opened(self.orgs.len(), email);
        let refresh_token = format!("1000.sandbox-refresh-{}", org.zgid);
        let consent = Consent {
            client_id: start::CLIENT_ID.to_owned(),
            org: self.orgs.len(),
            user: org.users[0].id,
            scope: start::SCOPE.to_owned(),
        };
        self.grants.install(refresh_token.clone(), consent);
        let zgid = org.zgid.clone();
        self.orgs.push(org);
        self.pools.push(Pools::default());
        (zgid, refresh_token)
    }

    /// What limits tokens at the moment.
    pub(super) fn token_limits(&self) -> Limits {
        let seconds = i64::try_from(self.settings.access_token_seconds).unwrap_or(i64::MAX);
        Limits {
            access_life: SignedDuration::from_secs(seconds),
            tokens_per_window: self.settings.tokens_per_ten_minutes,
        }
    }

    /// A user by e-mail address, with the index of the organisation; without one, the default user.
    pub(super) fn find_user(&self, email: Option<&str>) -> Option<(usize, Id)> {
        self.orgs.iter().enumerate().find_map(|(index, org)| {
            org.users
                .iter()
                .find(|user| email.is_none_or(|email| user.email.eq_ignore_ascii_case(email)))
                .map(|user| (index, user.id))
        })
    }
}
