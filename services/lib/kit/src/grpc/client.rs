//! Clients of the other services.

use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use super::trace;

/// How long a call may take unless said otherwise.
const DEADLINE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(5);

/// A channel that connects when it is first used, reconnects by itself, carries the current trace and
/// gives every call a deadline. Generated clients take it: `PositionsClient::new(client(url)?)`.
pub type Client = InterceptedService<Channel, Outgoing>;

/// Where control answers, and what a service shows it.
#[derive(Debug, Clone, Args)]
pub struct ControlSettings {
    /// gRPC address of control.
    #[arg(long, env = "RAPPORT_CONTROL_URL", value_name = "URL")]
    pub control_url: String,
    /// The token that control asks of the other services, if it asks for one.
    #[arg(
        long,
        env = "RAPPORT_SERVICE_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub service_token: Option<SecretString>,
}

impl ControlSettings {
    /// A client of control.
    ///
    /// # Errors
    /// The address or the token is not usable.
    pub fn client(&self) -> Result<Client, ClientError> {
        client_with_token(&self.control_url, self.service_token.as_ref())
    }
}

/// A client of a peer cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Its address is not usable.
    #[error("`{url}` is not the URL of a gRPC server: write http://HOST:PORT")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// The token has characters that gRPC does not carry. It is not shown.
    #[error("the service token has characters that no token has: write visible ASCII ones")]
    Token,
}

/// A client of the server at this URL, with a deadline of 30 seconds a call.
pub fn client(url: &str) -> Result<Client, ClientError> {
    client_with_deadline(url, DEADLINE)
}

/// A client of the server at this URL that shows a token, if there is one, with every call.
pub fn client_with_token(url: &str, token: Option<&SecretString>) -> Result<Client, ClientError> {
    let authorization = token.map(bearer).transpose()?;
    connect(url, DEADLINE, authorization)
}

/// A client of the server at this URL whose calls take no longer than `deadline` until they answer; the
/// messages of a stream may go on for longer.
pub fn client_with_deadline(url: &str, deadline: Duration) -> Result<Client, ClientError> {
    connect(url, deadline, None)
}

fn connect(
    url: &str,
    deadline: Duration,
    authorization: Option<MetadataValue<Ascii>>,
) -> Result<Client, ClientError> {
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|source| ClientError::Url {
        url: url.to_owned(),
        source,
    })?;
    let channel = endpoint
        .connect_timeout(CONNECT)
        .timeout(deadline)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
        .connect_lazy();
    let outgoing = Outgoing {
        deadline,
        authorization,
    };
    Ok(InterceptedService::new(channel, outgoing))
}

fn bearer(token: &SecretString) -> Result<MetadataValue<Ascii>, ClientError> {
    let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.expose_secret())
        .parse()
        .map_err(|_| ClientError::Token)?;
    // Whatever prints the metadata does not print this.
    value.set_sensitive(true);
    Ok(value)
}

/// Puts the trace, the deadline and the token on each outgoing call.
#[derive(Debug, Clone)]
pub struct Outgoing {
    deadline: Duration,
    authorization: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Outgoing {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if !request.metadata().contains_key("grpc-timeout") {
            request.set_timeout(self.deadline);
        }
        if let Some(authorization) = &self.authorization {
            request
                .metadata_mut()
                .insert("authorization", authorization.clone());
        }
        trace::inject(request.metadata_mut());
        Ok(request)
    }
}
