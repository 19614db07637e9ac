//! Nothing: the tests stand in `main.rs` and the files beside it, one for each property.
