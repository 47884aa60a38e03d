//! Signing in, and the access that calls are made with.

use std::{collections::BTreeMap, time::Duration};

use secrecy::SecretString;
use url::Url;

use crate::{http::HttpClient, pace::Lane};

/// The access that a call to the provider needs.
#[derive(Clone, Debug)]
pub struct Access {
    /// The access token.
    pub token: SecretString,
    /// Where the provider's API answers for this account; `None` for the provider's only one.
    pub api_base: Option<Url>,
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
