//! What holds across the crates; one file for each property.

mod catalogue;
