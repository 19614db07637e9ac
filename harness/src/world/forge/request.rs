//! Requests as fields and content, whatever version of HTTP carries them.

use gatecrash_model::{AuthorizationForm, Blueprint, Carriage, CookieForm, HOST, Http2Form, Protocol, RequestSpec};

use super::{ForgeError, http1, http2, token::pem};
use crate::world::forge::Mint;

/// The credentials of a request, as text.
pub(super) struct Credentials<'a> {
    pub(super) token: Option<&'a str>,
    pub(super) companion: Option<&'a str>,
    /// The fields of a proxy in front.
    pub(super) forwarded: Vec<Field>,
}

/// A field line: name and value, as octets.
pub(super) type Field = (Vec<u8>, Vec<u8>);

/// What both versions of HTTP write.
pub(super) struct Draft {
    pub(super) method: String,
    /// Path and query.
    pub(super) path: String,
    /// The authority of an absolute target, or `:authority`.
    pub(super) authorities: Vec<String>,
    pub(super) hosts: Vec<String>,
    pub(super) fields: Vec<Field>,
    pub(super) content: Option<(String, Vec<u8>)>,
    pub(super) trailers: Vec<Field>,
}

/// The octets that the client writes into the connection.
pub(super) fn bytes(
    spec: &RequestSpec,
    credentials: &Credentials<'_>,
    blueprint: &Blueprint,
    mint: &Mint,
) -> Result<Vec<u8>, ForgeError> {
    let (authority, hosts) = spec.host.said();
    let mut draft = Draft {
        method: spec.method.clone(),
        path: spec.path.clone(),
        authorities: authority.into_iter().collect(),
        hosts,
        fields: Vec::new(),
        content: spec.body.as_ref().map(|(media, text)| (media.clone(), text.clone().into_bytes())),
        trailers: Vec::new(),
    };
    let mut query: Vec<String> = spec.query.iter().cloned().collect();
    if let Some(token) = credentials.token {
        let carried = &blueprint.policy.tokens.carried;
        let (token, companion) = (Carried { carried, token }, credentials.companion);
        credential(&spec.authorization, &token, companion, &mut query, &mut draft);
    }
    if !query.is_empty() {
        // A fragment comes last (RFC 3986 §3).
        let end = draft.path.find('#').unwrap_or(draft.path.len());
        draft.path.insert_str(end, &format!("?{}", query.join("&")));
    }
    draft.fields.extend(credentials.forwarded.iter().cloned());
    for header in &spec.headers {
        let certificate = match header.certificate_of {
            None => String::new(),
            Some(person) => percent(&pem("CERTIFICATE", &mint.certificate(&blueprint.leaf(person))?)),
        };
        draft.fields.push(field(&header.name, &format!("{}{certificate}", header.value)));
    }
    Ok(match spec.protocol {
        Protocol::Http10 | Protocol::Http11 => {
            if spec.absolute && draft.authorities.is_empty() {
                draft.authorities.push(draft.hosts.first().cloned().unwrap_or_else(|| HOST.into()));
            }
            http1::bytes(&draft, spec)
        }
        Protocol::Http2(form) => http2::bytes(draft, form),
        Protocol::PriorKnowledge => http2::bytes(draft, Http2Form::Plain),
    })
}

/// A field of text.
pub(super) fn field(name: &str, value: &str) -> Field {
    (name.as_bytes().to_vec(), value.as_bytes().to_vec())
}

/// A token, and where an honest request carries it.
struct Carried<'a> {
    carried: &'a Carriage,
    token: &'a str,
}

