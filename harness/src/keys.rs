//! Every key of the world, derived from its seed. RSA keys come from a pool, since their generation cannot be seeded.

use std::{collections::BTreeMap, sync::Arc};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash_model::{Algorithm, IssuerRole, KeyName, TokenKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::{
    Signature as EcdsaSignature,
    signature::{Signer as _, Verifier as _},
};
use rsa::{
    BoxedUint,
    pkcs1v15::Signature as RsaSignature,
    signature::{RandomizedSigner as _, SignatureEncoding as _},
    traits::PublicKeyParts as _,
};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Primes of the pool: test keys, published here on purpose, of no use anywhere else.
const RSA_POOL: [(&str, &str); 3] = [
    (
        concat!(
            "f4682e22603be5ba494e88bb6c59e5e1fe8ca73de3abac3e79530942f93a39c2f060646dbb82d5fdeeec052e30efa652",
            "2329a1bda191adb0c485543beb9440ab2e77959d882b5800f49d7335dcc6783f310c1f062051c2b1bdd0697a5c580a15",
            "a4323f2bdc7a1d1e1c60d7ed5d4798b856d3010506bc4f5228a7a5b0267b41af",
        ),
        concat!(
            "e1af74e60e6920848d94647d735f91079894a197307a976f2f666c597b3ac0d7575d9ab43d10b3d3aefc7c6ae239a442",
            "0bbf7e4b2ddc0af5fc5bd1dcea5e9cbed4c09163fc7032185018845d6df823b13c5c6aaa4d3c4df2d5b3e5ff2a278dca",
            "6a13f9334daf84ca388464fc3706839477dfc2471cbbaa74930fac63093b26a5",
        ),
    ),
    (
        concat!(
            "ff245428d4fca825fe00be0e476ba26ada53a7b74ab5f4ca07b413ef3d1dd6fb09894e82acb8cadf8773ebd4475ea8b6",
            "c1b1141b9d050556bccbfbd8effd4f36309eba9da0feaec0b7f0a98124fdaf33f41be2ecaa184562ff293b33e4fe5d35",
            "2e09688fab217f1345b0f4421821c42480a7edb7a838d0a29c6428d0ba080a01",
        ),
        concat!(
            "c0680908cab5635498ca8f94709b5ec396dbaa858ba104ea3f85525a8289b28054854fc25d5aa8cbe88f2cc6e688e663",
            "75200dfc408c8d7b5b58ad5dc4e2ffc31abf46283fa409029106a82f62b82351abaa037f9a5d9b84365703e3e2ab6582",
            "f0d62c196f8fa2e0f9ae436ce42f7115db1cba72e7bccbb869de3182f6e2efcf",
        ),
    ),
    (
        concat!(
            "e00f5e341d45e8eb589e18b5a3d5763a20eb93c93fbf2c89af83304445c26106cc1e3fd4f71f6592d1b2c4b825f23cb8",
            "e10e32bc5745dc951dc7fbe75ecefc85af90b63ac675c2a5ee734bd257eaf2bf05d2e8f6d55f2af7bbae2f5db5136e84",
            "b9925bb6757f99fc3fae40c547b6f02f9aaba033c4f6e9211a2618f22ab7c9b9",
        ),
        concat!(
            "cfbffdd7ed40955c2422ccfc09fd2fdf2e197068a49cecbb7ad138613f8bca34fbba109d890b0e7809674fe972011e30",
            "4790ebb370bd6b84c0ae7c85f206fcd41254e014bf5a19247f6fbf4d3b2d0a5b50b36368274a02f31d9ace714263249b",
            "a99772d8907e0c404587e983fd6d6e5708fae63ef4c208a2a4996b4d6f830867",
        ),
    ),
];

/// The primes of an RSA key of 1024 bits, which nobody should believe any more.
const RSA_1024: (&str, &str) = (
    concat!(
        "db4b53590d014b386bba3e5b7559b36e8f246edf2220dff24e449c7467598ac1f5b4a94df0b4f9f7e3079188eeb19197",
        "6fa17f7759b7d7933a1b119f2433da6d",
    ),
    concat!(
        "d1ad2ed2247831ab630cd9e9ea0e8dd88aeb89bd16ea25b10c92214a55b9b093a056516bbd9c4897c34f649e6f82d739",
        "095aa57651b32a5c2b6d314c330cb069",
    ),
);

/// The neutral point of edwards25519, encoded (RFC 8032 §5.1.2).
const NEUTRAL: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

/// One key of the world.
#[derive(Clone)]
pub enum Secret {
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
    /// ECDSA on P-256.
    P256(Box<p256::ecdsa::SigningKey>),
    /// RSA.
    Rsa(Arc<rsa::PrivateKey>),
    /// A MAC secret.
    Shared(Vec<u8>),
    /// No secret at all: an Ed25519 public key under which the neutral point and zero are a signature of every message,
    /// wherever verification does not refuse points of small order (RFC 8032 §5.1.7).
    SmallOrder,
}

/// All keys by name. The same seed gives the same keys.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<BTreeMap<KeyName, Secret>>,
}

