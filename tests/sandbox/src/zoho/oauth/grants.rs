//! Codes, refresh tokens and access tokens.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::dice::Dice;
use crate::zoho::id::Id;

/// A grant code lives three minutes.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(3);
/// Live access tokens of one refresh token; one more kills the oldest.
const ACCESS_TOKENS: usize = 15;
/// Refresh tokens of one user at one client; one more kills the oldest, with its access tokens.
const REFRESH_TOKENS: usize = 20;
/// The window of the token throttle.
const THROTTLE_WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Who consented to what: one user of one organisation, one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::zoho) struct Consent {
    pub(in crate::zoho) client_id: String,
    /// Index of the organisation.
    pub(in crate::zoho) org: usize,
    pub(in crate::zoho) user: Id,
    pub(in crate::zoho) scope: String,
}

#[derive(Debug, Clone)]
struct Code {
    consent: Consent,
    redirect_uri: String,
    offline: bool,
    issued: Timestamp,
}

#[derive(Debug, Clone)]
struct Grant {
    refresh_token: String,
    consent: Consent,
    /// When access tokens were asked for, for the throttle.
    asked: Vec<Timestamp>,
}

/// A live access token.
#[derive(Debug, Clone)]
pub(in crate::zoho) struct Access {
    pub(in crate::zoho) consent: Consent,
    pub(in crate::zoho) expires: Timestamp,
    refresh_token: Option<String>,
    number: u64,
}

/// Why no token was issued. `error` in the body; the HTTP status is 200 all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::zoho) enum TokenError {
    InvalidCode,
    Throttled,
}

/// An access token, with the refresh token that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::zoho) struct Issued {
    pub(in crate::zoho) access_token: String,
    pub(in crate::zoho) refresh_token: Option<String>,
    pub(in crate::zoho) scope: String,
}

/// Everything the accounts server remembers.
#[derive(Debug, Default)]
pub(in crate::zoho) struct Grants {
    codes: BTreeMap<String, Code>,
    /// Oldest first.
    refresh: Vec<Grant>,
    access: BTreeMap<String, Access>,
    issued: u64,
}

/// Limits that control may change.
#[derive(Debug, Clone, Copy)]
pub(in crate::zoho) struct Limits {
    pub(in crate::zoho) access_life: SignedDuration,
    pub(in crate::zoho) tokens_per_window: usize,
}

impl Grants {
    /// A user has agreed: the code for the redirect.
    pub(in crate::zoho) fn consent(
        &mut self,
        dice: &Dice,
        now: Timestamp,
        consent: Consent,
        redirect_uri: &str,
        offline: bool,
    ) -> String {
        let code = format!("1000.{}", dice.token());
        let entry = Code {
            consent,
            redirect_uri: redirect_uri.to_owned(),
            offline,
            issued: now,
        };
        self.codes.insert(code.clone(), entry);
        code
    }

    /// Exchanges a code, once.
    pub(in crate::zoho) fn exchange(
        &mut self,
        dice: &Dice,
        now: Timestamp,
        limits: Limits,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
    ) -> Result<Issued, TokenError> {
        let code = self.codes.remove(code).ok_or(TokenError::InvalidCode)?;
        let good = now.duration_since(code.issued) <= CODE_LIFE
            && code.consent.client_id == client_id
            && code.redirect_uri == redirect_uri;
        if !good {
            return Err(TokenError::InvalidCode);
        }
        if !code.offline {
            return Ok(self.issue(dice, now, limits, code.consent, None));
        }
        let refresh_token = format!("1000.{}", dice.token());
        self.install(refresh_token.clone(), code.consent);
        let mut issued = self.refresh(dice, now, limits, &refresh_token, client_id)?;
        issued.refresh_token = Some(refresh_token);
        Ok(issued)
    }

    /// A refresh token of this value for this consent.
    pub(in crate::zoho) fn install(&mut self, refresh_token: String, consent: Consent) {
        let same = |grant: &Grant| {
            grant.consent.client_id == consent.client_id
                && grant.consent.org == consent.org
                && grant.consent.user == consent.user
        };
        if self.refresh.iter().filter(|grant| same(grant)).count() >= REFRESH_TOKENS
            && let Some(oldest) = self.refresh.iter().position(same)
        {
            let oldest = self.refresh.remove(oldest).refresh_token;
            self.access
                .retain(|_, access| access.refresh_token.as_ref() != Some(&oldest));
        }
        self.refresh.push(Grant {
            refresh_token,
            consent,
            asked: Vec::new(),
        });
    }

    /// A new access token for a refresh token.
    pub(in crate::zoho) fn refresh(
        &mut self,
        dice: &Dice,
        now: Timestamp,
        limits: Limits,
        refresh_token: &str,
        client_id: &str,
    ) -> Result<Issued, TokenError> {
        let grant = self
            .refresh
            .iter_mut()
            .find(|grant| {
                grant.refresh_token == refresh_token && grant.consent.client_id == client_id
            })
            .ok_or(TokenError::InvalidCode)?;
        grant
            .asked
            .retain(|at| now.duration_since(*at) < THROTTLE_WINDOW);
        if grant.asked.len() >= limits.tokens_per_window {
            return Err(TokenError::Throttled);
        }
        grant.asked.push(now);
        let consent = grant.consent.clone();
        Ok(self.issue(dice, now, limits, consent, Some(refresh_token)))
    }

