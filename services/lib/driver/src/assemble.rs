//! Binaries: a provider's settings and the driver's, on one command line.

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use kit::{Schema, Service};
use provider::{HttpClient, HttpSettings, Provider};

use crate::{ConnectorSettings, WriterSettings, connector, writer};

/// A provider's own settings beside those of its role.
#[derive(Debug, Args)]
struct Flags<S: Args, R: Args> {
    #[command(flatten)]
    provider: S,
    #[command(flatten)]
    role: R,
}

/// The main function of a connector. `new` makes the provider of its settings, without any call.
pub fn connector_main<S: Args, P: Provider>(
    name: &'static str,
    about: &'static str,
    schema: &'static Schema,
    new: fn(S) -> P,
) -> ExitCode {
    let start = move |flags: Flags<S, ConnectorSettings>, process| async move {
        let provider: Arc<dyn Provider> = Arc::new(new(flags.provider));
        let http = http_client(&*provider)?;
        connector::serve(provider, http, schema, flags.role, process).await
    };
    Service::new(name, about).owning(schema).main(start)
}

/// The main function of a writer. `new` makes the provider of its settings, without any call.
pub fn writer_main<S: Args, P: Provider>(
    name: &'static str,
    about: &'static str,
    new: fn(S) -> P,
) -> ExitCode {
    let start = move |flags: Flags<S, WriterSettings>, process| async move {
        let provider: Arc<dyn Provider> = Arc::new(new(flags.provider));
        let http = http_client(&*provider)?;
        writer::serve(provider, http, flags.role, process).await
    };
    Service::new(name, about).main(start)
}

/// The client of a provider with its own time-out; one per process, so that all its calls keep one pace.
pub fn http_client(provider: &dyn Provider) -> anyhow::Result<Arc<HttpClient>> {
    provider::install_tls();
    let about = provider.about();
    let settings = HttpSettings::new(about.provider, about.request_timeout);
    let client = HttpClient::new(settings).context("no calls can be made")?;
    Ok(Arc::new(client))
}
