//! The macros as a user's repository has them.

use gatecrash::{BoxError, Gate, World};

/// An async factory with an error of its own, as a service that discovers its issuer has one.
async fn gate(world: &World) -> Result<Gate, BoxError> {
    gatecrash_gallery::reference::gate(world)
}

gatecrash::suite!(gate, policy = "gallery/gate.toml");

mod a_flawed_gate {
    use gatecrash::WorldOptions;

    use crate::support::exhibit;

    #[test]
    #[should_panic(expected = "routes merged")]
    fn fails_its_suite() {
        let exhibit = exhibit("merged-after-layer");
        let policy = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("gallery/gate.toml");
        let run =
            || gatecrash::run_section(exhibit.target.factory.clone(), &policy, WorldOptions::default(), Some('F'));
        let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) else { return };
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("token-present") && text.contains("ran on bob-1"), "{text}");
        panic!("routes merged behind the layer are found");
    }
}
