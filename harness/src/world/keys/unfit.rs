//! Keys of authorities that nobody should believe, and the forms that certificate writers do not have: algorithms that TLS
//! 1.3 left behind, and a curve that is spelt out.

use std::sync::{Arc, LazyLock};

use gatecrash_model::Unfit;
use md5::Md5;
use p256::{
    ecdsa::signature::{Signer as _, Verifier as _},
    pkcs8::{DecodePrivateKey as _, EncodePublicKey as _},
};
use rsa::{pkcs1v15::Signature as RsaSignature, signature::SignatureEncoding as _};
use sha2::{Digest as _, Sha256};

use super::{Material, octets, p224, rsa_key};
use crate::cache::BoundedCache;
use crate::world::der::{BIT_STRING, Element, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

/// The primes of the authority of 1024 bits.
const RSA_1024: (&str, &str) = (
    concat!(
        "fc0637ec368cbfe3be44ddaeb056bfb9fe52ea72fac81f7742dcb480aad741ef9c89af114bfe084ca7b518bd9ff9fb50",
        "5b2db84361eef84c4f5941ac02e6819b",
    ),
    concat!(
        "e6114c9b1b9ecb8f60244e34a2145e93dd829a01b4e8d57f56e7e6f6ddf61e1b03dcfe389b86ae18fe7c6da8f02437f7",
        "4dc2309aca498950120ca4cf663f65ad",
    ),
);

/// The primes of the authority of 512 bits.
const RSA_512: (&str, &str) = (
    "f30f1be7393acc6cdedec442515dfbc9ff4ee730c67eb41b31983cc7a93537fd",
    "ea93e5baab4a990fbd9668f7ea04666ea6343d7c7a4eaab75272690c317cbdad",
);

/// The primes of the authority that signs over MD5, of 2048 bits.
const RSA_MD5: (&str, &str) = (
    concat!(
        "f5c062f2d65a0952581547c83b6a080a006953847ef00c2cd6a5eb8c705b6940971ee0bed4fd7497c4dc395b72237d1f",
        "3e6217d2fd076b1f81f0d66f112ce360a860636947d474c3fa02e0a2edd6bd26a44359b7fc88347bcfc409fd274c1502",
        "aeaf70cc51f8bacb7fe2b3d8713bd8db5031712e91fd058d2759bb5c24da2add",
    ),
    concat!(
        "ee69a1bb05168a9b1a4062489c9962a88878e05cbb6cbf9f973755f5be784ea2969d7947151e605fda0ceb807fa5be14",
        "1927970a38269e006b6adbdc9f0264c4e586c4277037c749cc820c0c3af6560bba9834360f86e5b766d0ee0592f4c126",
        "f3cd99edca696cedceb434c60d6fc118bc66b1c98e0a1f111d18a24df85b3305",
    ),
);

/// A DSA key of 2048 bits with its domain (FIPS 186-4 §4.2), in PKCS #8: a test key, published here on purpose.
const DSA: &str = concat!(
    "308202650201003082023906072a8648ce3804013082022c0282010100e6fb32b901448e2e8471f4cc50a379d4e13760ac078d5391a9",
    "d44681c304c210b41c950461978325c94ab158a866f4470b1bad118f0b4f5a02eb46e2915156b2e2daeaba1461d348e0df4e41887e72",
    "aed47467b655320f85ebcb1aacb32de1185ef4e25b9421ec394fa062a7793d20bd25eb6c50c39e36e8bd4691b0753c88c4779145c8c5",
    "c0657c9c47fb43bbcc17e6b0a321e5c5658f8892716a16b70d64e74bc892e75ead2c3b6889996056be11b748702ac9e78e5a92f276bd",
    "2d1829e0b6e154e2cadb844f3ed2e08f1b811fb409e71692c8281385fabb30c3afc4f4d62638912d361db6b36035724d901c8d023e74",
    "4803351ccdb77b868b3997de7c3413022100d8247a36f74313936c5def16d71abe7d65aa1434eb47c17d7cad3fcffe25756902820100",
    "62d265e29b62a5e9c9674bac702396c62e8ead854fa5e01aea4bd6ef2205dbc616a3cf16c5cf4c7b7797bcb905da4af2ae594bfe5132",
    "90fecdab64b795992e46683e37edde2945d4a2e0a42ad914c4cbfdeac640bac7b91d1354f8f9fbadcae80618a802be9fb791806cc002",
    "cecf2810e3e8c6f0d2d27dc77801e3454c98cd0dbfa6f270bd20f6705d554abcfee43b34bfcf28a73d8f43c7246e97c00e0faf3e6d68",
    "e1cdfef1c91e3e00a431b50d8483c9d8f617928c4249692d2a899c517d51d1f022acae8c14423517eec6a1ea6612251e122aceb9c4f2",
    "b5a1dc9c023bfe477aa2230d6112e519b64518f1abd7afac049230d4d3da1e00dd0602ca15f50808042302210087425174bd142beaeb",
    "4d50ac1a30a93c349b5b2e89f10c783a12c57c948dcb3b",
);

/// `AlgorithmIdentifier` of dsa-with-SHA256 (RFC 5758 §3.1), without its SEQUENCE.
const DSA_WITH_SHA256: [u8; 11] = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02];
/// `AlgorithmIdentifier` of md5WithRSAEncryption (RFC 3279 §2.2.1), without its SEQUENCE.
const MD5_WITH_RSA: [u8; 13] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x04, 0x05, 0x00];
/// id-ecPublicKey (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: [u8; 7] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// prime-field (RFC 3279 §2.3.5).
const PRIME_FIELD: [u8; 7] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x01, 0x01];

