//! Forges access attempts against a service behind mutual TLS and JSON Web Tokens, and asserts that nothing unauthorised
//! gets through, that everything authorised does, and that whoever gets in is who they should be.

pub mod forge;
pub mod keys;
pub mod lift;
pub mod world;

pub use gatecrash_model as model;
