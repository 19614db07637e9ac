//! The names, keys and serial numbers of a case, and certificates written with them.

use std::collections::BTreeMap;

use gatecrash::model::{
    BasicConstraints, Blueprint, CertificateSpec, Extra, KeyName, KeyUsage, NameConstraint, Purpose, SerialName,
    SubjectName,
};
use x509_parser::asn1_rs::{Any, Oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::*;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name, X509Version};

use super::Reason;
use super::keys::{ECDSA_WITH_SHA1, names_for, verifies};

/// What stands for the keys, names and serial numbers of a case.
pub(super) struct Symbols<'a> {
    names: BTreeMap<Vec<u8>, String>,
    keys: Vec<(KeyName, &'a SubjectPublicKeyInfo<'a>)>,
    /// Issuer and serial number of what the lists revoke.
    revoked: Vec<(String, Vec<u8>)>,
    /// The bases of the constraints on directory names.
    subtrees: Vec<&'a X509Name<'a>>,
}

impl<'a> Symbols<'a> {
    pub(super) fn new(
        trusted: &'a [X509Certificate<'a>],
        presented: &'a [X509Certificate<'a>],
        blueprint: &Blueprint,
    ) -> Result<Self, Reason> {
        let mut symbols = Self { names: BTreeMap::new(), keys: Vec::new(), revoked: Vec::new(), subtrees: Vec::new() };
        let mut anchors = blueprint.anchors().into_iter();
        for anchor in trusted {
            if !names_for(anchor.public_key()).contains(&KeyName::Other) {
                return Err(Reason::AnchorKey);
            }
            if is_constrained(anchor) {
                continue;
            }
            let place = anchors.next().ok_or(Reason::Anchors)?;
            let name = symbols.names.insert(anchor.subject().as_raw().to_vec(), place.name.into());
            if name.is_some() || symbols.key(anchor.public_key()).is_some() {
                return Err(Reason::Anchors);
            }
            symbols.keys.push((place.key, anchor.public_key()));
        }
        for certificate in presented.iter().chain(trusted) {
            if symbols.key(certificate.public_key()).is_none() {
                let taken = |name: &KeyName| symbols.keys.iter().any(|(other, _)| other == name);
                let free = names_for(certificate.public_key()).into_iter().find(|name| !taken(name));
                symbols.keys.push((free.ok_or(Reason::Keys)?, certificate.public_key()));
            }
            symbols.subtrees.extend(
                certificate.extensions().iter().flat_map(subtrees).filter_map(|(_, base)| {
                    if let GeneralName::DirectoryName(name) = base { Some(name) } else { None }
                }),
            );
        }
        Ok(symbols)
    }

    fn key(&self, public: &SubjectPublicKeyInfo<'_>) -> Option<KeyName> {
        self.keys.iter().find(|(_, known)| known.raw == public.raw).map(|(name, _)| *name)
    }

    /// The text that stands for a name; the same octets have the same.
    fn name(&mut self, name: &X509Name<'_>) -> String {
        let fresh = match name.iter_rdn().next() {
            None => String::new(),
            Some(_) => format!("name {}", self.names.len()),
        };
        self.names.entry(name.as_raw().to_vec()).or_insert(fresh).clone()
    }

    /// Reads the revocation lists: every one is current, plain and of an anchor, and every anchor that issued has one.
    pub(super) fn read_lists(
        &mut self,
        crls: &[CertificateRevocationList<'_>],
        trusted: &[X509Certificate<'_>],
        presented: &[X509Certificate<'_>],
        now: i64,
    ) {
        let mut publishers = Vec::new();
        for crl in crls {
            let issuer = trusted.iter().find(|it| it.subject().as_raw() == crl.issuer().as_raw()).unwrap();
            let algorithm = &crl.signature_algorithm.algorithm;
            let (message, signature) = (crl.tbs_cert_list.as_ref(), crl.signature_value.data.as_ref());
            assert!(verifies(issuer.public_key(), algorithm, message, signature));
            assert!((crl.last_update().timestamp()..=crl.next_update().unwrap().timestamp()).contains(&now));
            let plain = |it: &X509Extension<'_>| !it.critical || it.oid == OID_X509_EXT_CRL_NUMBER;
            assert!(crl.extensions().iter().all(plain));
            let name = self.name(issuer.subject());
            self.revoked.extend(crl.iter_revoked_certificates().map(|it| (name.clone(), it.raw_serial().to_vec())));
            publishers.push(name);
        }
        let mut issuers = presented.iter().map(|certificate| self.name(certificate.issuer()));
        assert!(crls.is_empty() || issuers.all(|name| publishers.contains(&name)));
    }

    /// Writes a certificate as of `now`, in seconds since the Unix epoch.
    pub(super) fn spec(&mut self, certificate: &X509Certificate<'_>, now: i64) -> Result<CertificateSpec, Reason> {
        let issuer = self.name(certificate.issuer());
        let key = self.key(certificate.public_key()).ok_or(Reason::Keys)?;
        let listed = self.revoked.iter().any(|(by, serial)| *by == issuer && serial == certificate.raw_serial());
        let mut spec = CertificateSpec {
            subject: self.name(certificate.subject()),
            issuer,
            // The world's lists revoke the intermediates in the name of its first root.
            serial: if listed {
                SerialName::RevokedAuthority(KeyName::StaffIntermediate)
            } else {
                SerialName::Authority(key)
            },
            signer: self.signer(certificate),
            not_before: certificate.validity().not_before.timestamp() - now,
            not_after: certificate.validity().not_after.timestamp() - now,
            ..CertificateSpec::bare(key)
        };
        let mut extras: Vec<Extra> = form(certificate).into_iter().collect();
        for (at, extension) in certificate.extensions().iter().enumerate() {
            let twice = certificate.extensions()[..at].iter().any(|other| other.oid == extension.oid);
            let read = self.read(extension, &mut spec)?;
            let names = extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME;
            extras.extend(if twice && names { Some(Extra::RepeatedNames) } else { read });
        }
        let whole = |base: &&X509Name<'_>| {
            !begins(certificate.subject(), base) || certificate.subject().as_raw() == base.as_raw()
        };
        if !self.subtrees.iter().all(whole) {
            return Err(Reason::DirectoryNames);
        }
        spec.extra = extras.pop();
        if extras.is_empty() { Ok(spec) } else { Err(Reason::Extras) }
    }

    /// The key that the signature verifies with.
    fn signer(&self, certificate: &X509Certificate<'_>) -> Option<KeyName> {
        let algorithm = &certificate.signature_algorithm.algorithm;
        let message = certificate.tbs_certificate.as_ref();
        let signature = certificate.signature_value.data.as_ref();
        self.keys.iter().find(|(_, key)| verifies(key, algorithm, message, signature)).map(|(name, _)| *name)
    }

    /// Reads an extension into the symbols.
    fn read(&mut self, extension: &X509Extension<'_>, spec: &mut CertificateSpec) -> Result<Option<Extra>, Reason> {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) => {
                let path_length = constraints.path_len_constraint.and_then(|length| u8::try_from(length).ok());
                spec.authority = Some(BasicConstraints { ca: constraints.ca, path_length });
            }
            ParsedExtension::CertificatePolicies(_) if extension.critical => return Ok(Some(Extra::CriticalPolicies)),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let purposes = [
                    (usage.any, Purpose::Any),
                    (usage.client_auth, Purpose::ClientAuth),
                    (usage.code_signing, Purpose::CodeSigning),
                    (usage.server_auth, Purpose::ServerAuth),
                ];
                spec.purposes = Some(purposes.into_iter().filter(|(set, _)| *set).map(|(_, it)| it).collect());
            }
            ParsedExtension::InhibitAnyPolicy(_) | ParsedExtension::PolicyConstraints(_) => {
                return Err(Reason::Policies);
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
            ParsedExtension::NameConstraints(_) => {
                for (permitted, base) in subtrees(extension) {
                    spec.name_constraints.push(self.constraint(permitted, base)?);
                }
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    spec.names.extend(self.subject_name(name, &spec.subject)?);
                }
            }
            // None of the purposes that anybody asks for.
            ParsedExtension::ParseError { .. } if extension.oid == OID_X509_EXT_EXTENDED_KEY_USAGE => {
                spec.purposes = Some(Vec::new());
            }
            ParsedExtension::ParseError { .. } if decides(&extension.oid) => return Err(Reason::Extension),
            // What a verifier need not know it need not recognize either (RFC 5280 §4.2).
            _ if extension.critical && !decides(&extension.oid) => return Ok(Some(Extra::UnknownCritical)),
            _ => {}
        }
        Ok(None)
    }

    fn subject_name(&mut self, name: &GeneralName<'_>, subject: &str) -> Result<Option<SubjectName>, Reason> {
        Ok(match name {
            GeneralName::DNSName(text) => Some(SubjectName::Dns(text.to_string())),
            GeneralName::DirectoryName(name) if !self.subtrees.is_empty() && self.name(name) != subject => {
                return Err(Reason::DirectoryNames);
            }
            GeneralName::IPAddress(octets) => Some(SubjectName::Ip(dotted(octets))),
            GeneralName::Invalid(..) => return Err(Reason::Extension),
            GeneralName::RFC822Name(text) => Some(SubjectName::Email(text.to_string())),
            GeneralName::URI(text) => Some(SubjectName::Uri(text.to_string())),
            // Forms that nothing lifted constrains.
            _ => None,
        })
    }

    fn constraint(&mut self, permitted: bool, base: &GeneralName<'_>) -> Result<NameConstraint, Reason> {
        use NameConstraint::*;
        type Kind = fn(String) -> NameConstraint;
        let (permits, excludes, text): (Kind, Kind, String) = match base {
            GeneralName::DNSName(text) => (PermittedDns, ExcludedDns, text.to_string()),
            GeneralName::DirectoryName(name) => (PermittedDirectory, ExcludedDirectory, self.name(name)),
            GeneralName::IPAddress([network @ .., a, b, c, d]) if network.len() == 4 => {
                let mask = u32::from_be_bytes([*a, *b, *c, *d]);
                if mask.leading_ones() != mask.count_ones() {
                    return Err(Reason::AddressRange);
                }
                (PermittedIp, ExcludedIp, format!("{}/{}", dotted(network), mask.count_ones()))
            }
            GeneralName::IPAddress(_) => return Err(Reason::AddressRange),
            GeneralName::RFC822Name(text) => (PermittedEmail, ExcludedEmail, text.to_string()),
            GeneralName::URI(text) => (PermittedUri, ExcludedUri, text.to_string()),
            _ => return Err(Reason::NameForm),
        };
        Ok(if permitted { permits(text) } else { excludes(text) })
    }
}

