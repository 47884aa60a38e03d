//! gRPC servers and clients with health, reflection, deadlines and one trace across both ends.

mod client;
mod server;
mod trace;

pub use client::{Client, ClientError, client, client_with_deadline};
pub use server::{GrpcSettings, serve};
pub use tonic::service::Routes;
