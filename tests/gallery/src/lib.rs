//! tests/gallery
