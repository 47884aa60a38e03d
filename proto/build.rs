//! Compiles the `.proto` files in pure Rust; no `protoc` is needed.

use std::{env, error::Error, fs, path::PathBuf};

const FILES: [&str; 7] = [
    "rapport/record/v1/record.proto",
    "rapport/change/v1/change.proto",
    "rapport/write/v1/write.proto",
    "rapport/notice/v1/notice.proto",
    "rapport/connector/v1/connector.proto",
    "rapport/reconcile/v1/reconcile.proto",
    "rapport/control/v1/control.proto",
];

#[allow(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything this way"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=rapport");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(FILES, ["."])?;
    fs::write(
        out.join("descriptors.bin"),
        prost::Message::encode_to_vec(&descriptors),
    )?;
    let grpc = env::var_os("CARGO_FEATURE_GRPC").is_some();
    tonic_prost_build::configure()
        .build_client(grpc)
        .build_server(grpc)
        .compile_fds(descriptors)?;
    Ok(())
}