fn credential(
    form: &AuthorizationForm,
    carried: &Carried<'_>,
    companion: Option<&str>,
    query: &mut Vec<String>,
    draft: &mut Draft,
) {
    use AuthorizationForm::*;
    let Carried { carried, token } = *carried;
    let genuine = carried.value(token);
    let (own, scheme) = (carried.field(), carried.scheme().unwrap_or_default());
    let in_query = || format!("access_token={}", percent(token));
    let encoded = || format!("%61ccess_token={}", percent(token));
    let mut line = |value: String| draft.fields.push(field(own, &value));
    match form {
        Absent => {}
        BodyToo => line(genuine),
        CarriageReturn => line(inside(&genuine, "\r")),
        CommaList => line(format!("{genuine}, {genuine}")),
        Cookie(_) if matches!(carried, Carriage::Cookie { .. }) => line(genuine),
        Cookie(form) => draft.fields.push(field("cookie", &cookie(*form, token))),
        CookieBesideGarbage => {
            draft.fields.push(field(own, &format!("{scheme} e30.e30.x")));
            draft.fields.push(field("cookie", &cookie(CookieForm::Plain, token)));
        }
        CookieToo => {
            draft.fields.push(field(own, &genuine));
            draft.fields.push(field("cookie", &cookie(CookieForm::Plain, token)));
        }
        Empty => line(String::new()),
        Folded => line(format!("{scheme}\r\n {token}")),
        FormBody => {}
        Joined { genuine_first: true, other } => [genuine, other.clone()].into_iter().for_each(line),
        Joined { genuine_first: false, other } => [other.clone(), genuine].into_iter().for_each(line),
        LineFeed => line(inside(&genuine, "\n")),
        Long(kib) => line(format!("{genuine}{}", "=".repeat(usize::from(*kib) * 1024))),
        NoBreakSpace => line(format!("{scheme}\u{a0}{token}")),
        NonAscii => line(inside(&genuine, "\u{e9}")),
        NoScheme => line(token.into()),
        Nul => line(inside(&genuine, "\0")),
        OtherHeader(name) if name == "sec-websocket-protocol" => {
            draft.fields.push(field(name, &format!("bearer, {token}")));
        }
        OtherHeader(name) => draft.fields.push(field(name, &genuine)),
        Padded => line(format!(" {genuine} \t")),
        Parameter => line(format!("{scheme} token=\"{token}\"")),
        PathParameter => draft.path.push_str(&format!(";access_token={}", percent(token))),
        Percent => line(format!("{scheme}%20{token}")),
        Query => query.push(in_query()),
        QueryEncoded => query.push(encoded()),
        QueryEncodedToo => {
            line(genuine);
            query.push(encoded());
        }
        QueryToo => {
            line(genuine);
            query.push(in_query());
        }
        Quoted => line(format!("{scheme} \"{token}\"")),
        Repeated => [genuine.clone(), genuine].into_iter().for_each(line),
        Scheme(name) => line(format!("{name} {token}")),
        SchemeOnly => line(scheme.into()),
        SpaceBeforeColon => draft.fields.push(field("authorization ", &genuine)),
        Tab => line(format!("{scheme}\t{token}")),
        Trailer => draft.trailers.push(field("authorization", &genuine)),
        Trailing => line(format!("{genuine} x")),
        TwoPrincipals => {
            let other = companion.map(|token| carried.value(token)).unwrap_or_default();
            [genuine, other].into_iter().for_each(line);
        }
        TwoSpaces => line(format!("{scheme}  {token}")),
    }
    if matches!(form, BodyToo | FormBody) {
        let form = format!("access_token={}", percent(token));
        draft.content = Some(("application/x-www-form-urlencoded".into(), form.into_bytes()));
    }
}

/// `credential` with something a little behind its scheme.
fn inside(credential: &str, what: &str) -> String {
    let at = (credential.len() - 1).min(12);
    format!("{}{what}{}", &credential[..at], &credential[at..])
}

fn cookie(form: CookieForm, token: &str) -> String {
    match form {
        CookieForm::HostPrefix => format!("__Host-access_token={token}"),
        CookieForm::Oversize => format!("filler={}; access_token={token}", "x".repeat(5 * 1024)),
        CookieForm::Plain => format!("access_token={token}"),
        CookieForm::Quoted => format!("access_token=\"{token}\""),
        CookieForm::Second => format!("access_token=x; access_token={token}"),
    }
}

/// Percent-encodes everything but unreserved letters (RFC 3986 §2.3).
pub(super) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => (byte as char).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
