//! Every key of the world, derived from its seed. RSA keys come from a pool, since their generation cannot be seeded.

mod material;
mod p224;
mod secret;
mod unfit;

use std::{collections::BTreeMap, sync::Arc};

use gatecrash_model::{Algorithm, IssuerRole, KeyName, TokenKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::BoxedUint;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use self::material::Material;
pub(crate) use self::material::recovered;
pub use self::secret::{Kind, Secret};
use crate::world::crypto::{Crypto, Layers};

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

/// All keys by name. The same seed gives the same keys.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<BTreeMap<KeyName, Secret>>,
}

impl Keyring {
    /// Derives every key. `shared` is the secret for the `HS` algorithms, if it is not to be derived as well.
    ///
    /// No key of an ideal layer is one of any other world.
    ///
    /// ```
    /// use gatecrash::{Layers, world::keys::Keyring, model::KeyName};
    /// let keyring = |seed| Keyring::new(seed, None, Layers::default());
    /// let of = |seed| keyring(seed).secret(KeyName::Server).map(|key| key.private_der());
    /// assert_eq!(of(1), of(1));
    /// assert_ne!(of(1), of(2));
    /// ```
    pub fn new(seed: u64, shared: Option<&[u8]>, layers: Layers) -> Self {
        Self::for_policy(seed, shared, layers, Wanted::default())
    }

    /// The same, with the keys that few policies want.
    pub(crate) fn for_policy(seed: u64, shared: Option<&[u8]>, layers: Layers, wanted: Wanted) -> Self {
        let derivation = Derivation { seed, layers };
        let mut keys = BTreeMap::new();
        for name in KeyName::certificate_keys() {
            let material = match name {
                KeyName::Unfit(why) => unfit::material(why, derivation.octets(name, 0)),
                _ => Some(derivation.p256(name)),
            };
            keys.extend(material.map(|material| (name, material)));
        }
        let further = (2..wanted.issuers).map(IssuerRole::at).flat_map(|role| {
            use TokenKey::*;
            [Ed25519, Encryption, P256, P384, Retired, Rsa, Shared].map(|kind| KeyName::Token(role, kind))
        });
        for name in KeyName::token_keys().into_iter().chain(further) {
            let KeyName::Token(role, kind) = name else { continue };
            let material = match kind {
                TokenKey::Encryption | TokenKey::P256 | TokenKey::Retired => derivation.p256(name),
                TokenKey::P384 if !wanted.p384 => continue,
                TokenKey::P384 => derivation.p384(name),
                TokenKey::Ed25519 => {
                    Material::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&derivation.octets(name, 0))))
                }
                TokenKey::Rsa | TokenKey::Rsa1024 => match pooled(role, kind, layers.tokens) {
                    Some(key) => key,
                    None => continue,
                },
                TokenKey::Shared => match (role, shared) {
                    (IssuerRole::Home, Some(secret)) => Material::Shared(secret.to_vec()),
                    // Text, as services are configured with, and as long as the longest hash (RFC 7518 §3.2).
                    _ => Material::Shared(
                        derivation.octets(name, 0).map(|octet| format!("{octet:02x}")).concat().into_bytes(),
                    ),
                },
                TokenKey::SmallOrder => Material::SmallOrder,
            };
            keys.insert(name, material);
        }
        let secret = |(name, material)| {
            // What verifiers refuse for its weakness is left to them.
            let weak = matches!(name, KeyName::Token(_, TokenKey::Rsa1024) | KeyName::Unfit(_));
            let layers = if weak { Layers::default() } else { layers };
            // A verifier knows ideal keys by their public octets; those of the pool are the same in every world.
            let secret = match material {
                Material::Rsa(_) => Sha256::digest(format!("gatecrash key {name:?}")).into(),
                _ => derivation.octets(name, u32::MAX),
            };
            (name, Secret::new(material, layers, secret))
        };
        Self { keys: Arc::new(keys.into_iter().map(secret).collect()) }
    }

    /// The key called `name`. Every name has one.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// let leaf = keyring.secret(KeyName::Leaf(Person::Alice)).ok_or("every name has a key")?;
    /// assert!(leaf.sign_der(b"to be signed").is_some());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn secret(&self, name: KeyName) -> Option<&Secret> {
        self.keys.get(&name)
    }

    /// Every key, in the order of the names.
    ///
    /// ```
    /// # use gatecrash::{Layers, world::keys::Keyring, model::{Algorithm, IssuerRole, KeyName, Person, TokenKey}};
    /// # let keyring = Keyring::new(0, None, Layers::default());
    /// assert!(keyring.iter().any(|(name, _)| name == KeyName::Leaf(Person::Alice)));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (KeyName, &Secret)> {
        self.keys.iter().map(|(name, secret)| (*name, secret))
    }
}

