//! HTTP/1.1 requests as bytes (RFC 9112).

use gatecrash_model::{AuthorizationForm, Blueprint, RequestSpec};

use super::{ForgeError, token::pem};
use crate::world::Mint;

/// Name of the server, in SNI and Host.
pub(crate) const HOST: &str = "gate.gatecrash.test";

/// The request, asking for the connection to be closed after it.
pub(super) fn bytes(
    spec: &RequestSpec,
    token: Option<&str>,
    blueprint: &Blueprint,
    mint: &Mint,
) -> Result<Vec<u8>, ForgeError> {
    let mut target = spec.target.clone();
    let mut lines: Vec<(String, String)> = vec![("host".into(), HOST.into())];
    if let Some(token) = token {
        credential(&spec.authorization, token, &mut target, &mut lines);
    }
    for header in &spec.headers {
        let certificate = match header.certificate_of {
            None => String::new(),
            Some(person) => percent(&pem("CERTIFICATE", &mint.certificate(&blueprint.leaf(person))?)),
        };
        lines.push((header.name.clone(), format!("{}{certificate}", header.value)));
    }
    if let Some((media, body)) = &spec.body {
        lines.push(("content-type".into(), media.clone()));
        lines.push(("content-length".into(), body.len().to_string()));
    }
    lines.push(("connection".into(), "close".into()));
    let mut text = format!("{} {target} HTTP/1.1\r\n", spec.method);
    for (name, value) in lines {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    if let Some((_, body)) = &spec.body {
        text.push_str(body);
    }
    Ok(text.into_bytes())
}

fn credential(form: &AuthorizationForm, token: &str, target: &mut String, lines: &mut Vec<(String, String)>) {
    use AuthorizationForm::*;
    let mut authorization = |value: String| lines.push(("authorization".into(), value));
    match form {
        Absent => {}
        CommaList => authorization(format!("Bearer {token}, Bearer {token}")),
        Empty => authorization(String::new()),
        Joined { genuine_first: true, other } => {
            authorization(format!("Bearer {token}"));
            authorization(other.clone());
        }
        Joined { genuine_first: false, other } => {
            authorization(other.clone());
            authorization(format!("Bearer {token}"));
        }
        NoScheme => authorization(token.into()),
        OtherHeader(name) if name == "cookie" => lines.push((name.clone(), format!("access_token={token}"))),
        OtherHeader(name) => lines.push((name.clone(), format!("Bearer {token}"))),
        Padded => authorization(format!(" Bearer {token} \t")),
        Parameter => authorization(format!("Bearer token=\"{token}\"")),
        Query => target.push_str(&format!("?access_token={}", percent(token))),
        QueryToo => {
            authorization(format!("Bearer {token}"));
            target.push_str(&format!("?access_token={}", percent(token)));
        }
        Quoted => authorization(format!("Bearer \"{token}\"")),
        Repeated => {
            authorization(format!("Bearer {token}"));
            authorization(format!("Bearer {token}"));
        }
        Scheme(name) => authorization(format!("{name} {token}")),
        SchemeOnly => authorization("Bearer".into()),
        Tab => authorization(format!("Bearer\t{token}")),
        Trailing => authorization(format!("Bearer {token} x")),
        TwoSpaces => authorization(format!("Bearer  {token}")),
    }
}

/// Percent-encodes everything but unreserved letters (RFC 3986 §2.3).
fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => (byte as char).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
