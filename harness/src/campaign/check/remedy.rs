//! What a cause is called, and how to mend it, in the words of axum, tower, rustls and jsonwebtoken.

use gatecrash_model::{Rule, Stage};

use super::{Cause, TakenUp};

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
                "An earlier request decides a later one: the gate remembers a caller, or a token that it has verified before.".into()
            }
            Cause::NotTakenUp(what) => format!(
                "A change of {} does not reach the running service: they are read once, or an old answer is kept.",
                what.name()
            ),
            Cause::HandshakeOnly => {
                "The client certificate is checked in the handshake alone, and an open connection outlives it.".into()
            }
            Cause::ResumedUnchecked => {
                "A resumed TLS session is not checked again: rustls restores the certificates of the first handshake.".into()
            }
            Cause::StreamUnchecked => format!("{whom} check{s} the caller when the stream begins, and never again."),
            Cause::Race => "Two requests at the same time both pass a check that only one of them may pass.".into(),
            Cause::Shared => "Requests at the same time share who asks: one of them runs as the other.".into(),
            Cause::Poisoned => {
                "A request panics while a lock is held, and the poisoned lock changes the answer to later requests.".into()
            }
            Cause::SessionFixed => {
                "The session keeps the id that the client sent before it was authenticated, so that whoever planted the id is \
                 let in with it."
                    .into()
            }
            Cause::LocksOut => "Rejected requests of one client make another client wait.".into(),
            Cause::FailsClosed => "When something fails, requests are rejected that do not depend on it.".into(),
            Cause::FailsOpen => "When the check itself fails, the request passes.".into(),
            Cause::FailsOpenAfter(count) => format!("After {count} attempts the gate lets requests pass."),
            Cause::ClaimUnchecked(claim) => format!("{whom} never look{s} at `{claim}`."),
            Cause::Instruction => {
                format!("{whom} let{s} an assistant take a text of the request for an instruction.")
            }
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
            Cause::NotTakenUp(TakenUp::Anchors | TakenUp::Crls) => {
                "Build a new `WebPkiClientVerifier` from the new anchors and CRLs, put it into a new `ServerConfig`, and swap that \
                 (`arc_swap::ArcSwap`, `tokio::sync::watch`) where the accept loop takes it for the next connection."
            }
            Cause::NotTakenUp(TakenUp::Keys) => {
                "Replace the whole map of `DecodingKey`s at each refresh of the JWKS, and drop with it every token that was \
                 verified by a key that is gone. Adding to the map keeps retired keys alive."
            }
            Cause::NotTakenUp(TakenUp::RevokedTokens) => {
                "Look for the `jti` in the list of revoked tokens at each request, after `jsonwebtoken::decode` and also where a \
                 verified token comes from a cache."
            }
            Cause::HandshakeOnly => {
                "Keep the `peer_certificates()` of the connection in the request's extensions, and let the guard verify them at each \
                 request with the current `ClientCertVerifier`; or close connections on reload and when the certificate expires \
                 (hyper: `graceful_shutdown`)."
            }
            Cause::ResumedUnchecked => {
                "Turn resumption off (`config.session_storage = Arc::new(NoServerSessionStorage {})`, `send_tls13_tickets = 0`), or \
                 verify `peer_certificates()` again after a resumed handshake. Give each `ServerConfig` a storage and a ticketer of \
                 its own: a clone shares them."
            }
            Cause::StreamUnchecked => {
                "Check again before each event: let the stream of `Sse::new` or the loop over the `WebSocket` end \
                 (`take_while`, `tokio::select!` with `sleep_until(exp)`) when the guard would reject the same credentials."
            }
            Cause::Race => {
                "Look and store in one step: `HashSet::insert` under one lock, `INSERT ... ON CONFLICT DO NOTHING`, or `SET NX`, and \
                 no `.await` between."
            }
            Cause::Shared => {
                "Keep the caller in the extensions of each request (`request.extensions_mut().insert(caller)`), never in the state of \
                 the connection, the router, or a `thread_local!`: another request overwrites it at the next `.await`."
            }
            Cause::Poisoned => {
                "Let nothing panic while a lock is held (`get(..8)` instead of `[..8]`), and reject the request when a lock is \
                 poisoned, or go on with `PoisonError::into_inner` where the data is whole after a panic."
            }
            Cause::SessionFixed => {
                "Make a new session id after authentication (tower-sessions: `session.cycle_id()`), accept only ids that the service \
                 has issued, and compare the certificate of each request with that of the session."
            }
            Cause::LocksOut => {
                "Count rejected requests by what only their sender has: the client certificate, or the address (tower_governor: a \
                 `KeyExtractor`). A name that a forged token carries is somebody else's."
            }
            Cause::FailsClosed => {
                "Return the error only from the check that needs what failed: keep the last good key set, and put the check on the \
                 routes that need a token (`route_layer`)."
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
            Cause::Instruction => {
                "Decide what the caller may do before the model is asked, and check it again in each tool with the caller's own claims: \
                 a tool call of the model is a request of the caller, and no more. Hand claims, header fields and logs to the model as \
                 data, or not at all. Keep secrets out of its instructions, since they will be told."
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
