//! Compact JWS by hand: the only way to write what no library would.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::{
    Blueprint, ConfirmationOf, Digest, Encoding, KeyName, MacSecret, Member, PayloadForm, Seal, SegmentForm,
    SegmentName, Segments, SignatureForm, TokenSpec, Value, json,
};
use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256, Sha512};

use super::ForgeError;
use crate::{
    keys::{self, Keyring},
    world::Mint,
};

/// Everything that a token is made of.
pub(super) struct Smith<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) keyring: &'a Keyring,
    pub(super) mint: &'a Mint,
    pub(super) presented: &'a [CertificateDer<'static>],
    pub(super) serial: u64,
}

impl Smith<'_> {
    /// The credential text of a token.
    pub(super) fn token(&self, spec: &TokenSpec) -> Result<String, ForgeError> {
        let header = self.object(&spec.header)?;
        let claims = wrapped(self.object(&spec.claims)?, spec.payload.as_ref());
        let message = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
        let signature = self.signature(spec, &message)?;
        let mut sent_header = spec.header.clone();
        rewrite(&mut sent_header, &spec.rewritten_header);
        let mut sent_claims = spec.claims.clone();
        rewrite(&mut sent_claims, &spec.rewritten_claims);
        let sent_claims = wrapped(self.object(&sent_claims)?, spec.payload.as_ref());
        let segment = |name: SegmentName, octets: &[u8]| {
            let text = encode(octets);
            match spec.text.iter().find(|(segment, _)| *segment == name) {
                Some((_, form)) => damaged(text, *form),
                None => text,
            }
        };
        let header = segment(SegmentName::Header, self.object(&sent_header)?.as_bytes());
        let claims = segment(SegmentName::Claims, sent_claims.as_bytes());
        let signature = segment(SegmentName::Signature, &signature);
        Ok(match spec.segments {
            Segments::Flattened => {
                format!(r#"{{"protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#)
            }
            Segments::Four => format!("{header}.{claims}.{signature}.e30"),
            Segments::LeadingDot => format!(".{header}.{claims}.{signature}"),
            Segments::OnlyDots => "..".into(),
            Segments::Three => format!("{header}.{claims}.{signature}"),
            Segments::Two => format!("{header}.{claims}"),
        })
    }

    fn signature(&self, spec: &TokenSpec, message: &str) -> Result<Vec<u8>, ForgeError> {
        let message = match spec.signature {
            SignatureForm::OtherMessage => format!("{message}x"),
            _ => message.to_string(),
        };
        let mut octets = match &spec.seal {
            Seal::Nobody => Vec::new(),
            Seal::Key(key, algorithm) => {
                let fault = ForgeError::Key { key: *key, algorithm: algorithm.name() };
                let secret = self.keyring.secret(*key).ok_or(fault.clone())?;
                secret.sign(*algorithm, message.as_bytes()).ok_or(fault)?
            }
            Seal::Mac(secret, algorithm) => {
                keys::mac(&mac_secret(secret, self.keyring, self.blueprint), *algorithm, message.as_bytes())
                    .ok_or(ForgeError::Key { key: KeyName::Attacker, algorithm: algorithm.name() })?
            }
        };
        match spec.signature {
            SignatureForm::BitFlipped => {
                if let Some(octet) = octets.get_mut(5) {
                    *octet ^= 0x10;
                }
            }
            SignatureForm::Extended => octets.push(0),
            SignatureForm::Genuine | SignatureForm::OtherMessage => {}
            SignatureForm::Stripped => octets.clear(),
            SignatureForm::Truncated => {
                octets.pop();
            }
            SignatureForm::TruncatedHalf => octets.truncate(octets.len() / 2),
            SignatureForm::Zero => octets.fill(0),
        }
        Ok(octets)
    }

    fn object(&self, members: &[Member]) -> Result<String, ForgeError> {
        let mut text = String::from("{");
        for (i, member) in members.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            text.push_str(&json::quote(&member.name));
            text.push(':');
            text.push_str(&self.value(&member.value)?);
        }
        text.push('}');
        Ok(text)
    }

    fn value(&self, value: &Value) -> Result<String, ForgeError> {
        Ok(match value {
            Value::Json(text) => text.clone(),
            Value::Seconds(offset) => (self.blueprint.now + offset).to_string(),
            Value::Unique => format!("\"gc-{:016x}\"", self.serial),
            Value::Jwk(key) => {
                let secret = self.keyring.secret(*key).ok_or(ForgeError::Key { key: *key, algorithm: "JWK" })?;
                format!("{{{}}}", secret.jwk_members())
            }
            Value::Confirmation { member, of, digest, encoding } => {
                let hashed = match of {
                    ConfirmationOf::Intermediate => self.presented.get(1).map(|der| der.to_vec()).unwrap_or_default(),
                    ConfirmationOf::Leaf => self.presented.first().map(|der| der.to_vec()).unwrap_or_default(),
                    ConfirmationOf::LeafKey => match self.presented.first() {
                        Some(der) => public_key_info(der),
                        None => Vec::new(),
                    },
                    ConfirmationOf::Person(person) => self.mint.certificate(&self.blueprint.leaf(*person))?.to_vec(),
                };
                format!("{{{}:\"{}\"}}", json::quote(member), thumbprint(&hashed, *digest, *encoding))
            }
        })
    }
}

