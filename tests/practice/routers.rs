//! How routes are put together, and which of them the policy names.

use gatecrash::{BoxError, Gate, World, campaign::check::FindingKind, factory, report};
use gatecrash_gallery::{bank, bank_as_a_tree};

use super::{added, attacked, clean};
use crate::support::subject;

#[test]
fn routers_that_are_nested_and_merged() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank_as_a_tree(world, true)
    }
    clean(&attacked(factory!(gate), |_| {}));
}

#[test]
fn a_nested_part_without_the_layer_is_found() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank_as_a_tree(world, false)
    }
    let campaign = attacked(factory!(gate), |_| {});
    let breach = |it: &gatecrash::campaign::check::Finding| {
        it.kind == FindingKind::Breach && it.case.first().unwrap().route.contains("/v1/admin/users/{id}")
    };
    assert!(campaign.findings.iter().any(breach), "{:?}", added(&campaign));
    let elsewhere = added(&campaign).into_iter().filter(|it| !it.contains("/v1/admin/users/"));
    assert_eq!(elsewhere.collect::<Vec<_>>(), [""; 0], "the other parts have their layers");
}

/// What axum serves and the policy does not name is not attacked: the first screen says so, whoever tells it.
#[test]
fn routes_that_the_policy_does_not_name_are_warned_of() {
    fn registered(world: &World) -> Result<Gate, BoxError> {
        Ok(bank(world, |router| router)?.routes(["GET /v1/whoami", "GET /metrics", "PUT /v1/whoami"]))
    }
    let campaign = attacked(factory!(registered), |_| {});
    clean(&campaign);
    let screen = report::screen(&campaign, &subject("bank"));
    let warning = "Warning: the gate serves what its policy does not name, and nothing was attempted there: GET /metrics, PUT /v1/whoami";
    let shown = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains(warning) && !shown.contains(&format!("{warning},")), "{screen}");

    fn named(world: &World) -> Result<Gate, BoxError> {
        Ok(bank(world, |router| router)?.routes(["GET /v1/whoami"]))
    }
    let screen = report::screen(&attacked(factory!(named), |_| {}), &subject("bank"));
    assert!(!screen.contains("Warning: the gate serves"), "{screen}");
}
