//! MAC secrets that an attacker can compute: every text and every octet string in which a public key is at hand.

use base64ct::{Base64, Encoding as _};
use gatecrash_model::{Blueprint, IssuerRole, KeyName, MacSecret, PublishedKey, Scene, json};

use super::{chain, token::pem};
use crate::{
    world::forge::Mint,
    world::keys::{Keyring, Kind, Secret},
};

/// The octets of a MAC secret that an attacker can compute; empty where the key has no such form.
pub(crate) fn mac_secret(secret: &MacSecret, keyring: &Keyring, blueprint: &Blueprint, mint: &Mint) -> Vec<u8> {
    let with = |name: &KeyName, octets: &dyn Fn(&Secret) -> Vec<u8>| keyring.secret(*name).map(octets);
    let spki_pem = |key: &Secret| pem("PUBLIC KEY", key.public_der());
    let server = || mint.certificate(&chain::server(blueprint)).map(|der| der.to_vec()).ok();
    match secret {
        MacSecret::CertificateDer => server(),
        MacSecret::CertificatePem => server().map(|der| pem("CERTIFICATE", &der).into_bytes()),
        MacSecret::Empty => None,
        MacSecret::Jwk(name) => {
            with(name, &|key| format!(r#"{{{},"kid":"{}"}}"#, key.jwk_members(), blueprint.kid(*name)).into_bytes())
        }
        MacSecret::JwkSet(name) => match name {
            KeyName::Token(role, _) => Some(jwk_set(*role, blueprint, keyring).into_bytes()),
            _ => None,
        },
        MacSecret::Member(name) => with(name, &|key| member(key).unwrap_or_default()),
        MacSecret::Pkcs1Der(name) => with(name, &|key| key.pkcs1_der().to_vec()),
        MacSecret::Pkcs1Pem(name) => with(name, &|key| pem("RSA PUBLIC KEY", key.pkcs1_der()).into_bytes()),
        MacSecret::Raw(name) => with(name, &|key| key.public_octets().to_vec()),
        MacSecret::SpkiDer(name) => with(name, &|key| key.public_der().to_vec()),
        MacSecret::SpkiPem(name) => with(name, &|key| spki_pem(key).into_bytes()),
        MacSecret::SpkiPemChopped(name) => with(name, &|key| spki_pem(key).trim_end().as_bytes().to_vec()),
        MacSecret::SpkiPemCrlf(name) => with(name, &|key| spki_pem(key).replace('\n', "\r\n").into_bytes()),
        MacSecret::Ssh(name) => with(name, &|key| ssh(key).into_bytes()),
        MacSecret::Word(word) => Some(word.as_bytes().to_vec()),
    }
    .unwrap_or_default()
}

/// The JWK Set that an issuer publishes (RFC 7517 §5), as JSON text. Shared secrets are not in it.
pub(crate) fn jwk_set(role: IssuerRole, blueprint: &Blueprint, keyring: &Keyring) -> String {
    let published = blueprint.published(role);
    let keys = published.iter().enumerate().filter(|(_, key)| !key.algorithm.starts_with("HS"));
    let keys = keys.filter_map(|(at, key)| {
        // A key of several algorithms stands there once, and names none of them (RFC 7517 §4.4).
        let same = |other: &PublishedKey| other.key == key.key && other.signs == key.signs;
        if published[..at].iter().any(same) {
            return None;
        }
        let several = published[at + 1..].iter().any(same);
        let algorithm = if several { String::new() } else { format!(r#""alg":"{}","#, key.algorithm) };
        let members = keyring.secret(key.key)?.jwk_members();
        let purpose = match (key.signs, blueprint.scene) {
            (true, _) => r#""use":"sig""#,
            (false, Scene::KeyOperations) => r#""key_ops":["deriveKey"]"#,
            (false, _) => r#""use":"enc""#,
        };
        Some(format!(r#"{{{members},"kid":"{}",{algorithm}{purpose}}}"#, key.kid))
    });
    format!(r#"{{"keys":[{}]}}"#, keys.collect::<Vec<_>>().join(","))
}

/// The text of the JWK's first number: `n` of RSA, `x` otherwise.
fn member(key: &Secret) -> Option<Vec<u8>> {
    let text = format!("{{{}}}", key.jwk_members());
    let json::Json::Object(members) = json::parse(&text)? else { return None };
    members.into_iter().find_map(|(name, value, _)| match value {
        json::Json::Text(text) if name == "n" || name == "x" => Some(text.into_owned().into_bytes()),
        _ => None,
    })
}

/// A line of `authorized_keys` without a comment (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4).
fn ssh(key: &Secret) -> String {
    let string = |octets: &[u8]| [&(octets.len() as u32).to_be_bytes()[..], octets].concat();
    // A positive mpint whose first bit is set has a zero before it.
    let number = |octets: &[u8]| string(&[&[0][..], octets].concat());
    let (name, fields) = match key.kind() {
        Kind::Ed25519 => ("ssh-ed25519", string(key.public_octets())),
        Kind::P384 => ("ecdsa-sha2-nistp384", [string(b"nistp384"), string(key.public_octets())].concat()),
        Kind::P256 => ("ecdsa-sha2-nistp256", [string(b"nistp256"), string(key.public_octets())].concat()),
        Kind::Rsa => ("ssh-rsa", [string(&[1, 0, 1]), number(key.public_octets())].concat()),
        Kind::Other | Kind::Shared => return String::new(),
    };
    format!("{name} {}", Base64::encode_string(&[string(name.as_bytes()), fields].concat()))
}
