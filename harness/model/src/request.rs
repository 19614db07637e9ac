//! Requests as symbols: how the credential is carried, what is asked for, what else is claimed in headers.

use serde::{Deserialize, Serialize};

use crate::{Carriage, Framing, HostForm, Person, Protocol, TokenSpec};

/// How the token is carried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum AuthorizationForm {
    /// No `Authorization` line.
    Absent,
    /// In the line and in a form in the body as well (RFC 6750 §2.2).
    BodyToo,
    /// A bare CR inside the token.
    CarriageReturn,
    /// `Authorization: Bearer TOKEN, Bearer TOKEN`.
    CommaList,
    /// In a cookie.
    Cookie(CookieForm),
    /// A token that nobody signed in the line, the genuine one in a cookie.
    CookieBesideGarbage,
    /// In the line and in a cookie as well, which is none of the methods.
    CookieToo,
    /// `Authorization:` with nothing after it.
    Empty,
    /// The token in the next line, folded.
    Folded,
    /// In a form in the body (RFC 6750 §2.2).
    FormBody,
    /// Two lines, this text before or after the genuine one.
    Joined {
        /// Whether the genuine line comes first.
        genuine_first: bool,
        /// The value of the other line.
        other: String,
    },
    /// A bare LF inside the token.
    LineFeed,
    /// `=` after the token, so many KiB of it.
    Long(u16),
    /// A letter beyond ASCII inside the token.
    NonAscii,
    /// A no-break space after the scheme.
    NoBreakSpace,
    /// NUL inside the token.
    Nul,
    /// White space around the value, which is no part of it (RFC 9110 §5.5).
    Padded,
    /// The token alone.
    NoScheme,
    /// In another header field.
    OtherHeader(String),
    /// `Authorization: Bearer token="TOKEN"`.
    Parameter,
    /// In the path, as a parameter of its last segment.
    PathParameter,
    /// `%20` after the scheme.
    Percent,
    /// In the query, as `access_token` (RFC 6750 §2.3).
    Query,
    /// In the query, under a name whose first letter is percent-encoded.
    QueryEncoded,
    /// The same as well.
    QueryEncodedToo,
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
    /// White space between the field name and the colon.
    SpaceBeforeColon,
    /// A tab after the scheme.
    Tab,
    /// In the trailer section.
    Trailer,
    /// Text after the token.
    Trailing,
    /// Two lines, the other with Bob's token.
    TwoPrincipals,
    /// Two spaces after the scheme, which is legal (RFC 9110 §11.4).
    TwoSpaces,
}

impl AuthorizationForm {
    /// Whether it means something where the token is carried in another way than a service's by the standard.
    pub(crate) fn is_of(&self, carried: &Carriage) -> bool {
        use AuthorizationForm::*;
        match carried {
            Carriage::Cookie { .. } => matches!(self, Absent),
            Carriage::Field { .. } => matches!(self, Absent | Empty | NoScheme | Padded | Repeated | TwoPrincipals),
            Carriage::Scheme { field, .. } => {
                field == "authorization"
                    || matches!(
                        self,
                        Absent
                            | Empty
                            | NoScheme
                            | Padded
                            | Repeated
                            | Scheme(_)
                            | SchemeOnly
                            | TwoPrincipals
                            | TwoSpaces
                    )
            }
        }
    }
}

/// How a cookie carries the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CookieForm {
    /// Under a name that says the host set it.
    HostPrefix,
    /// Behind 5 KiB of another cookie.
    Oversize,
    /// As `access_token`.
    Plain,
    /// In quotes.
    Quoted,
    /// After another cookie of the same name.
    Second,
}

/// A change of the request target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathForm {
    /// The target in absolute form, which is legal (RFC 9112 §3.2.2).
    Absolute,
    /// The last slash as a backslash.
    Backslash,
    /// A letter of the first segment in upper case.
    Case,
    /// `/./` before the path.
    Dot,
    /// `/x/../` before the path.
    DotDot,
    /// The first letter percent-encoded twice.
    DoubleEncoded,
    /// A second slash at the front.
    DoubleSlash,
    /// `/%2e/` before the path.
    EncodedDot,
    /// `/x/%2e%2e/` before the path.
    EncodedDotDot,
    /// The first letter percent-encoded.
    EncodedLetter,
    /// The last slash as `%2F`; the first one stays, because a target starts with it (RFC 9112 §3.2.1).
    EncodedSlash,
    /// `#x` after the path, which no target has (RFC 9112 §3.2.1).
    Fragment,
    /// `%00` after the path.
    Nul,
    /// `/healthz/..` before the path.
    OpenPrefix,
    /// The last slash in two octets where UTF-8 takes one.
    Overlong,
    /// `/public/..` before the path.
    PublicPrefix,
    /// The first segment twice.
    RepeatedPrefix,
    /// `;x` after the path.
    Semicolon,
    /// The path without its first segment.
    StrippedPrefix,
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
    /// Version of HTTP.
    pub protocol: Protocol,
    /// Method.
    pub method: String,
    /// Path of the target.
    pub path: String,
    /// Whether the target is in absolute form.
    pub absolute: bool,
    /// Query of the target.
    pub query: Option<String>,
    /// What `Host` and `:authority` say.
    pub host: HostForm,
    /// How the token is carried.
    pub authorization: AuthorizationForm,
    /// Further header fields.
    pub headers: Vec<RequestHeader>,
    /// Media type and text of the body.
    pub body: Option<(String, String)>,
    /// How the content is framed, and what follows.
    pub framing: Framing,
    /// Path of the second request.
    pub second: String,
    /// The token of somebody else, sent along.
    pub companion: Option<Box<TokenSpec>>,
}