/// In an ideal layer each key has a prime of two others: a modulus of its own.
fn pooled(role: IssuerRole, kind: TokenKey, crypto: Crypto) -> Option<Material> {
    if let IssuerRole::Further(place) = role {
        // Primes of two others again, in the pairs that no key has yet.
        const PAIRS: [(usize, usize); 7] = [(0, 2), (1, 0), (2, 1), (0, 1), (1, 2), (2, 0), (0, 1)];
        let (p, q) = PAIRS[usize::from(place).saturating_sub(2) % PAIRS.len()];
        let at = usize::from(place).saturating_sub(2);
        // The first three pair first primes with second ones of others; those after them pair primes of one kind.
        return match at {
            0..3 => rsa_key((RSA_POOL[p].0, RSA_POOL[q].1)),
            3..6 => rsa_key((RSA_POOL[p].0, RSA_POOL[q].0)),
            _ => rsa_key((RSA_POOL[p].1, RSA_POOL[q].1)),
        };
    }
    let (p, q) = match (kind, role) {
        (TokenKey::Rsa1024, _) => RSA_1024,
        (_, IssuerRole::Further(_) | IssuerRole::Home) => RSA_POOL[0],
        (_, IssuerRole::Partner) => RSA_POOL[1],
        (_, IssuerRole::Rogue) => RSA_POOL[2],
    };
    let q = match (kind, role) {
        (TokenKey::Rsa, IssuerRole::Home) if crypto == Crypto::Ideal => RSA_POOL[1].1,
        (TokenKey::Rsa, IssuerRole::Partner) if crypto == Crypto::Ideal => RSA_POOL[2].1,
        (TokenKey::Rsa, IssuerRole::Rogue) if crypto == Crypto::Ideal => RSA_POOL[0].1,
        _ => q,
    };
    rsa_key((p, q))
}

fn rsa_key((p, q): (&str, &str)) -> Option<Material> {
    // Two hexadecimal digits are eight bits.
    let number = |hex: &str| BoxedUint::from_be_slice(&octets(hex), 4 * hex.len() as u32).ok();
    let key = rsa::PrivateKey::from_p_q(number(p)?, number(q)?, BoxedUint::from(65_537u64)).ok()?;
    Some(Material::Rsa(Arc::new(key)))
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()).collect()
}

/// The keys that a policy wants beside the usual ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// How many issuers there are.
    pub(crate) issuers: usize,
    /// Whether ES384 is accepted.
    pub(crate) p384: bool,
}

/// What keys are derived from.
struct Derivation {
    seed: u64,
    layers: Layers,
}

impl Derivation {
    fn octets(&self, name: KeyName, attempt: u32) -> [u8; 32] {
        let seed = self.seed;
        match self.layers == Layers::default() {
            true => Sha256::digest(format!("gatecrash key {seed} {name:?} {attempt}")),
            false => Sha256::digest(format!("gatecrash key {seed} {name:?} {attempt} {:?}", self.layers)),
        }
        .into()
    }

    /// The same on P-384, whose scalars are longer than a hash.
    fn p384(&self, name: KeyName) -> Material {
        let mut attempt = 0;
        loop {
            let octets = [self.octets(name, attempt).as_slice(), &self.octets(name, attempt + 1)[..16]].concat();
            if let Ok(key) = p384::ecdsa::SigningKey::from_slice(&octets) {
                return Material::P384(Box::new(key));
            }
            attempt += 2;
        }
    }

    /// Rejects the (never observed) derivations that are no scalar of the curve.
    fn p256(&self, name: KeyName) -> Material {
        let mut attempt = 0;
        loop {
            if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&self.octets(name, attempt)) {
                return Material::P256(Box::new(key));
            }
            attempt += 1;
        }
    }
}

/// HMAC with SHA-2 (RFC 7518 §3.2).
///
/// ```
/// use gatecrash::{world::keys::mac, model::Algorithm};
/// assert_eq!(mac(b"secret", Algorithm::HS256, b"header.claims").map(|tag| tag.len()), Some(32));
/// assert_eq!(mac(b"secret", Algorithm::RS256, b"header.claims"), None);
/// ```
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
