//! Everything the emulator remembers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::account::Account;
use super::calendar::{Calendars, TIME_ZONE};
use super::group;
use super::masks::{GROUP_READABLE, Mask, READABLE};
use super::oauth::{Grants, ServiceAccounts};
use super::person::{Sources, View, person};
use super::quota::Meter;
use super::settings::Settings;
use crate::emulator::Strike;

/// The accounts there are at the start: address, owner, time zone.
const ACCOUNTS: [(&str, &str, &str); 2] = [
    ("ana@example.com", "Ana Petrov", TIME_ZONE),
    ("ben@example.com", "Ben Okafor", "America/New_York"),
];

/// Accounts, tokens, settings and meters.
#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    /// By e-mail address.
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) calendars: Calendars,
    pub(super) grants: Grants,
    pub(super) service_accounts: ServiceAccounts,
    pub(super) meter: Meter,
    /// Cursors of earlier epochs are expired.
    pub(super) epoch: u64,
    /// Where the emulator is reached, once its port is bound.
    pub(super) base_url: String,
    seed: u64,
}

impl State {
    pub(super) fn new(settings: Settings, seed: u64) -> Self {
        let mut state = Self {
            settings,
            accounts: BTreeMap::new(),
            calendars: Calendars::default(),
            grants: Grants::default(),
            service_accounts: ServiceAccounts::default(),
            meter: Meter::default(),
            epoch: 0,
            base_url: String::new(),
            seed,
        };
        for (email, name, time_zone) in ACCOUNTS {
            state.add_account(email, name, time_zone);
        }
        state
    }

    /// Adds an account with a refresh token and a primary calendar; nothing happens if there is one with this address.
    pub(super) fn add_account(&mut self, email: &str, name: &str, time_zone: &str) {
        if self.accounts.contains_key(email) {
            return;
        }
        let id = format!("1{:020}", 7 + 3 * self.accounts.len());
        self.grants.add_default(self.seed, email);
        self.accounts
            .insert(email.to_owned(), Account::new(&id, email, name, self.seed));
        self.calendars.open(email, time_zone);
    }

    /// The account that scenarios fill.
    pub(super) fn default_account() -> &'static str {
        ACCOUNTS[0].0
    }

    /// Another account that is there from the start.
    pub(super) fn colleague_of(email: &str) -> &'static str {
        let other = ACCOUNTS.iter().find(|account| account.0 != email);
        other.map_or(ACCOUNTS[0].0, |account| account.0)
    }

    pub(super) fn strike(&mut self, strike: Strike) {
        match strike {
            Strike::ExpireCursors => self.epoch += 1,
            Strike::RevokeGrants => self.grants.revoke_all(),
            Strike::ExpireAccessTokens => self.grants.expire_access(),
        }
    }

    /// Addresses and refresh tokens of the accounts.
    pub(super) fn account_credentials(&self) -> Vec<Value> {
        self.accounts
            .values()
            .map(|account| {
                json!({
                    "email": account.email,
                    "id": account.id,
                    "resource_name": format!("people/{}", account.id),
                    "refresh_token": Grants::first_refresh_token(self.seed, &account.email),
                })
            })
            .collect()
    }

    /// Every contact and group of every account, and every calendar, as it truly is.
    pub(super) fn truth(&self, now: i64) -> Value {
        let accounts: Map<String, Value> = self
            .accounts
            .values()
            .map(|account| (account.email.clone(), account_truth(account, now)))
            .collect();
        json!({ "accounts": accounts, "calendar": self.calendars.truth() })
    }
}

fn account_truth(account: &Account, now: i64) -> Value {
    let everything = View::of(
        Mask::all(READABLE),
        Sources {
            contact: true,
            profile: false,
        },
    );
    let group_mask = Mask::all(GROUP_READABLE);
    let shown = |version| {
        let key = account
            .contact_key(&contact_name(version))
            .unwrap_or_default();
        person(key, version, &everything)
    };
    let contacts: Vec<Value> = account
        .contacts
        .all()
        .filter(|version| !version.deleted)
        .map(shown)
        .collect();
    let trash: Vec<Value> = account
        .trashed(now)
        .filter_map(|key| account.contacts.truth(key))
        .map(shown)
        .collect();
    let groups: Vec<Value> = account
        .groups
        .all()
        .filter(|version| !version.deleted)
        .map(|version| {
            let name = version.value.resource_name();
            let key = account.group_key(&name).unwrap_or_default();
            group::view(key, version, account.member_count(&name), &group_mask)
        })
        .collect();
    json!({ "id": account.id, "contacts": contacts, "trash": trash, "groups": groups })
}

fn contact_name(version: &super::ledger::Version<super::person::Contact>) -> String {
    version.value.resource_name()
}
