//! Compares what is permitted with what was done.

use std::collections::BTreeSet;

use gatecrash_model::{Admission, Policy, Rule, SecondVerdict, Stage, Verdict};

use super::{Disagreement, FindingKind};
use crate::{
    gate::{Evidence, Handshake, Observation},
    world::Hit,
};

/// Every disagreement; empty when permitted and done agree. `leniencies` are the admissions that are no breach, asked for where
/// somebody got through.
pub(super) fn compare(
    verdict: &Verdict,
    observation: &Observation,
    policy: &Policy,
    method: &str,
    leniencies: impl Fn() -> BTreeSet<Admission>,
) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let rules = &verdict.refusals;
    let mut say = |kind: FindingKind, seen: String| found.push(Disagreement { kind, seen, rules: rules.clone() });
    faults(observation, policy, &mut say);
    for fault in super::challenge::faults(verdict, observation, policy) {
        say(FindingKind::Fault, fault);
    }
    if observation.throttled(policy) {
        return found;
    }
    let status = observation.answer.as_ref().map(|answer| answer.status);
    // Nothing is put into words before there is something to say.
    let answered = || match (&observation.handshake, status) {
        (_, Some(status)) => format!("answered {status}"),
        (Handshake::Refused(reason), None) => format!("refused the handshake: {reason}"),
        (Handshake::Silent, None) => "closed the connection without an answer".into(),
        (Handshake::Accepted | Handshake::None, None) => "gave no answer".into(),
    };
    let (hits, of_second) = hits_of(verdict, observation);
    let refused = observation.answer.as_ref().is_some_and(|answer| answer.refused(policy));
    for hit in &hits {
        let kind = match verdict.must_refuse() {
            true if leniencies().iter().any(|admission| permits(admission, hit)) => FindingKind::Leniency,
            true if refused => FindingKind::EarlyEffect,
            true => FindingKind::Breach,
            false if verdict.admissions.iter().any(|admission| permits(admission, hit)) => continue,
            false => FindingKind::Impersonation,
        };
        say(kind, format!("{} ran{}{}; the gate {}", hit.route, as_whom(hit), on_what(hit), answered()));
    }
    let success = observation.answer.as_ref().is_some_and(|answer| answer.succeeded(policy));
    let by_status = observation.evidence == Evidence::Status;
    let hit = !hits.is_empty() || (by_status && success);
    let proves = success && !answers_alike(method, policy);
    if by_status && proves && verdict.must_refuse() && hits.is_empty() {
        let kind = if leniencies().is_empty() { FindingKind::Breach } else { FindingKind::Leniency };
        say(kind, format!("the gate {}", answered()));
    }
    if let Some(principal) = observation.answered_as.as_ref().filter(|_| success && !verdict.must_refuse())
        && !verdict.admissions.iter().any(|admission| admission.principal == **principal)
    {
        say(FindingKind::Impersonation, format!("the gate {} for {principal}", answered()));
    }
    if proves && !hit && verdict.must_refuse() {
        say(FindingKind::Unwitnessed, format!("the gate {}, and no effect was witnessed", answered()));
    }
    if verdict.must_admit() && !hit && observation.panics.is_empty() && !observation.hang {
        say(FindingKind::FalseRefusal, format!("the gate {}", answered()));
    }
    if verdict.must_refuse() && !hit {
        let too_late = verdict.latest == Some(Stage::Handshake) && status.is_some_and(|status| status < 500);
        if too_late && !success {
            say(FindingKind::LateRefusal, format!("the handshake was accepted, then the gate {}", answered()));
        } else if observation.seen.look_ups > 0 && verdict.latest == Some(Stage::Handshake) {
            say(FindingKind::LateRefusal, "the key source was asked before the certificate was accepted".into());
        } else if verdict.latest <= Some(Stage::Token) && observation.continued {
            say(FindingKind::LateRefusal, "the gate asked for the content before it knew who was asking".into());
        } else if verdict.latest == Some(Stage::Handshake)
            && observation.handshake == Handshake::Accepted
            && observation.answer.is_none()
            && observation.broken.is_none()
        {
            say(FindingKind::LateRefusal, "the server went on with the handshake".into());
        }
    }
    if let Some(second) = &verdict.second {
        found.extend(of_second.iter().map(|hit| {
            let seen = format!("the second request was let in: {} ran{}{}", hit.route, as_whom(hit), on_what(hit));
            Disagreement { kind: FindingKind::Breach, seen, rules: second.rules.clone() }
        }));
        found.extend(answered_twice(second, observation, policy));
    }
    found
}

