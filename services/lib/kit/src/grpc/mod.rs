//! gRPC servers and clients with health, reflection, deadlines and one trace across both ends.

mod client;
mod server;
mod trace;

pub use client::{
    Client, ClientError, ControlSettings, client, client_with_deadline, client_with_token,
};
pub use server::{GrpcSettings, serve};
pub use tonic::service::Routes;
