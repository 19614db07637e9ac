//! The fields in which a proxy hands the client's certificate on (RFC 9440 §2, Envoy's `x-forwarded-client-cert`).

use base64ct::{Base64, Encoding as _};
use gatecrash_model::{
    Attempt, Blueprint, CertificateSpec, ChainSpec, ForwardedField, ForwardedForm, ForwardedKey, ProxyPolicy,
    SubjectAttribute, SubjectName,
};
use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};

use super::{
    ForgeError, Mint, identity, pem,
    request::{Field, field, percent},
};

/// The fields of an attempt behind a proxy; none where there is no proxy, or no certificate.
pub(super) fn fields(
    attempt: &Attempt,
    presented: &[CertificateDer<'static>],
    blueprint: &Blueprint,
    mint: &Mint,
) -> Result<Vec<Field>, ForgeError> {
    let (Some(forwarded), Some(chain), Some(proxy)) = (&attempt.forwarded, &attempt.chain, &blueprint.policy.proxy)
    else {
        return Ok(Vec::new());
    };
    let form = forwarded.form;
    let other = match form {
        ForwardedForm::Beside { of, .. }
        | ForwardedForm::HashOf(of)
        | ForwardedForm::Joined(of)
        | ForwardedForm::UriOf(of) => {
            let chain = blueprint.chain(of);
            let presented = identity(&chain, mint)?.chain;
            Some((chain, presented))
        }
        ForwardedForm::Cut | ForwardedForm::Plain => None,
    };
    let mut client = Client::of(chain, presented);
    let written = |client: &Client<'_>| match proxy.field {
        ForwardedField::ClientCert => client.item(),
        ForwardedField::ForwardedClientCert => client.element(proxy),
    };
    if let (ForwardedForm::HashOf(_), Some((chain, presented))) = (form, &other) {
        client.hash = Client::of(chain, presented).hash;
    }
    if let (ForwardedForm::UriOf(_), Some((chain, _))) = (form, &other) {
        client.names = chain.certificates.first().map_or(&[], |leaf| leaf.names.as_slice());
    }
    let genuine = written(&client);
    let smuggled = other.as_ref().map(|(chain, presented)| written(&Client::of(chain, presented))).unwrap_or_default();
    let lines = match form {
        ForwardedForm::Beside { genuine_first: true, .. } => vec![genuine, smuggled],
        ForwardedForm::Beside { genuine_first: false, .. } => vec![smuggled, genuine],
        ForwardedForm::Cut => vec![genuine[..genuine.len() / 2].to_string()],
        ForwardedForm::Joined(_) => vec![format!("{smuggled}, {genuine}")],
        ForwardedForm::HashOf(_) | ForwardedForm::Plain | ForwardedForm::UriOf(_) => vec![genuine],
    };
    let mut fields: Vec<Field> = lines.iter().map(|line| field(proxy.field.name(), line)).collect();
    if proxy.field == ForwardedField::ClientCert && presented.len() > 1 {
        let above: Vec<String> = presented.iter().skip(1).map(|der| byte_sequence(der)).collect();
        fields.push(field("client-cert-chain", &above.join(", ")));
    }
    Ok(fields)
}

/// What a proxy knows of its client.
struct Client<'a> {
    presented: &'a [CertificateDer<'static>],
    leaf: Option<&'a CertificateSpec>,
    names: &'a [SubjectName],
    hash: String,
}

impl<'a> Client<'a> {
    fn of(chain: &'a ChainSpec, presented: &'a [CertificateDer<'static>]) -> Self {
        let leaf = chain.certificates.first();
        let octets = presented.first().map(|der| der.as_ref()).unwrap_or_default();
        let hash = Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect();
        Self { presented, leaf, names: leaf.map_or(&[], |leaf| leaf.names.as_slice()), hash }
    }

    /// The value of `Client-Cert`.
    fn item(&self) -> String {
        self.presented.first().map(|der| byte_sequence(der)).unwrap_or_default()
    }

    /// One element of `x-forwarded-client-cert`.
    fn element(&self, proxy: &ProxyPolicy) -> String {
        let mut pairs = Vec::new();
        for key in ForwardedKey::ALL.iter().filter(|key| proxy.keys.contains(key)) {
            let name = key.name();
            match key {
                ForwardedKey::By => pairs.push(format!("{name}={}", value(&proxy.peer))),
                ForwardedKey::Hash => pairs.push(format!("{name}={}", self.hash)),
                ForwardedKey::Cert => {
                    let text: String = self.presented.iter().take(1).map(|der| pem("CERTIFICATE", der)).collect();
                    pairs.push(format!("{name}=\"{}\"", percent(&text)));
                }
                ForwardedKey::Chain => {
                    let text: String = self.presented.iter().map(|der| pem("CERTIFICATE", der)).collect();
                    pairs.push(format!("{name}=\"{}\"", percent(&text)));
                }
                ForwardedKey::Subject => {
                    pairs.push(format!("{name}=\"{}\"", self.leaf.map(subject).unwrap_or_default()));
                }
                ForwardedKey::Uri => pairs.extend(self.names.iter().filter_map(|known| match known {
                    SubjectName::Uri(text) => Some(format!("{name}={}", value(text))),
                    SubjectName::Dns(_) | SubjectName::Email(_) | SubjectName::Ip(_) => None,
                })),
                ForwardedKey::Dns => pairs.extend(self.names.iter().filter_map(|known| match known {
                    SubjectName::Dns(text) => Some(format!("{name}={}", value(text))),
                    SubjectName::Email(_) | SubjectName::Ip(_) | SubjectName::Uri(_) => None,
                })),
            }
        }
        pairs.join(";")
    }
}

/// A byte sequence (RFC 8941 §3.3.5).
fn byte_sequence(der: &[u8]) -> String {
    format!(":{}:", Base64::encode_string(der))
}

/// A value, in quotes where it holds what divides.
fn value(text: &str) -> String {
    let text = printable(text);
    if text.contains([',', ';', '=', '"']) {
        return format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    }
    text
}

/// Text as a field can hold it.
fn printable(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b' '..=b'~' => (octet as char).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(octet).collect()
}

/// A subject as text (RFC 4514): the last attribute first.
fn subject(leaf: &CertificateSpec) -> String {
    let rest = leaf.subject_rest.iter().rev().map(|attribute| match attribute {
        SubjectAttribute::CommonName(text) => format!("CN={}", escaped(text)),
        SubjectAttribute::Organization(text) => format!("O={}", escaped(text)),
        SubjectAttribute::OrganizationalUnit(text) => format!("OU={}", escaped(text)),
    });
    let first = (!leaf.subject.is_empty()).then(|| format!("CN={}", escaped(&leaf.subject)));
    rest.chain(first).collect::<Vec<_>>().join(",")
}

/// RFC 4514 §2.4.
fn escaped(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => format!("\\{}", octet as char),
        b' '..=b'~' => (octet as char).to_string(),
        other => format!("\\{other:02X}"),
    };
    text.bytes().map(octet).collect()
}
