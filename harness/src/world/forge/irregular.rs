//! What a certificate writer refuses to say: irregular certificates and CRLs, made by surgery and signed anew.

use gatecrash_model::{CertificateSpec, Extra, Scene};
use rcgen::CustomExtension;

use super::chain;
use crate::world::der::{BIT_STRING, Element, GENERALIZED_TIME, INTEGER, SEQUENCE, elements};
use crate::world::keys::Secret;

const BASIC_CONSTRAINTS: [u64; 4] = [2, 5, 29, 19];
const CERTIFICATE_POLICIES: [u64; 4] = [2, 5, 29, 32];
const INHIBIT_ANY_POLICY: [u64; 4] = [2, 5, 29, 54];
const SUBJECT_ALTERNATIVE_NAME: [u64; 4] = [2, 5, 29, 17];
/// An arc that nobody registered below the documentation arc of RFC 5612.
const UNREGISTERED: [u64; 9] = [1, 3, 6, 1, 4, 1, 32473, 1, 1];
/// `AlgorithmIdentifier` of ecdsa-with-SHA1 (RFC 3279 §2.2.3).
const ECDSA_WITH_SHA1: [u8; 9] = [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01];
/// `AlgorithmIdentifier` of ecdsa-with-SHA384 (RFC 5758 §3.2).
const ECDSA_WITH_SHA384: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03];

/// The extensions that an irregularity adds, for the certificate writer.
pub(super) fn extensions(extra: Extra) -> Vec<CustomExtension> {
    let extension = |oid: &[u64], critical: bool, content: &[u8]| {
        let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
        extension.set_criticality(critical);
        extension
    };
    match extra {
        Extra::CriticalInhibitAny => vec![extension(&INHIBIT_ANY_POLICY, true, &[INTEGER, 1, 0])],
        Extra::CriticalPolicies => {
            // One PolicyInformation with the unregistered arc's number.
            let policy = [0x30, 0x0A, 0x30, 0x08, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x03];
            vec![extension(&CERTIFICATE_POLICIES, true, &policy)]
        }
        Extra::MalformedConstraints => {
            // A BOOLEAN that says it has two octets, and ends after one.
            vec![extension(&BASIC_CONSTRAINTS, false, &[0x30, 0x03, 0x01, 0x02, 0xFF])]
        }
        Extra::RepeatedConstraints => vec![extension(&BASIC_CONSTRAINTS, true, &[0x30, 0x00])],
        Extra::RepeatedNames => {
            // GeneralNames with one dNSName.
            let content = [&[0x30, 0x0E, 0x82, 0x0C][..], b"staff.test.x"].concat();
            vec![extension(&SUBJECT_ALTERNATIVE_NAME, false, &content)]
        }
        Extra::RepeatedUnknown => {
            vec![extension(&UNREGISTERED, false, &[0x05, 0x00]), extension(&UNREGISTERED, false, &[0x05, 0x00])]
        }
        Extra::UnknownCritical => vec![extension(&UNREGISTERED, true, &[0x05, 0x00])],
        Extra::UnknownNonCritical => vec![extension(&UNREGISTERED, false, &[0x05, 0x00])],
        _ => Vec::new(),
    }
}

/// The certificate in `der` with the key of `subject`, as its own form has it, and the algorithm of `signer`.
fn refitted(spec: &CertificateSpec, der: Vec<u8>, subject: &Secret, signer: &Secret) -> Option<Vec<u8>> {
    let (public, algorithm) = (subject.irregular_public_der(), signer.irregular_algorithm());
    if public.is_none() && algorithm.is_none() {
        return Some(der);
    }
    resealed(der, signer, spec.signer.is_some(), |fields, written| {
        *written = algorithm.map_or(written.clone(), |octets| Element::new(SEQUENCE, octets));
        *fields.get_mut(2)? = written.clone();
        if let Some(public) = public {
            [*fields.get_mut(6)?] = <[Element; 1]>::try_from(elements(public)?).ok()?;
        }
        Some(())
    })
}

/// The certificate or the CRL in `der` with its signed fields and its algorithm changed, signed anew; by nobody where it is
/// not to be `genuine`.
fn resealed(
    der: Vec<u8>,
    signer: &Secret,
    genuine: bool,
    change: impl FnOnce(&mut Vec<Element>, &mut Element) -> Option<()>,
) -> Option<Vec<u8>> {
    let [whole] = <[Element; 1]>::try_from(elements(&der)?).ok()?;
    let [signed, mut algorithm, _] = <[Element; 3]>::try_from(whole.children()?).ok()?;
    let mut fields = signed.children()?;
    change(&mut fields, &mut algorithm)?;
    let signed = Element::of(SEQUENCE, &fields);
    let mut signature = signer.sign_der(&signed.encoded())?;
    if !genuine {
        chain::corrupt(&mut signature);
    }
    Some(sealed(signed, algorithm, &signature))
}

