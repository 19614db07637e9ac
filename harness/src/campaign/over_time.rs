//! The mistake behind a finding of several steps: what the fewest of them leave as an explanation.

use gatecrash_model::{Attempting, Case, Change, Mutation, Over, Rule, TokenOf};

use crate::campaign::check::{AFTER_PANIC, Cause, Finding, FindingKind, TakenUp, of_certificate};

/// The cause that the steps show; `None` where they are nothing but a way to say one attempt.
pub(super) fn by_history(finding: &Finding) -> Option<Cause> {
    use FindingKind::{Breach, Carryover, FalseRefusal, Fault, Impersonation, Unwitnessed};
    let case = &finding.case;
    let last = case.judged().filter(|_| !case.is_single())?;
    match finding.kind {
        Breach | Carryover | FalseRefusal | Impersonation | Unwitnessed => {}
        // As `lock().unwrap()` says it.
        Fault if finding.seen.contains("PoisonError") => return Some(Cause::Poisoned),
        _ => return None,
    }
    if finding.seen.ends_with(AFTER_PANIC) {
        return Some(Cause::Poisoned);
    }
    if last.mutations.iter().any(plants_session) {
        return Some(Cause::SessionFixed);
    }
    if matches!(last.over, Over::Stream(_)) {
        return Some(Cause::StreamUnchecked);
    }
    let runs = !refused(finding);
    if matches!(last.over, Over::Beside(_)) && runs {
        return Some(if finding.rules.contains(&Rule::OneTime) { Cause::Race } else { Cause::Shared });
    }
    if case.changes().any(|change| matches!(change, Change::KeysFail(_))) {
        return Some(if runs { Cause::FailsOpen } else { Cause::FailsClosed });
    }
    let often = case.attempts().filter(|step| step.times > 1).map(|step| step.times).max();
    if let Some(times) = often.filter(|_| !finding.rules.iter().any(|rule| rule.of_sequence())) {
        return Some(if runs { Cause::FailsOpenAfter(times) } else { Cause::LocksOut });
    }
    if finding.kind == Carryover {
        return Some(Cause::Remembered);
    }
    by_change(finding, case, last)
}

/// What was changed, and over which connection it was not heeded.
fn by_change(finding: &Finding, case: &Case, last: &Attempting) -> Option<Cause> {
    let taken_up = case.changes().filter_map(|change| TakenUp::of(&change)).last();
    let waited = case.changes().any(|change| matches!(change, Change::Wait(_)));
    let certificate = finding.rules.iter().any(|rule| of_certificate(*rule));
    match last.over {
        Over::Kept(_) if certificate && (waited || taken_up.is_some()) => Some(Cause::HandshakeOnly),
        Over::Early(_) | Over::Resumed(_) if certificate && (waited || taken_up.is_some()) => {
            Some(Cause::ResumedUnchecked)
        }
        _ => match (taken_up, last.token) {
            (Some(what), _) => Some(Cause::NotTakenUp(what)),
            (None, TokenOf::SameAs(_)) if !finding.rules.contains(&Rule::OneTime) => Some(Cause::Remembered),
            (None, _) => None,
        },
    }
}

/// Where a new connection is let in as well, the old one is not what is wrong; where an honest token is refused since its
/// key was never fetched, nor is a cache.
pub(super) fn settle(findings: &mut [Finding]) {
    let taken_up = |finding: &Finding| match &finding.cause {
        Cause::NotTakenUp(what) => Some((*what, finding.rules.clone())),
        _ => None,
    };
    let known: Vec<_> = findings.iter().filter_map(taken_up).collect();
    for finding in findings {
        if !matches!(finding.cause, Cause::HandshakeOnly | Cause::ResumedUnchecked) {
            continue;
        }
        let what = finding.case.changes().filter_map(|change| TakenUp::of(&change)).last();
        if let Some((what, _)) = known.iter().find(|(it, rules)| Some(*it) == what && *rules == finding.rules) {
            finding.cause = Cause::NotTakenUp(*what);
        }
    }
}

/// Whether the last attempt was turned away: then somebody was kept out who should not have been.
fn refused(finding: &Finding) -> bool {
    let observation = &finding.observation;
    let success = observation.answer.as_ref().is_some_and(|answer| answer.status < 400);
    finding.kind == FindingKind::FalseRefusal || (observation.seen.hits.is_empty() && !success)
}

fn plants_session(mutation: &Mutation) -> bool {
    matches!(mutation, Mutation::AddHeader(header) if header.value.contains("${session-cookie}"))
}
