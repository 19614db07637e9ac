//! Names in certificates: subjects, alternative names, and constraints on those below.

use gatecrash_model::{CertificateSpec, NameConstraint, SubjectAttribute, SubjectName};
use rcgen::{CustomExtension, DistinguishedName, DnType, SanType};

use super::{ForgeError, chain::refused};
use crate::world::der::{Element, SEQUENCE};

const NAME_CONSTRAINTS: [u64; 4] = [2, 5, 29, 30];
const COMMON_NAME: [u64; 4] = [2, 5, 4, 3];
const SET: u8 = 0x31;
const UTF8_STRING: u8 = 0x0C;

/// A distinguished name of a common name; empty when the common name is.
pub(super) fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    if !name.is_empty() {
        distinguished.push(DnType::CommonName, name);
    }
    distinguished
}

/// The subject of a certificate.
pub(super) fn subject(spec: &CertificateSpec) -> DistinguishedName {
    let mut distinguished = common_name(&spec.subject);
    for attribute in &spec.subject_rest {
        match attribute {
            // The writer keeps one value of each type; by its number the type is another.
            SubjectAttribute::CommonName(text) => {
                distinguished.push(DnType::CustomDnType(COMMON_NAME.to_vec()), text.as_str());
            }
            SubjectAttribute::Organization(text) => distinguished.push(DnType::OrganizationName, text.as_str()),
            SubjectAttribute::OrganizationalUnit(text) => {
                distinguished.push(DnType::OrganizationalUnitName, text.as_str());
            }
        }
    }
    distinguished
}

pub(super) fn alternative_name(name: &SubjectName) -> Result<SanType, ForgeError> {
    Ok(match name {
        SubjectName::Dns(text) => SanType::DnsName(text.as_str().try_into().map_err(refused)?),
        SubjectName::Email(text) => SanType::Rfc822Name(text.as_str().try_into().map_err(refused)?),
        SubjectName::Ip(text) => SanType::IpAddress(text.parse().map_err(refused)?),
        SubjectName::Uri(text) => SanType::URI(text.as_str().try_into().map_err(refused)?),
    })
}

/// The extension, which the certificate writer cannot say of URIs; `None` where nothing is constrained.
pub(super) fn constraints(constraints: &[NameConstraint]) -> Result<Option<CustomExtension>, ForgeError> {
    if constraints.is_empty() {
        return Ok(None);
    }
    let (mut permitted, mut excluded) = (Vec::new(), Vec::new());
    for constraint in constraints {
        use NameConstraint::*;
        let list = match constraint {
            ExcludedDirectory(_) | ExcludedDns(_) | ExcludedEmail(_) | ExcludedIp(_) | ExcludedUri(_) => &mut excluded,
            PermittedDirectory(_) | PermittedDns(_) | PermittedEmail(_) | PermittedIp(_) | PermittedUri(_) => {
                &mut permitted
            }
        };
        let base = match constraint {
            ExcludedEmail(base) | PermittedEmail(base) => Element::new(0x81, base.as_bytes()),
            ExcludedDns(base) | PermittedDns(base) => Element::new(0x82, base.as_bytes()),
            ExcludedDirectory(base) | PermittedDirectory(base) => {
                let attribute = [Element::new(0x06, [0x55, 0x04, 0x03]), Element::new(UTF8_STRING, base.as_bytes())];
                let name = Element::of(SET, &[Element::of(SEQUENCE, &attribute)]);
                Element::of(0xA4, &[Element::of(SEQUENCE, &[name])])
            }
            ExcludedUri(base) | PermittedUri(base) => Element::new(0x86, base.as_bytes()),
            ExcludedIp(base) | PermittedIp(base) => Element::new(0x87, range(base)?),
        };
        list.push(Element::of(SEQUENCE, &[base]));
    }
    let subtrees = [(0xA0, permitted), (0xA1, excluded)].into_iter().filter(|(_, list)| !list.is_empty());
    let subtrees: Vec<Element> = subtrees.map(|(tag, list)| Element::of(tag, &list)).collect();
    let mut extension =
        CustomExtension::from_oid_content(&NAME_CONSTRAINTS, Element::of(SEQUENCE, &subtrees).encoded());
    extension.set_criticality(true);
    Ok(Some(extension))
}

/// Address and mask of `192.0.2.0/24`, eight octets.
fn range(text: &str) -> Result<Vec<u8>, ForgeError> {
    let fault = || refused(format!("`{text}` is no range of addresses"));
    let (network, bits) = text.split_once('/').ok_or_else(fault)?;
    let network: std::net::Ipv4Addr = network.parse().map_err(refused)?;
    let bits = bits.parse::<u32>().ok().filter(|bits| *bits <= 32).ok_or_else(fault)?;
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    Ok([network.octets(), mask.to_be_bytes()].concat())
}