impl AuthorizationForm {
    /// The header field that carries the token in place of `Authorization`, or beside it.
    ///
    /// ```
    /// use gatecrash_model::AuthorizationForm;
    /// assert_eq!(AuthorizationForm::OtherHeader("x-token".into()).other_field(), Some("x-token"));
    /// ```
    pub fn other_field(&self) -> Option<&str> {
        use AuthorizationForm::*;
        match self {
            Cookie(_) | CookieBesideGarbage | CookieToo => Some("cookie"),
            OtherHeader(name) => Some(name),
            _ => None,
        }
    }
}

impl PathForm {
    /// Every form.
    ///
    /// ```
    /// use gatecrash_model::PathForm;
    /// assert!(PathForm::ALL.contains(&PathForm::DotDot));
    /// ```
    pub const ALL: &[PathForm] = {
        use PathForm::*;
        &[
            Absolute,
            Backslash,
            Case,
            Dot,
            DotDot,
            DoubleEncoded,
            DoubleSlash,
            EncodedDot,
            EncodedDotDot,
            EncodedLetter,
            EncodedSlash,
            Fragment,
            Nul,
            OpenPrefix,
            Overlong,
            PublicPrefix,
            RepeatedPrefix,
            Semicolon,
            StrippedPrefix,
            TrailingSlash,
        ]
    };

    /// The changed path.
    ///
    /// ```
    /// use gatecrash_model::PathForm;
    /// assert_eq!(PathForm::DotDot.apply("/v1/whoami"), "/x/../v1/whoami");
    /// ```
    pub fn apply(self, path: &str) -> String {
        let letter = path.as_bytes().get(1).copied().unwrap_or(b'/');
        let behind_letter = path.get(2..).unwrap_or_default();
        // The first slash stays, because a target starts with it (RFC 9112 §3.2.1).
        let last_slash = |as_text: &str| {
            let (before, after) = path.rsplit_once('/').unwrap_or(("", path));
            let first = if before.is_empty() { "/" } else { "" };
            format!("{first}{before}{as_text}{after}")
        };
        let first_segment = || path.split('/').nth(1).unwrap_or_default();
        match self {
            PathForm::Absolute => path.into(),
            PathForm::Backslash => last_slash("\\"),
            PathForm::Case => {
                let at = path.bytes().position(|byte| byte.is_ascii_lowercase()).unwrap_or(0);
                let (before, after) = path.split_at(at);
                let (letter, rest) = after.split_at(1.min(after.len()));
                format!("{before}{}{rest}", letter.to_ascii_uppercase())
            }
            PathForm::Dot => format!("/.{path}"),
            PathForm::DotDot => format!("/x/..{path}"),
            PathForm::DoubleEncoded => format!("/%25{letter:02X}{behind_letter}"),
            PathForm::DoubleSlash => format!("/{path}"),
            PathForm::EncodedDot => format!("/%2e{path}"),
            PathForm::EncodedDotDot => format!("/x/%2e%2e{path}"),
            PathForm::EncodedLetter => format!("/%{letter:02X}{behind_letter}"),
            PathForm::EncodedSlash => last_slash("%2F"),
            PathForm::Fragment => format!("{path}#x"),
            PathForm::Nul => format!("{path}%00"),
            PathForm::OpenPrefix => format!("/healthz/..{path}"),
            PathForm::Overlong => last_slash("%C0%AF"),
            PathForm::PublicPrefix => format!("/public/..{path}"),
            PathForm::RepeatedPrefix => format!("/{}{path}", first_segment()),
            PathForm::Semicolon => format!("{path};x"),
            PathForm::StrippedPrefix => match path[1.min(path.len())..].split_once('/') {
                Some((_, rest)) => format!("/{rest}"),
                None => "/".into(),
            },
            PathForm::TrailingSlash => format!("{path}/"),
        }
    }
}
