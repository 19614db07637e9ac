//! Tokens, read strictly, with every key of the world tried on the signature.

use std::borrow::Cow;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::{
    Algorithm, Carriage, CertificatesOf, ConfirmationOf, CredentialSeen, Digest, Encoding, KeyName, Lifted, MacSecret,
    Member, Person, Seal, TextFault, TokenKey, TokenSeen, Value, json,
};
use rustls_pki_types::CertificateDer;

use crate::{
    world::forge::secret::mac_secret,
    world::forge::token,
    world::{World, keys},
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

/// What is needed to recognize the octets of the world in a token.
pub(super) struct Reader<'a> {
    pub(super) world: &'a World,
    pub(super) presented: &'a [CertificateDer<'static>],
    pub(super) seal: Option<&'a Seal>,
    pub(super) now: i64,
}

impl Reader<'_> {
    /// Reads the value of the field that carries the token, such as `Authorization` (RFC 6750 §2.1).
    pub(super) fn credential(&self, value: &str) -> CredentialSeen {
        let value = value.trim_matches([' ', '\t']);
        let wanted = match &self.world.policy().tokens.carried {
            Carriage::Cookie { name } => {
                let mut pairs = value.split(';').filter_map(|pair| pair.trim_matches(' ').split_once('='));
                return match pairs.find(|(known, _)| known == name) {
                    Some((_, text)) => self.bare(text),
                    None => CredentialSeen::Absent,
                };
            }
            Carriage::Field { .. } if value.is_empty() => return CredentialSeen::Absent,
            Carriage::Field { .. } => return self.bare(value),
            Carriage::Scheme { scheme, .. } => scheme,
        };
        let end = value.find(|letter: char| !is_tchar(letter)).unwrap_or(value.len());
        let (scheme, rest) = value.split_at(end);
        if !scheme.eq_ignore_ascii_case(wanted) {
            return CredentialSeen::Absent;
        }
        let text = rest.trim_start_matches(' ');
        if text.len() == rest.len() { CredentialSeen::Malformed } else { self.bare(text) }
    }

    /// Reads a token that stands alone: `b64token` of RFC 6750 §2.1.
    fn bare(&self, text: &str) -> CredentialSeen {
        let body = text.trim_end_matches('=');
        let grammar =
            !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        if grammar { CredentialSeen::Token(self.token(text)) } else { CredentialSeen::Malformed }
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
        let mut blueprint = Cow::Borrowed(self.world.first_blueprint());
        if blueprint.now != self.now {
            blueprint.to_mut().now = self.now;
        }
        let text = std::str::from_utf8(octets).ok()?;
        Lifted::members(text, &blueprint, &|text| self.symbol(text))
    }

    /// Recognizes a confirmation or a public key of the world.
    fn symbol(&self, text: &str) -> Option<Value> {
        if text.starts_with('[') {
            let people = Person::ALL.iter().copied();
            let mut known = people.flat_map(|person| [CertificatesOf::Person(person), CertificatesOf::Rogue(person)]);
            let blueprint = self.world.first_blueprint();
            let same = |of: &CertificatesOf| {
                token::certificates(*of, blueprint, self.world.mint()).is_ok_and(|known| known == text)
            };
            return known.find(same).map(Value::Certificates);
        }
        let Some(json::Json::Object(members)) = json::parse(text) else { return None };
        if members.iter().any(|(name, ..)| name == "kty") {
            let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            let same = |secret: &keys::Secret| inner == Some(secret.jwk_members());
            return self.world.keyring().iter().find(|(_, secret)| same(secret)).map(|(name, _)| Value::Jwk(name));
        }
        let [(member, json::Json::Text(thumbprint), _)] = &members[..] else { return None };
        self.thumbprint(thumbprint).map(|(of, digest, encoding)| Value::Confirmation {
            member: member.to_string(),
            of,
            digest,
            encoding,
        })
    }

    fn thumbprint(&self, text: &str) -> Option<(ConfirmationOf, Digest, Encoding)> {
        // The likely ones first: what is hashed is found out only as far as needed.
        let people = Person::ALL.iter().copied().map(ConfirmationOf::Person);
        PRESENTED.into_iter().chain(people).chain([ConfirmationOf::Root]).find_map(|of| {
            let octets = self.hashed(of)?;
            [Digest::Sha256, Digest::Sha1, Digest::Sha512].into_iter().find_map(|digest| {
                let hash = token::digest(&octets, digest);
                let encoding = ENCODINGS.into_iter().find(|encoding| token::written(&hash, *encoding) == text)?;
                Some((of, digest, encoding))
            })
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
        let other = || self.by_key(message, signature).or_else(|| self.by_mac(message, signature));
        meant.cloned().or_else(other).unwrap_or(Seal::Nobody)
    }

    /// The key of the world under which the signature verifies.
    fn by_key(&self, message: &[u8], signature: &[u8]) -> Option<Seal> {
        // An ECDSA signature says which keys could have made it (SEC 1 §4.1.6): nobody else need be tried.
        let recovered = keys::recovered(message, signature);
        // Keys of issuers first, of which most are.
        let (tokens, others): (Vec<KeyName>, Vec<KeyName>) =
            self.world.keyring().iter().map(|(name, _)| name).partition(|name| matches!(name, KeyName::Token(..)));
        let names = tokens.into_iter().chain(others);
        let mut seals = names.flat_map(|name| {
            let algorithms: &[Algorithm] = match name {
                KeyName::Token(_, TokenKey::Ed25519 | TokenKey::SmallOrder) => &[Algorithm::EdDSA],
                KeyName::Token(_, TokenKey::Rsa | TokenKey::Rsa1024) => {
                    use Algorithm::*;
                    &[PS256, PS384, PS512, RS256, RS384, RS512]
                }
                KeyName::Token(_, TokenKey::P384) => &[Algorithm::ES384],
                // Keys of certificates alone.
                KeyName::Unfit(_) => &[],
                KeyName::Token(_, TokenKey::Shared) => &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512],
                _ => &[Algorithm::ES256],
            };
            algorithms.iter().map(move |algorithm| Seal::Key(name, *algorithm))
        });
        seals.find(|seal| match seal {
            Seal::Key(name, Algorithm::ES256) => {
                let key = self.world.keyring().secret(*name);
                let possible =
                    key.is_some_and(|key| key.is_ideal() || recovered.iter().any(|it| it == key.public_octets()));
                possible && self.verifies(seal, message, signature)
            }
            seal => self.verifies(seal, message, signature),
        })
    }

    /// What of the world somebody made a MAC with.
    fn by_mac(&self, message: &[u8], signature: &[u8]) -> Option<Seal> {
        let algorithm = match signature.len() {
            32 => Algorithm::HS256,
            48 => Algorithm::HS384,
            64 => Algorithm::HS512,
            _ => return None,
        };
        let world = self.world;
        let octets = |secret: &MacSecret| mac_secret(secret, world.keyring(), world.first_blueprint(), world.mint());
        let known = world
            .kept()
            .mac_secrets
            .get_or_init(|| mac_secrets().into_iter().map(|secret| (secret.clone(), octets(&secret))).collect());
        let made = |octets: &[u8]| keys::mac(octets, algorithm, message).as_deref() == Some(signature);
        let word = match self.seal {
            Some(Seal::Mac(secret @ MacSecret::Word(_), _)) => Some((secret.clone(), octets(secret))),
            _ => None,
        };
        let found = known.iter().chain(&word).find(|(_, octets)| made(octets));
        found.map(|(secret, _)| Seal::Mac(secret.clone(), algorithm))
    }

    fn verifies(&self, seal: &Seal, message: &[u8], signature: &[u8]) -> bool {
        let lengths: &[usize] = match seal {
            Seal::Key(_, Algorithm::EdDSA | Algorithm::ES256) => &[64],
            Seal::Key(_, Algorithm::ES384) => &[96],
            Seal::Key(_, algorithm) if algorithm.is_rsa() => &[128, 256],
            Seal::Key(_, algorithm) | Seal::Mac(_, algorithm) => match algorithm {
                Algorithm::HS256 => &[32],
                Algorithm::HS384 => &[48],
                _ => &[64],
            },
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

/// Every MAC secret that is not a word.
fn mac_secrets() -> Vec<MacSecret> {
    use MacSecret::*;
    let ways = [Jwk, JwkSet, Member, Pkcs1Der, Pkcs1Pem, Raw, SpkiDer, SpkiPem, SpkiPemChopped, SpkiPemCrlf, Ssh];
    let names = KeyName::token_keys().into_iter();
    let names = names.filter(|name| !matches!(name, KeyName::Token(_, TokenKey::Shared)));
    let of_keys = names.flat_map(|name| ways.map(|way| way(name)));
    [CertificateDer, CertificatePem, Empty].into_iter().chain(of_keys).collect()
}

fn is_tchar(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}
