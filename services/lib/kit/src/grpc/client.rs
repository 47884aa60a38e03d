//! Clients of the other services.

use std::time::Duration;

use tonic::{
    Request, Status,
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

/// The address of a peer is not usable.
#[derive(Debug, thiserror::Error)]
#[error("`{url}` is not the URL of a gRPC server: write http://HOST:PORT")]
pub struct ClientError {
    url: String,
    #[source]
    source: tonic::transport::Error,
}

/// A client of the server at this URL, with a deadline of 30 seconds a call.
pub fn client(url: &str) -> Result<Client, ClientError> {
    client_with_deadline(url, DEADLINE)
}

/// A client of the server at this URL whose calls take no longer than `deadline` until they answer; the
/// messages of a stream may go on for longer.
pub fn client_with_deadline(url: &str, deadline: Duration) -> Result<Client, ClientError> {
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|source| ClientError {
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
    Ok(InterceptedService::new(channel, Outgoing { deadline }))
}

/// Puts the trace and the deadline on each outgoing call.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing {
    deadline: Duration,
}

impl Interceptor for Outgoing {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if !request.metadata().contains_key("grpc-timeout") {
            request.set_timeout(self.deadline);
        }
        trace::inject(request.metadata_mut());
        Ok(request)
    }
}
