//! Values that have the right type and cannot be meant: refused when the file is read, so that no request meets them.

use std::time::Duration;

use super::Config;
use crate::spiffe;

/// No wait, no lifetime and no interval of a service is longer.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A key and what is wrong with its value.
pub(super) type Nonsense = (String, String);

impl Config {
    /// The first value that cannot be meant.
    pub(super) fn nonsense(&self) -> Option<Nonsense> {
        self.numbers().or_else(|| self.times()).or_else(|| self.issued()).or_else(|| self.held())
    }

    fn numbers(&self) -> Option<Nonsense> {
        let most_certificates = self.throttle.as_ref().map_or(1, |throttle| throttle.most_certificates);
        let limits = &self.limits;
        let numbers = [
            ("audit.queue", self.audit.queue, 1, 1_000_000),
            ("limits.body", limits.body, 1, 1 << 30),
            // hyper asserts the least of its buffers.
            ("limits.header", limits.header, 8192, 1 << 24),
            ("limits.max-concurrent-streams", limits.max_concurrent_streams as usize, 1, 65_536),
            ("limits.max-connections", limits.max_connections, 1, 1_000_000),
            ("limits.max-handshakes", limits.max_handshakes, 1, 1_000_000),
            ("limits.max-handshakes-per-address", limits.max_handshakes_per_address, 1, 1_000_000),
            ("throttle.most-certificates", most_certificates, 1, 10_000_000),
        ];
        let (key, value, least, most) =
            numbers.into_iter().find(|(_, value, least, most)| value < least || value > most)?;
        Some((key.to_owned(), format!("is {value}, which is not from {least} to {most}")))
    }

    fn times(&self) -> Option<Nonsense> {
        let limits = &self.limits;
        let mut times = vec![
            ("limits.handshake-timeout".to_owned(), limits.handshake_timeout),
            ("limits.header-timeout".to_owned(), limits.header_timeout),
            ("limits.body-timeout".to_owned(), limits.body_timeout),
            ("limits.request-timeout".to_owned(), limits.request_timeout),
            ("limits.idle-timeout".to_owned(), limits.idle_timeout),
            ("limits.keep-alive-interval".to_owned(), limits.keep_alive_interval),
            ("limits.recheck-interval".to_owned(), limits.recheck_interval),
            ("reload.poll".to_owned(), self.reload.poll),
            ("token.max-lifetime".to_owned(), self.token.max_lifetime),
        ];
        for (at, issuer) in self.issuers.iter().enumerate() {
            times.push((format!("issuers[{at}].jwks-refresh"), issuer.jwks_refresh));
            times.push((format!("issuers[{at}].jwks-cooldown"), issuer.jwks_cooldown));
        }
        let may_be_zero =
            [("shutdown.deadline".to_owned(), self.shutdown.deadline), ("token.leeway".to_owned(), self.token.leeway)];
        if let Some((key, _)) = times.iter().find(|(_, time)| time.is_zero()) {
            return Some((key.clone(), "is zero".to_owned()));
        }
        let (key, _) = times.into_iter().chain(may_be_zero).find(|(_, time)| *time > LONGEST)?;
        Some((key, "is longer than a year".to_owned()))
    }

    fn issued(&self) -> Option<Nonsense> {
        if self.issuers.is_empty() {
            return Some(("issuers".to_owned(), "is empty: no token could be accepted".to_owned()));
        }
        if !is_word(&self.token.audience) && !self.token.audience.is_empty() {
            return Some(("token.audience".to_owned(), UNWRITABLE.to_owned()));
        }
        self.issuers.iter().enumerate().find_map(|(at, issuer)| {
            let key = |member: &str| format!("issuers[{at}].{member}");
            if !is_word(&issuer.url) {
                return Some((key("url"), UNWRITABLE.to_owned()));
            }
            if issuer.speaks_for.is_empty() {
                return Some((key("speaks-for"), "is empty: no token of this issuer could be accepted".to_owned()));
            }
            // Whether it ends in a slash is asked by the library, too, which says why.
            let open = |prefix: &&String| prefix.ends_with('/') && !is_prefix(prefix);
            if let Some(prefix) = issuer.speaks_for.iter().find(open) {
                return Some((key("speaks-for"), format!("holds {prefix:?}, which begins no SPIFFE ID")));
            }
            if issuer.may_grant.is_empty() {
                return Some((key("may-grant"), "is empty: this issuer could grant nothing".to_owned()));
            }
            scopes(&issuer.may_grant).map(|problem| (key("may-grant"), problem))
        })
    }

    fn held(&self) -> Option<Nonsense> {
        let holders = self.holders.iter().enumerate().find_map(|(at, holder)| {
            let key = |member: &str| format!("holders[{at}].{member}");
            if !is_prefix(&holder.prefix) {
                return Some((key("prefix"), format!("is {:?}, which begins no SPIFFE ID", holder.prefix)));
            }
            // Whoever is not listed holds nothing; an entry without scopes takes away what a wider one gives.
            let wider = |other: &str| {
                other.ends_with('/') && other.len() < holder.prefix.len() && holder.prefix.starts_with(other)
            };
            if holder.scopes.is_empty() && !self.holders.iter().any(|other| wider(&other.prefix)) {
                return Some((key("scopes"), "is empty, and so it is without this entry".to_owned()));
            }
            scopes(&holder.scopes).map(|problem| (key("scopes"), problem))
        });
        holders.or_else(|| {
            self.accounts.iter().enumerate().find_map(|(at, account)| {
                let is_identifier = |id: &str| {
                    (1..=64).contains(&id.len())
                        && id.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_' || octet == b'-')
                };
                if !is_identifier(&account.id) {
                    let problem = "is not 1 to 64 letters, digits, hyphens and underscores: no path can name it";
                    return Some((format!("accounts[{at}].id"), problem.to_owned()));
                }
                (!spiffe::is_workload_id(&account.owner))
                    .then(|| (format!("accounts[{at}].owner"), "is no SPIFFE ID".to_owned()))
            })
        })
    }
}

const UNWRITABLE: &str = "is empty, or holds white space or a control character";

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control())
}

/// A SPIFFE ID, or the beginning of some that ends in a slash.
fn is_prefix(prefix: &str) -> bool {
    spiffe::is_workload_id(prefix) || (prefix.ends_with('/') && spiffe::is_workload_id(&format!("{prefix}x")))
}

/// What is wrong with these scopes (RFC 6749 §3.3).
fn scopes(scopes: &[String]) -> Option<String> {
    let is_scope =
        |scope: &str| !scope.is_empty() && scope.bytes().all(|octet| matches!(octet, b'!' | b'#'..=b'[' | b']'..=b'~'));
    let wrong = scopes.iter().find(|scope| !is_scope(scope))?;
    Some(format!("holds {wrong:?}, which is no scope (RFC 6749 §3.3)"))
}
