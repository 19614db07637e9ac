//! What a cause is called, and how to mend it, in the words of axum, tower, rustls and jsonwebtoken.

use gatecrash_model::{Rule, Stage};

use super::Cause;

impl Cause {
    /// Whether whatever else it leads to is one finding with it, whichever rules are violated.
    pub fn explains_all(&self) -> bool {
        !matches!(self, Cause::ClaimUnchecked(_) | Cause::Document | Cause::Rule(_) | Cause::Response)
    }

    /// What is wrong with these routes, in a sentence; `None` where the rule says it.
    ///
    /// ```
    /// use gatecrash::campaign::check::Cause;
    /// let routes = ["GET /v1/admin/users/{id}".to_string()];
    /// let said = Cause::NoGuard.sentence(&routes).ok_or("a sentence")?;
    /// assert!(said.starts_with("GET /v1/admin/users/{id} is behind no guard"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn sentence(&self, routes: &[String]) -> Option<String> {
        let (first, more) = routes.split_first().map_or(("The route", 0), |(first, rest)| (first.as_str(), rest.len()));
        let (whom, is) = match more {
            0 => (first.to_string(), "is"),
            1 => (format!("{first} and one more route"), "are"),
            more => (format!("{first} and {more} more routes"), "are"),
        };
        let s = if more == 0 { "s" } else { "" };
        Some(match self {
            Cause::NoGuard => format!("{whom} {is} behind no guard: the handler runs, whatever the request carries."),
            Cause::TokenUnread => format!("{whom} ask{s} for a token, and accept{s} any text as one."),
            Cause::SignatureUnchecked => {
                format!("{whom} accept{s} a token whose signature is wrong: the claims come from an unverified payload.")
            }
            Cause::EffectFirst => format!("{whom} run{s} the handler before the request is checked, then refuse{s} it."),
            Cause::BodyFirst => format!("{whom} read{s} the body before the caller is known."),
            Cause::CertificateAfterToken => {
                "The client certificate is checked after the token: somebody without a certificate learns what a token is worth."
                    .into()
            }
            Cause::Remembered => {
                "An earlier request on the same connection decides a later one: the gate remembers the first caller.".into()
            }
            Cause::FailsOpen => "When the check itself fails, the request passes.".into(),
            Cause::FailsOpenAfter(count) => format!("After {count} attempts the gate lets requests pass."),
            Cause::ClaimUnchecked(claim) => format!("{whom} never look{s} at `{claim}`."),
            Cause::Document | Cause::Rule(_) | Cause::Response => return None,
        })
    }

    /// How to mend it, in words of axum, tower, rustls and jsonwebtoken; `None` where the rule says it.
    ///
    /// ```
    /// use gatecrash::campaign::check::Cause;
    /// assert!(Cause::NoGuard.fix().is_some_and(|fix| fix.contains("`.merge`")));
    /// ```
    pub fn fix(&self) -> Option<&'static str> {
        Some(match self {
            Cause::NoGuard => {
                "In axum, `.layer` guards only the routes that are there already. Call `.merge` and `.nest` before `.layer`, or let \
                 each handler take the verified claims as an argument, so that it cannot run without them."
            }
            Cause::TokenUnread => {
                "Decode and verify the token in the guard (`jsonwebtoken::decode` with the issuer's key), and refuse with 401 when \
                 that fails. That a field `Authorization` is there proves nothing."
            }
            Cause::SignatureUnchecked => {
                "Take claims from `jsonwebtoken::decode` alone. Remove `insecure_decode` and \
                 `insecure_disable_signature_validation`, and every place that decodes the payload by hand."
            }
            Cause::EffectFirst => {
                "Check before `next.run(request)` in `axum::middleware::from_fn`, or before `self.inner.call(request)` in a \
                 `tower::Service`. A response that is replaced afterwards does not undo what the handler did."
            }
            Cause::BodyFirst => {
                "Check the request's head first: in the guard, call `request.into_parts()`, and touch the body only when the caller \
                 is known. In axum, an extractor of the body comes last."
            }
            Cause::CertificateAfterToken => {
                "Require the certificate in the handshake: `WebPkiClientVerifier::builder(roots).build()` without \
                 `allow_unauthenticated()`. Where it must stay optional, check it before the token."
            }
            Cause::Remembered => {
                "Keep the caller in the extensions of each request. Nothing about a caller belongs into the state of a connection, a \
                 `OnceLock`, or a cache whose key is less than the whole token."
            }
            Cause::FailsOpen => {
                "Refuse when a check cannot be made: return the error with `?` in place of `unwrap_or(true)` or `.ok()`."
            }
            Cause::FailsOpenAfter(_) => {
                "Refuse when a limit or a cache is full: an entry that was evicted, or a counter that overflowed, is no permission."
            }
            Cause::ClaimUnchecked(_) => {
                "Name the claim in `jsonwebtoken::Validation`: `set_audience`, `set_issuer`, `validate_nbf`, and \
                 `set_required_spec_claims` for each one you rely on. Compare the others yourself after `decode`."
            }
            Cause::Document | Cause::Rule(_) | Cause::Response => return None,
        })
    }

    /// The claim that a rule is about, where it is about one claim.
    pub(crate) fn claim_of(rule: Rule) -> Option<&'static str> {
        Some(match rule {
            Rule::Audience => "aud",
            Rule::Confirmation => "cnf",
            Rule::Expiry => "exp",
            Rule::IssuedAt => "iat",
            Rule::Issuer => "iss",
            Rule::NotBefore => "nbf",
            Rule::Scope => "scope",
            Rule::SubjectOfCertificate => "sub",
            Rule::TokenId => "jti",
            Rule::ClientId => "client_id",
            _ => return None,
        })
    }
}

/// Whether a certificate's rule is kept in the handshake.
pub(crate) fn of_certificate(rule: Rule) -> bool {
    rule.stage() == Stage::Handshake && !rule.of_protocol()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_counted() {
        let routes: Vec<String> = ["GET /a", "GET /b", "GET /c"].map(String::from).into();
        let said = |count: usize| Cause::NoGuard.sentence(&routes[..count]).unwrap();
        assert!(said(1).starts_with("GET /a is behind"));
        assert!(said(2).starts_with("GET /a and one more route are behind"));
        assert!(said(3).starts_with("GET /a and 2 more routes are behind"));
    }
}
