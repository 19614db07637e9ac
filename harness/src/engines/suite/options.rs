//! What may be set of a suite.

use std::path::{Path, PathBuf};

use crate::world::WorldOptions;

/// Bounds of a suite, and the world that it runs in.
#[derive(Clone, Debug)]
pub struct SuiteOptions {
    /// How the world is built. Default: a frozen clock, seed 0.
    pub world: WorldOptions,
    /// Whether every attack is made on every route, at every depth and over every version of HTTP. Default: once from each of its
    /// stances, on routes and ways in turn.
    pub full: bool,
    /// How many pairs of attacks. Default: 300.
    pub pairs: u64,
    /// How many random cases. Default: 600.
    pub random: u64,
    /// Where reports and the cases of findings are written. Default: `gatecrash` in the target directory.
    pub folder: PathBuf,
    /// An OpenAPI document that gate and policy are held to, relative to the crate. In [`suite!`](crate::suite!) it is written
    /// `openapi = "openapi.json"`. It takes the feature `openapi`. Default: none.
    pub openapi: Option<PathBuf>,
}

impl Default for SuiteOptions {
    fn default() -> Self {
        Self { world: WorldOptions::default(), full: false, pairs: 300, random: 600, folder: folder(), openapi: None }
    }
}

impl SuiteOptions {
    /// With what the environment says instead. `Err` names the variable that says nothing.
    pub(super) fn with_environment(mut self) -> Result<Self, String> {
        self.pairs = number("GATECRASH_PAIRS")?.unwrap_or(self.pairs);
        self.random = number("GATECRASH_RANDOM")?.unwrap_or(self.random);
        self.world.seed = number("GATECRASH_SEED")?.unwrap_or(self.world.seed);
        self.full = number("GATECRASH_FULL")?.map_or(self.full, |full| full > 0);
        Ok(self)
    }
}

fn number(name: &str) -> Result<Option<u64>, String> {
    let Some(text) = std::env::var_os(name) else { return Ok(None) };
    let parsed = text.to_str().and_then(|text| text.parse().ok());
    parsed.map(Some).ok_or_else(|| format!("{name}: {} is no number; write one, such as 600", text.display()))
}

/// `target/gatecrash`, seen from the test that runs in `target/<profile>/deps`; else a folder for what does not last.
pub(crate) fn folder() -> PathBuf {
    let test = std::env::current_exe().ok();
    let deps = test.as_deref().and_then(Path::parent).filter(|folder| folder.ends_with("deps"));
    let target = deps.and_then(|deps| deps.parent()?.parent());
    target.map_or_else(|| std::env::temp_dir().join("gatecrash"), |target| target.join("gatecrash"))
}
