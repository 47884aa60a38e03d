//! The reconciler's settings.

use bus::BusSettings;
use clap::Args;
use kit::{ControlSettings, DatabaseSettings, GrpcSettings};

/// A week: the period within which each sync is compared completely unless a setting says otherwise.
pub const DEFAULT_SWEEP_SECONDS: u64 = 7 * 86_400;

/// Settings of the reconciler.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// The store.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// The bus.
    #[command(flatten)]
    pub bus: BusSettings,
    /// Where it answers.
    #[command(flatten)]
    pub grpc: GrpcSettings,
    /// Control, which knows the definitions.
    #[command(flatten)]
    pub control: ControlSettings,
    /// Unanswered writes that one provider account may have at a time.
    #[arg(
        long,
        env = "RAPPORT_RECONCILER_WINDOW",
        default_value_t = 800,
        value_parser = clap::value_parser!(u16).range(1..=10_000)
    )]
    pub window: u16,
    /// Within this period each sync is compared completely, in seconds.
    #[arg(
        long,
        env = "RAPPORT_SWEEP_SECONDS",
        default_value_t = DEFAULT_SWEEP_SECONDS,
        value_parser = clap::value_parser!(u64).range(60..=31_536_000)
    )]
    pub sweep_seconds: u64,
}
