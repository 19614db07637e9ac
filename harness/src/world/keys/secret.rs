//! One key of the world: what it consists of, what is public of it, and how each layer signs with it.

use std::sync::Arc;

use gatecrash_model::Algorithm;

use super::Material;
use crate::world::crypto::{Crypto, Ideal, Layer, Layers};

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ed25519.
    Ed25519,
    /// DSA, or ECDSA on P-224: of certificates alone.
    Other,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA.
    Rsa,
    /// A MAC secret.
    Shared,
}

/// One key of the world.
#[derive(Clone)]
pub struct Secret {
    material: Material,
    public: Arc<Public>,
    handshake: Option<Arc<Ideal>>,
    tokens: Option<Arc<Ideal>>,
}

struct Public {
    octets: Vec<u8>,
    der: Vec<u8>,
    pkcs1_der: Vec<u8>,
    jwk_members: String,
}

impl Secret {
    /// `secret` is what ideal signatures are made with.
    pub(super) fn new(material: Material, layers: Layers, secret: [u8; 32]) -> Self {
        let public = Public {
            octets: material.public_octets(),
            der: material.public_der(),
            pkcs1_der: material.pkcs1_der(),
            jwk_members: material.jwk_members(),
        };
        // What has no signatures of its own, or none that mean anything, stays real.
        let signs = matches!(material, Material::Ed25519(_) | Material::P256(_) | Material::P384(_) | Material::Rsa(_));
        let forms = [public.octets.clone(), public.der.clone(), public.pkcs1_der.clone()];
        let ideal = |crypto: Crypto, layer: Layer| {
            (signs && crypto == Crypto::Ideal).then(|| Ideal::registered(layer, secret, &forms))
        };
        let (handshake, tokens) = (ideal(layers.handshake, Layer::Handshake), ideal(layers.tokens, Layer::Tokens));
        Self { material, public: public.into(), handshake, tokens }
    }

