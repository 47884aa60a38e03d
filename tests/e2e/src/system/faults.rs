//! Services that die, stop and have company.

use std::time::Duration;

use anyhow::Context as _;

use super::{System, free_ports};
use crate::{process::Process, sandbox::client};

/// The variable that names the point at which a service ends; see `kit::point`.
const STOP_AT: &str = "RAPPORT_STOP_AT";
/// How long a service may take to stop in good order: longer than it waits for its own tasks.
const STOPPING: Duration = Duration::from_secs(30);

impl System {
    /// Kills a service and starts it so that it ends by itself at this point, `reconciler.released` or
    /// `reconciler.released:3`; it may do so at any time from now on.
    pub async fn arm(&mut self, name: &str, point: &str) -> anyhow::Result<()> {
        let service = self.service(name)?;
        service.kill().await?;
        service.set(STOP_AT, point);
        service.start()
    }

    /// Waits until a service that was armed has ended, and starts it again as it was.
    pub async fn revive(&mut self, name: &str, within: Duration) -> anyhow::Result<()> {
        self.ended(name, within).await?;
        self.restart(name)
    }

    /// Waits until a service that was armed has ended; it starts as it was before.
    pub async fn ended(&mut self, name: &str, within: Duration) -> anyhow::Result<()> {
        let service = self.service(name)?;
        let status = service.end(within).await?;
        anyhow::ensure!(
            status.code().is_none(),
            "{name} ended in another way ({status}):\n{}",
            service.tail()
        );
        service.unset(STOP_AT);
        Ok(())
    }

    /// Kills a service and starts it with variables of its environment changed, or taken out; does not wait for it.
    pub async fn restart_as(
        &mut self,
        name: &str,
        changed: &[(&str, Option<&str>)],
    ) -> anyhow::Result<()> {
        let service = self.service(name)?;
        service.kill().await?;
        for (variable, value) in changed {
            match value {
                Some(value) => service.set(variable, value),
                None => service.unset(variable),
            }
        }
        service.start()
    }

    /// Waits until control answers, and those that it asks listen.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        self.answers().await
    }

    /// Stops a service in good order, as a rolling restart does, and waits until it has.
    pub async fn stop(&mut self, name: &str) -> anyhow::Result<()> {
        self.service(name)?.stop(STOPPING).await
    }

    /// A second process of a service, started, on ports of its own. What asks a peer still asks the first one.
    pub fn replica(&self, name: &str) -> anyhow::Result<Replica> {
        let first = self.services.get(name);
        let first = first.with_context(|| format!("there is no service {name}"))?;
        let ports: [u16; 3] = free_ports()?;
        let [grpc, http, push] = ports.map(|port| format!("127.0.0.1:{port}"));
        let mut process = first.replica(
            &format!("{name}-2"),
            &[
                ("RAPPORT_GRPC_LISTEN", &grpc),
                ("RAPPORT_HTTP_LISTEN", &http),
                ("RAPPORT_PUSH_LISTEN", &push),
            ],
        );
        process.start()?;
        Ok(Replica {
            process,
            http_url: format!("http://{http}"),
            grpc_address: grpc,
        })
    }

    /// Where a service answers gRPC.
    pub fn grpc_address(&self, name: &str) -> anyhow::Result<String> {
        let service = self.services.get(name);
        let address = service.and_then(|service| service.variable("RAPPORT_GRPC_LISTEN"));
        let address = address.with_context(|| format!("{name} does not answer gRPC"))?;
        Ok(address.to_owned())
    }
}

/// What a service's metric of this name says, over all labels.
pub async fn metric(http_url: &str, name: &str) -> anyhow::Result<f64> {
    let answer = client()?.get(format!("{http_url}/metrics")).send().await?;
    let text = answer.text().await?;
    let of_it = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ', '_']))
    });
    let values = of_it.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    Ok(values.sum())
}

/// A second process of a service.
#[derive(Debug)]
pub struct Replica {
    /// The process.
    pub process: Process,
    /// Where it answers `/readyz` and `/metrics`.
    pub http_url: String,
    /// Where it answers gRPC, if it does.
    pub grpc_address: String,
}
