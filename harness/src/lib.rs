//! Forges access attempts against a service behind mutual TLS and JSON Web Tokens, and asserts that nothing unauthorized
//! gets through, that everything authorized does, and that whoever gets in is who they should be.

mod attacks;
mod cache;
pub mod campaign;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod engines;
mod entry;
mod error;
#[doc(hidden)]
pub mod example;
pub mod gate;
mod profile;
pub mod report;
pub mod world;

#[cfg(feature = "proptest")]
pub use engines::strategy;
pub use engines::{
    builder::{CampaignBuilder, Report, campaign},
    fuzzing,
    suite::SuiteOptions,
};
pub use error::BoxError;
pub use gate::{Applied, Depth, Evidence, Gate, Per};
pub use gatecrash_model as model;
pub use world::{
    Clock, World, WorldOptions,
    crypto::{Crypto, Layers},
};

/// Files that people write: policies, cases, OpenAPI documents.
pub mod input {
    #[cfg(feature = "openapi")]
    pub use crate::attacks::openapi;
    pub use crate::attacks::{
        casefile::{CASE_FORMAT, case, parse_case, write_case},
        input::*,
    };
}

/// The catalogue of attacks, and corpora as files: their format, and the tools that keep many of them in order.
pub mod corpus {
    pub use crate::{
        attacks::{
            casefile::{
                About, Entry, Migrated, What, migrate, name_of, parse_entry, record_origin, regressions, write_entry,
            },
            catalogue, mappings,
        },
        engines::corpus::*,
    };
}

/// For the tests, the gallery and the tools of this repository. Not covered by semantic versioning.
#[doc(hidden)]
pub mod __internals {
    /// Gates to try the harness on: flawed ones, their safe twins, and what kills them.
    pub mod exhibit {
        pub use crate::campaign::specimen::*;
    }
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
    #[doc = include_str!("../../docs/src/guide-envoy.md")]
    mod envoy {}
    #[doc = include_str!("../../docs/src/guide-hs256.md")]
    mod hs256 {}
    #[doc = include_str!("../../docs/src/guide-jwks.md")]
    mod jwks {}
    #[doc = include_str!("../../docs/src/guide-mtls.md")]
    mod mtls {}
}
