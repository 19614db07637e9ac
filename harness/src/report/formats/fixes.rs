//! A fix as code, for axum, rustls and jsonwebtoken, where few lines say it. The examples are compiled by the tests.

use gatecrash_model::Rule;

use crate::campaign::check::Cause;

const EXAMPLES: &str = include_str!("fixes/examples.rs");

/// The lines that make a gate keep a rule; `None` where it takes more than few lines, or where the server's stack does it.
///
/// ```
/// use gatecrash::{model::Rule, report::example};
/// assert!(example(Rule::Lifetime).is_some_and(|code| code.contains("pub fn is_short_lived")));
/// ```
pub fn example(rule: Rule) -> Option<&'static str> {
    named(rule.name())
}

/// The lines that mend a cause; `None` where the rule's lines do.
///
/// ```
/// use gatecrash::{campaign::check::Cause, report::example_of};
/// assert!(example_of(&Cause::NoGuard).is_some_and(|code| code.contains(".merge(")));
/// ```
pub fn example_of(cause: &Cause) -> Option<&'static str> {
    named(&format!("cause {cause}"))
}

fn named(wanted: &str) -> Option<&'static str> {
    let mut rest = EXAMPLES;
    while let Some((_, found)) = rest.split_once("// fix: ") {
        let (names, body) = found.split_once('\n')?;
        let (code, after) = body.split_once("\n// end")?;
        if names.split(", ").any(|name| name == wanted) {
            return Some(code.trim());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_of_a_rule_and_of_one_only() {
        let named: Vec<&str> = EXAMPLES
            .lines()
            .filter_map(|line| line.strip_prefix("// fix: "))
            .flat_map(|names| names.split(", "))
            .filter(|name| !name.starts_with("cause "))
            .collect();
        for name in &named {
            let rule = Rule::ALL.iter().find(|rule| rule.name() == *name).unwrap_or_else(|| panic!("{name}"));
            assert!(example(*rule).is_some_and(|code| code.contains("fn ")), "{name}");
            assert_eq!(named.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert!(named.len() > 20, "{named:?}");
    }

    #[test]
    fn every_cause_that_explains_all_has_an_example() {
        use Cause::*;
        for cause in
            [NoGuard, TokenUnread, SignatureUnchecked, EffectFirst, BodyFirst, CertificateAfterToken, Remembered]
        {
            assert!(example_of(&cause).is_some_and(|code| code.contains("fn ")), "{cause:?}");
        }
    }
}
