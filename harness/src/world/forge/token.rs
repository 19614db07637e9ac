//! Compact JWS by hand: the only way to write what no library would.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::{
    Algorithm, Blueprint, CertificatesOf, ConfirmationOf, Digest, Encoding, KeyName, Member, PayloadForm, Seal,
    SegmentForm, SegmentName, Segments, SignatureForm, TokenSpec, Value, json,
};
use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256, Sha512};

use super::{ForgeError, secret::mac_secret, signature};
use crate::{
    profile::{self, Phase},
    world::forge::Mint,
    world::keys::{self, Keyring},
};

/// Everything that a token is made of.
pub(super) struct TokenForge<'a> {
    pub(super) blueprint: &'a Blueprint,
    pub(super) keyring: &'a Keyring,
    pub(super) mint: &'a Mint,
    pub(super) presented: &'a [CertificateDer<'static>],
    pub(super) serial: u64,
}

impl TokenForge<'_> {
    /// The credential text of a token.
    pub(super) fn token(&self, spec: &TokenSpec) -> Result<String, ForgeError> {
        let header = wrapped(self.object(&spec.header)?, spec.header_form.as_ref());
        let claims = wrapped(self.object(&spec.claims)?, spec.payload.as_ref());
        let message = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.signature(spec, &message)?;
        let mut sent_header = spec.header.clone();
        rewrite(&mut sent_header, &spec.rewritten_header);
        let mut sent_claims = spec.claims.clone();
        rewrite(&mut sent_claims, &spec.rewritten_claims);
        let sent_header = wrapped(self.object(&sent_header)?, spec.header_form.as_ref());
        let sent_claims = wrapped(self.object(&sent_claims)?, spec.payload.as_ref());
        let segment = |name: SegmentName, octets: &[u8]| {
            let text = encode(octets);
            match spec.text.iter().find(|(segment, _)| *segment == name) {
                Some((_, form)) => damaged(text, *form),
                None => text,
            }
        };
        let header = segment(SegmentName::Header, &sent_header);
        let signature = segment(SegmentName::Signature, &signature);
        let claims = segment(SegmentName::Claims, &sent_claims);
        let whole = format!("{header}.{claims}.{signature}");
        let encrypted = |header: &str, key: &[u8], text: &[u8]| {
            [header.as_bytes(), key, &[1; 12], text, &[2; 16]].map(encode).join(".")
        };
        Ok(match spec.segments {
            Segments::Encrypted => encrypted(r#"{"alg":"dir","enc":"A128GCM"}"#, b"", &sent_claims),
            Segments::EncryptedPlain => {
                encrypted(r#"{"alg":"RSA-OAEP","enc":"A256GCM","cty":"JWT"}"#, &[3; 256], whole.as_bytes())
            }
            Segments::EncryptedSlow => {
                let header = r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2000000000,"p2s":"c2FsdA"}"#;
                encrypted(header, &[3; 24], &sent_claims)
            }
            Segments::Flattened => {
                format!(r#"{{"protected":"{header}","payload":"{claims}","signature":"{signature}"}}"#)
            }
            Segments::Four => format!("{whole}.e30"),
            Segments::General => {
                let signed = format!(r#"{{"protected":"{header}","signature":"{signature}"}}"#);
                let other = r#"{"header":{"alg":"none"},"signature":""}"#;
                format!(r#"{{"payload":"{claims}","signatures":[{other},{signed}]}}"#)
            }
            Segments::LeadingDot => format!(".{whole}"),
            Segments::OnlyDots => "..".into(),
            Segments::Three => whole,
            Segments::Two => format!("{header}.{claims}"),
            Segments::Unprotected => {
                format!(r#"{{"payload":"{claims}","header":{{"alg":"none"}},"signature":"{signature}"}}"#)
            }
        })
    }

    fn signature(&self, spec: &TokenSpec, message: &str) -> Result<Vec<u8>, ForgeError> {
        let _spent = profile::spend(Phase::Sign);
        let message = match spec.signature {
            SignatureForm::OtherMessage => format!("{message}x"),
            _ => message.to_string(),
        };
        let octets = match &spec.seal {
            Seal::Nobody => Vec::new(),
            Seal::Key(key, algorithm) => {
                let fault = ForgeError::Key { key: *key, algorithm: algorithm.name() };
                let secret = self.keyring.secret(*key).ok_or(fault.clone())?;
                secret.sign(*algorithm, message.as_bytes()).ok_or(fault)?
            }
            Seal::Mac(secret, algorithm) => {
                let secret = mac_secret(secret, self.keyring, self.blueprint, self.mint);
                keys::mac(&secret, *algorithm, message.as_bytes())
                    .ok_or(ForgeError::Key { key: KeyName::Attacker, algorithm: algorithm.name() })?
            }
        };
        let edwards = matches!(spec.seal, Seal::Key(_, Algorithm::EdDSA));
        Ok(signature::damaged(octets, spec.signature, edwards))
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
            // Spelled out when the case was resolved.
            Value::Long(_) | Value::Nested(_) => "null".into(),
            Value::Certificates(of) => certificates(*of, self.blueprint, self.mint)?,
            Value::Seconds(offset) => (self.blueprint.now + offset).to_string(),
            Value::Unique => format!("\"gc-{:016x}\"", self.serial),
            Value::Jwk(key) => {
                let secret = self.keyring.secret(*key).ok_or(ForgeError::Key { key: *key, algorithm: "JWK" })?;
                format!("{{{}}}", secret.jwk_members())
            }
            Value::Confirmation { member, of, digest, encoding } => {
                let hashed = match of {
                    ConfirmationOf::Intermediate => self.presented.get(1).map(|der| der.to_vec()).unwrap_or_default(),
                    ConfirmationOf::Person(person) => self.mint.certificate(&self.blueprint.leaf(*person))?.to_vec(),
                    ConfirmationOf::Root => self.mint.certificate(&self.blueprint.authority(KeyName::Root))?.to_vec(),
                    of => self.presented.first().map(|der| of_leaf(*of, der, self.keyring)).unwrap_or_default(),
                };
                let text = thumbprint(&hashed, *digest, *encoding);
                if *encoding == Encoding::Base64 && !text.contains(['+', '/']) {
                    return Err(ForgeError::Alike);
                }
                format!("{{{}:\"{}\"}}", json::quote(member), text)
            }
        })
    }
}

/// What is hashed of a leaf, for a thumbprint of the wrong thing.
pub(crate) fn of_leaf(of: ConfirmationOf, der: &[u8], keyring: &Keyring) -> Vec<u8> {
    use x509_parser::prelude::FromDer as _;
    match of {
        ConfirmationOf::Leaf => return der.to_vec(),
        ConfirmationOf::LeafPem => return pem("CERTIFICATE", der).into_bytes(),
        _ => {}
    }
    let Ok((_, certificate)) = x509_parser::certificate::X509Certificate::from_der(der) else { return der.to_vec() };
    let key = certificate.public_key().raw;
    match of {
        ConfirmationOf::LeafJwk => {
            let known = keyring.iter().find(|(_, secret)| secret.public_der() == key);
            known.map(|(_, secret)| jwk_of_thumbprint(secret.jwk_members()).into_bytes()).unwrap_or_default()
        }
        ConfirmationOf::LeafKey => key.to_vec(),
        ConfirmationOf::LeafTbs => certificate.tbs_certificate.as_ref().to_vec(),
        _ => der.to_vec(),
    }
}

/// The members that a JWK thumbprint takes, in the order of their names (RFC 7638 §3).
fn jwk_of_thumbprint(members: &str) -> String {
    let mut sorted: Vec<&str> = members.split(',').collect();
    sorted.sort_unstable();
    format!("{{{}}}", sorted.join(","))
}

/// The value of `x5c` (RFC 7515 §4.1.6).
pub(crate) fn certificates(of: CertificatesOf, blueprint: &Blueprint, mint: &Mint) -> Result<String, ForgeError> {
    let chain = match of {
        CertificatesOf::Person(person) => blueprint.chain(person).certificates,
        CertificatesOf::Rogue(person) => {
            let mut leaf = blueprint.leaf(person);
            leaf.key = KeyName::Attacker;
            leaf.signer = Some(KeyName::RogueIntermediate);
            vec![leaf]
        }
    };
    let texts = chain
        .iter()
        .map(|spec| mint.certificate(spec).map(|der| format!("\"{}\"", base64ct::Base64::encode_string(&der))));
    Ok(format!("[{}]", texts.collect::<Result<Vec<_>, _>>()?.join(",")))
}

/// A thumbprint as text (RFC 8705 §3.1 for SHA-256 in base64url).
pub(crate) fn thumbprint(octets: &[u8], hash: Digest, encoding: Encoding) -> String {
    written(&digest(octets, hash), encoding)
}

/// The octets of a thumbprint.
pub(crate) fn digest(octets: &[u8], hash: Digest) -> Vec<u8> {
    match hash {
        Digest::Sha1 => sha1::Sha1::digest(octets).to_vec(),
        Digest::Sha256 => Sha256::digest(octets).to_vec(),
        Digest::Sha512 => Sha512::digest(octets).to_vec(),
    }
}

/// The octets of a thumbprint as text.
pub(crate) fn written(hash: &[u8], encoding: Encoding) -> String {
    let text = encode(hash);
    match encoding {
        Encoding::Base64 => base64ct::Base64Unpadded::encode_string(hash),
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
        Encoding::HexInBase64Url => {
            encode(hash.iter().map(|octet| format!("{octet:02x}")).collect::<String>().as_bytes())
        }
        Encoding::Spaced => format!(" {text}"),
        Encoding::Prefix => text.chars().take(20).collect(),
        Encoding::TrailingBits => trailing_bits(text),
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

fn encode(octets: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(octets.as_ref())
}

fn wrapped(object: String, form: Option<&PayloadForm>) -> Vec<u8> {
    match form {
        None => object.into_bytes(),
        Some(form) => form.around(&object).map_or_else(|| [&[0xFF], object.as_bytes()].concat(), String::into_bytes),
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

/// Sets the unused low bits of the last letter. Where it has none, another letter follows, which has nothing else.
fn trailing_bits(text: String) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let unused = match text.len() % 4 {
        2 => 0b1111,
        3 => 0b11,
        _ => return format!("{text}_"),
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
