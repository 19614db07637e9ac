//! ECDSA on P-224 over SHA-256, for one authority that nobody should believe. Its keys protect nothing: no constant time.
//!
//! Written out, since the published crate of this curve has release candidates alone.

use p256::elliptic_curve::bigint::{
    ArrayEncoding as _, Odd, U256,
    modular::{ConstMontyForm, ConstMontyParams, FixedMontyParams},
};
use sha2::{Digest as _, Sha256};

use crate::world::der::{BIT_STRING, Element, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, elements};

/// Octets of a coordinate and of a scalar.
const LENGTH: usize = 28;
/// id-ecPublicKey (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: [u8; 7] = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// secp224r1 (RFC 5480 §2.1.1.1).
const SECP224R1: [u8; 5] = [0x2B, 0x81, 0x04, 0x00, 0x21];
/// The base point (SEC 2 §2.2.2).
const BASE: (&str, &str) = (
    "00000000b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21",
    "00000000bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34",
);
/// The order of the base point.
const ORDER: &str = "00000000ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d";

/// Integers modulo the prime of the field, 2^224 - 2^96 + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Prime;

impl ConstMontyParams<{ U256::LIMBS }> for Prime {
    const LIMBS: usize = U256::LIMBS;
    const PARAMS: FixedMontyParams<{ U256::LIMBS }> = FixedMontyParams::new_vartime(Odd::<U256>::from_be_hex(
        "00000000ffffffffffffffffffffffffffffffff000000000000000000000001",
    ));
}

/// Integers modulo the order of the base point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Order;

impl ConstMontyParams<{ U256::LIMBS }> for Order {
    const LIMBS: usize = U256::LIMBS;
    const PARAMS: FixedMontyParams<{ U256::LIMBS }> = FixedMontyParams::new_vartime(Odd::<U256>::from_be_hex(ORDER));
}

type Field = ConstMontyForm<Prime, { U256::LIMBS }>;
type Scalar = ConstMontyForm<Order, { U256::LIMBS }>;

/// A point by Jacobian coordinates: `x / z²` and `y / z³`. `z` is zero at infinity.
#[derive(Clone, Copy)]
struct Point {
    x: Field,
    y: Field,
    z: Field,
}

impl Point {
    const INFINITY: Self = Self { x: Field::ONE, y: Field::ONE, z: Field::ZERO };

    fn base() -> Self {
        Self::affine(&U256::from_be_hex(BASE.0), &U256::from_be_hex(BASE.1))
    }

    fn affine(x: &U256, y: &U256) -> Self {
        Self { x: Field::new(x), y: Field::new(y), z: Field::ONE }
    }

    /// The sum of a point and itself, on a curve whose `a` is -3.
    fn double(self) -> Self {
        let (delta, gamma) = (self.z.square(), self.y.square());
        let beta = self.x * gamma;
        let product = (self.x - delta) * (self.x + delta);
        let alpha = product.double() + product;
        let x = alpha.square() - beta.double().double().double();
        let z = (self.y + self.z).square() - gamma - delta;
        let y = alpha * (beta.double().double() - x) - gamma.square().double().double().double();
        Self { x, y, z }
    }

    fn add(self, other: Self) -> Self {
        if self.z == Field::ZERO {
            return other;
        }
        if other.z == Field::ZERO {
            return self;
        }
        let (own, others) = (self.z.square(), other.z.square());
        let (u, s) = (self.x * others, self.y * other.z * others);
        let h = other.x * own - u;
        let r = other.y * self.z * own - s;
        if h == Field::ZERO {
            return if r == Field::ZERO { self.double() } else { Self::INFINITY };
        }
        let square = h.square();
        let (cube, v) = (square * h, u * square);
        let x = r.square() - cube - v.double();
        Self { x, y: r * (v - x) - s * cube, z: self.z * other.z * h }
    }

    fn times(self, scalar: &U256) -> Self {
        let bits = (0..scalar.bit_width_vartime()).rev();
        bits.fold(Self::INFINITY, |sum, bit| {
            let doubled = sum.double();
            if scalar.bit_vartime(bit) { doubled.add(self) } else { doubled }
        })
    }

    /// Both coordinates; `None` at infinity.
    fn coordinates(self) -> Option<(U256, U256)> {
        let inverse = self.z.invert_vartime().into_option()?;
        let square = inverse.square();
        Some(((self.x * square).retrieve(), (self.y * square * inverse).retrieve()))
    }
}

/// A private key and the point that belongs to it.
#[derive(Clone)]
pub(super) struct SigningKey {
    secret: Scalar,
    public: (U256, U256),
}

impl SigningKey {
    /// The key of 28 octets; `None` where they are no scalar.
    pub(super) fn new(octets: &[u8; LENGTH]) -> Option<Self> {
        let number = number(octets)?;
        let in_range = number != U256::ZERO && number < U256::from_be_hex(ORDER);
        let public = Point::base().times(&number).coordinates()?;
        in_range.then(|| Self { secret: Scalar::new(&number), public })
    }

