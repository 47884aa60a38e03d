//! Service accounts with domain-wide delegation: signed assertions (RFC 7523).

use std::collections::{BTreeSet, HashMap};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::OAuthError;

/// How far `iat` may lie in the future, and how long after it `exp` may be, in seconds.
const SKEW: i64 = 5 * 60;
const LONGEST_LIFE: i64 = 65 * 60;

/// A service account as the administrator set it up.
#[derive(Debug)]
struct ServiceAccount {
    public_key: Vec<u8>,
    delegated: BTreeSet<String>,
}

/// The service accounts by e-mail address.
#[derive(Debug, Default)]
pub(in crate::google) struct ServiceAccounts(HashMap<String, ServiceAccount>);

/// What a good assertion says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims {
    /// The user to act for.
    pub(super) subject: String,
    pub(super) scopes: BTreeSet<String>,
}

impl ServiceAccounts {
    /// Makes a service account and answers its key file. An empty delegation means that the administrator has not
    /// authorised it.
    pub(in crate::google) fn create(
        &mut self,
        delegated: BTreeSet<String>,
        token_uri: &str,
    ) -> Result<Value, String> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|error| error.to_string())?;
        let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| error.to_string())?;
        let number = self.0.len() + 1;
        let email = format!("service-{number}@sandbox.example.com");
        let key_file = json!({
            "type": "service_account",
            "project_id": "sandbox",
            "private_key_id": format!("sandbox-key-{number}"),
            "private_key": pem(private.as_ref()),
            "client_email": email,
            "client_id": format!("2000000000000000000{number:02}"),
            "token_uri": token_uri,
        });
        self.0.insert(
            email,
            ServiceAccount {
                public_key: pair.public_key().as_ref().to_vec(),
                delegated,
            },
        );
        Ok(key_file)
    }

    /// Checks an assertion at `now`, in seconds since 1970.
    pub(super) fn verify(&self, assertion: &str, now: i64) -> Result<Claims, OAuthError> {
        let malformed = || OAuthError::new("invalid_grant", "Invalid JWT: malformed.");
        let (signed, signature) = assertion.rsplit_once('.').ok_or_else(malformed)?;
        let (_, payload) = signed.split_once('.').ok_or_else(malformed)?;
        let claims: Value = URL_SAFE_NO_PAD
            .decode(payload)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed())?;
        let account = claims["iss"]
            .as_str()
            .and_then(|issuer| self.0.get(issuer))
            .ok_or_else(|| OAuthError::new("invalid_grant", "Invalid grant: account not found"))?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &account.public_key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| OAuthError::new("invalid_grant", "Invalid JWT Signature."))?;
        check_times(&claims, now)?;
        account.allow(&claims)
    }
}

impl ServiceAccount {
    fn allow(&self, claims: &Value) -> Result<Claims, OAuthError> {
        let scopes: BTreeSet<String> = claims["scope"]
            .as_str()
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        if self.delegated.is_empty() {
            return Err(OAuthError::new(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for \
                 any of the scopes requested.",
            ));
        }
        if scopes.is_empty() || !scopes.is_subset(&self.delegated) {
            return Err(OAuthError::new(
                "access_denied",
                "Requested client not authorized.",
            ));
        }
        let subject = claims["sub"]
            .as_str()
            .filter(|subject| subject.contains('@'))
            .ok_or_else(|| OAuthError::new("invalid_grant", "Not a valid email"))?;
        Ok(Claims {
            subject: subject.to_owned(),
            scopes,
        })
    }
}

fn check_times(claims: &Value, now: i64) -> Result<(), OAuthError> {
    let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    match (issued, expires) {
        (Some(issued), Some(expires))
            if issued <= now + SKEW && expires > now && expires - issued <= LONGEST_LIFE =>
        {
            Ok(())
        }
        _ => Err(OAuthError::new(
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your \
             iat and exp values in the JWT claim.",
        )),
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
