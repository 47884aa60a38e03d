#![doc = include_str!("../PROVIDER.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod auth;
mod client;
mod config;
mod event;
mod fault;
mod feed;
mod kind;
mod map;
mod push;
mod reader;
mod wire;
mod writer;

use std::process::ExitCode;

use async_trait::async_trait;
use model::{
    Catalogue,
    event::{SeriesLimits, Zone},
};
use provider::{
    About, Account, At, Batch, Collection, Fault, Grant, HttpClient, Outcome, Page, Provider, Push,
    Renewed, Scope, Session, SignedIn, Write,
};
use url::Url;

pub use crate::config::ZohoSettings;
use crate::{client::Client, kind::Kind};

/// The provider's name in subjects, schemas and definitions.
pub const PROVIDER: &str = "zoho";

/// The connector's schema.
pub static SCHEMA: kit::Schema = driver::schema("driver_zoho");

/// The main function of `zoho-connector`.
pub fn connector_main() -> ExitCode {
    driver::connector_main(
        "zoho-connector",
        "Reads contacts and meetings from Zoho CRM, and answers what its accounts offer",
        &SCHEMA,
        Zoho::new,
    )
}

/// The main function of `zoho-writer`.
pub fn writer_main() -> ExitCode {
    driver::writer_main(
        "zoho-writer",
        "Writes contacts and meetings to Zoho CRM",
        Zoho::new,
    )
}

/// Zoho CRM, as a provider of contacts and meetings.
#[derive(Debug)]
pub struct Zoho {
    settings: ZohoSettings,
    known: writer::Known,
}

impl Zoho {
    /// Zoho CRM, with the client of these settings.
    pub fn new(settings: ZohoSettings) -> Self {
        let known = writer::Known::new(settings.horizon());
        Self { settings, known }
    }
}

#[async_trait]
impl Provider for Zoho {
    fn about(&self) -> About {
        About {
            provider: PROVIDER,
            display_name: "Zoho CRM",
            kinds: &[map::KIND, model::event::KIND],
            horizon: self.settings.horizon(),
            request_timeout: self.settings.request_timeout(),
            carries_marker: false,
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
        auth::account::verify(session, &self.settings).await
    }

    async fn collections(
        &self,
        session: Session<'_>,
        kind: &str,
    ) -> Result<Vec<Collection>, Fault> {
        let module = Kind::named(kind)?.module();
        feed::view::offered(&Client::new(session)?, module).await
    }

    async fn fields(&self, session: Session<'_>, kind: &str) -> Result<Catalogue, Fault> {
        let kind = Kind::named(kind)?;
        let client = Client::new(session)?;
        let profile = auth::account::current_user(&client)
            .await?
            .profile
            .map(|profile| profile.id);
        let fields = client.fields(kind.module()).await?.fields;
        Ok(match kind {
            Kind::Contact => map::catalogue(&fields, profile.as_deref()),
            Kind::Event => event::catalogue(&fields, profile.as_deref()),
        })
    }

    async fn series(&self, session: Session<'_>) -> Result<Option<SeriesLimits>, Fault> {
        let user = auth::account::current_user(&Client::new(session)?).await?;
        let zone = user.time_zone.and_then(|name| Zone::named(&name).ok());
        // By whose clock it repeats has to be known for a limit that is told.
        Ok(zone.map(|zone| event::series_limits(Some(&zone))))
    }

    async fn page(&self, session: Session<'_>, scope: &Scope, at: &At) -> Result<Page, Fault> {
        feed::page(&self.settings, session, scope, at).await
    }

    fn batches(&self, _scope: &Scope, writes: Vec<Write>) -> Vec<Batch> {
        writer::batches(writes)
    }

    async fn execute(&self, session: Session<'_>, scope: &Scope, batch: &Batch) -> Vec<Outcome> {
        writer::execute(&self.known, session, scope, batch).await
    }

    fn push(&self) -> Option<&dyn Push> {
        Some(self)
    }
}
