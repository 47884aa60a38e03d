//! Who granted what to whom, and the tokens that stand for it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{DEFAULT_SCOPES, OAuthError};
use crate::dice::{Dice, stable_number};

/// Refresh tokens that one account may have with one client; the oldest dies silently.
const LIVE_REFRESH_TOKENS: usize = 100;
/// Life of an authorization code.
const CODE_MILLISECONDS: i64 = 10 * 60 * 1000;

/// What an access token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::google) struct Access {
    /// E-mail address of the account.
    pub(in crate::google) account: String,
    pub(in crate::google) scopes: BTreeSet<String>,
    expires_at: i64,
    /// The refresh token it came from.
    refresh: Option<String>,
}

impl Access {
    /// How long the token lives on.
    pub(super) fn seconds_left(&self, now: i64) -> i64 {
        (self.expires_at - now) / 1000
    }
}

/// What a refresh token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refresh {
    pub(super) account: String,
    pub(super) scopes: BTreeSet<String>,
    issued: u64,
}

/// A consent that waits for its code to be exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) account: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) redirect_uri: String,
    /// `code_challenge` and its method, `S256` or `plain`.
    pub(super) challenge: Option<(String, String)>,
    /// Whether the exchange gives a refresh token.
    pub(super) offline: bool,
    pub(super) expires_at: i64,
}

/// All tokens.
#[derive(Debug, Default)]
pub(in crate::google) struct Grants {
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    codes: HashMap<String, Pending>,
    consented: HashSet<String>,
    issued: u64,
}

impl Grants {
    /// The refresh token that an account has from the start; it follows from the seed.
    pub(in crate::google) fn first_refresh_token(seed: u64, account: &str) -> String {
        format!(
            "1//sandbox-{:016x}",
            stable_number(seed, &["refresh", account])
        )
    }

    /// Gives an account its first refresh token.
    pub(in crate::google) fn add_default(&mut self, seed: u64, account: &str) {
        let scopes = DEFAULT_SCOPES.iter().map(|scope| (*scope).to_owned());
        let token = Self::first_refresh_token(seed, account);
        self.insert_refresh(token, account, scopes.collect());
    }

    /// What a live access token stands for.
    pub(in crate::google) fn access(&self, token: &str, now: i64) -> Option<&Access> {
        self.access
            .get(token)
            .filter(|access| now < access.expires_at)
    }

    /// Revokes everything.
    pub(in crate::google) fn revoke_all(&mut self) {
        self.access.clear();
        self.refresh.clear();
        self.codes.clear();
        self.consented.clear();
    }

    /// Revokes everything of one account.
    pub(in crate::google) fn revoke_account(&mut self, account: &str) {
        self.access.retain(|_, access| access.account != account);
        self.refresh.retain(|_, refresh| refresh.account != account);
        self.codes.retain(|_, pending| pending.account != account);
        self.consented.remove(account);
    }

    /// Ends every access token.
    pub(in crate::google) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// A new access token.
    pub(super) fn new_access(
        &mut self,
        dice: &Dice,
        account: &str,
        scopes: BTreeSet<String>,
        refresh: Option<&str>,
        expires_at: i64,
    ) -> String {
        let token = format!("ya29.sandbox-{}", dice.token());
        self.access.insert(
            token.clone(),
            Access {
                account: account.to_owned(),
                scopes,
                expires_at,
                refresh: refresh.map(str::to_owned),
            },
        );
        token
    }

    /// A new refresh token.
    pub(super) fn new_refresh(
        &mut self,
        dice: &Dice,
        account: &str,
        scopes: BTreeSet<String>,
    ) -> String {
        let token = format!("1//sandbox-{}", dice.token());
        self.insert_refresh(token.clone(), account, scopes);
        token
    }

    fn insert_refresh(&mut self, token: String, account: &str, scopes: BTreeSet<String>) {
        self.issued += 1;
        self.consented.insert(account.to_owned());
        self.refresh.insert(
            token,
            Refresh {
                account: account.to_owned(),
                scopes,
                issued: self.issued,
            },
        );
        let of_account = || {
            self.refresh
                .iter()
                .filter(|(_, other)| other.account == account)
        };
        if of_account().count() > LIVE_REFRESH_TOKENS
            && let Some(oldest) = of_account()
                .min_by_key(|(_, other)| other.issued)
                .map(|(token, _)| token.clone())
        {
            self.refresh.remove(&oldest);
        }
    }

    /// What a refresh token stands for.
    pub(super) fn refresh(&self, token: &str) -> Result<&Refresh, OAuthError> {
        self.refresh.get(token).ok_or_else(OAuthError::dead_grant)
    }

    /// Whether this account has consented before.
    pub(super) fn has_consented(&self, account: &str) -> bool {
        self.consented.contains(account)
    }

    /// A code for a consent.
    pub(super) fn new_code(&mut self, dice: &Dice, mut pending: Pending, now: i64) -> String {
        pending.expires_at = now + CODE_MILLISECONDS;
        let code = format!("4/sandbox-{}", dice.token());
        self.codes.insert(code.clone(), pending);
        code
    }

    /// Takes the consent behind a code; a code works once.
    pub(super) fn take_code(&mut self, code: &str, now: i64) -> Option<Pending> {
        self.codes
            .remove(code)
            .filter(|pending| now < pending.expires_at)
    }

    /// Revokes a token of either kind, and what hangs on it; false if there is none.
    pub(super) fn revoke(&mut self, token: &str) -> bool {
        let refresh = match self.access.remove(token) {
            Some(access) => access.refresh,
            None if self.refresh.contains_key(token) => Some(token.to_owned()),
            None => return false,
        };
        if let Some(refresh) = refresh {
            if let Some(grant) = self.refresh.remove(&refresh) {
                self.consented.remove(&grant.account);
            }
            self.access
                .retain(|_, access| access.refresh.as_deref() != Some(&refresh));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hundred_and_first_refresh_token_kills_the_oldest() {
        let (mut grants, dice) = (Grants::default(), Dice::new(1));
        let first = grants.new_refresh(&dice, "ana", BTreeSet::new());
        for _ in 0..LIVE_REFRESH_TOKENS - 1 {
            grants.new_refresh(&dice, "ana", BTreeSet::new());
        }
        assert!(grants.refresh(&first).is_ok());
        grants.new_refresh(&dice, "ana", BTreeSet::new());
        assert!(grants.refresh(&first).is_err());
    }

    #[test]
    fn revoking_an_access_token_revokes_its_grant() {
        let (mut grants, dice) = (Grants::default(), Dice::new(1));
        let refresh = grants.new_refresh(&dice, "ana", BTreeSet::new());
        let access = grants.new_access(&dice, "ana", BTreeSet::new(), Some(&refresh), 100);
        let other = grants.new_access(&dice, "ana", BTreeSet::new(), Some(&refresh), 100);
        assert!(grants.revoke(&access));
        assert!(grants.access(&other, 0).is_none());
        assert!(grants.refresh(&refresh).is_err());
        assert!(!grants.revoke(&access));
    }
}
