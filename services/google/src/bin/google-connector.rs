//! Reads Google accounts and tells the reconciler what changed.

fn main() -> std::process::ExitCode {
    google::connector_main()
}
