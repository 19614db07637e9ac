//! Routes whose example request has a query, which may say whose object it is.

use gatecrash::{
    BoxError, Gate, World, WorldOptions,
    campaign::{Campaign, Target},
    check::FindingKind,
    factory,
    factory::Factory,
    input::parse_policy,
    model::{Mutation, Rule},
};
use gatecrash_gallery::{POLICY, bank_with_statements};

use super::{attacked_in, clean};

fn asked(factory: Factory) -> Campaign {
    let statement = r#"
[[routes]]
method = "GET"
path = "/v1/statement"
scopes = ["accounts:read"]
query = "page=1&account={account}"
owner = "query:account"
"#;
    let policy = parse_policy("gate.toml", &format!("{POLICY}{statement}")).unwrap();
    attacked_in(Target { factory, policy, world: WorldOptions::default() })
}

#[test]
fn a_query_says_whose_it_is() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank_with_statements(world, false)
    }
    let campaign = asked(factory!(gate));
    clean(&campaign);
    assert!(campaign.tally.admitted["GET /v1/statement"] > 20, "{:?}", campaign.tally.admitted);
}

/// It asks for the first account's owner, and tells the statement of the last (HTTP parameter pollution, CWE-235).
#[test]
fn a_parameter_that_stands_twice_is_found() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank_with_statements(world, true)
    }
    let campaign = asked(factory!(gate));
    let polluted =
        |mutation: &Mutation| matches!(mutation, Mutation::Query(query) if query.starts_with("${parameter}"));
    let found = campaign.findings.iter().find(|it| it.case.mutations().any(polluted));
    let found = found.unwrap_or_else(|| panic!("{:?}", campaign.findings));
    assert!([FindingKind::Breach, FindingKind::Impersonation].contains(&found.kind), "{found:?}");
    assert!(found.rules.is_empty() || found.rules.contains(&Rule::Ownership), "{:?}", found.rules);
}