fn public_key_info(der: &[u8]) -> Vec<u8> {
    use x509_parser::prelude::FromDer as _;
    x509_parser::certificate::X509Certificate::from_der(der)
        .map(|(_, certificate)| certificate.public_key().raw.to_vec())
        .unwrap_or_default()
}

/// A thumbprint as text (RFC 8705 §3.1 for SHA-256 in base64url).
pub(crate) fn thumbprint(octets: &[u8], digest: Digest, encoding: Encoding) -> String {
    let hash = match digest {
        Digest::Sha256 => Sha256::digest(octets).to_vec(),
        Digest::Sha512 => Sha512::digest(octets).to_vec(),
    };
    let text = encode(&hash);
    match encoding {
        Encoding::Base64Url => text,
        Encoding::Base64UrlPadded => format!("{text}="),
        Encoding::FlippedCase => {
            text.chars()
                .map(|letter| {
                    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
                })
                .collect()
        }
        Encoding::Hex => hash.iter().map(|octet| format!("{octet:02x}")).collect(),
        Encoding::Prefix => text.chars().take(20).collect(),
        Encoding::TrailingBits => trailing_bits(text),
    }
}

/// The octets of a MAC secret that an attacker can compute.
pub(crate) fn mac_secret(secret: &MacSecret, keyring: &Keyring, blueprint: &Blueprint) -> Vec<u8> {
    let key = |name: &KeyName| keyring.secret(*name);
    match secret {
        MacSecret::Empty => Vec::new(),
        MacSecret::Jwk(name) => key(name).map_or(Vec::new(), |key| {
            format!(r#"{{{},"kid":"{}"}}"#, key.jwk_members(), blueprint.kid(*name)).into_bytes()
        }),
        MacSecret::Raw(name) => key(name).map(|key| key.public_octets()).unwrap_or_default(),
        MacSecret::SpkiDer(name) => key(name).map(|key| key.public_der()).unwrap_or_default(),
        MacSecret::SpkiPem(name) => {
            key(name).map(|key| pem("PUBLIC KEY", &key.public_der()).into_bytes()).unwrap_or_default()
        }
        MacSecret::SpkiPemChopped(name) => {
            key(name).map(|key| pem("PUBLIC KEY", &key.public_der()).trim_end().as_bytes().to_vec()).unwrap_or_default()
        }
        MacSecret::Word(word) => word.as_bytes().to_vec(),
    }
}

/// Textual encoding (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = base64ct::Base64::encode_string(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

fn encode(octets: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(octets)
}

fn wrapped(claims: String, form: Option<&PayloadForm>) -> String {
    match form {
        None => claims,
        Some(PayloadForm::Prefix(text)) => format!("{text}{claims}"),
        Some(PayloadForm::Suffix(text)) => format!("{claims}{text}"),
        Some(PayloadForm::Text(text)) => text.clone(),
    }
}

fn rewrite(members: &mut Vec<Member>, rewritten: &[Member]) {
    for member in rewritten {
        if let Some(old) = members.iter_mut().find(|old| old.name == member.name) {
            old.value = member.value.clone();
        } else {
            members.push(member.clone());
        }
    }
}

/// Sets the unused low bits of the last letter.
fn trailing_bits(text: String) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let unused = match text.len() % 4 {
        2 => 0b1111,
        3 => 0b11,
        _ => 0,
    };
    let Some(last) = text.bytes().last() else { return text };
    let value = LETTERS.iter().position(|letter| *letter == last).unwrap_or(0);
    format!("{}{}", &text[..text.len() - 1], LETTERS[value | unused] as char)
}

fn damaged(text: String, form: SegmentForm) -> String {
    let middle = text.len() / 2;
    match form {
        SegmentForm::Padded => format!("{text}="),
        SegmentForm::Percent => format!("{text}%3D"),
        SegmentForm::Plus => format!("{text}+"),
        SegmentForm::Space => format!("{} {}", &text[..middle], &text[middle..]),
        SegmentForm::Tab => format!("{}\t{}", &text[..middle], &text[middle..]),
        SegmentForm::TrailingBits => trailing_bits(text),
    }
}
