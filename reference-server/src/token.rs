//! Reads a JWS in compact serialization and checks who signed it (RFC 7515 §5.2, RFC 9068 §4).
//! Never judges a claim, apart from the `iss` that chooses the key.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
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
    let jws = Jws::parse(token)?;
    jws.header.check_type()?;
    let claims = json::object(&jws.compact.claims).ok_or(Cause::ClaimsMalformed)?;
    let url = match claims.get("iss") {
        None => return Err(Cause::Issuer),
        Some(Value::String(url)) => url,
        Some(_) => return Err(Cause::ClaimsMalformed),
    };
    let issuer = issuers.get(url).ok_or(Cause::Issuer)?;
    jws.signed_octets(issuer, || unknown_key(url))?;
    Ok(Signed { issuer, claims })
}

/// A JWS whose header has been judged, and nothing else.
pub(crate) struct Jws<'a> {
    compact: Compact<'a>,
    header: Header,
}

impl Jws<'_> {
    pub(crate) fn parse(text: &str) -> Result<Jws<'_>, Cause> {
        let compact = Compact::parse(text)?;
        let header = Header::parse(&compact.header)?;
        Ok(Jws { compact, header })
    }

    /// The octets of the claims, when a key of the issuer signed them.
    pub(crate) fn signed_octets(&self, issuer: &TrustedIssuer, unknown_key: impl FnOnce()) -> Result<&[u8], Cause> {
        let Compact { claims, signature, signing_input, .. } = &self.compact;
        let key = issuer.keys.get(self.header.kid()?).ok_or_else(|| {
            unknown_key();
            Cause::KeyUnknown
        })?;
        if key.algorithm != self.header.algorithm {
            return Err(Cause::Algorithm);
        }
        if !key.verifies(issuer.provider, signing_input, signature) {
            return Err(Cause::Signature);
        }
        Ok(claims)
    }
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
        let decode = |segment| BASE64_URL_SAFE_NO_PAD.decode(segment).map_err(|_| Cause::TokenMalformed);
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

/// A JOSE header whose form, algorithm and critical parameters have been judged. Keys and links to keys in it are the
/// sender's word, and ignored.
struct Header {
    algorithm: Algorithm,
    parameters: Object,
}

impl Header {
    fn parse(text: &[u8]) -> Result<Header, Cause> {
        let parameters = json::object(text).ok_or(Cause::HeaderMalformed)?;
        let name = parameter(&parameters, "alg", Cause::Algorithm)?;
        let algorithm = jwks::algorithm_named(name).ok_or(Cause::Algorithm)?;
        if parameters.contains_key("crit") {
            return Err(Cause::CriticalHeader);
        }
        Ok(Header { algorithm, parameters })
    }

    /// RFC 9068 §4: the media type of an access token, its prefix optional (RFC 7515 §4.1.9).
    fn check_type(&self) -> Result<(), Cause> {
        let media_type = parameter(&self.parameters, "typ", Cause::TokenType)?;
        let is_access_token = ["at+jwt", "application/at+jwt"].iter().any(|name| name.eq_ignore_ascii_case(media_type));
        is_access_token.then_some(()).ok_or(Cause::TokenType)
    }

    fn kid(&self) -> Result<&str, Cause> {
        parameter(&self.parameters, "kid", Cause::KeyUnknown)
    }
}

fn parameter<'a>(parameters: &'a Object, name: &str, absent: Cause) -> Result<&'a str, Cause> {
    match parameters.get(name) {
        None => Err(absent),
        Some(Value::String(value)) => Ok(value),
        Some(_) => Err(Cause::HeaderMalformed),
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

    fn judge(text: &str) -> Result<(), Cause> {
        let header = Header::parse(text.as_bytes())?;
        header.check_type()?;
        header.kid().map(|_| ())
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
            assert_eq!(judge(text).err(), Some(cause), "{text}");
        }
        assert!(judge(r#"{"alg":"ES256","typ":"application/AT+jwt","kid":"","zip":"DEF","jku":[]}"#).is_ok());
    }
}
