//! Finds the bearer token in a request (RFC 6750 §2.1). Never looks into it.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;

use crate::cause::Cause;

/// The token of the one `Authorization` field line.
pub(crate) fn bearer<'a>(headers: &'a HeaderMap, uri: &Uri) -> Result<&'a str, Cause> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    // A token in the query lands in logs and histories (RFC 9700 §4.3.2): it is never read, only noticed.
    let value = match (lines.next(), lines.next()) {
        (None, _) => return Err(Cause::TokenMissing),
        (Some(_), Some(_)) => return Err(Cause::CredentialDuplicated),
        (Some(_), None) if in_query(uri) => return Err(Cause::CredentialDuplicated),
        (Some(value), None) => value.as_bytes().trim_ascii(),
    };
    let scheme = value.iter().take_while(|octet| is_token_octet(**octet)).count();
    let (scheme, rest) = value.split_at(scheme);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(Cause::TokenMissing);
    }
    // `1*SP` (RFC 9110 §11.4).
    let token = rest.strip_prefix(b" ").map(|rest| &rest[rest.iter().take_while(|octet| **octet == b' ').count()..]);
    token
        .filter(|token| is_b64token(token))
        .and_then(|token| std::str::from_utf8(token).ok())
        .ok_or(Cause::CredentialMalformed)
}

fn in_query(uri: &Uri) -> bool {
    let names = uri.query().into_iter().flat_map(|query| query.split('&'));
    let mut names = names.map(|pair| pair.split('=').next().unwrap_or_default());
    names.any(|name| percent_decode_str(name).eq(b"access_token".iter().copied()))
}

/// `tchar` of RFC 9110 §5.6.2.
fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

/// `b64token` of RFC 6750 §2.1.
fn is_b64token(text: &[u8]) -> bool {
    let letter = |octet: &&u8| B64TOKEN[usize::from(**octet)];
    text.first().as_ref().is_some_and(letter) && text.iter().skip_while(letter).all(|octet| *octet == b'=')
}

/// Which octets a `b64token` is made of, its `=` aside: tokens are long, and each octet is looked at.
const B64TOKEN: [bool; 256] = {
    let (mut table, mut octet) = ([false; 256], 0);
    while octet < 256 {
        let letter = octet as u8;
        table[octet] = letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
        octet += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, Uri};

    use super::bearer;
    use crate::cause::Cause;

    fn read(lines: &[&[u8]], uri: &'static str) -> Result<String, Cause> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("authorization", HeaderValue::from_bytes(line).unwrap());
        }
        bearer(&headers, &Uri::from_static(uri)).map(str::to_owned)
    }

    #[test]
    fn accepts_one_line_in_any_case() {
        for line in ["Bearer a.b.c", "bearer   a.b.c", " BEARER a.b.c\t"] {
            assert_eq!(read(&[line.as_bytes()], "/?token=1").as_deref(), Ok("a.b.c"), "{line}");
        }
        assert_eq!(read(&[b"Bearer a=="], "/").as_deref(), Ok("a=="));
    }

    #[test]
    fn names_the_cause() {
        for (lines, uri, cause) in [
            (&[][..], "/", Cause::TokenMissing),
            (&[], "/?access_token=a", Cause::TokenMissing),
            (&[b"Basic a"], "/", Cause::TokenMissing),
            (&[b""], "/", Cause::TokenMissing),
            (&[b"Bearera"], "/", Cause::TokenMissing),
            (&[b"Bearer"], "/", Cause::CredentialMalformed),
            (&[b"Bearer a b"], "/", Cause::CredentialMalformed),
            (&[b"Bearer a,b"], "/", Cause::CredentialMalformed),
            (&[b"Bearer\ta"], "/", Cause::CredentialMalformed),
            (&[b"Bearer ="], "/", Cause::CredentialMalformed),
            (&[b"Bearer a=b"], "/", Cause::CredentialMalformed),
            (&[b"Bearer \xc3\xa4"], "/", Cause::CredentialMalformed),
            (&[b"Bearer a", b"Bearer a"], "/", Cause::CredentialDuplicated),
            (&[b"Bearer a"], "/?access_token=a", Cause::CredentialDuplicated),
            (&[b"Bearer a"], "/?x=1&%61ccess%5ftoken", Cause::CredentialDuplicated),
        ] as [(&[&[u8]], &'static str, Cause); 15]
        {
            assert_eq!(read(lines, uri), Err(cause), "{lines:?} {uri}");
        }
    }
}
