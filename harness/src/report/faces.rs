//! The report as one value, and its faces as files: HTML, SARIF, JUnit XML, Markdown, JSON, and a kit for curl.

mod curl;
mod files;
mod fixes;
mod html;
mod junit;
mod markdown;
mod place;
mod sarif;
mod shape;
mod sides;
mod tell;

pub use curl::{Kit, kits};
pub use fixes::example;
pub use shape::*;
pub use sides::{Row, Side, bytes};
pub use tell::{Material, attacks};

use super::{KnownFinding, Notes, Subject, attack, permitted, screen, security};
