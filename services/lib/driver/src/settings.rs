//! Settings of connectors and writers, as flags and as `RAPPORT_*` environment variables.

use std::{net::SocketAddr, time::Duration};

use bus::BusSettings;
use clap::Args;
use kit::{ControlSettings, DatabaseSettings, GrpcSettings};
use url::Url;

/// Settings of a connector, whatever its provider.
#[derive(Clone, Debug, Args)]
pub struct ConnectorSettings {
    /// The schema's database.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// NATS.
    #[command(flatten)]
    pub bus: BusSettings,
    /// Where it answers gRPC.
    #[command(flatten)]
    pub grpc: GrpcSettings,
    /// The other services.
    #[command(flatten)]
    pub peers: PeerSettings,
    /// Pushes.
    #[command(flatten)]
    pub push: PushSettings,
    /// Feeds.
    #[command(flatten)]
    pub feeds: FeedSettings,
}

/// Settings of a writer, whatever its provider.
#[derive(Clone, Debug, Args)]
pub struct WriterSettings {
    /// NATS.
    #[command(flatten)]
    pub bus: BusSettings,
    /// The other services.
    #[command(flatten)]
    pub peers: PeerSettings,
    /// Batches of writes that are worked on at a time, each of another connection.
    #[arg(long, env = "RAPPORT_WRITE_BATCHES_AT_ONCE", default_value_t = 64)]
    pub batches_at_once: usize,
    /// Seconds after which definitions are read again even if nobody said that they changed.
    #[arg(long, env = "RAPPORT_DEFINITIONS_SECONDS", default_value = "60", value_parser = seconds)]
    pub definitions_seconds: Duration,
}

impl WriterSettings {
    /// These servers, with every default.
    pub fn new(bus: BusSettings, peers: PeerSettings) -> Self {
        Self {
            bus,
            peers,
            batches_at_once: 64,
            definitions_seconds: Duration::from_mins(1),
        }
    }
}

/// Where the other services answer.
#[derive(Clone, Debug, Args)]
pub struct PeerSettings {
    /// Control.
    #[command(flatten)]
    pub control: ControlSettings,
    /// gRPC address of the reconciler.
    #[arg(long, env = "RAPPORT_RECONCILER_URL", value_name = "URL")]
    pub reconciler_url: String,
}

/// Where providers push to.
#[derive(Clone, Debug, Args)]
pub struct PushSettings {
    /// The public base URL under which providers reach this connector; without it nothing is pushed and feeds
    /// are only polled. Deliveries go to URL/push/PROVIDER/CHANNEL.
    #[arg(long, env = "RAPPORT_PUSH_URL", value_name = "URL")]
    pub push_url: Option<Url>,
    /// Address on which pushes are received; port 0 takes a free one.
    #[arg(long, env = "RAPPORT_PUSH_LISTEN", default_value = "127.0.0.1:0")]
    pub push_listen: SocketAddr,
    /// Seconds for which a channel stays open after its successor is.
    #[arg(long, env = "RAPPORT_PUSH_OVERLAP_SECONDS", default_value = "600", value_parser = seconds)]
    pub push_overlap_seconds: Duration,
    /// Seconds between two looks for channels to open or to close.
    #[arg(long, env = "RAPPORT_PUSH_CHECK_SECONDS", default_value = "15", value_parser = seconds)]
    pub push_check_seconds: Duration,
}

impl Default for PushSettings {
    fn default() -> Self {
        Self {
            push_url: None,
            push_listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            push_overlap_seconds: Duration::from_mins(10),
            push_check_seconds: Duration::from_secs(15),
        }
    }
}

/// How feeds are read.
#[derive(Clone, Debug, Args)]
pub struct FeedSettings {
    /// Seconds after which a feed that a dead connector was reading may be taken over.
    #[arg(long, env = "RAPPORT_LEASE_SECONDS", default_value = "30", value_parser = seconds)]
    pub lease_seconds: Duration,
    /// Feeds that are read at a time; complete readings take half of them at most, one tenant three quarters.
    #[arg(long, env = "RAPPORT_ROUNDS_AT_ONCE", default_value_t = 64)]
    pub rounds_at_once: usize,
    /// Batches that are published ahead of what the reconciler has applied.
    #[arg(long, env = "RAPPORT_READ_AHEAD_BATCHES", default_value_t = 8)]
    pub read_ahead_batches: u64,
    /// Seconds without progress of the reconciler after which published batches count as lost and the round
    /// begins again.
    #[arg(long, env = "RAPPORT_STALLED_SECONDS", default_value = "30", value_parser = seconds)]
    pub stalled_seconds: Duration,
    /// Seconds after which a feed is looked at again when a hint found nothing: the provider may show late.
    #[arg(long, env = "RAPPORT_LOOK_AGAIN_SECONDS", default_value = "5,30,120",
          value_delimiter = ',', value_parser = seconds)]
    pub look_again_seconds: Vec<Duration>,
    /// Seconds after which a feed is tried again that waits for a person to sign in.
    #[arg(long, env = "RAPPORT_PARKED_SECONDS", default_value = "600", value_parser = seconds)]
    pub parked_seconds: Duration,
    /// Seconds between two looks for feeds that are due.
    #[arg(long, env = "RAPPORT_DUE_CHECK_SECONDS", default_value = "1", value_parser = seconds)]
    pub due_check_seconds: Duration,
    /// Seconds after which definitions are read again even if nobody said that they changed.
    #[arg(long, env = "RAPPORT_DEFINITIONS_SECONDS", default_value = "60", value_parser = seconds)]
    pub definitions_seconds: Duration,
}

impl Default for FeedSettings {
    fn default() -> Self {
        Self {
            lease_seconds: Duration::from_secs(30),
            rounds_at_once: 64,
            read_ahead_batches: 8,
            stalled_seconds: Duration::from_secs(30),
            look_again_seconds: [5, 30, 120].map(Duration::from_secs).to_vec(),
            parked_seconds: Duration::from_mins(10),
            due_check_seconds: Duration::from_secs(1),
            definitions_seconds: Duration::from_mins(1),
        }
    }
}

/// Reads seconds, which may have a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().map_err(|error| error.to_string())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "write a number of seconds above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        feeds: FeedSettings,
        #[command(flatten)]
        push: PushSettings,
    }

    #[test]
    fn defaults_of_the_command_line_are_those_of_the_code() {
        let parsed = Command::try_parse_from(["connector"]).unwrap();
        assert_eq!(
            format!("{:?}", parsed.feeds),
            format!("{:?}", FeedSettings::default())
        );
        assert_eq!(
            format!("{:?}", parsed.push),
            format!("{:?}", PushSettings::default())
        );
    }

    #[test]
    fn seconds_may_have_a_fraction_and_must_be_above_zero() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for wrong in ["0", "-1", "soon", "", "inf"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
