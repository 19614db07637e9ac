//! Routes whose honest request takes more than method and path: a query, which may say whose object it is, or an upgrade.

use axum::{
    extract::{WebSocketUpgrade, ws},
    response::{IntoResponse as _, Response},
    routing::get,
};
use gatecrash::{
    BoxError, Gate, World, WorldOptions,
    campaign::{Bound, Campaign, CampaignOptions, Target, check::FindingKind},
    factory,
    gate::factory::Factory,
    input::parse_policy,
    model::{Mutation, Rule},
};
use gatecrash_gallery::{POLICY, bank_with_a_route, bank_with_statements};

use super::{MANY, attacked_in, clean};
use crate::support::run;

fn target(factory: Factory, route: &str) -> Target {
    let policy = parse_policy("gate.toml", &format!("{POLICY}\n[[routes]]\n{route}")).unwrap();
    Target { factory, policy, world: WorldOptions::default() }
}

fn asked(factory: Factory, route: &str) -> Campaign {
    attacked_in(target(factory, route), MANY)
}

const STATEMENT: &str = r#"
method = "GET"
path = "/v1/statement"
scopes = ["accounts:read"]
query = "page=1&account={account}"
owner = "query:account"
"#;

#[test]
fn a_query_says_whose_it_is() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank_with_statements(world, false)
    }
    let campaign = asked(factory!(gate), STATEMENT);
    clean(&campaign);
    assert!(campaign.tally.admitted["GET /v1/statement"] > 20, "{:?}", campaign.tally.admitted);
}

/// It asks for the first account's owner, and tells the statement of the last (HTTP parameter pollution, CWE-235).
#[test]
fn a_parameter_that_stands_twice_is_found() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        bank_with_statements(world, true)
    }
    // A sample of the catalogue asks this of one route, which need not be this one.
    let options =
        CampaignOptions { bound: Bound::Catalogue, section: Some('E'), jobs: 1, ..CampaignOptions::default() };
    let campaign = run(&target(factory!(gate), STATEMENT), options);
    let polluted =
        |mutation: &Mutation| matches!(mutation, Mutation::Query(query) if query.starts_with("${parameter}"));
    let found = campaign.findings.iter().find(|it| it.case.mutations().any(polluted));
    let found = found.unwrap_or_else(|| panic!("{:?}", campaign.findings));
    assert!([FindingKind::Breach, FindingKind::Impersonation].contains(&found.kind), "{found:?}");
    assert!(found.rules.is_empty() || found.rules.contains(&Rule::Ownership), "{:?}", found.rules);
}

/// A route that does nothing but upgrade is asked to, honestly and otherwise; its handler runs on the socket.
#[test]
fn a_route_that_does_nothing_but_upgrade() {
    fn gate(world: &World) -> Result<Gate, BoxError> {
        async fn feed(upgrade: Result<WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection>) -> Response {
            match upgrade {
                Ok(upgrade) => upgrade.on_upgrade(tell),
                Err(rejection) => rejection.into_response(),
            }
        }
        async fn tell(mut socket: ws::WebSocket) {
            gatecrash_witness::hit("GET /v1/feed", None, None);
            let _ = socket.send("news".into()).await;
        }
        bank_with_a_route(world, "/v1/feed", get(feed))
    }
    let feed = "method = 'GET'\npath = '/v1/feed'\nupgrade = 'websocket'\n";
    let campaign = asked(factory!(gate), feed);
    clean(&campaign);
    assert!(campaign.tally.admitted["GET /v1/feed"] > 20, "{:?}", campaign.tally.admitted);
}
