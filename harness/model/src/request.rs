//! Requests as symbols: how the credential is carried, what is asked for, what else is claimed in headers.

use serde::{Deserialize, Serialize};

use crate::Person;

/// What the bytes travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// HTTP in the clear on the port that speaks TLS.
    Plain,
    /// TLS 1.3.
    Tls13,
}

/// How the token is carried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum AuthorizationForm {
    /// No `Authorization` line.
    Absent,
    /// `Authorization: Bearer TOKEN, Bearer TOKEN`.
    CommaList,
    /// `Authorization:` with nothing after it.
    Empty,
    /// Two lines, this text before or after the genuine one.
    Joined {
        /// Whether the genuine line comes first.
        genuine_first: bool,
        /// The value of the other line.
        other: String,
    },
    /// White space around the value, which is no part of it (RFC 9110 §5.5).
    Padded,
    /// The token alone.
    NoScheme,
    /// In another header field, or in a cookie.
    OtherHeader(String),
    /// `Authorization: Bearer token="TOKEN"`.
    Parameter,
    /// In the query, as `access_token` (RFC 6750 §2.3).
    Query,
    /// In the query as well.
    QueryToo,
    /// `Authorization: Bearer "TOKEN"`.
    Quoted,
    /// The same line twice.
    Repeated,
    /// With this scheme name.
    Scheme(String),
    /// The scheme alone.
    SchemeOnly,
    /// A tab after the scheme.
    Tab,
    /// Text after the token.
    Trailing,
    /// Two spaces after the scheme, which is legal (RFC 9110 §11.4).
    TwoSpaces,
}

/// A change of the request target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathForm {
    /// A letter of the first segment in upper case.
    Case,
    /// `/./` before the path.
    Dot,
    /// `/x/../` before the path.
    DotDot,
    /// A second slash at the front.
    DoubleSlash,
    /// The first letter percent-encoded.
    EncodedLetter,
    /// The last slash as `%2F`; the first one stays, because a target starts with it (RFC 9112 §3.2.1).
    EncodedSlash,
    /// `/public/..` before the path.
    PublicPrefix,
    /// `;x` after the path.
    Semicolon,
    /// A slash after the path.
    TrailingSlash,
}

/// A header field added to the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RequestHeader {
    /// Field name, lower case.
    pub name: String,
    /// Field value; `${name}` is filled in.
    pub value: String,
    /// The person whose certificate, percent-encoded PEM, follows the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_of: Option<Person>,
}

/// The request, symbolically.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestSpec {
    /// Method.
    pub method: String,
    /// Request target in origin form.
    pub target: String,
    /// How the token is carried.
    pub authorization: AuthorizationForm,
    /// Further header fields.
    pub headers: Vec<RequestHeader>,
    /// Media type and text of the body.
    pub body: Option<(String, String)>,
}

impl PathForm {
    /// Every form.
    pub const ALL: [PathForm; 9] = {
        use PathForm::*;
        [Case, Dot, DotDot, DoubleSlash, EncodedLetter, EncodedSlash, PublicPrefix, Semicolon, TrailingSlash]
    };

    /// The changed path.
    pub fn apply(self, path: &str) -> String {
        match self {
            PathForm::Case => {
                let at = path.bytes().position(|byte| byte.is_ascii_lowercase()).unwrap_or(0);
                let (before, after) = path.split_at(at);
                let (letter, rest) = after.split_at(1.min(after.len()));
                format!("{before}{}{rest}", letter.to_ascii_uppercase())
            }
            PathForm::Dot => format!("/.{path}"),
            PathForm::DotDot => format!("/x/..{path}"),
            PathForm::DoubleSlash => format!("/{path}"),
            PathForm::EncodedLetter => {
                let letter = path.as_bytes().get(1).copied().unwrap_or(b'/');
                format!("/%{letter:02X}{}", path.get(2..).unwrap_or_default())
            }
            PathForm::EncodedSlash => {
                let (before, after) = path.rsplit_once('/').unwrap_or(("", path));
                let first = if before.is_empty() { "/" } else { "" };
                format!("{first}{before}%2F{after}")
            }
            PathForm::PublicPrefix => format!("/public/..{path}"),
            PathForm::Semicolon => format!("{path};x"),
            PathForm::TrailingSlash => format!("{path}/"),
        }
    }
}
