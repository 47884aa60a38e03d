//! One address for all processes of a service, as a cluster gives them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

/// Hands each connection to a process that takes it.
#[derive(Debug)]
pub struct Balancer {
    pub url: String,
    processes: Arc<Mutex<Vec<String>>>,
}

impl Balancer {
    /// One without processes, which it is told of later.
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let processes = Arc::<Mutex<Vec<String>>>::default();
        let known = Arc::clone(&processes);
        #[allow(clippy::disallowed_methods, reason = "ends with its test")]
        tokio::spawn(async move {
            while let Ok((incoming, _)) = listener.accept().await {
                let processes = {
                    let mut known = known.lock().unwrap();
                    // The next connection begins with the next one.
                    if !known.is_empty() {
                        known.rotate_left(1);
                    }
                    known.clone()
                };
                tokio::spawn(hand_over(incoming, processes));
            }
        });
        Self { url, processes }
    }

    /// Another process, by its address.
    pub fn add(&self, address: &str) {
        self.processes.lock().unwrap().push(address.to_owned());
    }
}

async fn hand_over(mut incoming: TcpStream, processes: Vec<String>) {
    for process in processes {
        if let Ok(mut outgoing) = TcpStream::connect(process).await {
            let _either_side_went_away = copy_bidirectional(&mut incoming, &mut outgoing).await;
            return;
        }
    }
}

/// A balancer for each service that others ask.
pub async fn of_all() -> BTreeMap<&'static str, Balancer> {
    let mut all = BTreeMap::new();
    for name in [
        "control",
        "reconciler",
        "google-connector",
        "zoho-connector",
    ] {
        all.insert(name, Balancer::listen().await);
    }
    all
}

/// What services are told so that they ask the balancers.
pub fn settings(all: &BTreeMap<&'static str, Balancer>) -> BTreeMap<String, String> {
    let connectors = format!(
        "google={},zoho={}",
        all["google-connector"].url, all["zoho-connector"].url
    );
    BTreeMap::from([
        ("RAPPORT_CONTROL_URL".to_owned(), all["control"].url.clone()),
        (
            "RAPPORT_RECONCILER_URL".to_owned(),
            all["reconciler"].url.clone(),
        ),
        ("RAPPORT_CONNECTORS".to_owned(), connectors),
    ])
}
