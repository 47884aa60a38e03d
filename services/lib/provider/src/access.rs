//! Signing in, and the access that calls are made with.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use http::StatusCode;
use reqwest::RequestBuilder;
use secrecy::SecretString;
use url::Url;

use crate::{
    fault::Fault,
    http::{Call, HttpClient, Reply},
    pace::{Lane, Quota},
};

/// The access that a call to the provider needs.
#[derive(Clone, Debug)]
pub struct Access {
    /// The access token.
    pub token: SecretString,
    /// Where the provider's API answers for this account; `None` for the provider's only one.
    pub api_base: Option<Url>,
    accepted: Arc<AtomicBool>,
}

impl Access {
    /// Access that no call was made with yet.
    pub fn new(token: SecretString, api_base: Option<Url>) -> Self {
        Self {
            token,
            api_base,
            accepted: Arc::default(),
        }
    }

    /// Notes that the provider has accepted the token for a call.
    pub fn note_accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Whether the provider has accepted the token for any call: one that it then refuses has ended, while one that
    /// it never accepted says something of the account.
    pub fn is_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// What one call, or a row of calls, is made with.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// The access token and where it is valid.
    pub access: &'a Access,
    /// The account's stable id at the provider; empty while it is not known yet (in `verify`).
    pub account_id: &'a str,
    /// Who waits for the call.
    pub lane: Lane,
    /// The way out.
    pub http: &'a HttpClient,
    /// No call is begun later than this, if it is set: what they are for may be somebody else's by then.
    pub begin_before: Option<Instant>,
}

impl Session<'_> {
    /// Makes a call, as [`HttpClient::send`], with a request that carries this session's access token.
    pub async fn send(
        &self,
        method: &'static str,
        quota: &Quota,
        request: RequestBuilder,
    ) -> Result<Reply, Fault> {
        let call = Call {
            method,
            quota,
            lane: self.lane,
            request,
            begin_before: self.begin_before,
        };
        let reply = self.http.send(call).await?;
        if reply.is_success() || reply.status == StatusCode::NOT_MODIFIED {
            self.access.note_accepted();
        }
        Ok(reply)
    }
}

/// What a person, or an administrator's file, brought back.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A consent: what the redirect carried.
    Code {
        /// The authorisation code.
        code: SecretString,
        /// The address to which the provider redirected, exactly as it was sent in the beginning.
        redirect_uri: String,
        /// The PKCE verifier that belongs to the challenge.
        code_verifier: SecretString,
        /// Further parameters of the redirect, for example the account's data centre.
        parameters: BTreeMap<String, String>,
    },
    /// The content of a secret file in JSON, for automation; each provider documents its own form.
    SecretFile(SecretString),
}

/// A completed sign-in.
#[derive(Clone)]
pub struct SignedIn {
    /// What has to be stored, encrypted, to renew access later. Opaque to all but the provider.
    pub secret: Vec<u8>,
    /// Whose account it is.
    pub account: Account,
}

/// A provider's account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's stable id at the provider.
    pub id: String,
    /// The name that people know it by: shown, never logged.
    pub name: String,
    /// What the account may not do, in words, for example "delete contacts".
    pub missing_rights: Vec<String>,
}

/// Renewed access.
#[derive(Clone)]
pub struct Renewed {
    /// The access.
    pub access: Access,
    /// For how long it is valid from now.
    pub expires_in: Duration,
    /// Replaces the stored secret, where the provider rotates it.
    pub replacement: Option<Vec<u8>>,
}
