//! Doubles of the services that control talks to, each behind a real socket.

pub(crate) mod connector;
pub(crate) mod reconciler;

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tonic::{service::Routes, transport::Server, transport::server::TcpIncoming};

/// Serves these routes on a free port for as long as the test's runtime lives.
async fn serve(routes: Routes) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_routes(routes);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}
