//! What a case touches, in the vocabulary of slots: two subjects are two findings, however alike their rules.

use std::collections::BTreeSet;

use gatecrash_model::{
    Attempting, Case, Change, Factor, Mutation, Over, Policy, Position, Rule, Scene, SlotStage, Stage, Stance, Step,
    TokenOf, is_inert,
};
use serde::Serialize;

use super::FindingKind;

/// What protects the route of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RouteClass {
    /// No token is required.
    Certificate,
    /// A token with a scope is required.
    Scoped,
    /// A token is required; any scope will do.
    Token,
    /// The policy does not declare the route.
    Undeclared,
}

impl RouteClass {
    /// The class of a route, by its id such as `GET /v1/whoami`.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// use gatecrash::campaign::check::RouteClass;
    /// assert_eq!(RouteClass::of("GET /v1/whoami", &policy), RouteClass::Token);
    /// assert_eq!(RouteClass::of("GET /nowhere", &policy), RouteClass::Undeclared);
    /// ```
    pub fn of(route: &str, policy: &Policy) -> Self {
        match policy.routes.iter().find(|known| known.id() == route) {
            None => RouteClass::Undeclared,
            Some(known) if !known.security.iter().any(|factors| factors.contains(&Factor::Token)) => {
                RouteClass::Certificate
            }
            Some(known) if known.scopes.is_empty() => RouteClass::Token,
            Some(_) => RouteClass::Scoped,
        }
    }

    /// Kebab-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::campaign::check::RouteClass::Scoped.name(), "scoped");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            RouteClass::Certificate => "certificate",
            RouteClass::Scoped => "scoped",
            RouteClass::Token => "token",
            RouteClass::Undeclared => "undeclared",
        }
    }
}

/// The parts of what a disagreement is about, sorted.
pub(crate) fn parts(kind: FindingKind, case: &Case, seen: &str, rules: &BTreeSet<Rule>) -> BTreeSet<String> {
    let one = |part: String| BTreeSet::from([part]);
    match kind {
        // Whatever the request lacks: the effect comes before the check that would notice.
        FindingKind::EarlyEffect => {
            let check = match rules.iter().map(|rule| rule.stage()).min() {
                Some(Stage::Handshake) => "certificate",
                Some(Stage::Authorization) => "scope or owner",
                Some(Stage::Token | Stage::Effect) | None => "token",
            };
            one(format!("effect before the {check}"))
        }
        // Whatever is asked afterwards: the memory is the subject.
        FindingKind::Carryover => {
            let parts = history(case);
            if parts.is_empty() { one("earlier request".into()) } else { parts }
        }
        // Whatever came of it, the text that was obeyed is the subject.
        _ if super::obeyed::is_of_assistant(seen) => asked(case),
        FindingKind::Leak => one(seen.split(" of ").next().unwrap_or(seen).into()),
        FindingKind::Unstable => {
            let inert = case.mutations().filter(|mutation| is_inert(mutation)).map(subject);
            inert.collect()
        }
        FindingKind::Fault if is_of_response(seen) => one(seen.split(" (").next().unwrap_or(seen).into()),
        _ => asked(case),
    }
}

/// Whether a fault is in the form of the response, so that what was asked does not matter.
pub(crate) fn is_of_response(seen: &str) -> bool {
    let of_request = ["the gate panicked", "the gate did not answer", "a second request"];
    let status = seen.strip_prefix("the gate answered ").is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    !status && !of_request.iter().any(|start| seen.starts_with(start))
}

/// What the steps ask for: stances and changes of every attempt, and what ties the steps together.
fn asked(case: &Case) -> BTreeSet<String> {
    let mut parts = history(case);
    // Of several steps the last one is the attack, and the others lead to it.
    if let Some(step) = case.judged() {
        parts.extend(of_attempt(step));
    }
    parts.extend(case.attempts().flat_map(|step| step.mutations.iter().map(subject)));
    if case.scene != Scene::Usual {
        parts.insert(format!("scene {}", kebab(&format!("{:?}", case.scene))));
    }
    if parts.is_empty() {
        parts.insert("honest request".into());
    }
    parts
}

fn of_attempt(step: &Attempting) -> Option<String> {
    let part = match step.stance {
        Stance::Complete(_) => return None,
        Stance::ExpiredToken => "claim exp",
        Stance::ForeignIssuer => "partner issuer",
        Stance::NarrowScope => "claim scope",
        Stance::NoCertificate => "no certificate",
        Stance::NoToken => "no token",
        Stance::OtherTenant => "other tenant",
        Stance::StolenToken(_) => "stolen token",
    };
    Some(part.into())
}

