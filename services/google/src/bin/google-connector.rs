//! Reads Google accounts and tells the reconciler what changed.

#[global_allocator]
static ALLOCATOR: kit::Allocator = kit::Allocator;

fn main() -> std::process::ExitCode {
    google::connector_main()
}
