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

    use gatecrash::{
        Suite, SuiteOptions,
        campaign::check::{Cause, FindingKind, Identity, RouteClass},
        corpus::catalogue::Artefact,
        model::Rule,
    };

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

    /// Two causes at once, which the catalogue alone does not try; random cases of some seeds do.
    const TOGETHER: &str = r#"format = 2

[[steps]]
route = "GET /v1/whoami"
stance = { complete = "alice" }
mutations = [{ drop-claim = "iss" }, { drop-claim = "aud" }]
"#;

    #[test]
    fn an_accepted_finding_may_rest_on_a_regression() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::copy("gallery/gate.toml", root.join("gate.toml")).unwrap();
        std::fs::create_dir_all(root.join("corpus/regressions")).unwrap();
        let case = root.join("corpus/regressions/together.toml");
        let begin = || {
            let suite = Suite::new();
            let options = SuiteOptions { folder: root.join("out"), pairs: 0, random: 0, ..SuiteOptions::default() };
            suite.of(exhibit("audience-not-required").target.factory, root.to_str().unwrap(), "gate.toml", || options);
            suite
        };
        let identity = Identity {
            kind: FindingKind::Breach,
            cause: Cause::Rule(Rule::Audience),
            subject: "claim aud + claim iss".into(),
            class: RouteClass::Token,
        };
        let print = identity.fingerprint();
        let entry = format!(
            "format = 2\n[[known]]\nfingerprint = \"{print}\"\nreason = \"of old\"\nowner = \"desk\"\nexpires = 2999-01-01\n"
        );
        std::fs::write(&case, TOGETHER).unwrap();
        let back = said(|| begin().regressions()).unwrap();
        assert!(back.contains("together.toml"), "{back}");
        std::fs::write(root.join("known.toml"), entry).unwrap();
        let back = said(|| begin().regressions()).unwrap_or_default();
        assert!(!back.contains("together.toml"), "{back}");
        let known = said(|| begin().known()).unwrap_or_default();
        assert!(!known.contains("was not found"), "{known}");
        std::fs::remove_file(case).unwrap();
        let known = said(|| begin().known()).unwrap();
        assert!(known.contains(&format!("{print} was not found")), "{known}");
    }
}