    /// A signature in DER (RFC 3279 §2.2.3). The same message gives the same signature.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let hash = Sha256::digest(message);
        // A nonce that only the holder of the key can compute; a value out of range, which has yet to be seen, is skipped.
        let mut state = Sha256::new_with_prefix(octets(&self.secret.retrieve())).chain_update(hash).finalize();
        for _ in 0..64 {
            if let Some(signature) = self.sign_with(number(&state[..LENGTH])?, &hash) {
                return Some(signature);
            }
            state = Sha256::digest(state);
        }
        None
    }

    fn sign_with(&self, nonce: U256, hash: &[u8]) -> Option<Vec<u8>> {
        let inverse = Scalar::new(&nonce).invert_vartime().into_option()?;
        let (x, _) = Point::base().times(&nonce).coordinates()?;
        let r = Scalar::new(&x);
        let s = inverse * (Scalar::new(&number(&hash[..LENGTH])?) + r * self.secret);
        if r == Scalar::ZERO || s == Scalar::ZERO {
            return None;
        }
        Some(Element::of(SEQUENCE, &[integer(&r.retrieve()), integer(&s.retrieve())]).encoded())
    }

    /// Whether a signature in DER verifies.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.verified(message, signature).unwrap_or(false)
    }

    fn verified(&self, message: &[u8], signature: &[u8]) -> Option<bool> {
        let outer = elements(signature)?;
        let [sequence] = &outer[..] else { return None };
        if sequence.tag != SEQUENCE {
            return None;
        }
        let parts = sequence.children()?;
        let [r, s] = &parts[..] else { return None };
        let (r, s) = (scalar(r)?, scalar(s)?);
        let hash = Sha256::digest(message);
        let inverse = s.invert_vartime().into_option()?;
        let of_base = Scalar::new(&number(&hash[..LENGTH])?) * inverse;
        let of_key = r * inverse;
        let key = Point::affine(&self.public.0, &self.public.1);
        let sum = Point::base().times(&of_base.retrieve()).add(key.times(&of_key.retrieve()));
        Some(Scalar::new(&sum.coordinates()?.0) == r)
    }

    /// The SubjectPublicKeyInfo in DER.
    pub(super) fn public_der(&self) -> Vec<u8> {
        let algorithm = [Element::new(OBJECT_IDENTIFIER, EC_PUBLIC_KEY), Element::new(OBJECT_IDENTIFIER, SECP224R1)];
        let point = [&[0, 4][..], &octets(&self.public.0), &octets(&self.public.1)].concat();
        Element::of(SEQUENCE, &[Element::of(SEQUENCE, &algorithm), Element::new(BIT_STRING, point)]).encoded()
    }
}

/// At most 32 octets as a number.
fn number(octets: &[u8]) -> Option<U256> {
    let mut padded = [0; 32];
    let at = padded.len().checked_sub(octets.len())?;
    padded[at..].copy_from_slice(octets);
    Some(U256::from_be_slice(&padded))
}

/// A number below 2^224 as octets.
fn octets(number: &U256) -> [u8; LENGTH] {
    let mut octets = [0; LENGTH];
    octets.copy_from_slice(&number.to_be_byte_array()[32 - LENGTH..]);
    octets
}

/// A positive INTEGER.
fn integer(number: &U256) -> Element {
    let octets = octets(number);
    let zeros = octets.iter().take_while(|octet| **octet == 0).count().min(LENGTH - 1);
    let digits = &octets[zeros..];
    let sign: &[u8] = if digits[0] >= 0x80 { &[0] } else { &[] };
    Element::new(INTEGER, [sign, digits].concat())
}

/// An INTEGER between zero and the order, both excluded.
fn scalar(element: &Element) -> Option<Scalar> {
    if element.tag != INTEGER || element.contents.first().is_none_or(|octet| *octet >= 0x80) {
        return None;
    }
    let digits = element.contents.strip_prefix(&[0]).unwrap_or(&element.contents);
    let number = number(digits)?;
    (number != U256::ZERO && number < U256::from_be_hex(ORDER)).then(|| Scalar::new(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        super::super::octets(text)
    }

    fn key() -> SigningKey {
        let secret = hex("f220266e1105bfe3083e03ec7a3a654651f45e37167e88600bf257c1");
        SigningKey::new(&secret.try_into().unwrap()).unwrap()
    }

    /// RFC 6979 §A.2.4.
    #[test]
    fn a_published_key_and_its_signature() {
        let point = concat!(
            "00cf08da5ad719e42707fa431292dea11244d64fc51610d94b130d6c",
            "eeab6f3debe455e3dbf85416f7030cbd94f34f2d6f232c69f3c1385a",
        );
        assert!(key().public_der().ends_with(&hex(point)));
        let nonce = number(&hex("ad3029e0278f80643de33917ce6908c70a8ff50a411f06e41dedfcdc")).unwrap();
        let signature = key().sign_with(nonce, &Sha256::digest(b"sample")).unwrap();
        let published = concat!(
            "303d021c61aa3da010e8e8406c656bc477a7a7189895e7e840cdfe8ff42307ba",
            "021d00bc814050dab5d23770879494f9e0a680dc1af7161991bde692b10101",
        );
        assert_eq!(signature, hex(published));
        assert!(key().verifies(b"sample", &signature));
    }

    #[test]
    fn another_message_or_signature_does_not_verify() {
        let signature = key().sign(b"message").unwrap();
        assert!(key().verifies(b"message", &signature));
        assert!(!key().verifies(b"massage", &signature));
        for at in 0..signature.len() {
            let mut other = signature.clone();
            other[at] ^= 1;
            assert!(!key().verifies(b"message", &other), "octet {at}");
        }
        assert!(!key().verifies(b"message", &[]));
    }
}
