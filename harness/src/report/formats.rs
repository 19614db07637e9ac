//! The report as one value, and its formats as files: HTML, SARIF, JUnit XML, Markdown, JSON, and a kit for curl.

mod build;
mod curl;
mod diff;
mod files;
mod fixes;
mod html;
mod junit;
mod location;
mod markdown;
mod sarif;
mod schema;

pub use build::{Material, attacks};
pub use curl::{Kit, kits};
pub use diff::{Row, Side, bytes};
pub use fixes::{example, example_of};
pub use schema::*;

use super::{KnownFinding, Notes, Subject, attack, screen, security};
