//! Forges access attempts against a service behind mutual TLS and JSON Web Tokens, and asserts that nothing unauthorised
//! gets through, that everything authorised does, and that whoever gets in is who they should be.

pub mod campaign;
pub mod catalogue;
pub mod check;
pub mod forge;
pub mod gate;
pub mod input;
pub mod keys;
pub mod lift;
pub mod world;

pub use gate::{Depth, Gate};
pub use gatecrash_model as model;
pub use world::{Clock, World, WorldOptions};
