//! The bearer token in the request (RFC 6750 §2.1).

use http::{Uri, header::AUTHORIZATION, request::Parts};
use percent_encoding::percent_decode_str;

use super::Refusal;

/// The token; `None` when the request carries no credentials at all.
pub(crate) fn bearer(parts: &Parts) -> Result<Option<String>, Refusal> {
    if names_token(&parts.uri) { Err(Refusal::Malformed) } else { in_field(parts) }
}

/// The token in the field, whatever stands elsewhere.
pub(crate) fn in_field(parts: &Parts) -> Result<Option<String>, Refusal> {
    let mut fields = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(field) = fields.next() else { return Ok(None) };
    if fields.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let text = field.to_str().map_err(|_| Refusal::Malformed)?;
    let (scheme, rest) = text.split_once(' ').ok_or(Refusal::Malformed)?;
    let token = rest.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || !is_b64token(token) {
        return Err(Refusal::Malformed);
    }
    Ok(Some(token.into()))
}

/// A token in the query is a second method, or the wrong one (RFC 6750 §2.3, RFC 9700 §4.3.2).
fn names_token(uri: &Uri) -> bool {
    let name = |pair: &str| percent_decode_str(pair.split('=').next().unwrap_or_default()).eq(*b"access_token");
    uri.query().is_some_and(|query| query.split('&').any(name))
}

fn is_b64token(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}
