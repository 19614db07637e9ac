//! Forges access attempts against a service behind mutual TLS and JSON Web Tokens, and asserts that nothing unauthorised
//! gets through, that everything authorised does, and that whoever gets in is who they should be.

mod cache;
pub mod campaign;
pub mod catalogue;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod corpus;
pub mod crypto;
mod der;
mod entry;
#[doc(hidden)]
pub mod example;
pub mod exhibit;
pub mod factory;
pub mod forge;
pub mod fuzzing;
pub mod gate;
mod http2;
pub mod input;
pub mod keys;
pub mod lift;
pub mod profile;
mod program;
pub mod promises;
pub mod report;
pub mod served;
#[cfg(feature = "proptest")]
pub mod strategy;
mod suite;
pub mod tls;
pub mod world;

pub use crypto::{Crypto, Layers};
pub use factory::BoxError;
pub use gate::{Depth, Evidence, Gate, Per};
pub use gatecrash_model as model;
pub use program::{Planned, Report, campaign};
pub use suite::SuiteOptions;
pub use world::{Clock, World, WorldOptions};

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::single as command_line;
#[cfg(not(feature = "cli"))]
#[doc(hidden)]
pub use entry::command_line;
#[doc(hidden)]
pub use suite::{Suite, regression_failures};
