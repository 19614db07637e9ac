//! Reads a JWS in compact serialization and checks who signed it (RFC 7515 §5.2, RFC 9068 §4).
//! Never judges a claim, apart from the `iss` that chooses the key.

use base64ct::{Base64UrlUnpadded, Encoding};
use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::cause::Cause;
use crate::json::{self, Object};
use crate::jwks;
use crate::trusted::{Issuers, TrustedIssuer};

/// The claims set of a token, and the issuer that signed it.
pub(crate) struct Signed<'a> {
    pub(crate) issuer: &'a TrustedIssuer,
    pub(crate) claims: Object,
}

/// Checks the signature of a token. `unknown_key` hears of an issuer when it does not have the key that is named.
pub(crate) fn verify<'a>(token: &str, issuers: &'a Issuers, unknown_key: &dyn Fn(&str)) -> Result<Signed<'a>, Cause> {
    let compact = Compact::parse(token)?;
    let header = Header::parse(&compact.header)?;
    let claims = json::object(&compact.claims).ok_or(Cause::ClaimsMalformed)?;
    let url = match claims.get("iss") {
        None => return Err(Cause::Issuer),
        Some(Value::String(url)) => url,
        Some(_) => return Err(Cause::ClaimsMalformed),
    };
    let issuer = issuers.get(url).ok_or(Cause::Issuer)?;
    let Some(key) = issuer.keys.get(&header.kid) else {
        unknown_key(url);
        return Err(Cause::KeyUnknown);
    };
    if key.algorithm != header.algorithm {
        return Err(Cause::Algorithm);
    }
    if !key.verifies(compact.signing_input, &compact.signature) {
        return Err(Cause::Signature);
    }
    Ok(Signed { issuer, claims })
}

/// The decoded segments.
struct Compact<'a> {
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: Vec<u8>,
    signing_input: &'a [u8],
}

impl Compact<'_> {
    fn parse(token: &str) -> Result<Compact<'_>, Cause> {
        // The decoder refuses padding, other alphabets and non-zero trailing bits: a token has one spelling.
        let decode = |segment| Base64UrlUnpadded::decode_vec(segment).map_err(|_| Cause::TokenMalformed);
        let (signing_input, signature) = token.rsplit_once('.').ok_or(Cause::TokenMalformed)?;
        let (header, claims) = signing_input.split_once('.').ok_or(Cause::TokenMalformed)?;
        Ok(Compact {
            header: decode(header)?,
            claims: decode(claims)?,
            signature: decode(signature)?,
            signing_input: signing_input.as_bytes(),
        })
    }
}

/// The parameters of the JOSE header that are read. Keys and links to keys in it are the sender's word, and ignored.
struct Header {
    algorithm: Algorithm,
    kid: String,
}

impl Header {
    fn parse(text: &[u8]) -> Result<Header, Cause> {
        let header = json::object(text).ok_or(Cause::HeaderMalformed)?;
        let string = |name, absent| match header.get(name) {
            None => Err(absent),
            Some(Value::String(value)) => Ok(value.as_str()),
            Some(_) => Err(Cause::HeaderMalformed),
        };
        let algorithm = jwks::algorithm_named(string("alg", Cause::Algorithm)?).ok_or(Cause::Algorithm)?;
        if header.contains_key("crit") {
            return Err(Cause::CriticalHeader);
        }
        let media_type = string("typ", Cause::TokenType)?;
        if !["at+jwt", "application/at+jwt"].iter().any(|name| name.eq_ignore_ascii_case(media_type)) {
            return Err(Cause::TokenType);
        }
        let kid = string("kid", Cause::KeyUnknown)?.to_owned();
        Ok(Header { algorithm, kid })
    }
}

#[cfg(test)]
mod tests {
    use super::{Compact, Header};
    use crate::cause::Cause;

    #[test]
    fn a_token_has_one_spelling() {
        assert!(Compact::parse("YQ.YQ.YQ").is_ok());
        for token in ["", "YQ", "YQ.YQ", "YQ.YQ.YQ.YQ", "YQ.YQ.YQ==", "YR.YQ.YQ", "Y.YQ.YQ", "YQ.Y+/a.YQ", "YQ.YQ .YQ"]
        {
            assert_eq!(Compact::parse(token).err(), Some(Cause::TokenMalformed), "{token}");
        }
    }

    #[test]
    fn a_header_names_its_cause() {
        for (text, cause) in [
            ("[]", Cause::HeaderMalformed),
            (r#"{"alg":"ES256","alg":"ES256"}"#, Cause::HeaderMalformed),
            (r#"{"alg":1}"#, Cause::HeaderMalformed),
            (r#"{}"#, Cause::Algorithm),
            (r#"{"alg":"none"}"#, Cause::Algorithm),
            (r#"{"alg":"es256"}"#, Cause::Algorithm),
            (r#"{"alg":"ES256","crit":null}"#, Cause::CriticalHeader),
            (r#"{"alg":"ES256"}"#, Cause::TokenType),
            (r#"{"alg":"ES256","typ":"JWT"}"#, Cause::TokenType),
            (r#"{"alg":"ES256","typ":"AT+JWT"}"#, Cause::KeyUnknown),
        ] {
            assert_eq!(Header::parse(text.as_bytes()).err(), Some(cause), "{text}");
        }
        assert!(Header::parse(br#"{"alg":"ES256","typ":"application/AT+jwt","kid":"","zip":"DEF","jku":[]}"#).is_ok());
    }
}
