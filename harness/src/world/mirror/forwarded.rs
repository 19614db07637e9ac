//! The fields of a proxy, read strictly: one item of RFC 9440, or a list of Envoy's elements.

use base64ct::{Base64, Encoding as _};
use gatecrash_model::{
    Attempt, ChainSpec, FieldSeen, ForwardedField, ForwardedSeen, KeyName, Proof, ProxyPolicy, SubjectName,
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};

use super::chain;
use crate::{
    world::World,
    world::forge::{Identity, Wire, identity},
};

/// What the fields say, the chain that counts, and its octets.
pub(super) struct Read {
    pub(super) seen: ForwardedSeen,
    pub(super) chain: Option<ChainSpec>,
    pub(super) presented: Vec<CertificateDer<'static>>,
}

/// Reads the fields of a request. Where there is a hash alone, `attempt` says of what.
pub(super) fn read(wire: &Wire, attempt: &Attempt, world: &World, now: i64) -> Option<Read> {
    let proxy = world.policy().proxy.as_ref()?;
    let peer = wire.identity.as_ref().map(|identity| chain::read(identity, world, now));
    let fields = super::request::fields(wire);
    let lines = |wanted: &str| -> Vec<String> {
        let found = fields.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    };
    let (field, presented) = match proxy.field {
        ForwardedField::ClientCert => items(&lines("client-cert"), &lines("client-cert-chain")),
        ForwardedField::ForwardedClientCert => {
            let found = lines("x-forwarded-client-cert");
            if found.is_empty() {
                (FieldSeen::Absent, Vec::new())
            } else {
                elements(&found.join(","), attempt, proxy, world, now).unwrap_or((FieldSeen::Malformed, Vec::new()))
            }
        }
    };
    let chain = (!presented.is_empty()).then(|| as_read(&presented, world, now));
    Some(Read { seen: ForwardedSeen { presented: peer, field }, chain, presented })
}

fn as_read(presented: &[CertificateDer<'static>], world: &World, now: i64) -> ChainSpec {
    let of = Identity { chain: presented.to_vec(), key: KeyName::Other, proof: Proof::Genuine };
    ChainSpec { proof: Proof::Genuine, ..chain::read(&of, world, now) }
}

/// RFC 9440 §2.2, §2.3.
fn items(lines: &[String], above: &[String]) -> (FieldSeen, Vec<CertificateDer<'static>>) {
    let sequence = |text: &str| {
        let inner = text.trim_matches(' ').strip_prefix(':')?.strip_suffix(':')?;
        Some(CertificateDer::from(Base64::decode_vec(inner).ok()?))
    };
    let leaf = match lines {
        [] => return (FieldSeen::Absent, Vec::new()),
        [one] => sequence(one),
        _ => None,
    };
    let above = above.iter().flat_map(|line| line.split(',')).map(sequence).collect::<Option<Vec<_>>>();
    match (leaf, above) {
        (Some(leaf), Some(above)) => (FieldSeen::One, std::iter::once(leaf).chain(above).collect()),
        _ => (FieldSeen::Malformed, Vec::new()),
    }
}

/// Keys and values of one element.
type Pairs = Vec<(String, String)>;

/// The elements of a list, quotes and escapes undone; `None` where a quote does not end.
fn list(text: &str) -> Option<Vec<Pairs>> {
    let mut elements = vec![vec![(String::new(), String::new())]];
    let (mut quoted, mut in_value) = (false, false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let pairs = elements.last_mut()?;
        let pair = pairs.last_mut()?;
        match letter {
            '"' => quoted = !quoted,
            '\\' if quoted => pair.1.push(letters.next()?),
            ',' | ';' if !quoted => {
                match letter {
                    ';' => pairs.push(Default::default()),
                    _ => elements.push(vec![Default::default()]),
                }
                in_value = false;
            }
            '=' if !in_value => in_value = true,
            ' ' if !in_value => {}
            other if in_value => pair.1.push(other),
            other => pair.0.push(other),
        }
    }
    (!quoted).then_some(elements)
}

/// The last element, as the nearest proxy wrote it; `None` where it is none.
fn elements(
    text: &str,
    attempt: &Attempt,
    proxy: &ProxyPolicy,
    world: &World,
    now: i64,
) -> Option<(FieldSeen, Vec<CertificateDer<'static>>)> {
    let elements = list(text)?;
    let last = elements.last()?;
    let values = |key: &str| -> Vec<&str> {
        last.iter().filter(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str()).collect()
    };
    let certificates = |key: &str| -> Option<Vec<CertificateDer<'static>>> {
        let text = percent_encoding::percent_decode_str(values(key).first()?).decode_utf8().ok()?.into_owned();
        CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>().ok()
    };
    let presented = match (certificates("Chain"), certificates("Cert")) {
        (Some(chain), Some(leaf)) if chain.first() == leaf.first() => chain,
        (None, Some(leaf)) => leaf,
        (None, None) if !proxy.keys.contains(&gatecrash_model::ForwardedKey::Cert) => {
            identity(attempt.chain.as_ref()?, world.mint()).ok()?.chain.into_iter().take(1).collect()
        }
        (Some(_) | None, _) => return None,
    };
    let leaf = presented.first()?;
    let hash: String = Sha256::digest(leaf).iter().map(|octet| format!("{octet:02x}")).collect();
    let spec = as_read(&presented, world, now);
    let uris: Vec<String> = spec.certificates.first()?.names.iter().filter_map(uri).collect();
    let named = |key: gatecrash_model::ForwardedKey| proxy.keys.contains(&key);
    if values("Hash").iter().any(|value| value.len() != hash.len()) {
        return None;
    }
    let other_hash = named(gatecrash_model::ForwardedKey::Hash) && values("Hash") != [hash.as_str()];
    let other_names = named(gatecrash_model::ForwardedKey::Uri) && values("URI") != uris;
    let field = match elements.len() {
        1 if other_hash || other_names => FieldSeen::Contradictory,
        1 => FieldSeen::One,
        _ => FieldSeen::Last,
    };
    Some((field, presented))
}

/// A URI name as a field can hold it.
fn uri(name: &SubjectName) -> Option<String> {
    let SubjectName::Uri(text) = name else { return None };
    let octet = |octet: u8| match octet.is_ascii_graphic() || octet == b' ' {
        true => (octet as char).to_string(),
        false => format!("%{octet:02X}"),
    };
    Some(text.bytes().map(octet).collect())
}
