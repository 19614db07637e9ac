//! Forges access attempts against a service behind mutual TLS and JSON Web Tokens, and asserts that nothing unauthorized
//! gets through, that everything authorized does, and that whoever gets in is who they should be.

mod attacks;
mod cache;
pub mod campaign;
#[cfg(feature = "cli")]
pub mod cli;
mod engines;
mod entry;
mod error;
#[doc(hidden)]
pub mod example;
pub mod gate;
pub mod profile;
pub mod report;
pub mod world;

#[cfg(feature = "openapi")]
pub use attacks::openapi;
pub use attacks::{catalogue, mappings, policy_gaps};
#[doc(no_inline)]
pub use campaign::{check, specimen as exhibit};
#[cfg(feature = "proptest")]
pub use engines::strategy;
pub use engines::{
    builder::{CampaignBuilder, Report, campaign},
    fuzzing,
    suite::SuiteOptions,
};
pub use error::BoxError;
pub use gate::{Applied, Depth, Evidence, Gate, Per, factory, loopback, tls};
pub use gatecrash_model as model;
pub use world::{
    Clock, World, WorldOptions,
    crypto::{Crypto, Layers},
    forge, keys, mirror,
};

/// Files that people write: policies and cases.
pub mod input {
    pub use crate::attacks::{
        casefile::{CASE_FORMAT, case, parse_case, write_case},
        input::*,
    };
}

/// The corpus as files: their format, and the tools that keep many of them in order.
pub mod corpus {
    pub use crate::{
        attacks::casefile::{
            About, Entry, Migrated, What, migrate, name_of, parse_entry, record_origin, regressions, write_entry,
        },
        engines::corpus::*,
    };
}

/// Real and ideal cryptography.
pub mod crypto {
    pub use crate::world::crypto::*;
    #[cfg(feature = "jsonwebtoken")]
    pub use crate::world::jsonwebtoken;
}

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::single as command_line;
#[doc(hidden)]
pub use engines::suite::{Suite, regression_failures};
#[cfg(not(feature = "cli"))]
#[doc(hidden)]
pub use entry::command_line;

/// The Rust blocks of the README and of the guides are tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/adapters.md")]
    mod adapters {}
    #[doc = include_str!("../../docs/src/guide-hs256.md")]
    mod hs256 {}
    #[doc = include_str!("../../docs/src/guide-jwks.md")]
    mod jwks {}
    #[doc = include_str!("../../docs/src/guide-mtls.md")]
    mod mtls {}
}
