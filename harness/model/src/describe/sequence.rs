//! Sequences in words: who does what, in order.

use crate::{Attempting, Case, Change, KeyName, KeysFailure, Over, Step, TokenOf};

/// One attempt, without its connection.
pub(super) fn attempt(step: &Attempting) -> String {
    let mut words = format!("{}, {}", step.stance, step.route);
    for (i, mutation) in step.mutations.iter().enumerate() {
        words.push_str(if i == 0 { ", then: " } else { "; " });
        words.push_str(&mutation.to_string());
    }
    words
}

/// A case of several steps.
pub(super) fn describe(case: &Case) -> String {
    let steps = case.steps.iter().zip(1..).map(|(step, number)| match step {
        Step::Attempt(step) => format!("{number}. {}{}{}{}", times(step), over(step), attempt(step), token(step)),
        Step::Change(change) => format!("{number}. {change}"),
    });
    steps.collect::<Vec<_>>().join(". ")
}

fn times(step: &Attempting) -> String {
    if step.times == 1 { String::new() } else { format!("{} times: ", step.times) }
}

fn over(step: &Attempting) -> String {
    match step.over {
        Over::Fresh => String::new(),
        Over::Kept(of) => format!("On the connection of step {of}: "),
        Over::Resumed(of) => format!("On a new connection that resumes the session of step {of}: "),
        Over::Early(of) => format!("As early data, on a new connection that resumes the session of step {of}: "),
        Over::Beside(of) => format!("At the same time as step {of}: "),
        Over::Stream(of) => format!("On the stream of step {of}, which is still open: "),
    }
}

fn token(step: &Attempting) -> String {
    match step.token {
        TokenOf::New => String::new(),
        TokenOf::SameAs(of) => format!(", with the token of step {of}"),
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Change::Wait(seconds) => write!(f, "{seconds} s pass"),
            Change::Revoke(person) => write!(f, "{}'s certificate is revoked", person.title()),
            Change::RevokeToken(of) => write!(f, "The token of step {of} is revoked"),
            Change::DropAnchor(name) => write!(f, "{} is trusted no more", capital(name.key())),
            Change::RetireKey { issuer, key } => {
                write!(f, "{} is published no more", capital(KeyName::Token(*issuer, *key)))
            }
            Change::PublishKey { issuer, key, under: None } => {
                write!(f, "{} is published", capital(KeyName::Token(*issuer, *key)))
            }
            Change::PublishKey { issuer, key, under: Some(under) } => {
                let (key, under) = (KeyName::Token(*issuer, *key), KeyName::Token(*issuer, *under));
                write!(f, "{} is published under the `kid` of {under}", capital(key))
            }
            Change::KeysFail(how) => f.write_str(match how {
                KeysFailure::Empty => "Every issuer publishes a set without keys",
                KeysFailure::Fails => "The place where keys are published answers 500",
                KeysFailure::Huge => "The place where keys are published answers with more keys than anybody has",
                KeysFailure::Malformed => "The place where keys are published answers with what is no JSON",
                KeysFailure::Slow => "The place where keys are published does not answer",
            }),
            Change::Restart => f.write_str("The gate is restarted"),
        }
    }
}

fn capital(key: KeyName) -> String {
    let name = key.to_string();
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use crate::{Attempting, Case, Change, Over, Person, Stance, TokenOf, describe};

    #[test]
    fn a_sequence_reads_in_order() {
        let honest = || Attempting::new(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
        let mut case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]);
        case.steps.push(Change::Revoke(Person::Alice).into());
        case.steps.push(Change::Wait(61).into());
        case.steps.push(honest().over(Over::Kept(1)).token(TokenOf::SameAs(1)).into());
        assert_eq!(
            describe(&case),
            "1. Alice, with everything that is theirs, GET /v1/whoami. 2. Alice's certificate is revoked. 3. 61 s pass. \
             4. On the connection of step 1: Alice, with everything that is theirs, GET /v1/whoami, with the token of step 1"
        );
    }
}