/// What P-256 consists of (SEC 2 §2.4.2): the prime, both coefficients, the base point, the order.
const P256_PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const P256_A: &str = "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc";
const P256_B: &str = "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
const P256_BASE: &str = concat!(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
);
const P256_ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

/// A key that certificate writers have no form for.
#[derive(Clone)]
pub(crate) enum Irregular {
    /// DSA over SHA-256.
    Dsa(Arc<dsa::SigningKey>),
    /// ECDSA on P-256 over SHA-256, with the curve spelt out.
    ExplicitCurve(Box<p256::ecdsa::SigningKey>),
    /// RSA over MD5.
    Md5(Arc<rsa::PrivateKey>),
    /// ECDSA on P-224 over SHA-256.
    P224(Box<p224::SigningKey>),
}

/// The one DSA key, read once: checking its domain costs as much as a signature.
fn dsa_key() -> Option<Arc<dsa::SigningKey>> {
    static KEY: LazyLock<Option<Arc<dsa::SigningKey>>> =
        LazyLock::new(|| dsa::SigningKey::from_pkcs8_der(&octets(DSA)).ok().map(Arc::new));
    KEY.clone()
}

/// The key of the authority; `derived` are 32 octets of its own.
pub(super) fn material(why: Unfit, derived: [u8; 32]) -> Option<Material> {
    Some(Material::Irregular(match why {
        Unfit::Dsa => Irregular::Dsa(dsa_key()?),
        Unfit::ExplicitCurve => Irregular::ExplicitCurve(Box::new(p256::ecdsa::SigningKey::from_slice(&derived).ok()?)),
        Unfit::Md5 => match rsa_key(RSA_MD5)? {
            Material::Rsa(key) => Irregular::Md5(key),
            _ => return None,
        },
        Unfit::P224 => Irregular::P224(Box::new(p224::SigningKey::new(derived.first_chunk()?)?)),
        Unfit::Rsa512 => return rsa_key(RSA_512),
        Unfit::Rsa1024 => return rsa_key(RSA_1024),
    }))
}