/// The certificate in `der` with the irregularity of `spec`, signed by `signer`; `None` when it cannot be taken apart.
pub(super) fn operate(spec: &CertificateSpec, der: Vec<u8>, subject: &Secret, signer: &Secret) -> Option<Vec<u8>> {
    let der = refitted(spec, der, subject, signer)?;
    let Some(extra) = spec.extra else { return Some(der) };
    let [certificate] = <[Element; 1]>::try_from(elements(&der)?).ok()?;
    let [mut signed, mut algorithm, signature] = <[Element; 3]>::try_from(certificate.children()?).ok()?;
    let mut fields = signed.children()?;
    match extra {
        Extra::IndefiniteLength => return Some(certificate.indefinite()),
        Extra::TrailingOctet => return Some([&der[..], &[0]].concat()),
        Extra::OtherAlgorithm => {
            algorithm = Element::new(SEQUENCE, ECDSA_WITH_SHA384);
            return Some(Element::of(SEQUENCE, &[signed, algorithm, signature]).encoded());
        }
        Extra::FractionalTime => {
            let [start, end] = <[Element; 2]>::try_from(fields.get(4)?.children()?).ok()?;
            // UTCTime has two digits of the year, of this century; GeneralizedTime has four.
            let end = match end.tag {
                GENERALIZED_TIME => end.contents,
                _ => [b"20", &end.contents[..]].concat(),
            };
            let end = [end.strip_suffix(b"Z")?, b".5Z"].concat();
            fields[4] = Element::of(SEQUENCE, &[start, Element::new(GENERALIZED_TIME, end)]);
        }
        Extra::LongSerial | Extra::NegativeSerial | Extra::ZeroSerial => {
            let octets = match extra {
                Extra::LongSerial => [0x41; 21].to_vec(),
                Extra::NegativeSerial => vec![0x8A, 0x41],
                _ => vec![0],
            };
            fields[1] = Element::new(INTEGER, octets);
        }
        Extra::Sha1 => {
            algorithm = Element::new(SEQUENCE, ECDSA_WITH_SHA1);
            fields[2] = algorithm.clone();
        }
        Extra::UnreadableName => {
            let last = fields.last_mut().filter(|field| field.tag == 0xA3)?;
            let [known] = <[Element; 1]>::try_from(last.children()?).ok()?;
            let mut extensions = known.children()?;
            extensions.iter_mut().find_map(with_unreadable_name)?;
            *last = Element::of(0xA3, &[Element::of(SEQUENCE, &extensions)]);
        }
        Extra::Version1 | Extra::Version2 => {
            fields.retain(|field| field.tag != 0xA3);
            match extra {
                Extra::Version1 => drop(fields.remove(0)),
                _ => fields[0] = Element::of(0xA0, &[Element::new(INTEGER, [1])]),
            }
        }
        _ => return Some(der),
    }
    signed = Element::of(SEQUENCE, &fields);
    let message = signed.encoded();
    let mut signature = match extra {
        Extra::Sha1 => signer.sign_der_sha1(&message)?,
        _ => signer.sign_der(&message)?,
    };
    if spec.signer.is_none() {
        chain::corrupt(&mut signature);
    }
    Some(sealed(signed, algorithm, &signature))
}

/// What is signed, by which algorithm, and the signature (RFC 5280 §4.1, §5.1).
fn sealed(signed: Element, algorithm: Element, signature: &[u8]) -> Vec<u8> {
    let signature = Element::new(BIT_STRING, [&[0][..], signature].concat());
    Element::of(SEQUENCE, &[signed, algorithm, signature]).encoded()
}

/// Adds a uniformResourceIdentifier of one octet beyond ASCII to a subjectAltName; `None` for other extensions.
fn with_unreadable_name(extension: &mut Element) -> Option<()> {
    let mut parts = extension.children()?;
    let names = Element::new(0x06, [0x55, 0x1D, 17]);
    let (first, last) = (parts.first()?.clone(), parts.last_mut()?);
    let [list] = <[Element; 1]>::try_from(elements(&last.contents).filter(|_| first == names)?).ok()?;
    let mut members = list.children()?;
    members.push(Element::new(0x86, [0xE9]));
    last.contents = Element::of(SEQUENCE, &members).encoded();
    *extension = Element::of(SEQUENCE, &parts);
    Some(())
}

/// The CRL in `der` as the scene has it; `None` when it cannot be taken apart.
pub(super) fn spoil(scene: Scene, mut der: Vec<u8>, signer: &Secret) -> Option<Vec<u8>> {
    // The number of the extension below id-ce (2.5.29), or nothing for the unregistered one, and its content.
    let (number, content): (Option<u8>, &[u8]) = match scene {
        Scene::CrlBadSignature => {
            chain::corrupt(&mut der);
            return Some(der);
        }
        Scene::CrlCritical => (None, &[0x05, 0x00]),
        Scene::CrlDelta => (Some(27), &[INTEGER, 1, 1]),
        // IssuingDistributionPoint with onlySomeReasons: none of them, or keyCompromise.
        Scene::CrlEmptyPartition => (Some(28), &[0x30, 0x03, 0x83, 0x01, 0x00]),
        Scene::CrlPartition => (Some(28), &[0x30, 0x04, 0x83, 0x02, 0x06, 0x40]),
        _ => return Some(der),
    };
    let oid = match number {
        Some(number) => vec![0x55, 0x1D, number],
        None => vec![0x2B, 0x06, 0x01, 0x04, 0x01, 0x81, 0xFD, 0x59, 0x01, 0x01],
    };
    let extension =
        Element::of(SEQUENCE, &[Element::new(0x06, oid), Element::new(0x01, [0xFF]), Element::new(0x04, content)]);
    resealed(der, signer, true, |fields, _| {
        let last = fields.last_mut().filter(|field| field.tag == 0xA0)?;
        let [known] = <[Element; 1]>::try_from(last.children()?).ok()?;
        let mut extensions = known.children()?;
        extensions.push(extension);
        *last = Element::of(0xA0, &[Element::of(SEQUENCE, &extensions)]);
        Some(())
    })
}

/// The CRL in `der` with an algorithm that no writer has; `None` when it cannot be taken apart.
pub(super) fn relist(der: Vec<u8>, algorithm: &[u8], signer: &Secret) -> Option<Vec<u8>> {
    resealed(der, signer, true, |fields, written| {
        *written = Element::new(SEQUENCE, algorithm);
        // The version comes first, since the list has extensions (RFC 5280 §5.1.2.1).
        *fields.get_mut(1)? = written.clone();
        Some(())
    })
}