    fn issue(
        &mut self,
        dice: &Dice,
        now: Timestamp,
        limits: Limits,
        consent: Consent,
        refresh_token: Option<&str>,
    ) -> Issued {
        self.access.retain(|_, access| access.expires > now);
        let siblings = |access: &Access| {
            refresh_token.is_some() && access.refresh_token.as_deref() == refresh_token
        };
        if self
            .access
            .values()
            .filter(|access| siblings(access))
            .count()
            >= ACCESS_TOKENS
        {
            let oldest = self
                .access
                .iter()
                .filter(|(_, access)| siblings(access))
                .min_by_key(|(_, access)| access.number)
                .map(|(token, _)| token.clone());
            if let Some(oldest) = oldest {
                self.access.remove(&oldest);
            }
        }
        self.issued += 1;
        let access_token = format!("1000.{}.{}", dice.token(), dice.token());
        let scope = consent.scope.clone();
        let access = Access {
            consent,
            expires: now + limits.access_life,
            refresh_token: refresh_token.map(str::to_owned),
            number: self.issued,
        };
        self.access.insert(access_token.clone(), access);
        Issued {
            access_token,
            refresh_token: None,
            scope,
        }
    }

    /// What an access token stands for, while it lives.
    pub(in crate::zoho) fn access(&self, now: Timestamp, token: &str) -> Option<&Access> {
        self.access.get(token).filter(|access| access.expires > now)
    }

    /// Withdraws a refresh token with its access tokens, or one access token.
    pub(in crate::zoho) fn revoke(&mut self, token: &str) -> bool {
        let before = self.refresh.len();
        self.refresh.retain(|grant| grant.refresh_token != token);
        self.access
            .retain(|_, access| access.refresh_token.as_deref() != Some(token));
        self.access.remove(token).is_some() || self.refresh.len() < before
    }

    /// Withdraws everything.
    pub(in crate::zoho) fn revoke_all(&mut self) {
        self.codes.clear();
        self.refresh.clear();
        self.access.clear();
    }

    /// Every access token dies, refresh tokens live.
    pub(in crate::zoho) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Refresh tokens with their consents, oldest first.
    pub(in crate::zoho) fn list(&self) -> impl Iterator<Item = (&str, &Consent)> {
        self.refresh
            .iter()
            .map(|grant| (grant.refresh_token.as_str(), &grant.consent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        access_life: SignedDuration::from_hours(1),
        tokens_per_window: 10,
    };

    fn consent() -> Consent {
        Consent {
            client_id: "c".to_owned(),
            org: 0,
            user: "1".parse().unwrap(),
            scope: "ZohoCRM.modules.ALL".to_owned(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_code_works_once_and_for_three_minutes() {
        let (mut grants, dice) = (Grants::default(), Dice::new(1));
        let code = grants.consent(&dice, at(0), consent(), "http://x", true);
        let late = grants.exchange(&dice, at(181), LIMITS, &code, "c", "http://x");
        assert_eq!(late, Err(TokenError::InvalidCode));
        let code = grants.consent(&dice, at(0), consent(), "http://x", true);
        assert!(
            grants
                .exchange(&dice, at(60), LIMITS, &code, "c", "http://x")
                .is_ok()
        );
        let again = grants.exchange(&dice, at(60), LIMITS, &code, "c", "http://x");
        assert_eq!(again, Err(TokenError::InvalidCode));
    }

    #[test]
    fn the_eleventh_token_in_ten_minutes_is_refused() {
        let (mut grants, dice) = (Grants::default(), Dice::new(1));
        grants.install("r".to_owned(), consent());
        for second in 0..10 {
            assert!(grants.refresh(&dice, at(second), LIMITS, "r", "c").is_ok());
        }
        let eleventh = grants.refresh(&dice, at(599), LIMITS, "r", "c");
        assert_eq!(eleventh, Err(TokenError::Throttled));
        assert!(grants.refresh(&dice, at(600), LIMITS, "r", "c").is_ok());
    }

    #[test]
    fn the_sixteenth_live_token_kills_the_oldest() {
        let (mut grants, dice) = (Grants::default(), Dice::new(1));
        grants.install("r".to_owned(), consent());
        let limits = Limits {
            tokens_per_window: 100,
            ..LIMITS
        };
        let tokens: Vec<String> = (0..16)
            .map(|second| {
                grants
                    .refresh(&dice, at(second), limits, "r", "c")
                    .unwrap()
                    .access_token
            })
            .collect();
        assert!(grants.access(at(20), &tokens[0]).is_none());
        assert!(grants.access(at(20), &tokens[1]).is_some());
        assert!(grants.access(at(3601), &tokens[1]).is_none());
    }

    #[test]
    fn the_twenty_first_refresh_token_kills_the_first_and_its_access_tokens() {
        let (mut grants, dice) = (Grants::default(), Dice::new(1));
        grants.install("r0".to_owned(), consent());
        let access = grants
            .refresh(&dice, at(0), LIMITS, "r0", "c")
            .unwrap()
            .access_token;
        for number in 1..=20 {
            grants.install(format!("r{number}"), consent());
        }
        assert!(grants.access(at(1), &access).is_none());
        assert_eq!(
            grants.refresh(&dice, at(1), LIMITS, "r0", "c"),
            Err(TokenError::InvalidCode)
        );
        assert!(grants.refresh(&dice, at(1), LIMITS, "r1", "c").is_ok());
    }

    #[test]
    fn revoking_a_refresh_token_kills_its_access_tokens() {
        let (mut grants, dice) = (Grants::default(), Dice::new(1));
        grants.install("r".to_owned(), consent());
        let access = grants
            .refresh(&dice, at(0), LIMITS, "r", "c")
            .unwrap()
            .access_token;
        assert!(grants.revoke("r"));
        assert!(grants.access(at(1), &access).is_none());
        assert!(!grants.revoke("r"));
    }
}