/// Whether answers to a method look alike for who is let in and who is not, where the policy says that they do.
///
/// A preflight carries no credentials (Fetch §3.2.2); an answer to `HEAD` or `CONNECT` has no content and no trailers
/// (RFC 9110 §9.3.2, §9.3.6), so that a refusal which is declared to stand there cannot be seen.
fn answers_alike(method: &str, policy: &Policy) -> bool {
    let answers = &policy.answers;
    match method {
        "CONNECT" | "HEAD" => !answers.refused_content.is_empty() || !answers.refused_fields.is_empty(),
        "OPTIONS" => answers.preflight,
        _ => false,
    }
}

/// The effects of the first request, and those of the second.
fn hits_of<'a>(verdict: &Verdict, observation: &'a Observation) -> (Vec<&'a Hit>, Vec<&'a Hit>) {
    let hits = observation.seen.hits.iter().enumerate();
    let of_second = |at: usize, hit: &Hit| match &verdict.second {
        None => false,
        // On one route, the first request is the one that came first.
        Some(second) if second.same_route => at > 0,
        Some(second) => hit.route == second.route,
    };
    let (second, first): (Vec<_>, Vec<_>) = hits.partition(|(at, hit)| of_second(*at, hit));
    let plain = |hits: Vec<(usize, &'a Hit)>| hits.into_iter().map(|(_, hit)| hit).collect();
    (plain(first), plain(second))
}

/// What the answer to a second request gives away: that there was one, or that it was let in.
fn answered_twice(second: &SecondVerdict, observation: &Observation, policy: &Policy) -> Option<Disagreement> {
    let answer = observation.further.first()?;
    let rules: BTreeSet<Rule> = second.rules.clone();
    let success = answer.succeeded(policy);
    match second.hidden {
        true => {
            let seen = format!("a second request was read out of the first, and answered {}", answer.status);
            Some(Disagreement { kind: FindingKind::Fault, seen, rules })
        }
        false if success => {
            let seen = format!("the second request was answered {}", answer.status);
            Some(Disagreement { kind: FindingKind::Unwitnessed, seen, rules })
        }
        false => None,
    }
}

fn permits(admission: &Admission, hit: &Hit) -> bool {
    admission.route == hit.route
        && hit.principal.as_ref().is_none_or(|principal| *principal == admission.principal)
        && (hit.object.is_none() || hit.object == admission.object)
}

fn as_whom(hit: &Hit) -> String {
    hit.principal.as_ref().map_or(String::new(), |principal| format!(" as {principal}"))
}

fn on_what(hit: &Hit) -> String {
    hit.object.as_ref().map_or(String::new(), |object| format!(" on {object}"))
}

/// What no gate may do, whatever was attempted.
pub(crate) fn faults(observation: &Observation, policy: &Policy, say: &mut impl FnMut(FindingKind, String)) {
    if let Some(message) = observation.panics.first() {
        say(FindingKind::Fault, format!("the gate panicked: {message}"));
    }
    if observation.hang {
        say(FindingKind::Fault, "the gate did not answer within the budget".into());
    }
    if let Some(broken) = &observation.broken {
        say(FindingKind::Fault, broken.clone());
    }
    if let Some(answer) = &observation.answer
        && answer.status >= 500
        && !policy.answers.refused.contains(&answer.status)
        && !policy.answers.throttled.contains(&answer.status)
    {
        say(FindingKind::Fault, format!("the gate answered {}", answer.status));
    }
}