impl Keyring {
    /// Derives every key. `shared` is the secret for the `HS` algorithms, if it is not to be derived as well.
    pub fn new(seed: u64, shared: Option<&[u8]>) -> Self {
        let mut keys = BTreeMap::new();
        for name in KeyName::certificate_keys() {
            keys.insert(name, p256(seed, name));
        }
        for name in KeyName::token_keys() {
            let KeyName::Token(role, kind) = name else { continue };
            let secret = match kind {
                TokenKey::Encryption | TokenKey::P256 | TokenKey::Retired => p256(seed, name),
                TokenKey::Ed25519 => {
                    Secret::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&derive(seed, name, 0))))
                }
                TokenKey::Rsa | TokenKey::Rsa1024 => match pooled(role, kind) {
                    Some(key) => Secret::Rsa(Arc::new(key)),
                    None => continue,
                },
                TokenKey::Shared => match (role, shared) {
                    (IssuerRole::Home, Some(secret)) => Secret::Shared(secret.to_vec()),
                    _ => Secret::Shared(derive(seed, name, 0).to_vec()),
                },
                TokenKey::SmallOrder => Secret::SmallOrder,
            };
            keys.insert(name, secret);
        }
        Self { keys: Arc::new(keys) }
    }

    /// The key called `name`. Every name has one.
    pub fn secret(&self, name: KeyName) -> Option<&Secret> {
        self.keys.get(&name)
    }

    /// Every key, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (KeyName, &Secret)> {
        self.keys.iter().map(|(name, secret)| (*name, secret))
    }
}

fn pooled(role: IssuerRole, kind: TokenKey) -> Option<rsa::PrivateKey> {
    let (p, q) = match (kind, role) {
        (TokenKey::Rsa1024, _) => RSA_1024,
        (_, IssuerRole::Home) => RSA_POOL[0],
        (_, IssuerRole::Partner) => RSA_POOL[1],
        (_, IssuerRole::Rogue) => RSA_POOL[2],
    };
    // Two hexadecimal digits are eight bits.
    let number = |hex: &str| BoxedUint::from_be_slice(&octets(hex), 4 * hex.len() as u32).ok();
    rsa::PrivateKey::from_p_q(number(p)?, number(q)?, BoxedUint::from(65_537u64)).ok()
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()).collect()
}

fn derive(seed: u64, name: KeyName, attempt: u32) -> [u8; 32] {
    Sha256::digest(format!("gatecrash key {seed} {name:?} {attempt}")).into()
}

/// Rejects the (never observed) derivations that are no scalar of the curve.
fn p256(seed: u64, name: KeyName) -> Secret {
    let mut attempt = 0;
    loop {
        if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&derive(seed, name, attempt)) {
            return Secret::P256(Box::new(key));
        }
        attempt += 1;
    }
}