/// The irregularity outside the extensions.
fn form(certificate: &X509Certificate<'_>) -> Option<Extra> {
    let outer = &certificate.signature_algorithm;
    let serial = certificate.raw_serial();
    match certificate.version() {
        _ if certificate.tbs_certificate.signature != *outer => Some(Extra::OtherAlgorithm),
        _ if outer.algorithm.to_id_string() == ECDSA_WITH_SHA1 => Some(Extra::Sha1),
        X509Version::V1 => Some(Extra::Version1),
        X509Version::V2 => Some(Extra::Version2),
        _ if serial == [0] => Some(Extra::ZeroSerial),
        _ if serial[0] & 0x80 != 0 => Some(Extra::NegativeSerial),
        _ if serial.len() > 20 => Some(Extra::LongSerial),
        _ if certificate.issuer().iter_rdn().next().is_none() => Some(Extra::EmptyIssuer),
        _ => None,
    }
}

/// Whether a verifier must, or should, recognize the extension (RFC 5280 §4.2).
fn decides(extension: &Oid<'_>) -> bool {
    [
        OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
        OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_SUBJECT_ALT_NAME,
        OID_X509_EXT_BASIC_CONSTRAINTS,
        OID_X509_EXT_NAME_CONSTRAINTS,
        OID_X509_EXT_CERTIFICATE_POLICIES,
        OID_X509_EXT_POLICY_MAPPINGS,
        OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
        OID_X509_EXT_POLICY_CONSTRAINTS,
        OID_X509_EXT_EXTENDED_KEY_USAGE,
        OID_X509_EXT_INHIBIT_ANY_POLICY,
    ]
    .contains(extension)
}

