//! Dictionaries of the raw targets, written from the vocabulary and the catalogue: names, never the values that attacks give.
//!
//! A value in a dictionary would hand the answer to the engine that is to find it.

use std::collections::BTreeSet;

use gatecrash_model::{Mutation, vocabulary};

use crate::attacks::casefile::Surface;
use crate::{attacks::catalogue::Catalogue, world::World};

/// The text of a target's dictionary in libFuzzer's format; `None` for a structured target, which needs none.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::fuzzing::{Surface, dictionary};
/// let text = dictionary(Surface::RawAuthorization, &world).ok_or("a raw target has one")?;
/// assert!(text.contains("\"Bearer\""));
/// assert_eq!(dictionary(Surface::Case, &world), None);
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn dictionary(surface: Surface, world: &World) -> Option<String> {
    let words = match surface {
        Surface::RawAuthorization => texts(&["Bearer", " ", ",", "=", "\"", "token", ".", "\t"]),
        Surface::RawCertificate => identifiers(),
        Surface::RawHttp => request(world),
        Surface::RawTls => records(),
        Surface::IdealToken | Surface::RawToken => token(world),
        _ => return None,
    };
    let mut text = format!("# Of target `{surface}`; `corpus dict` writes it.\n");
    for word in words {
        text.push_str(&format!("\"{}\"\n", escaped(&word)));
    }
    Some(text)
}

fn texts(list: &[&str]) -> BTreeSet<Vec<u8>> {
    list.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Every octet that is no plain letter as `\xNN`.
fn escaped(word: &[u8]) -> String {
    word.iter().fold(String::new(), |text, octet| match octet {
        b'"' | b'\\' => format!("{text}\\{}", char::from(*octet)),
        b' '..=b'~' => format!("{text}{}", char::from(*octet)),
        other => format!("{text}\\x{other:02X}"),
    })
}

/// Every mutation that the vocabulary or the catalogue knows.
fn mutations(world: &World) -> Vec<Mutation> {
    let attacks = Catalogue::embedded().map(|catalogue| catalogue.attacks).unwrap_or_default();
    let known = attacks.into_iter().flat_map(|attack| attack.mutations);
    vocabulary(world.first_blueprint()).into_iter().chain(known).collect()
}

/// Names of claims and header parameters as JSON members, and what holds JSON together.
fn token(world: &World) -> BTreeSet<Vec<u8>> {
    use Mutation::*;
    let mut words = texts(&[".", "..", "{", "}", "[", "]", "null", "true", "1e400", "\\u0000", ":", ","]);
    for mutation in mutations(world) {
        let (DropClaim(name)
        | DropHeader(name)
        | RepeatClaim { name, .. }
        | RepeatHeader { name, .. }
        | RewriteClaim { name, .. }
        | RewriteHeader { name, .. }
        | SetClaim { name, .. }
        | SetHeader { name, .. }) = mutation
        else {
            continue;
        };
        words.insert(format!("\"{name}\":").into_bytes());
    }
    words
}

/// Methods and targets of the policy, and the fields by which requests are framed (RFC 9112).
fn request(world: &World) -> BTreeSet<Vec<u8>> {
    let mut words = texts(&[
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        "\r\n\r\n",
        "\r\n",
        "host: ",
        "content-length: ",
        "transfer-encoding: chunked\r\n",
        "connection: keep-alive\r\n",
        "connection: close\r\n",
        "expect: 100-continue\r\n",
        "authorization: ",
        "0\r\n\r\n",
        "//",
        "/../",
        "%2e",
        "%2f",
        "?",
        "#",
    ]);
    for route in world.policy().routes.iter().filter(|route| !route.token_optional()) {
        words.insert(format!("{} ", route.method).into_bytes());
        words.insert(route.path.split('{').next().unwrap_or_default().as_bytes().to_vec());
    }
    words
}

/// Object identifiers of the extensions that path validation reads (RFC 5280 §4.2), and DER headers.
fn identifiers() -> BTreeSet<Vec<u8>> {
    let extensions = [14, 15, 17, 19, 30, 31, 35, 37].map(|last| vec![0x06, 0x03, 0x55, 0x1D, last]);
    let purposes = [1, 2, 3].map(|last| vec![0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 3, last]);
    let common_name = vec![0x06, 0x03, 0x55, 0x04, 0x03];
    let curve = vec![0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    let ecdsa = vec![0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
    let headers = [[0x01, 0x01, 0xFF].to_vec(), [0x30, 0x82].to_vec(), [0x30, 0x80].to_vec(), [0x05, 0x00].to_vec()];
    extensions.into_iter().chain(purposes).chain([common_name, curve, ecdsa]).chain(headers).collect()
}

/// Types of records, messages and extensions of TLS 1.2 and 1.3 (RFC 8446 §4, §5.1).
fn records() -> BTreeSet<Vec<u8>> {
    let records = [20_u8, 21, 22, 23, 24].map(|kind| vec![kind, 3, 3]);
    let messages = [0_u8, 1, 4, 5, 8, 11, 15, 20, 24].map(|kind| vec![kind, 0, 0]);
    let extensions = [0_u8, 5, 10, 11, 13, 16, 23, 35, 41, 42, 43, 44, 45, 47, 49, 50, 51].map(|kind| vec![0, kind]);
    let versions = [1_u8, 2, 3, 4].map(|minor| vec![3, minor]);
    let suites = [1_u8, 2, 3, 4, 5].map(|last| vec![0x13, last]);
    records.into_iter().chain(messages).chain(extensions).chain(versions).chain(suites).collect()
}
