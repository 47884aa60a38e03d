//! Writes to Google accounts what the reconciler asks for.

#[global_allocator]
static ALLOCATOR: kit::Allocator = kit::Allocator;

fn main() -> std::process::ExitCode {
    google::writer_main()
}