pub(super) fn is_constrained(certificate: &X509Certificate<'_>) -> bool {
    certificate.extensions().iter().any(|extension| extension.oid == OID_X509_EXT_NAME_CONSTRAINTS)
}

/// The bases of the subtrees, and whether each is permitted.
fn subtrees<'a>(extension: &'a X509Extension<'a>) -> impl Iterator<Item = (bool, &'a GeneralName<'a>)> {
    let constraints = match extension.parsed_extension() {
        ParsedExtension::NameConstraints(constraints) => Some(constraints),
        _ => None,
    };
    constraints.into_iter().flat_map(|constraints| {
        let permitted = constraints.permitted_subtrees.iter().flatten().map(|subtree| (true, &subtree.base));
        permitted.chain(constraints.excluded_subtrees.iter().flatten().map(|subtree| (false, &subtree.base)))
    })
}

/// Whether a name begins with the relative names of another.
fn begins(name: &X509Name<'_>, base: &X509Name<'_>) -> bool {
    let content = |name: &X509Name<'_>| Any::from_der(name.as_raw()).map(|(_, any)| any.data.to_vec());
    content(name).is_ok_and(|name| content(base).is_ok_and(|base| name.starts_with(&base)))
}

fn dotted(octets: &[u8]) -> String {
    octets.iter().map(u8::to_string).collect::<Vec<_>>().join(".")
}
