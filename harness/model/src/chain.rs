//! Certificates and chains as symbols: who is named, which key signed, what the extensions say. No encoding.

pub(crate) mod constraints;
pub mod path;

use serde::{Deserialize, Serialize};

use crate::{KeyName, Person};

/// A certificate of the presented chain that a mutation points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Position {
    /// The certificate right above the leaf.
    Intermediate,
    /// The end-entity certificate.
    Leaf,
}

/// One certificate, symbolically (RFC 5280 §4.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertificateSpec {
    /// Common name of the subject; empty when the subject is.
    pub subject: String,
    /// What stands in the subject after the common name.
    pub subject_rest: Vec<SubjectAttribute>,
    /// Common name of the issuer.
    pub issuer: String,
    /// Serial number, by name.
    pub serial: SerialName,
    /// The certified key.
    pub key: KeyName,
    /// The key that the signature verifies with; `None` when it verifies with no key of the world.
    pub signer: Option<KeyName>,
    /// Start of validity, seconds from now.
    pub not_before: i64,
    /// End of validity, seconds from now, inclusive.
    pub not_after: i64,
    /// `basicConstraints`, if there.
    pub authority: Option<BasicConstraints>,
    /// `keyUsage`, if there.
    pub key_usage: Option<Vec<KeyUsage>>,
    /// `extendedKeyUsage`, if there.
    pub purposes: Option<Vec<Purpose>>,
    /// `subjectAltName`; empty when the extension is absent.
    pub names: Vec<SubjectName>,
    /// `nameConstraints`; empty when the extension is absent.
    pub name_constraints: Vec<NameConstraint>,
    /// What an honest certificate does not have.
    pub extra: Option<Extra>,
}

impl CertificateSpec {
    /// A certificate of a key that says nothing else: no names and no extensions, good for this second, signed by nobody.
    ///
    /// ```
    /// use gatecrash_model::{CertificateSpec, KeyName};
    /// let bare = CertificateSpec::bare(KeyName::Attacker);
    /// assert!(bare.names.is_empty() && bare.signer.is_none());
    /// ```
    pub fn bare(key: KeyName) -> Self {
        Self {
            subject: String::new(),
            subject_rest: Vec::new(),
            issuer: String::new(),
            serial: SerialName::Authority(key),
            key,
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

    /// Whether the subject is the issuer by name.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{KeyName, Person};
    /// assert!(blueprint.authority(KeyName::Root).is_self_issued());
    /// assert!(!blueprint.leaf(Person::Alice).is_self_issued());
    /// ```
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// The name of a serial number; the world maps it to 20 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SerialName {
    /// Of an authority's certificate.
    Authority(KeyName),
    /// Of the form that the certificate's irregularity says; no CRL lists it.
    Irregular,
    /// Of somebody's client certificate.
    Person(Person),
    /// Of the certificate of the proxy in front.
    Proxy,
    /// Of an authority's certificate that the CRL lists.
    RevokedAuthority(KeyName),
    /// Of somebody's client certificate that the CRL lists.
    RevokedPerson(Person),
}

impl SerialName {
    /// The same certificate, listed in the CRL.
    ///
    /// ```
    /// use gatecrash_model::{Person, SerialName};
    /// assert_eq!(SerialName::Person(Person::Bob).revoked(), SerialName::RevokedPerson(Person::Bob));
    /// ```
    pub fn revoked(self) -> SerialName {
        match self {
            SerialName::Authority(key) | SerialName::RevokedAuthority(key) => SerialName::RevokedAuthority(key),
            SerialName::Irregular => SerialName::Irregular,
            SerialName::Proxy => SerialName::Proxy,
            SerialName::Person(person) | SerialName::RevokedPerson(person) => SerialName::RevokedPerson(person),
        }
    }
}

/// One entry of a CRL (RFC 5280 §5.1.2.6).
#[derive(Clone, Debug, PartialEq)]
pub struct CrlEntry {
    /// Common name of the issuer of list and certificate.
    pub issuer: &'static str,
    /// The revoked serial number.
    pub serial: SerialName,
}

/// `basicConstraints` (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BasicConstraints {
    /// `cA`.
    pub ca: bool,
    /// `pathLenConstraint`: how many intermediates may follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u8>,
}

/// A bit of `keyUsage` (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyUsage {
    /// `cRLSign`.
    CrlSign,
    /// `digitalSignature`.
    DigitalSignature,
    /// `keyCertSign`.
    KeyCertSign,
    /// `keyEncipherment`.
    KeyEncipherment,
}

/// A purpose of `extendedKeyUsage` (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// `anyExtendedKeyUsage`.
    Any,
    /// `id-kp-clientAuth`.
    ClientAuth,
    /// `id-kp-codeSigning`.
    CodeSigning,
    /// `id-kp-serverAuth`.
    ServerAuth,
}

/// A subject alternative name (RFC 5280 §4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectName {
    /// `dNSName`.
    Dns(String),
    /// `rfc822Name`.
    Email(String),
    /// `iPAddress`, in dotted decimal.
    Ip(String),
    /// `uniformResourceIdentifier`.
    Uri(String),
}

