//! Tokens, read strictly, with every key of the world tried on the signature.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::{
    Algorithm, CertificatesOf, ConfirmationOf, CredentialSeen, Digest, Encoding, KeyName, Lifted, MacSecret, Member,
    Person, Seal, TextFault, TokenKey, TokenSeen, Value, json,
};
use rustls_pki_types::CertificateDer;

use crate::{
    forge::{secret::mac_secret, token},
    keys,
    world::World,
};

/// What may be hashed of the presented chain, the honest one first.
const PRESENTED: [ConfirmationOf; 6] = {
    use ConfirmationOf::*;
    [Leaf, Intermediate, LeafKey, LeafPem, LeafTbs, LeafJwk]
};

/// Every way to write a thumbprint, the honest one first.
const ENCODINGS: [Encoding; 9] = {
    use Encoding::*;
    [Base64Url, Base64, Base64UrlPadded, FlippedCase, Hex, HexInBase64Url, Prefix, Spaced, TrailingBits]
};

/// What is needed to recognise the octets of the world in a token.
pub(super) struct Reader<'a> {
    pub(super) world: &'a World,
    pub(super) presented: &'a [CertificateDer<'static>],
    pub(super) seal: Option<&'a Seal>,
    pub(super) now: i64,
}

impl Reader<'_> {
    /// Reads the value of an `Authorization` field (RFC 6750 §2.1).
    pub(super) fn credential(&self, value: &str) -> CredentialSeen {
        let value = value.trim_matches([' ', '\t']);
        let end = value.find(|letter: char| !is_tchar(letter)).unwrap_or(value.len());
        let (scheme, rest) = value.split_at(end);
        if !scheme.eq_ignore_ascii_case("bearer") {
            return CredentialSeen::Absent;
        }
        let text = rest.trim_start_matches(' ');
        let body = text.trim_end_matches('=');
        let grammar =
            !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        if text.len() == rest.len() || !grammar {
            return CredentialSeen::Malformed;
        }
        CredentialSeen::Token(self.token(text))
    }

    fn token(&self, text: &str) -> TokenSeen {
        let segments: Vec<&str> = text.split('.').collect();
        let [header, claims, signature] = segments[..] else { return TokenSeen::Garbled(TextFault::Segments) };
        let decoded = [header, claims, signature].map(|segment| Base64UrlUnpadded::decode_vec(segment).ok());
        let [Some(header_octets), Some(claims_octets), Some(signature)] = decoded else {
            return TokenSeen::Garbled(TextFault::Encoding);
        };
        let message = format!("{header}.{claims}");
        TokenSeen::Read {
            header: self.members(&header_octets),
            claims: self.members(&claims_octets),
            seal: self.seal(message.as_bytes(), &signature),
        }
    }

    fn members(&self, octets: &[u8]) -> Option<Vec<Member>> {
        let mut blueprint = self.world.first_blueprint().clone();
        blueprint.now = self.now;
        let text = std::str::from_utf8(octets).ok()?;
        Lifted::members(text, &blueprint, &|text| self.symbol(text))
    }

    /// Recognises a confirmation or a public key of the world.
    fn symbol(&self, text: &str) -> Option<Value> {
        if text.starts_with('[') {
            let people = Person::ALL.into_iter();
            let mut known = people.flat_map(|person| [CertificatesOf::Person(person), CertificatesOf::Rogue(person)]);
            let blueprint = self.world.first_blueprint();
            let same = |of: &CertificatesOf| {
                token::certificates(*of, blueprint, self.world.mint()).is_ok_and(|known| known == text)
            };
            return known.find(same).map(Value::Certificates);
        }
        let Some(json::Json::Object(members)) = json::parse(text) else { return None };
        if members.iter().any(|(name, ..)| name == "kty") {
            let same = |secret: &keys::Secret| format!("{{{}}}", secret.jwk_members()) == text;
            return self.world.keyring().iter().find(|(_, secret)| same(secret)).map(|(name, _)| Value::Jwk(name));
        }
        let [(member, json::Json::Text(thumbprint), _)] = &members[..] else { return None };
        self.thumbprint(thumbprint).map(|(of, digest, encoding)| Value::Confirmation {
            member: member.clone(),
            of,
            digest,
            encoding,
        })
    }

    fn thumbprint(&self, text: &str) -> Option<(ConfirmationOf, Digest, Encoding)> {
        // The likely ones first: what is hashed is found out only as far as needed.
        let people = Person::ALL.map(ConfirmationOf::Person);
        PRESENTED.into_iter().chain(people).chain([ConfirmationOf::Root]).find_map(|of| {
            let octets = self.hashed(of)?;
            let digests = [Digest::Sha256, Digest::Sha1, Digest::Sha512].into_iter();
            let (digest, encoding) = digests
                .flat_map(|digest| ENCODINGS.map(|encoding| (digest, encoding)))
                .find(|(digest, encoding)| token::thumbprint(&octets, *digest, *encoding) == text)?;
            Some((of, digest, encoding))
        })
    }

    fn hashed(&self, of: ConfirmationOf) -> Option<Vec<u8>> {
        let blueprint = self.world.first_blueprint();
        let certificate = |spec| self.world.mint().certificate(&spec).ok().map(|der| der.to_vec());
        match of {
            ConfirmationOf::Intermediate => self.presented.get(1).map(|der| der.to_vec()),
            ConfirmationOf::Person(person) => certificate(blueprint.leaf(person)),
            ConfirmationOf::Root => certificate(blueprint.authority(KeyName::Root)),
            of => self.presented.first().map(|leaf| token::of_leaf(of, leaf, self.world.keyring())),
        }
    }

    fn seal(&self, message: &[u8], signature: &[u8]) -> Seal {
        let meant = self.seal.filter(|seal| self.verifies(seal, message, signature));
        // Only a signature that is not the meant one is tried with everything that the world holds.
        let other = || self.every_seal().into_iter().find(|seal| self.verifies(seal, message, signature));
        meant.cloned().or_else(other).unwrap_or(Seal::Nobody)
    }

    fn every_seal(&self) -> Vec<Seal> {
        let mut seals: Vec<Seal> = Vec::new();
        for name in KeyName::token_keys().into_iter().chain(KeyName::certificate_keys()) {
            let algorithms: &[Algorithm] = match name {
                KeyName::Token(_, TokenKey::Ed25519 | TokenKey::SmallOrder) => &[Algorithm::EdDSA],
                KeyName::Token(_, TokenKey::Rsa | TokenKey::Rsa1024) => {
                    &[Algorithm::PS256, Algorithm::RS256, Algorithm::RS512]
                }
                KeyName::Token(_, TokenKey::Shared) => &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512],
                _ => &[Algorithm::ES256],
            };
            seals.extend(algorithms.iter().map(|algorithm| Seal::Key(name, *algorithm)));
        }
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let fixed = [MacSecret::CertificateDer, MacSecret::CertificatePem, MacSecret::Empty];
            seals.extend(fixed.map(|secret| Seal::Mac(secret, algorithm)));
            for name in KeyName::token_keys() {
                use MacSecret::*;
                let ways =
                    [Jwk, JwkSet, Member, Pkcs1Der, Pkcs1Pem, Raw, SpkiDer, SpkiPem, SpkiPemChopped, SpkiPemCrlf, Ssh];
                if !matches!(name, KeyName::Token(_, TokenKey::Shared)) {
                    seals.extend(ways.map(|way| Seal::Mac(way(name), algorithm)));
                }
            }
        }
        if let Some(Seal::Mac(MacSecret::Word(word), algorithm)) = self.seal {
            seals.push(Seal::Mac(MacSecret::Word(word.clone()), *algorithm));
        }
        seals
    }

    fn verifies(&self, seal: &Seal, message: &[u8], signature: &[u8]) -> bool {
        let lengths: &[usize] = match seal {
            Seal::Key(_, Algorithm::EdDSA | Algorithm::ES256) => &[64],
            Seal::Key(_, Algorithm::PS256 | Algorithm::RS256 | Algorithm::RS512) => &[128, 256],
            Seal::Key(..) | Seal::Mac(..) => &[32, 48, 64],
            Seal::Nobody => &[],
        };
        if !lengths.contains(&signature.len()) {
            return false;
        }
        match seal {
            Seal::Key(name, algorithm) => {
                self.world.keyring().secret(*name).is_some_and(|secret| secret.verifies(*algorithm, message, signature))
            }
            Seal::Mac(secret, algorithm) => {
                let world = self.world;
                let octets = mac_secret(secret, world.keyring(), world.first_blueprint(), world.mint());
                keys::mac(&octets, *algorithm, message).as_deref() == Some(signature)
            }
            Seal::Nobody => false,
        }
    }
}

fn is_tchar(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}