impl Secret {
    /// A JWS signature (RFC 7518 §3, RFC 8037 §3.1); `None` when the key cannot compute the algorithm. Deterministic.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        match (self, algorithm) {
            (Secret::Ed25519(key), Algorithm::EdDSA) => Some(key.sign(message).to_bytes().to_vec()),
            (Secret::P256(key), Algorithm::ES256) => {
                let signature: EcdsaSignature = key.sign(message);
                Some(signature.to_bytes().to_vec())
            }
            (Secret::Rsa(key), Algorithm::PS256) => {
                let key = rsa::pss::SigningKey::<Sha256>::new(key.as_ref().clone());
                Some(key.sign_with_rng(&mut Salt(Sha256::digest(message).into()), message).to_vec())
            }
            (Secret::Rsa(key), Algorithm::RS256) => {
                Some(rsa::pkcs1v15::SigningKey::<Sha256>::new(key.as_ref().clone()).sign(message).to_vec())
            }
            (Secret::Rsa(key), Algorithm::RS512) => {
                Some(rsa::pkcs1v15::SigningKey::<Sha512>::new(key.as_ref().clone()).sign(message).to_vec())
            }
            (Secret::Shared(secret), algorithm) => mac(secret, algorithm, message),
            (Secret::SmallOrder, Algorithm::EdDSA) => Some([NEUTRAL, [0; 32]].concat()),
            _ => None,
        }
    }

    /// Whether `signature` over `message` verifies.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Secret::Ed25519(key), Algorithm::EdDSA) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify_strict(message, &signature).is_ok()),
            (Secret::P256(key), Algorithm::ES256) => EcdsaSignature::from_slice(signature)
                .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()),
            (Secret::Rsa(key), Algorithm::PS256) => rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
                rsa::pss::VerifyingKey::<Sha256>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Secret::Rsa(key), Algorithm::RS256) => RsaSignature::try_from(signature).is_ok_and(|signature| {
                rsa::pkcs1v15::VerifyingKey::<Sha256>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Secret::Rsa(key), Algorithm::RS512) => RsaSignature::try_from(signature).is_ok_and(|signature| {
                rsa::pkcs1v15::VerifyingKey::<Sha512>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            (Secret::Shared(secret), algorithm) => mac(secret, algorithm, message).as_deref() == Some(signature),
            (Secret::SmallOrder, Algorithm::EdDSA) => signature == [NEUTRAL, [0; 32]].concat(),
            _ => false,
        }
    }

    /// An ECDSA signature in DER, as X.509 and TLS write it (RFC 3279 §2.2.3).
    pub fn sign_der(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Secret::P256(key) => {
                let signature: EcdsaSignature = key.sign(message);
                Some(signature.to_der().as_bytes().to_vec())
            }
            _ => None,
        }
    }

    /// The same over SHA-1, which nobody should accept any more.
    pub fn sign_der_sha1(&self, message: &[u8]) -> Option<Vec<u8>> {
        use p256::ecdsa::signature::hazmat::PrehashSigner as _;
        let Secret::P256(key) = self else { return None };
        let signature: EcdsaSignature = key.sign_prehash(&sha1::Sha1::digest(message)).ok()?;
        Some(signature.to_der().as_bytes().to_vec())
    }

    /// Whether an ECDSA signature in DER over SHA-1 verifies.
    pub fn verifies_der_sha1(&self, message: &[u8], signature: &[u8]) -> bool {
        use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
        let Secret::P256(key) = self else { return false };
        let hash = sha1::Sha1::digest(message);
        EcdsaSignature::from_der(signature)
            .is_ok_and(|signature| key.verifying_key().verify_prehash(&hash, &signature).is_ok())
    }

    /// Whether an ECDSA signature in DER verifies.
    pub fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        let Secret::P256(key) = self else { return false };
        EcdsaSignature::from_der(signature)
            .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok())
    }

    /// The raw public octets: an Ed25519 key, an uncompressed point, an RSA modulus; empty for a shared secret.
    pub fn public_octets(&self) -> Vec<u8> {
        match self {
            Secret::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Secret::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            Secret::Rsa(key) => key.n().to_be_bytes_trimmed_vartime().to_vec(),
            Secret::Shared(_) => Vec::new(),
            Secret::SmallOrder => NEUTRAL.to_vec(),
        }
    }

    /// The SubjectPublicKeyInfo in DER; empty for a shared secret.
    pub fn public_der(&self) -> Vec<u8> {
        use p256::pkcs8::EncodePublicKey as _;
        let der = match self {
            Secret::Ed25519(key) => ed25519_dalek::pkcs8::EncodePublicKey::to_public_key_der(&key.verifying_key())
                .ok()
                .map(|der| der.into_vec()),
            Secret::P256(key) => key.verifying_key().to_public_key_der().ok().map(|der| der.into_vec()),
            Secret::Rsa(key) => key.to_public_key().to_public_key_der().ok().map(|der| der.into_vec()),
            // `AlgorithmIdentifier` of id-Ed25519 (RFC 8410 §3), and the point.
            Secret::SmallOrder => {
                Some([&[0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0][..], &NEUTRAL].concat())
            }
            Secret::Shared(_) => None,
        };
        der.unwrap_or_default()
    }

    /// The RSAPublicKey in DER (RFC 8017 §A.1.1); empty for other keys.
    pub fn pkcs1_der(&self) -> Vec<u8> {
        use rsa::pkcs1::EncodeRsaPublicKey as _;
        match self {
            Secret::Rsa(key) => key.to_public_key().to_pkcs1_der().map_or(Vec::new(), |der| der.as_bytes().to_vec()),
            _ => Vec::new(),
        }
    }

    /// The members of the public JWK (RFC 7517 §4) without `kid`, `use` and `alg`, as JSON text without braces.
    pub fn jwk_members(&self) -> String {
        let text = |octets: &[u8]| Base64UrlUnpadded::encode_string(octets);
        match self {
            Secret::Ed25519(_) | Secret::SmallOrder => {
                format!(r#""kty":"OKP","crv":"Ed25519","x":"{}""#, text(&self.public_octets()))
            }
            Secret::P256(_) => {
                let point = self.public_octets();
                let (x, y) = point[1..].split_at(32);
                format!(r#""kty":"EC","crv":"P-256","x":"{}","y":"{}""#, text(x), text(y))
            }
            Secret::Rsa(key) => {
                let e = key.e().to_be_bytes_trimmed_vartime();
                format!(r#""kty":"RSA","n":"{}","e":"{}""#, text(&self.public_octets()), text(&e))
            }
            Secret::Shared(_) => r#""kty":"oct""#.into(),
        }
    }

    /// The private key in PKCS#8 DER, for a server that is given its key.
    pub fn private_der(&self) -> Vec<u8> {
        use p256::pkcs8::EncodePrivateKey as _;
        match self {
            Secret::P256(key) => key.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// The salt of RSASSA-PSS, taken from the message: the same message gives the same signature.
struct Salt([u8; 32]);

impl rsa::rand_core::TryRng for Salt {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for octet in octets.chunks_mut(32) {
            self.0 = Sha256::digest(self.0).into();
            octet.copy_from_slice(&self.0[..octet.len()]);
        }
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for Salt {}

/// HMAC with SHA-2 (RFC 7518 §3.2).
pub fn mac(secret: &[u8], algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        Algorithm::HS256 => {
            Hmac::<Sha256>::new_from_slice(secret).ok()?.chain_update(message).finalize().into_bytes().to_vec()
        }
        Algorithm::HS384 => {
            Hmac::<Sha384>::new_from_slice(secret).ok()?.chain_update(message).finalize().into_bytes().to_vec()
        }
        Algorithm::HS512 => {
            Hmac::<Sha512>::new_from_slice(secret).ok()?.chain_update(message).finalize().into_bytes().to_vec()
        }
        _ => return None,
    })
}
