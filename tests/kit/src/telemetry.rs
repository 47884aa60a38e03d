//! TLS and logs in tests.

use tracing_subscriber::EnvFilter;

/// Installs the TLS provider; call it before building any HTTP client. Calling it again does nothing.
pub fn install_tls() {
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Shows logs in the output of a failing test; `RAPPORT_LOG` says which, `info` unless set.
pub fn log() {
    let filter =
        EnvFilter::try_from_env("RAPPORT_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let _already_installed = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_test_writer()
        .try_init();
}