impl Irregular {
    /// The `AlgorithmIdentifier` of its signatures without the SEQUENCE; `None` where a certificate writer has it.
    pub(super) fn algorithm(&self) -> Option<&'static [u8]> {
        match self {
            Irregular::Dsa(_) => Some(&DSA_WITH_SHA256),
            Irregular::Md5(_) => Some(&MD5_WITH_RSA),
            Irregular::ExplicitCurve(_) | Irregular::P224(_) => None,
        }
    }

    /// What a certificate writer takes it for, which has its JWK, its public octets and its kind.
    pub(super) fn like(&self) -> Option<Material> {
        match self {
            Irregular::ExplicitCurve(key) => Some(Material::P256(key.clone())),
            Irregular::Md5(key) => Some(Material::Rsa(key.clone())),
            Irregular::Dsa(_) | Irregular::P224(_) => None,
        }
    }

    /// A signature as X.509 writes it. Signatures are deterministic and slow, and every world signs the same revocation
    /// lists, so each is computed once in a process.
    pub(super) fn sign_der(&self, message: &[u8]) -> Option<Vec<u8>> {
        static SIGNED: LazyLock<BoundedCache<[u8; 32], Vec<u8>>> = LazyLock::new(|| BoundedCache::new(512));
        let mut hash = Sha256::new_with_prefix(self.public_der()?);
        hash.update(message);
        let key: [u8; 32] = hash.finalize().into();
        SIGNED.get_or_make(&key, || self.signed(message).ok_or(())).ok()
    }

    fn signed(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Irregular::Dsa(key) => key.try_sign(message).ok().map(|signature: dsa::Signature| signature.to_vec()),
            Irregular::ExplicitCurve(key) => Material::P256(key.clone()).sign_der(message),
            Irregular::Md5(key) => {
                Some(rsa::pkcs1v15::SigningKey::<Md5>::new(key.as_ref().clone()).sign(message).to_vec())
            }
            Irregular::P224(key) => key.sign(message),
        }
    }

    /// Whether a signature as X.509 writes it verifies.
    pub(super) fn verifies_der(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Irregular::Dsa(key) => dsa::Signature::try_from(signature)
                .is_ok_and(|signature| key.verifying_key().verify(message, &signature).is_ok()),
            Irregular::ExplicitCurve(key) => Material::P256(key.clone()).verifies_der(message, signature),
            Irregular::Md5(key) => RsaSignature::try_from(signature).is_ok_and(|signature| {
                rsa::pkcs1v15::VerifyingKey::<Md5>::new(key.to_public_key()).verify(message, &signature).is_ok()
            }),
            Irregular::P224(key) => key.verifies(message, signature),
        }
    }

    /// The SubjectPublicKeyInfo in DER.
    pub(super) fn public_der(&self) -> Option<Vec<u8>> {
        match self {
            Irregular::Dsa(key) => Some(key.verifying_key().to_public_key_der().ok()?.into_vec()),
            Irregular::ExplicitCurve(key) => {
                let point = Material::P256(key.clone()).public_octets();
                let algorithm = [Element::new(OBJECT_IDENTIFIER, EC_PUBLIC_KEY), p256_domain()];
                let key = Element::new(BIT_STRING, [&[0][..], &point].concat());
                Some(Element::of(SEQUENCE, &[Element::of(SEQUENCE, &algorithm), key]).encoded())
            }
            Irregular::Md5(key) => Some(Material::Rsa(key.clone()).public_der()),
            Irregular::P224(key) => Some(key.public_der()),
        }
    }
}

/// P-256 as SpecifiedECDomain (SEC 1 §C.2), the parameters that RFC 5480 §2.1.1 forbids.
fn p256_domain() -> Element {
    let octets = |tag, hex: &str| Element::new(tag, octets(hex));
    // The first bit of each is set, and the number is positive.
    let number = |hex: &str| Element::new(INTEGER, [vec![0], self::octets(hex)].concat());
    let field = [Element::new(OBJECT_IDENTIFIER, PRIME_FIELD), number(P256_PRIME)];
    let curve = [octets(OCTET_STRING, P256_A), octets(OCTET_STRING, P256_B)];
    let domain = [
        Element::new(INTEGER, [1]),
        Element::of(SEQUENCE, &field),
        Element::of(SEQUENCE, &curve),
        octets(OCTET_STRING, P256_BASE),
        number(P256_ORDER),
        Element::new(INTEGER, [1]),
    ];
    Element::of(SEQUENCE, &domain)
}
