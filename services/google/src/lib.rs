#![doc = include_str!("../PROVIDER.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod auth;
mod calendar;
mod client;
mod config;
mod fault;
mod feed;
mod map;
mod push;
mod wire;
mod writer;

use std::{process::ExitCode, sync::Arc};

use async_trait::async_trait;
use model::Catalogue;
use provider::{
    About, Account, At, Batch, Collection, Fault, Grant, HttpClient, Outcome, Page, Provider, Push,
    Renewed, Scope, Session, SignedIn, Write,
};
use url::Url;

pub use config::GoogleSettings;

use crate::client::Client;

/// The provider's name in subjects, schemas and definitions.
pub const PROVIDER: &str = "google";

/// What the connector remembers between two looks: leases, due times.
pub static SCHEMA: kit::Schema = driver::schema("driver_google");

/// The main function of `google-connector`.
pub fn connector_main() -> ExitCode {
    driver::connector_main(
        "google-connector",
        "Reads Google accounts and tells the reconciler what changed",
        &SCHEMA,
        Google::new,
    )
}

/// The main function of `google-writer`.
pub fn writer_main() -> ExitCode {
    driver::writer_main(
        "google-writer",
        "Writes to Google accounts what the reconciler asks for",
        Google::new,
    )
}

/// Google, as a provider of contacts and events.
#[derive(Clone, Debug)]
pub struct Google {
    settings: GoogleSettings,
    glances: Arc<writer::AtAGlance>,
    calendar_glances: Arc<calendar::AtAGlance>,
}

impl Google {
    /// Google, at the addresses and with the client of these settings.
    pub fn new(settings: GoogleSettings) -> Self {
        Self {
            settings,
            glances: Arc::default(),
            calendar_glances: Arc::default(),
        }
    }

    fn calendar<'a>(&'a self, session: Session<'a>) -> calendar::Client<'a> {
        calendar::Client::new(&self.settings, session)
    }

    fn client<'a>(&'a self, session: Session<'a>) -> Client<'a> {
        Client::new(&self.settings, session)
    }
}

#[async_trait]
impl Provider for Google {
    fn about(&self) -> About {
        About {
            provider: PROVIDER,
            display_name: "Google",
            kinds: &[map::CONTACT, calendar::EVENT],
            horizon: self.settings.horizon(),
            request_timeout: self.settings.request_timeout(),
            carries_marker: true,
        }
    }

    async fn authorize_url(
        &self,
        redirect_uri: &str,
        state: &str,
        code_challenge: &str,
    ) -> Result<Url, Fault> {
        auth::authorize_url(&self.settings, redirect_uri, state, code_challenge)
    }

    async fn exchange(&self, http: &HttpClient, grant: Grant) -> Result<SignedIn, Fault> {
        auth::exchange(&self.settings, http, grant).await
    }

    async fn renew(&self, http: &HttpClient, secret: &[u8]) -> Result<Renewed, Fault> {
        auth::renew(&self.settings, http, secret).await
    }

    async fn verify(&self, session: Session<'_>) -> Result<Account, Fault> {
        auth::verify(&self.settings, session).await
    }

    async fn collections(
        &self,
        session: Session<'_>,
        kind: &str,
    ) -> Result<Vec<Collection>, Fault> {
        match Kind::of(kind)? {
            Kind::Contact => feed::collections(self.client(session)).await,
            Kind::Event => calendar::collections(self.calendar(session)).await,
        }
    }

    async fn fields(&self, session: Session<'_>, kind: &str) -> Result<Catalogue, Fault> {
        match Kind::of(kind)? {
            Kind::Contact => feed::fields(self.client(session)).await,
            Kind::Event => Ok(calendar::catalogue()),
        }
    }

    async fn page(&self, session: Session<'_>, scope: &Scope, at: &At) -> Result<Page, Fault> {
        match Kind::of(&scope.kind)? {
            Kind::Contact => feed::page(self.client(session), scope, at).await,
            Kind::Event => calendar::page(self.calendar(session), scope, at).await,
        }
    }

    fn batches(&self, scope: &Scope, writes: Vec<Write>) -> Vec<Batch> {
        match Kind::of(&scope.kind) {
            Ok(Kind::Event) => calendar::batches(writes),
            _ => writer::batches(writes),
        }
    }

    async fn execute(&self, session: Session<'_>, scope: &Scope, batch: &Batch) -> Vec<Outcome> {
        match Kind::of(&scope.kind) {
            Ok(Kind::Event) => {
                let glances = &self.calendar_glances;
                calendar::execute(self.calendar(session), glances, scope, batch).await
            }
            _ => writer::execute(self.client(session), &self.glances, scope, batch).await,
        }
    }

    fn push(&self) -> Option<&dyn Push> {
        Some(self)
    }
}

/// The kinds of records that Google holds, each behind an API of its own.
enum Kind {
    Contact,
    Event,
}

impl Kind {
    fn of(kind: &str) -> Result<Self, Fault> {
        match kind {
            map::CONTACT => Ok(Self::Contact),
            calendar::EVENT => Ok(Self::Event),
            _ => Err(Fault::Refused {
                path: None,
                reason: format!("Google holds no records of kind {kind} here"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Side;

    use super::*;

    /// A scope of contacts in a group.
    pub(crate) fn scope(collection: &str) -> Scope {
        Scope {
            tenant: "acme".into(),
            sync: "s1".into(),
            side: Side::Right,
            kind: map::CONTACT.into(),
            connection: "c1".into(),
            collection: collection.into(),
            collection_form: "group".into(),
            options: std::collections::BTreeMap::new(),
            paths: Vec::new(),
            match_paths: Vec::new(),
        }
    }
}
