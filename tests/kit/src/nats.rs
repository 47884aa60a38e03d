//! A namespace of a test's own on the shared NATS server.

use uuid::Uuid;

use crate::Servers;

/// The shared server, and a namespace that no other test uses.
#[derive(Debug, Clone)]
pub struct Nats {
    /// Where to connect.
    pub url: String,
    /// The first word of this test's subjects; streams carry it in their names.
    pub namespace: String,
}

impl Nats {
    /// A new namespace. A test that stops the server starts one of its own with `local::Nats`.
    pub async fn create() -> Self {
        let url = Servers::shared().await.nats.clone();
        let namespace = format!("t{}", Uuid::now_v7().simple());
        Self { url, namespace }
    }
}
