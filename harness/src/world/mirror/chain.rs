//! Certificates, read by x509-parser and checked against every key of the world.

use std::convert::Infallible;

use gatecrash_model::{
    BasicConstraints, CertificateSpec, ChainSpec, Extra, KeyName, KeyUsage, NameConstraint, Person, Proof, Purpose,
    SerialName, SubjectAttribute, SubjectName,
};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer as _,
};

use super::irregular;
use crate::{world::World, world::forge::Identity, world::forge::chain::serial, world::keys::Secret};

/// Reads a presented chain. A certificate that cannot be read becomes one without any field.
pub(super) fn read(identity: &Identity, world: &World, now: i64) -> ChainSpec {
    let certificates: Vec<CertificateSpec> =
        identity.chain.iter().map(|der| certificate(der, world, now).unwrap_or_else(unreadable)).collect();
    let leaf = certificates.first().map(|leaf| leaf.key);
    let proof = match identity.proof {
        Proof::Absent => Proof::Absent,
        _ if leaf != Some(identity.key) => Proof::OtherKey,
        Proof::Corrupt => Proof::Corrupt,
        Proof::ServerContext => Proof::ServerContext,
        Proof::Genuine | Proof::OtherKey => Proof::Genuine,
    };
    ChainSpec { certificates, proof }
}

/// The same octets say the same, so that they are read once.
fn certificate(der: &[u8], world: &World, now: i64) -> Option<CertificateSpec> {
    let read = || Ok::<_, Infallible>(certificate_spec(der, world, now));
    world.kept().certificates.get_or_make(der, read).unwrap_or_else(|never| match never {})
}

fn unreadable() -> CertificateSpec {
    CertificateSpec::bare(KeyName::Attacker)
}

fn certificate_spec(der: &[u8], world: &World, now: i64) -> Option<CertificateSpec> {
    let definite = irregular::definite(der);
    let (rest, certificate) = X509Certificate::from_der(definite.as_deref().unwrap_or(der)).ok()?;
    let mut spec = regular_spec(&certificate, world, now);
    let form = if definite.is_some() {
        Some(Extra::IndefiniteLength)
    } else if !rest.is_empty() {
        Some(Extra::TrailingOctet)
    } else {
        irregular::form(&certificate, spec.signer)
    };
    spec.extra = form.or(spec.extra);
    Some(spec)
}

fn regular_spec(certificate: &X509Certificate<'_>, world: &World, now: i64) -> CertificateSpec {
    let name = |name: &x509_parser::x509::X509Name<'_>| {
        name.iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default().to_string()
    };
    let public = certificate.public_key().raw;
    let mut keys = world.keyring().iter();
    let key = keys.find(|(_, secret)| secret.public_der() == public).map_or(KeyName::Attacker, |(name, _)| name);
    let message = certificate.tbs_certificate.as_ref();
    let signature = certificate.signature_value.data.as_ref();
    let sha1 = irregular::is_sha1(certificate);
    let verifies = |secret: &Secret| match sha1 {
        true => secret.verifies_der_sha1(message, signature),
        false => secret.verifies_der(message, signature),
    };
    let issuer = name(certificate.issuer());
    // The likely signer first: the holder of the issuer's name.
    let mut signers: Vec<KeyName> = KeyName::certificate_keys();
    let blueprint = world.first_blueprint();
    signers.sort_by_key(|key| blueprint.authority(*key).subject != issuer);
    let signer = signers.into_iter().find(|key| world.keyring().secret(*key).is_some_and(verifies));
    // The spec counts from the world's beginning; under the system clock its present has moved on.
    let start = blueprint.now;
    let _ = now;
    let mut spec = CertificateSpec {
        subject: name(certificate.subject()),
        subject_rest: subject_rest(certificate.subject()),
        issuer,
        serial: serial_name(certificate.raw_serial()),
        key,
        signer,
        not_before: certificate.validity().not_before.timestamp() - start,
        not_after: certificate.validity().not_after.timestamp() - start,
        ..unreadable()
    };
    spec.signer = signer;
    extensions(certificate, &mut spec);
    spec
}

fn serial_name(octets: &[u8]) -> SerialName {
    let people =
        Person::ALL.iter().copied().flat_map(|person| [SerialName::Person(person), SerialName::RevokedPerson(person)]);
    let authorities = KeyName::certificate_keys().into_iter();
    let authorities = authorities.flat_map(|key| [SerialName::Authority(key), SerialName::RevokedAuthority(key)]);
    people
        .chain(authorities)
        .chain([SerialName::Proxy])
        .find(|name| serial(*name) == octets)
        .unwrap_or(SerialName::Irregular)
}

/// The attributes after the first common name.
fn subject_rest(name: &x509_parser::x509::X509Name<'_>) -> Vec<SubjectAttribute> {
    use x509_parser::oid_registry::{OID_X509_COMMON_NAME, OID_X509_ORGANIZATION_NAME, OID_X509_ORGANIZATIONAL_UNIT};
    let attributes = name.iter_attributes().skip(1).filter_map(|attribute| {
        let text = attribute.as_str().ok()?.to_string();
        let kind = attribute.attr_type();
        [
            (OID_X509_COMMON_NAME, SubjectAttribute::CommonName as fn(String) -> SubjectAttribute),
            (OID_X509_ORGANIZATION_NAME, SubjectAttribute::Organization),
            (OID_X509_ORGANIZATIONAL_UNIT, SubjectAttribute::OrganizationalUnit),
        ]
        .into_iter()
        .find(|(known, _)| known == kind)
        .map(|(_, named)| named(text))
    });
    attributes.collect()
}