/// What ties steps together, and what changes between them.
fn history(case: &Case) -> BTreeSet<String> {
    let of_step = |step: &Step| -> Vec<&'static str> {
        match step {
            Step::Change(change) => vec![match change {
                Change::Wait(_) => "time passes",
                Change::Revoke(_) => "revoked certificate",
                Change::RevokeToken(_) => "revoked token",
                Change::DropAnchor(_) => "dropped trust anchor",
                Change::RetireKey { .. } => "retired key",
                Change::PublishKey { .. } => "published key",
                Change::KeysFail(_) => "key source fails",
                Change::Restart => "restart",
            }],
            Step::Attempt(step) => {
                let over = match step.over {
                    Over::Fresh => None,
                    Over::Kept(_) => Some("kept connection"),
                    Over::Resumed(_) => Some("resumed session"),
                    Over::Early(_) => Some("early data"),
                    Over::Beside(_) => Some("concurrent request"),
                    Over::Stream(_) => Some("open stream"),
                };
                let token = (step.token != TokenOf::New).then_some("token used before");
                let times = (step.times > 1).then_some("repetition");
                over.into_iter().chain(token).chain(times).collect()
            }
        }
    };
    case.steps.iter().flat_map(of_step).map(String::from).collect()
}

/// What one mutation touches.
pub(crate) fn subject(mutation: &Mutation) -> String {
    use Mutation::{
        AddHeader, Authorization, CertificateExtra, CertificateNames, CertificateSubject, RewriteClaim, RewriteHeader,
        SegmentText, SignWith, SignWithMac, SignatureOctets, Undeclared, Unsigned,
    };
    let at = |position: &Position| kebab(&format!("{position:?}"));
    match mutation {
        AddHeader(field) => return format!("field {}", field.name.to_lowercase()),
        Authorization(_) => return "field authorization".into(),
        CertificateExtra { at: position, extra } => {
            return format!("{} {}", at(position), kebab(&format!("{extra:?}")));
        }
        CertificateNames { .. } => return "leaf names".into(),
        CertificateSubject { .. } => return "leaf subject".into(),
        // The issuer signed something else: it is the signature that is not checked.
        RewriteClaim { .. } | SignatureOctets(_) => return "signature".into(),
        RewriteHeader { name, .. } => return format!("header {name}"),
        SegmentText { segment, .. } => return format!("text of the {}", kebab(&format!("{segment:?}"))),
        SignWith { .. } => return "signing key".into(),
        SignWithMac { .. } => return "signing secret".into(),
        Mutation::Prompt(_) => return "prompt".into(),
        Unsigned => return "no signature".into(),
        Undeclared(_) => return "undeclared path".into(),
        _ => {}
    }
    let slot = mutation.slot();
    let name = slot.name.trim_start_matches(['~', '0', ' ']);
    match (slot.stage, name) {
        (SlotStage::Claims, "the whole payload") => "payload".into(),
        (SlotStage::Header, "the whole header") => "header".into(),
        (_, name) if name.starts_with("order") => name.into(),
        (SlotStage::Claims | SlotStage::Binding, name) => format!("claim {name}"),
        (SlotStage::Header, name) => format!("header {name}"),
        (SlotStage::Key, _) => "proof of possession".into(),
        (SlotStage::Chain, "path" | "padding") => format!("chain {name}"),
        (SlotStage::Chain, name) => name.to_lowercase(),
        (SlotStage::Request, "host") => "field host".into(),
        (_, name) => name.into(),
    }
}

/// `TrailingOctet` as `trailing-octet`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for (i, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && i > 0 {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use gatecrash_model::{Extra, Person};

    use super::*;

    #[test]
    fn slots_have_names_that_people_know() {
        let of = |stance, mutation: Option<Mutation>| {
            let case = Case::one(stance, "GET /v1/whoami", mutation.into_iter().collect());
            parts(FindingKind::Breach, &case, "", &BTreeSet::new()).into_iter().collect::<Vec<_>>().join(" + ")
        };
        let alice = Stance::Complete(Person::Alice);
        assert_eq!(of(alice, None), "honest request");
        assert_eq!(of(alice, Some(Mutation::DropClaim("nbf".into()))), "claim nbf");
        assert_eq!(of(alice, Some(Mutation::DropHeader("kid".into()))), "header kid");
        assert_eq!(of(Stance::NoToken, None), "no token");
        let validity = Mutation::CertificateValidity { at: Position::Leaf, not_before: 0, not_after: 1 };
        assert_eq!(of(alice, Some(validity)), "leaf validity");
        let extra = Mutation::CertificateExtra { at: Position::Intermediate, extra: Extra::TrailingOctet };
        assert_eq!(of(alice, Some(extra)), "intermediate trailing-octet");
        assert_eq!(of(Stance::NoToken, Some(Mutation::Unsigned)), "no signature + no token");
    }
}
