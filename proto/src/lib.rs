//! The contracts of Rapport, generated from the `.proto` files beside this crate.
//!
//! Every message and field is documented where it is declared, in `proto/rapport/**.proto`.
#![allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated code; the documentation is in the .proto files"
)]

/// All descriptors, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// A call for a claimed write begins within the provider's request timeout and so many seconds of its claim, or not at
/// all; another request timeout later, an answer that has not come is lost.
pub const CLAIM_SECONDS: u32 = 30;

macro_rules! contract {
    ($name:ident, $package:literal) => {
        #[doc = concat!("`", $package, "`")]
        pub mod $name {
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/", $package, ".v1.rs"));
            }
        }
    };
}

/// Mirrors the packages' own nesting, which generated code refers to by relative path.
pub mod rapport {
    contract!(record, "rapport.record");
    contract!(change, "rapport.change");
    contract!(write, "rapport.write");
    contract!(notice, "rapport.notice");
    contract!(connector, "rapport.connector");
    contract!(reconcile, "rapport.reconcile");
    contract!(control, "rapport.control");
}

pub use rapport::change::v1 as change;
pub use rapport::connector::v1 as connector;
pub use rapport::control::v1 as control;
pub use rapport::notice::v1 as notice;
pub use rapport::reconcile::v1 as reconcile;
pub use rapport::record::v1 as record;
pub use rapport::write::v1 as write;
