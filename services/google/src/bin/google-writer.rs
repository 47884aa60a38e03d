//! Writes to Google accounts what the reconciler asks for.

fn main() -> std::process::ExitCode {
    google::writer_main()
}