/// An attribute of a subject's distinguished name (RFC 5280 §4.1.2.6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectAttribute {
    /// `commonName`, once more.
    CommonName(String),
    /// `organizationName`.
    Organization(String),
    /// `organizationalUnitName`.
    OrganizationalUnit(String),
}

/// A constraint on the names of the certificates below (RFC 5280 §4.2.1.10).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameConstraint {
    /// Subjects that begin with this common name are forbidden.
    ExcludedDirectory(String),
    /// A DNS subtree that is forbidden.
    ExcludedDns(String),
    /// A host whose mailboxes are forbidden.
    ExcludedEmail(String),
    /// Addresses that are forbidden, as `192.0.2.0/24`.
    ExcludedIp(String),
    /// A host whose URIs are forbidden.
    ExcludedUri(String),
    /// Only subjects that begin with this common name are allowed.
    PermittedDirectory(String),
    /// A DNS subtree that alone is allowed.
    PermittedDns(String),
    /// The host whose mailboxes alone are allowed.
    PermittedEmail(String),
    /// The addresses that alone are allowed, as `192.0.2.0/24`.
    PermittedIp(String),
    /// The host whose URIs alone are allowed.
    PermittedUri(String),
}

/// What an honest certificate does not have: an extension more, or an irregularity of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extra {
    /// `inhibitAnyPolicy`, marked critical (RFC 5280 §4.2.1.14).
    CriticalInhibitAny,
    /// `certificatePolicies` with a policy that nobody asks for, marked critical (RFC 5280 §4.2.1.4).
    CriticalPolicies,
    /// The issuer's name is empty.
    EmptyIssuer,
    /// `notAfter` with a fraction of a second.
    FractionalTime,
    /// A BER length that DER does not have.
    IndefiniteLength,
    /// A serial number of 21 octets.
    LongSerial,
    /// `basicConstraints` whose content is cut off.
    MalformedConstraints,
    /// A serial number below zero.
    NegativeSerial,
    /// The algorithm outside the signed part is not the one inside.
    OtherAlgorithm,
    /// `basicConstraints` a second time.
    RepeatedConstraints,
    /// `subjectAltName` a second time.
    RepeatedNames,
    /// An unregistered extension twice, not critical.
    RepeatedUnknown,
    /// The signature is over SHA-1.
    Sha1,
    /// An octet after the certificate.
    TrailingOctet,
    /// An unregistered extension, marked critical.
    UnknownCritical,
    /// An unregistered extension, not critical.
    UnknownNonCritical,
    /// After the other names a URI name with an octet that no IA5String has (RFC 5280 §4.2.1.6).
    UnreadableName,
    /// Version 1, which has no extensions.
    Version1,
    /// Version 2, which has no extensions.
    Version2,
    /// The serial number zero.
    ZeroSerial,
}

impl Extra {
    /// Every irregularity.
    ///
    /// ```
    /// use gatecrash_model::Extra;
    /// assert!(Extra::ALL.contains(&Extra::ZeroSerial));
    /// ```
    pub const ALL: &[Extra] = {
        use Extra::*;
        &[
            CriticalInhibitAny,
            CriticalPolicies,
            EmptyIssuer,
            FractionalTime,
            IndefiniteLength,
            LongSerial,
            MalformedConstraints,
            NegativeSerial,
            OtherAlgorithm,
            RepeatedConstraints,
            RepeatedNames,
            RepeatedUnknown,
            Sha1,
            TrailingOctet,
            UnknownCritical,
            UnknownNonCritical,
            UnreadableName,
            Version1,
            Version2,
            ZeroSerial,
        ]
    };

    /// What else follows for the certificate that has it.
    pub(crate) fn applied_to(self, certificate: &mut CertificateSpec) {
        match self {
            Extra::EmptyIssuer => certificate.issuer.clear(),
            Extra::LongSerial | Extra::NegativeSerial | Extra::ZeroSerial => certificate.serial = SerialName::Irregular,
            Extra::MalformedConstraints => certificate.authority = None,
            Extra::Version1 | Extra::Version2 => {
                certificate.authority = None;
                certificate.key_usage = None;
                certificate.purposes = None;
                certificate.names.clear();
                certificate.name_constraints.clear();
            }
            Extra::CriticalInhibitAny
            | Extra::CriticalPolicies
            | Extra::FractionalTime
            | Extra::IndefiniteLength
            | Extra::OtherAlgorithm
            | Extra::RepeatedConstraints
            | Extra::RepeatedNames
            | Extra::RepeatedUnknown
            | Extra::Sha1
            | Extra::TrailingOctet
            | Extra::UnknownCritical
            | Extra::UnknownNonCritical
            | Extra::UnreadableName => {}
        }
    }
}

/// How the client proves possession of the leaf's key (RFC 8446 §4.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// There is none: the certificate is followed by Finished.
    Absent,
    /// The signature has one bit flipped.
    Corrupt,
    /// With the leaf's key.
    Genuine,
    /// With another key.
    OtherKey,
    /// With the leaf's key, over what a server signs: the context string is the server's.
    ServerContext,
}

/// What the client presents in the handshake.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainSpec {
    /// Certificates in the order of presentation; the first is taken as the leaf (RFC 8446 §4.4.2).
    pub certificates: Vec<CertificateSpec>,
    /// The proof of possession.
    pub proof: Proof,
}
