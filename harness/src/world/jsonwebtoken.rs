//! Tokens of an ideal layer for the crate `jsonwebtoken`: a provider that verifies with known keys itself and leaves every
//! other key, and every MAC, to the provider that the service has. No backend is turned on.

use std::sync::{Arc, OnceLock};

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind,
    crypto::{CryptoProvider, JwtVerifier},
    errors::Result,
    signature::{Error, Verifier},
};

use crate::world::World;
use crate::world::crypto::{Ideal, Layer};

static REAL: OnceLock<&'static CryptoProvider> = OnceLock::new();
static HYBRID: OnceLock<CryptoProvider> = OnceLock::new();

/// The provider for a service that is told which one to use: `real` itself in a world whose tokens are real.
///
/// The provider of jsonwebtoken holds plain functions, so that one process has one real provider behind the hybrid: whoever
/// comes with another one gets that one back, and its tokens stay real.
///
/// ```
/// use gatecrash::World;
/// use jsonwebtoken::crypto::CryptoProvider;
///
/// # struct Verifier(&'static CryptoProvider);
/// // `real` is the one that the service has, such as `&jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER`.
/// fn verifier(world: &World, real: &'static CryptoProvider) -> Verifier {
///     Verifier(gatecrash::crypto::jsonwebtoken::provider(world, real))
/// }
/// ```
pub fn provider(world: &World, real: &'static CryptoProvider) -> &'static CryptoProvider {
    if !world.wants_ideal_tokens() || !std::ptr::eq(*REAL.get_or_init(|| real), real) {
        return real;
    }
    world.take_ideal_tokens();
    hybrid(real)
}

/// Makes the hybrid the default of the process, for services that ask `jsonwebtoken` for its default; call it before the
/// first token is verified. Whether it is the default now; if it is not, tokens stay real.
///
/// This is the one thing that the library installs process-wide, and only here. Keys of real worlds go to `real` as ever.
///
/// ```
/// use gatecrash::{Gate, World};
/// use jsonwebtoken::crypto::CryptoProvider;
///
/// # fn my_service(_: &World) -> Gate { Gate::serve(|_io| async {}) }
/// // `real` is the one that the service has, such as `&jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER`.
/// fn gate(world: &World, real: &'static CryptoProvider) -> Gate {
///     // Where another one was installed before, tokens stay real; the report says so.
///     let _ = gatecrash::crypto::jsonwebtoken::install(world, real);
///     my_service(world)
/// }
/// ```
pub fn install(world: &World, real: &'static CryptoProvider) -> bool {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let first = std::ptr::eq(*REAL.get_or_init(|| real), real);
    let installed = *INSTALLED.get_or_init(|| first && hybrid(real).install_default().is_ok());
    if installed && world.wants_ideal_tokens() {
        world.take_ideal_tokens();
    }
    installed
}

fn hybrid(real: &'static CryptoProvider) -> &'static CryptoProvider {
    HYBRID.get_or_init(|| CryptoProvider {
        signer_factory: real.signer_factory,
        verifier_factory,
        key_utils: real.key_utils.clone(),
    })
}

fn verifier_factory(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if let (Some(key), Some(name)) = (known(*algorithm, key), name(*algorithm)) {
        return Ok(Box::new(Known { algorithm: *algorithm, name, key }));
    }
    // Set before the hybrid exists.
    match REAL.get() {
        Some(real) => (real.verifier_factory)(algorithm, key),
        None => Err(jsonwebtoken::errors::ErrorKind::InvalidKeyFormat.into()),
    }
}

/// The ideal key that a public key is, in any of its forms; none where the algorithm is of another family.
fn known(algorithm: Algorithm, key: &DecodingKey) -> Option<Arc<Ideal>> {
    if key.family() == AlgorithmFamily::Hmac || key.family() != algorithm.family() {
        return None;
    }
    match key.kind() {
        DecodingKeyKind::SecretOrDer(octets) => Ideal::known(Layer::Tokens, octets),
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            let plain = |octets: &[u8]| octets.iter().skip_while(|octet| **octet == 0).copied().collect::<Vec<u8>>();
            (plain(e) == [1, 0, 1]).then(|| Ideal::known(Layer::Tokens, &plain(n)))?
        }
    }
}

/// The registered name (RFC 7518 §3.1, RFC 8037 §3.1) of what keys of a world sign with; the rest is left to the real provider.
fn name(algorithm: Algorithm) -> Option<&'static str> {
    match algorithm {
        Algorithm::ES256 => Some("ES256"),
        Algorithm::ES384 => Some("ES384"),
        Algorithm::EdDSA => Some("EdDSA"),
        Algorithm::PS256 => Some("PS256"),
        Algorithm::PS384 => Some("PS384"),
        Algorithm::PS512 => Some("PS512"),
        Algorithm::RS256 => Some("RS256"),
        Algorithm::RS384 => Some("RS384"),
        Algorithm::RS512 => Some("RS512"),
        _ => None,
    }
}

struct Known {
    algorithm: Algorithm,
    name: &'static str,
    key: Arc<Ideal>,
}

impl Verifier<Vec<u8>> for Known {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.key.verifies(self.name, message, signature).then_some(()).ok_or_else(Error::new)
    }
}

impl JwtVerifier for Known {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
