//! Attacks of several steps, as the catalogue writes them: a route is that of the attack, unless a step names another class.

use gatecrash_model::{
    Attempting, Blueprint, Case, Change, ChangePolicy, Http2Form, Mutation, Over, Protocol, Route, Stance, Step,
    TokenOf, Upgrade, rehearse,
};
use serde::Deserialize;

use super::{Attack, Routes};

/// One step of an attack: the keys of an attempt, or a change.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SequenceStep {
    /// What changes in the world; then nothing is attempted.
    pub change: Option<Change>,
    /// Who attempts, and what they lack. Default: Alice, who lacks nothing.
    pub stance: Option<Stance>,
    /// On which route, where it is not that of the attack: the first of this class.
    pub route: Option<Routes>,
    /// The deliberate changes.
    #[serde(default)]
    pub mutations: Vec<Mutation>,
    /// The connection.
    #[serde(default)]
    pub over: Over,
    /// The token.
    #[serde(default)]
    pub token: TokenOf,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl SequenceStep {
    fn on(&self, route: &Route, blueprint: &Blueprint) -> Option<Step> {
        if let Some(change) = self.change {
            return Some(Step::Change(change));
        }
        let route = match self.route {
            None => route,
            Some(class) => blueprint.policy.routes.iter().find(|route| class.include(route))?,
        };
        let stance = self.stance.unwrap_or(Stance::Complete(gatecrash_model::Person::Alice));
        let step = Attempting::new(stance, route.id(), self.mutations.clone());
        Some(Step::Attempt(Attempting { over: self.over, token: self.token, times: self.times, ..step }))
    }
}

/// The cases of an attack of several steps: on each of its routes, over each version of HTTP.
pub(super) fn cases(attack: &Attack, blueprint: &Blueprint) -> Vec<Case> {
    // A route that does nothing but upgrade answers once; only what is listened to goes on.
    let listens = attack.steps.iter().any(|step| matches!(step.over, Over::Stream(_)));
    let routes = blueprint
        .policy
        .routes
        .iter()
        .filter(|route| attack.routes.include(route) && (route.upgrade.is_none() || listens));
    let cases = routes.filter_map(|route| {
        let steps = attack.steps.iter().map(|step| step.on(route, blueprint)).collect::<Option<Vec<_>>>()?;
        Some(Case { scene: attack.scene, steps })
    });
    let cases = cases.flat_map(|case| [Some(case.clone()), over_http2(&case, blueprint)].into_iter().flatten());
    cases.filter(|case| rehearse(case, blueprint).is_ok()).collect()
}

/// The same over HTTP/2, where that is spoken beside HTTP/1.1 and no step says what it comes over.
fn over_http2(case: &Case, blueprint: &Blueprint) -> Option<Case> {
    let upgrades =
        case.attempts().any(|step| blueprint.route(&step.route).is_some_and(|route| route.upgrade.is_some()));
    let both = ["1.1", "2"].iter().all(|version| blueprint.policy.http.speaks(version));
    let said = case.mutations().any(|mutation| matches!(mutation, Mutation::Protocol(_)));
    if !both || said || upgrades {
        return None;
    }
    let mut case = case.clone();
    for step in
        case.attempts_mut().filter(|step| !matches!(step.over, Over::Beside(_) | Over::Kept(_) | Over::Stream(_)))
    {
        step.mutations.push(Mutation::Protocol(Protocol::Http2(Http2Form::Plain)));
    }
    Some(case)
}

/// The world in which an attack of several steps is looked at: one that promises everything of changes.
pub(super) fn promising(blueprint: &Blueprint) -> Blueprint {
    let mut promising = blueprint.clone();
    if !promising.policy.routes.iter().any(Route::is_endless) {
        let events = Route { stream: true, ..Route::new("GET", "/v1/events") };
        let socket = Route { upgrade: Some(Upgrade::WebSocket), ..Route::new("GET", "/v1/socket") };
        promising.policy.routes.extend([events, socket]);
    }
    promising.policy.changes = ChangePolicy::strict();
    promising.policy.answers.throttled = vec![429];
    promising
}
