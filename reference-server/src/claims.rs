//! Judges the claims of a token whose signature is right (RFC 9068 §4): for us, now, by an issuer that may say so.

use serde_json::Value;

use crate::cause::Cause;
use crate::json::Object;
use crate::settings::Settings;
use crate::trusted::TrustedIssuer;

/// What the later steps need of a claims set.
#[derive(Debug)]
pub(crate) struct Claims {
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) subject: String,
}

/// Judges a claims set. `now` is in seconds since the Unix epoch.
pub(crate) fn judge(claims: &Object, issuer: &TrustedIssuer, settings: &Settings, now: f64) -> Result<Claims, Cause> {
    // Types first: a claim of the wrong type is a sign of confusion, whatever the others say.
    let audience = audience(claims)?;
    let [subject, client_id, token_id, scope] = ["sub", "client_id", "jti", "scope"].map(|name| string(claims, name));
    let (subject, client_id, token_id, scope) = (subject?, client_id?, token_id?, scope?);
    let [expires, not_before, issued] = ["exp", "nbf", "iat"].map(|name| numeric_date(claims, name));
    let (expires, not_before, issued) = (expires?, not_before?, issued?);

    if !audience.contains(&settings.audience.as_str()) {
        return Err(Cause::Audience);
    }
    let leeway = settings.leeway.as_secs_f64();
    let expires = expires.filter(|expires| now < expires + leeway).ok_or(Cause::Expired)?;
    not_before.filter(|not_before| *not_before <= now + leeway).ok_or(Cause::NotYetValid)?;
    let issued = issued.filter(|issued| *issued <= now + leeway).ok_or(Cause::IssuedInFuture)?;
    if expires - issued > settings.max_lifetime.as_secs_f64() {
        return Err(Cause::Lifetime);
    }
    let subject = subject.filter(|subject| !subject.is_empty()).ok_or(Cause::Subject)?;
    let client_id = client_id.filter(|client_id| !client_id.is_empty()).ok_or(Cause::ClientId)?;
    token_id.filter(|token_id| !token_id.is_empty()).ok_or(Cause::TokenId)?;
    if !issuer.speaks_for.iter().any(|prefix| subject.starts_with(prefix)) {
        return Err(Cause::IssuerSpeaksFor);
    }
    // Only U+0020 separates (RFC 6749 §3.3); a tab would be part of a scope's name.
    let scopes = scope.unwrap_or_default().split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    Ok(Claims { client_id: client_id.to_owned(), scopes, subject: subject.to_owned() })
}

/// One string or an array of them (RFC 7519 §4.1.3).
fn audience(claims: &Object) -> Result<Vec<&str>, Cause> {
    match claims.get("aud") {
        None => Ok(Vec::new()),
        Some(Value::Array(entries)) => {
            entries.iter().map(|entry| entry.as_str().ok_or(Cause::ClaimsMalformed)).collect()
        }
        Some(Value::String(audience)) => Ok(vec![audience]),
        Some(_) => Err(Cause::ClaimsMalformed),
    }
}

fn string<'a>(claims: &'a Object, name: &str) -> Result<Option<&'a str>, Cause> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(Cause::ClaimsMalformed),
    }
}

/// A NumericDate (RFC 7519 §2), fractions allowed.
fn numeric_date(claims: &Object, name: &str) -> Result<Option<f64>, Cause> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            number.as_f64().filter(|seconds| seconds.is_finite()).map(Some).ok_or(Cause::ClaimsMalformed)
        }
        Some(_) => Err(Cause::ClaimsMalformed),
    }
}
