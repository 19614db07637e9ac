//! Attacks as data: the catalogue, case files, policy files, and the promises that a policy leaves out.

pub(crate) mod casefile;
pub mod catalogue;
pub(crate) mod input;
pub mod mappings;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod policy_gaps;
