//! Pushes: hints from a provider that something has changed.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Uri};
use jiff::Timestamp;
use secrecy::SecretString;
use url::Url;

use crate::{Scope, access::Session, fault::Fault};

/// How a provider pushes.
///
/// A channel is renewed by opening a new one under a new key and closing the old one after an overlap: that works
/// with every provider, and no token is used for longer than a channel lives.
#[async_trait]
pub trait Push: Send + Sync {
    /// Whether records of this kind can be watched; feeds of others are polled.
    fn watches(&self, kind: &str) -> bool {
        let _ = kind;
        true
    }

    /// Opens a channel that delivers to `address` and carries the key's token, for as long as the provider allows.
    /// Deliveries may come before this returns.
    async fn subscribe(
        &self,
        session: Session<'_>,
        scope: &Scope,
        address: &Url,
        key: &ChannelKey,
    ) -> Result<Channel, Fault>;

    /// Closes a channel. One that the provider has forgotten is closed.
    async fn unsubscribe(&self, session: Session<'_>, channel: &Channel) -> Result<(), Fault>;

    /// Reads who a delivery says to be. Pure: whether that is true is for the driver to compare.
    fn identify(&self, headers: &HeaderMap, uri: &Uri, body: &Bytes)
    -> Result<Delivery, PushError>;
}

/// What we name a channel with.
#[derive(Clone, Debug)]
pub struct ChannelKey {
    /// Unique among all channels of the provider; fits a positive `i64`.
    pub id: u64,
    /// Proves a delivery: 43 characters of base64url, 256 random bits.
    pub token: SecretString,
}

/// An open channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The id that its deliveries carry: [`ChannelKey::id`] as decimal text, unless the provider gives its own.
    pub id: String,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
    /// What the provider calls the watched resource, where closing a channel needs it; else empty.
    pub resource: String,
}

/// Who a delivery says to be.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The channel's id, as in [`Channel::id`].
    pub channel: String,
    /// The token that it carries.
    pub token: SecretString,
    /// Its number, where the provider numbers deliveries in ascending order: a repeat is refused.
    pub sequence: Option<i64>,
    /// Whether it tells of a change: a greeting of a channel that was opened does not.
    pub news: bool,
}

/// Why a delivery cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// It names no channel or token, or is not in the provider's form.
    #[error("not a delivery of this provider")]
    Unrecognised,
}
