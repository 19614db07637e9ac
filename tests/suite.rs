//! The macros as a user's repository has them.

use gatecrash::{BoxError, Gate, World};

/// An async factory with an error of its own, as a service that discovers its issuer has one.
async fn gate(world: &World) -> Result<Gate, BoxError> {
    gatecrash_gallery::reference::gate(world)
}

gatecrash::suite!(gate, policy = "gallery/gate.toml", pairs = 200);

/// What a test of the suite says when it fails; `None` when it passes.
pub(crate) fn said(act: impl FnOnce()) -> Option<String> {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act)).err()?;
    Some(panic.downcast_ref::<String>().unwrap().clone())
}

mod a_flawed_gate {
    use std::path::PathBuf;

    use gatecrash::{Suite, SuiteOptions, catalogue::Artefact};

    use super::said;
    use crate::support::exhibit;

    #[test]
    fn fails_its_suite_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let suite = Suite::new();
        let factory = exhibit("merged-after-layer").target.factory;
        let options = || SuiteOptions { folder: PathBuf::from(folder.path()), ..SuiteOptions::default() };
        suite.of(factory, env!("CARGO_MANIFEST_DIR"), "gallery/gate.toml", options);
        assert_eq!(said(|| suite.controls()), None);
        let text = said(|| suite.artefact(Artefact::Request)).unwrap();
        assert!(text.contains("token-present") && text.contains("ran on bob-1"), "{text}");
        assert!(text.contains("GATECRASH_REPLAY="), "{text}");
        // At most three in full, and all of them in the file.
        assert!(text.matches("   permitted  ").count() <= 3, "{text}");
        let file = folder.path().join("gate-request.txt");
        assert!(text.contains(&file.display().to_string()), "{text}");
        let full = std::fs::read_to_string(file).unwrap();
        assert!(full.matches("   permitted  ").count() >= text.matches("   permitted  ").count());
    }
}
