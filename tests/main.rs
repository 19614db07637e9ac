//! What holds across the crates; one file for each property.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adapters;
mod bad_input;
mod binary;
mod book;
mod catalogue;
mod ci;
mod clauses;
mod corpus_files;
mod determinism;
mod docs;
mod formats;
mod fuzz_files;
mod fuzzing;
mod gallery;
mod ideal;
mod inert;
mod known;
mod layering;
mod messages;
mod mirror;
mod miswirings;
mod oracle;
mod pairs;
mod policy;
mod policy_gaps;
mod practice;
mod reachability;
mod reference;
mod report;
mod reuse;
mod serve;
mod strategies;
mod suite;
mod support;
mod vectors;