fn extensions(certificate: &X509Certificate<'_>, spec: &mut CertificateSpec) {
    let (mut named, mut constrained, mut unknown) = (false, false, false);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(_) if named => spec.extra = Some(Extra::RepeatedNames),
            ParsedExtension::SubjectAlternativeName(names) => {
                named = true;
                spec.names = names.general_names.iter().filter_map(subject_name).collect();
                // What is no text can only be kept as it is, under its tag.
                if names.general_names.iter().any(|name| matches!(name, GeneralName::Invalid(..))) {
                    spec.extra = Some(Extra::UnreadableName);
                }
            }
            ParsedExtension::BasicConstraints(_) if constrained => spec.extra = Some(Extra::RepeatedConstraints),
            ParsedExtension::BasicConstraints(constraints) => {
                constrained = true;
                let path_length = constraints.path_len_constraint.and_then(|length| u8::try_from(length).ok());
                spec.authority = Some(BasicConstraints { ca: constraints.ca, path_length });
            }
            ParsedExtension::CertificatePolicies(_) if extension.critical => {
                spec.extra = Some(Extra::CriticalPolicies);
            }
            ParsedExtension::InhibitAnyPolicy(_) if extension.critical => {
                spec.extra = Some(Extra::CriticalInhibitAny);
            }
            ParsedExtension::ParseError { .. }
                if extension.oid == x509_parser::oid_registry::OID_X509_EXT_BASIC_CONSTRAINTS =>
            {
                spec.extra = Some(Extra::MalformedConstraints);
            }
            ParsedExtension::KeyUsage(usage) => {
                let bits = [
                    (usage.crl_sign(), KeyUsage::CrlSign),
                    (usage.digital_signature(), KeyUsage::DigitalSignature),
                    (usage.key_cert_sign(), KeyUsage::KeyCertSign),
                    (usage.key_encipherment(), KeyUsage::KeyEncipherment),
                ];
                spec.key_usage = Some(bits.into_iter().filter(|(set, _)| *set).map(|(_, bit)| bit).collect());
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let purposes = [
                    (usage.any, Purpose::Any),
                    (usage.client_auth, Purpose::ClientAuth),
                    (usage.code_signing, Purpose::CodeSigning),
                    (usage.server_auth, Purpose::ServerAuth),
                ];
                spec.purposes =
                    Some(purposes.into_iter().filter(|(set, _)| *set).map(|(_, purpose)| purpose).collect());
            }
            ParsedExtension::NameConstraints(constraints) => {
                let permitted = constraints.permitted_subtrees.iter().flatten();
                spec.name_constraints = permitted.filter_map(|subtree| constraint(true, &subtree.base)).collect();
                let excluded = constraints.excluded_subtrees.iter().flatten();
                spec.name_constraints.extend(excluded.filter_map(|subtree| constraint(false, &subtree.base)));
            }
            ParsedExtension::UnsupportedExtension { .. } if unknown => spec.extra = Some(Extra::RepeatedUnknown),
            ParsedExtension::UnsupportedExtension { .. } => {
                unknown = true;
                spec.extra = Some(if extension.critical { Extra::UnknownCritical } else { Extra::UnknownNonCritical });
            }
            ParsedExtension::ParseError { .. }
                if extension.oid == x509_parser::oid_registry::OID_X509_EXT_EXTENDED_KEY_USAGE =>
            {
                spec.purposes = Some(Vec::new());
            }
            _ => {}
        }
    }
}

fn subject_name(name: &GeneralName<'_>) -> Option<SubjectName> {
    match name {
        GeneralName::DNSName(text) => Some(SubjectName::Dns(text.to_string())),
        GeneralName::RFC822Name(text) => Some(SubjectName::Email(text.to_string())),
        GeneralName::IPAddress(octets) => Some(SubjectName::Ip(dotted(octets))),
        GeneralName::URI(text) => Some(SubjectName::Uri(text.to_string())),
        _ => None,
    }
}

fn dotted(octets: &[u8]) -> String {
    octets.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
}

fn constraint(permitted: bool, base: &GeneralName<'_>) -> Option<NameConstraint> {
    use NameConstraint::*;
    type Kind = fn(String) -> NameConstraint;
    let (permits, excludes, text): (Kind, Kind, String) = match base {
        GeneralName::DNSName(text) => (PermittedDns, ExcludedDns, text.to_string()),
        GeneralName::DirectoryName(name) => {
            let common = name.iter_common_name().next().and_then(|name| name.as_str().ok())?;
            (PermittedDirectory, ExcludedDirectory, common.to_string())
        }
        GeneralName::IPAddress(octets) => {
            let (network, mask) = octets.split_at_checked(4)?;
            let bits: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
            (PermittedIp, ExcludedIp, format!("{}/{bits}", dotted(network)))
        }
        GeneralName::RFC822Name(text) => (PermittedEmail, ExcludedEmail, text.to_string()),
        GeneralName::URI(text) => (PermittedUri, ExcludedUri, text.to_string()),
        _ => return None,
    };
    Some(if permitted { permits(text) } else { excludes(text) })
}
