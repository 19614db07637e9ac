//! Certificates, read by x509-parser and checked against every key of the world.

use gatecrash_model::{
    BasicConstraints, CertificateSpec, ChainSpec, Extra, KeyName, KeyUsage, NameConstraint, Person, Proof, Purpose,
    SerialName, SubjectName,
};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer as _,
};

use crate::{forge::Identity, forge::chain::serial, world::World};

/// Reads a presented chain. A certificate that cannot be read becomes one without any field.
pub(super) fn read(identity: &Identity, world: &World, now: i64) -> ChainSpec {
    let certificates: Vec<CertificateSpec> = identity
        .chain
        .iter()
        .map(|der| match X509Certificate::from_der(der) {
            Ok((_, certificate)) => certificate_spec(&certificate, world, now),
            Err(_) => unreadable(),
        })
        .collect();
    let leaf = certificates.first().map(|leaf| leaf.key);
    let proof = match identity.proof {
        _ if leaf != Some(identity.key) => Proof::OtherKey,
        Proof::Corrupt => Proof::Corrupt,
        Proof::Genuine | Proof::OtherKey => Proof::Genuine,
    };
    ChainSpec { certificates, proof }
}

fn unreadable() -> CertificateSpec {
    CertificateSpec {
        subject: String::new(),
        issuer: String::new(),
        serial: SerialName::Authority(KeyName::Attacker),
        key: KeyName::Attacker,
        signer: None,
        not_before: 0,
        not_after: 0,
        authority: None,
        key_usage: None,
        purposes: None,
        names: Vec::new(),
        name_constraints: Vec::new(),
        extra: None,
    }
}

fn certificate_spec(certificate: &X509Certificate<'_>, world: &World, now: i64) -> CertificateSpec {
    let name = |name: &x509_parser::x509::X509Name<'_>| {
        name.iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default().to_string()
    };
    let public = certificate.public_key().raw;
    let mut keys = world.keyring().iter();
    let key = keys.find(|(_, secret)| secret.public_der() == public).map_or(KeyName::Attacker, |(name, _)| name);
    let message = certificate.tbs_certificate.as_ref();
    let signature = certificate.signature_value.data.as_ref();
    let issuer = name(certificate.issuer());
    // The likely signer first: the holder of the issuer's name.
    let mut signers: Vec<KeyName> = KeyName::certificate_keys();
    let blueprint = world.first_blueprint();
    signers.sort_by_key(|key| blueprint.authority(*key).subject != issuer);
    let signer = signers
        .into_iter()
        .find(|key| world.keyring().secret(*key).is_some_and(|secret| secret.verifies_der(message, signature)));
    // The spec counts from the world's beginning; under the system clock its present has moved on.
    let start = blueprint.now;
    let _ = now;
    let mut spec = CertificateSpec {
        subject: name(certificate.subject()),
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
        Person::ALL.into_iter().flat_map(|person| [SerialName::Person(person), SerialName::RevokedPerson(person)]);
    let authorities = KeyName::certificate_keys().into_iter();
    let authorities = authorities.flat_map(|key| [SerialName::Authority(key), SerialName::RevokedAuthority(key)]);
    people.chain(authorities).find(|name| serial(*name) == octets).unwrap_or(SerialName::Authority(KeyName::Attacker))
}

fn extensions(certificate: &X509Certificate<'_>, spec: &mut CertificateSpec) {
    let mut named = false;
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(_) if named => spec.extra = Some(Extra::RepeatedNames),
            ParsedExtension::SubjectAlternativeName(names) => {
                named = true;
                spec.names = names.general_names.iter().filter_map(subject_name).collect();
            }
            ParsedExtension::BasicConstraints(constraints) => {
                let path_length = constraints.path_len_constraint.and_then(|length| u8::try_from(length).ok());
                spec.authority = Some(BasicConstraints { ca: constraints.ca, path_length });
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
                let dns = |subtree: &x509_parser::extensions::GeneralSubtree<'_>| match &subtree.base {
                    GeneralName::DNSName(base) => Some(base.to_string()),
                    _ => None,
                };
                let permitted = constraints.permitted_subtrees.iter().flatten().filter_map(dns);
                let excluded = constraints.excluded_subtrees.iter().flatten().filter_map(dns);
                spec.name_constraints = permitted.map(NameConstraint::PermittedDns).collect();
                spec.name_constraints.extend(excluded.map(NameConstraint::ExcludedDns));
            }
            ParsedExtension::UnsupportedExtension { .. } => {
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
        GeneralName::URI(text) => Some(SubjectName::Uri(text.to_string())),
        _ => None,
    }
}
