//! The one TLS provider of the process.

/// Installs aws-lc-rs as the TLS provider of this process; calling it again does nothing.
///
/// Clients that are built before this call panic, so it is the first thing that a process or a test does.
pub fn install_tls() {
    // An error means that a provider is installed already, which is all that is wanted.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