    /// What kind of key it is.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// use gatecrash::world::keys::Kind;
    /// let key = keyring.secret(KeyName::Token(IssuerRole::Home, TokenKey::Rsa)).ok_or("every name has a key")?;
    /// assert_eq!(key.kind(), Kind::Rsa);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn kind(&self) -> Kind {
        self.material.kind()
    }

    /// What a certificate writer does not say of the key: the SubjectPublicKeyInfo, whole.
    pub(crate) fn irregular_public_der(&self) -> Option<&[u8]> {
        matches!(self.material, Material::Irregular(_)).then(|| self.public_der())
    }

    /// What a certificate writer does not say of its signatures: the `AlgorithmIdentifier`, without its SEQUENCE.
    pub(crate) fn irregular_algorithm(&self) -> Option<&'static [u8]> {
        match &self.material {
            Material::Irregular(key) => key.algorithm(),
            _ => None,
        }
    }

    fn computes(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self.kind(), algorithm),
            (Kind::Ed25519, Algorithm::EdDSA) | (Kind::P256, Algorithm::ES256) | (Kind::P384, Algorithm::ES384)
        ) || (self.kind() == Kind::Rsa && algorithm.is_rsa())
    }

    /// A JWS signature (RFC 7518 §3, RFC 8037 §3.1); `None` when the key cannot compute the algorithm. Deterministic.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Token(IssuerRole::Home, TokenKey::P256)).ok_or("every name has a key")?;
    /// assert_eq!(key.sign(Algorithm::ES256, b"header.claims").map(|it| it.len()), Some(64));
    /// assert_eq!(key.sign(Algorithm::RS256, b"header.claims"), None);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        match &self.tokens {
            Some(ideal) => self.computes(algorithm).then(|| ideal.sign(algorithm.name(), message)),
            None => self.material.sign(algorithm, message),
        }
    }

    /// Whether `signature` over `message` verifies.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Token(IssuerRole::Home, TokenKey::Ed25519)).ok_or("every name has a key")?;
    /// let signature = key.sign(Algorithm::EdDSA, b"header.claims").ok_or("it can")?;
    /// assert!(key.verifies(Algorithm::EdDSA, b"header.claims", &signature));
    /// assert!(!key.verifies(Algorithm::EdDSA, b"header.other claims", &signature));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.tokens {
            Some(ideal) => self.computes(algorithm) && ideal.verifies(algorithm.name(), message, signature),
            None => self.material.verifies(algorithm, message, signature),
        }
    }

    /// A signature over SHA-256 as X.509 writes it: ECDSA in DER (RFC 3279 §2.2.3), RSA by PKCS #1 v1.5 (RFC 4055 §5).
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Leaf(Person::Alice)).ok_or("every name has a key")?;
    /// let signature = key.sign_der(b"to be signed").ok_or("it can")?;
    /// assert!(key.verifies_der(b"to be signed", &signature));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn sign_der(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.handshake {
            Some(ideal) => (self.kind() == Kind::P256).then(|| ideal.sign(Ideal::ECDSA_SHA256, message)),
            None => self.material.sign_der(message),
        }
    }

    /// The same over SHA-1, which nobody should accept any more.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Leaf(Person::Alice)).ok_or("every name has a key")?;
    /// let signature = key.sign_der_sha1(b"to be signed").ok_or("it can")?;
    /// assert!(!key.verifies_der(b"to be signed", &signature), "that is over SHA-256");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn sign_der_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.handshake {
            Some(ideal) => (self.kind() == Kind::P256).then(|| ideal.sign(Ideal::ECDSA_SHA1, message)),
            None => self.material.sign_der_sha1(message),
        }
    }

    /// Whether an ECDSA signature in DER over SHA-1 verifies.
    pub(crate) fn verifies_der_sha1(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.handshake {
            Some(ideal) => ideal.verifies(Ideal::ECDSA_SHA1, message, signature),
            None => self.material.verifies_der_sha1(message, signature),
        }
    }

    /// Whether an ECDSA signature in DER verifies.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Leaf(Person::Alice)).ok_or("every name has a key")?;
    /// let other = keyring.secret(KeyName::Leaf(Person::Bob)).ok_or("every name has a key")?;
    /// let signature = key.sign_der(b"to be signed").ok_or("it can")?;
    /// assert!(!other.verifies_der(b"to be signed", &signature));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.handshake {
            Some(ideal) => ideal.verifies(Ideal::ECDSA_SHA256, message, signature),
            None => self.material.verifies_der(message, signature),
        }
    }

    /// The octets of a shared secret; `None` of any other key.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{IssuerRole, KeyName, TokenKey}};
    /// let keyring = Keyring::new(0, Some(b"a secret"), Layers::default());
    /// let key = keyring.secret(KeyName::Token(IssuerRole::Home, TokenKey::Shared)).ok_or("every name has a key")?;
    /// assert_eq!(key.shared_octets(), Some(&b"a secret"[..]));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn shared_octets(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Shared(octets) => Some(octets),
            _ => None,
        }
    }

    /// Whether tokens are signed with it ideally.
    pub(crate) fn is_ideal(&self) -> bool {
        self.tokens.is_some()
    }

    /// The raw public octets: an Ed25519 key, an uncompressed point, an RSA modulus; empty for a shared secret.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Leaf(Person::Alice)).ok_or("every name has a key")?;
    /// assert_eq!((key.public_octets().len(), key.public_octets()[0]), (65, 4), "an uncompressed point");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn public_octets(&self) -> &[u8] {
        &self.public.octets
    }

    /// The SubjectPublicKeyInfo in DER; empty for a shared secret.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Leaf(Person::Alice)).ok_or("every name has a key")?;
    /// assert!(key.public_der().ends_with(key.public_octets()));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn public_der(&self) -> &[u8] {
        &self.public.der
    }

    /// The RSAPublicKey in DER (RFC 8017 §A.1.1); empty for other keys.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let key = keyring.secret(KeyName::Leaf(Person::Alice)).ok_or("every name has a key")?;
    /// assert!(key.pkcs1_der().is_empty(), "it is no RSA key");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn pkcs1_der(&self) -> &[u8] {
        &self.public.pkcs1_der
    }

    /// The members of the public JWK (RFC 7517 §4) without `kid`, `use` and `alg`, as JSON text without braces.
    pub(crate) fn jwk_members(&self) -> &str {
        &self.public.jwk_members
    }

    /// The private key in PKCS#8 DER, for a server that is given its key.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    /// let key = keyring.secret(KeyName::Server).ok_or("every name has a key")?;
    /// let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.private_der()));
    /// assert!(rustls_graviola::default_provider().key_provider.load_private_key(key).is_ok());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn private_der(&self) -> Vec<u8> {
        self.material.private_der()
    }
}
