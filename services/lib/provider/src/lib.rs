//! What a provider supplies, so that `driver` can turn it into a connector and a writer.
//!
//! A provider owns HTTP and meaning: it signs in, reads pages of a [feed](feed), makes
//! [writes](write), verifies [pushes](push), and says what a failure means as a [`Fault`]. The driver
//! owns loops, pacing, retries, publishing, cursors, metrics and shutdown. Nothing here knows NATS or SQL.
//!
//! [`http::HttpClient`] is the one way out to a provider's API: every attempt goes through the pace of its
//! quota key, a span and a counter.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::disallowed_methods,
        reason = "what is unexpected fails a test, and its tasks end with it"
    )
)]

pub mod access;
pub mod fault;
pub mod feed;
pub mod glance;
pub mod http;
pub mod pace;
pub mod push;
pub mod write;

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use model::{
    Catalogue, Path, Side,
    event::{EventError, SeriesLimits},
};
use url::Url;

pub use crate::{
    access::{Access, Account, Grant, Renewed, Session, SignedIn},
    fault::Fault,
    feed::{At, CollectionState, Extent, Page, Seen, SnapshotPart, What},
    glance::Glances,
    http::{Call, HttpClient, HttpSettings, Reply, install_tls},
    pace::{Lane, Quota},
    push::{Channel, ChannelKey, Delivery, Push, PushError},
    write::{
        Answer, Applied, Batch, BatchKind, Create, Delete, Live, Operation, Outcome, Read,
        RefusedPath, Update, Write,
    },
};

/// A provider of records: one vendor's API behind one contract.
///
/// Methods make as few calls as they can and never retry or sleep: what went wrong is returned as a
/// [`Fault`], and the driver decides.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// What this provider is.
    fn about(&self) -> About;

    /// The address to which a person is sent to consent. `code_challenge` is a PKCE S256 challenge.
    async fn authorize_url(
        &self,
        redirect_uri: &str,
        state: &str,
        code_challenge: &str,
    ) -> Result<Url, Fault>;

    /// Turns what came back from consent, or a secret file, into a secret to store.
    async fn exchange(&self, http: &HttpClient, grant: Grant) -> Result<SignedIn, Fault>;

    /// A fresh access token for a stored secret. A grant that was revoked is [`Fault::Unauthorised`].
    async fn renew(&self, http: &HttpClient, secret: &[u8]) -> Result<Renewed, Fault>;

    /// Which account the session belongs to, and what it may not do.
    async fn verify(&self, session: Session<'_>) -> Result<Account, Fault>;

    /// The collections of records of `kind` that the account offers.
    async fn collections(&self, session: Session<'_>, kind: &str)
    -> Result<Vec<Collection>, Fault>;

    /// The fields of records of `kind`, with what can be done with each.
    async fn fields(&self, session: Session<'_>, kind: &str) -> Result<Catalogue, Fault>;

    /// What the account can hold of a series; `None` if that is whatever there is. The other side of a sync tells what
    /// the account cannot hold in a form that it can ([`Scope::other_series`]).
    async fn series(&self, _session: Session<'_>) -> Result<Option<SeriesLimits>, Fault> {
        Ok(None)
    }

    /// Reads one page of a feed.
    ///
    /// A round begins with [`At::Start`] and goes on with the [`Page::next`] of the page before, until that
    /// is `None`. A start without a cursor reads everything, as a snapshot. The driver may begin a round again
    /// from the same cursor at any time.
    async fn page(&self, session: Session<'_>, scope: &Scope, at: &At) -> Result<Page, Fault>;

    /// Groups writes into what one call takes: same operation, same field mask, bounded number. Pure;
    /// keeps the order of writes to one record.
    fn batches(&self, scope: &Scope, writes: Vec<Write>) -> Vec<Batch>;

    /// Makes the writes of one batch and answers each of them, in the order of the batch.
    ///
    /// Every update and delete is conditional on the version that it expects; a call whose answer was lost
    /// is answered as [`Answer::Unknown`], never made again here.
    async fn execute(&self, session: Session<'_>, scope: &Scope, batch: &Batch) -> Vec<Outcome>;

    /// How this provider pushes; `None` if it can only be polled.
    fn push(&self) -> Option<&dyn Push> {
        None
    }
}

/// What a provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The provider's name in subjects, schemas and definitions: a lower-case word, for example "google".
    pub provider: &'static str,
    /// The name that people read.
    pub display_name: &'static str,
    /// The kinds of record that it holds.
    pub kinds: &'static [&'static str],
    /// For how long it may still show the past.
    pub horizon: Duration,
    /// How long one of its calls may take before its answer counts as lost.
    pub request_timeout: Duration,
    /// Whether a marker of ours can be put on a record.
    pub carries_marker: bool,
}

/// The option of a scope of events that says what the other side can hold of a series ([`SeriesLimits`]).
pub const OTHER_SERIES: &str = "other_series";

/// One side of one sync, as a provider needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The customer organisation.
    pub tenant: String,
    /// The sync.
    pub sync: String,
    /// Which side of the sync this is.
    pub side: Side,
    /// The kind of record, for example "contact".
    pub kind: String,
    /// The connection through which this side is reached.
    pub connection: String,
    /// The collection's id at the provider; empty for the whole account.
    pub collection: String,
    /// The provider's word for the collection, for example "group" or "list_view".
    pub collection_form: String,
    /// The provider's own options, for example `workflows: run`.
    pub options: BTreeMap<String, String>,
    /// The paths of this side that are mapped, custom ones included.
    pub paths: Vec<Path>,
    /// The paths of this side by which records are matched, best first.
    pub match_paths: Vec<Path>,
}

impl Scope {
    /// What the other side of the sync can hold of a series; `None` if that is whatever there is, or not known.
    pub fn other_series(&self) -> Result<Option<SeriesLimits>, EventError> {
        let told = self.options.get(OTHER_SERIES);
        told.map(|text| text.parse()).transpose()
    }

    /// Whether guests are told of what is written: the option `notify` is `all` (BEY-13).
    pub fn notifies(&self) -> bool {
        self.options.get("notify").is_some_and(|whom| whom == "all")
    }
}

/// A collection that an account offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id at the provider.
    pub id: String,
    /// The name that people gave it.
    pub name: String,
    /// The provider's word for it, for example "group" or "list_view".
    pub form: String,
}
