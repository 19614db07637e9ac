//! Certificates and CRLs, through rcgen with deterministic keys.

use gatecrash_model::{
    BasicConstraints, Blueprint, CertificateSpec, HOST, KeyName, KeyUsage, LOCAL_HOST, Purpose, Scene, SerialName,
    SubjectName,
};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, PublicKeyData, RevokedCertParams, SerialNumber, SignatureAlgorithm, SigningKey,
};
use sha2::{Digest as _, Sha256};

use super::{ForgeError, irregular, names, names::common_name};
use crate::world::keys::{Keyring, Kind, Secret};

const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];

struct Key<'a> {
    secret: &'a Secret,
    public: &'a [u8],
}

impl PublicKeyData for Key<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.secret.kind() {
            Kind::Rsa => &rcgen::PKCS_RSA_SHA256,
            // Of what the writer does not have, surgery puts the truth in its place.
            _ => &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl SigningKey for Key<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.secret.sign_der(message).ok_or(rcgen::Error::UnsupportedSignatureAlgorithm)
    }
}

fn key(keyring: &Keyring, name: KeyName) -> Result<Key<'_>, ForgeError> {
    let secret = keyring.secret(name).ok_or(ForgeError::Key { key: name, algorithm: "ES256" })?;
    // The contents of subjectPublicKey: a point (RFC 5480 §2.2), or an RSAPublicKey (RFC 3279 §2.3.1).
    let public = if secret.kind() == Kind::Rsa { secret.pkcs1_der() } else { secret.public_octets() };
    Ok(Key { secret, public })
}

pub(super) fn refused(error: impl std::fmt::Display) -> ForgeError {
    ForgeError::Certificate { reason: error.to_string() }
}

fn date(now: i64, offset: i64) -> Result<time::OffsetDateTime, ForgeError> {
    time::OffsetDateTime::from_unix_timestamp(now + offset).map_err(refused)
}

/// The 20 octets of a serial number (RFC 5280 §4.1.2.2: positive, at most 20 octets).
///
/// ```
/// use gatecrash::{world::forge::chain::serial, model::{Person, SerialName}};
/// assert_eq!(serial(SerialName::Person(Person::Alice)).len(), 20);
/// assert_ne!(serial(SerialName::Person(Person::Alice)), serial(SerialName::Person(Person::Bob)));
/// ```
pub fn serial(name: SerialName) -> Vec<u8> {
    let mut octets = Sha256::digest(format!("gatecrash serial {name:?}"))[..20].to_vec();
    octets[0] = octets[0] & 0x3F | 0x40;
    octets
}

/// Mints the certificate in DER.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::world::forge::chain::certificate;
/// let mut spec = world.blueprint().leaf(gatecrash::model::Person::Alice);
/// spec.signer = None;
/// // Well-formed, and its signature verifies with no key.
/// let der = certificate(&spec, world.now(), world.keyring())?;
/// assert!(rustls::RootCertStore::empty().add(der.into()).is_ok());
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn certificate(spec: &CertificateSpec, now: i64, keyring: &Keyring) -> Result<Vec<u8>, ForgeError> {
    let subject_key = key(keyring, spec.key)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = names::subject(spec);
    params.serial_number = Some(SerialNumber::from_slice(&serial(spec.serial)));
    params.not_before = date(now, spec.not_before)?;
    params.not_after = date(now, spec.not_after)?;
    params.key_identifier_method = KeyIdMethod::PreSpecified(Sha256::digest(subject_key.public)[..20].to_vec());
    params.is_ca = match spec.authority {
        None => IsCa::NoCa,
        Some(BasicConstraints { ca: false, .. }) => IsCa::ExplicitNoCa,
        Some(BasicConstraints { path_length: None, .. }) => IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
        Some(BasicConstraints { path_length: Some(length), .. }) => {
            IsCa::Ca(rcgen::BasicConstraints::Constrained(length))
        }
    };
    params.key_usages = spec.key_usage.iter().flatten().map(|usage| usage_bit(*usage)).collect();
    match spec.purposes.as_deref() {
        None => {}
        Some([]) => {
            params.custom_extensions.push(CustomExtension::from_oid_content(&EXTENDED_KEY_USAGE, vec![0x30, 0]))
        }
        Some(purposes) => params.extended_key_usages = purposes.iter().map(|purpose| key_purpose(*purpose)).collect(),
    }
    params.subject_alt_names = spec.names.iter().map(names::alternative_name).collect::<Result<_, _>>()?;
    params.custom_extensions.extend(names::constraints(&spec.name_constraints)?);
    params.custom_extensions.extend(spec.extra.into_iter().flat_map(irregular::extensions));
    let signer = key(keyring, spec.signer.unwrap_or(KeyName::Other))?;
    let mut issuer_params = CertificateParams::default();
    issuer_params.distinguished_name = common_name(&spec.issuer);
    let issuer = Issuer::from_params(&issuer_params, signer);
    let mut der = params.signed_by(&subject_key, &issuer).map_err(refused)?.der().to_vec();
    if spec.signer.is_none() {
        corrupt(&mut der);
    }
    irregular::operate(spec, der, subject_key.secret, issuer.key().secret)
        .ok_or_else(|| refused("it cannot be taken apart"))
}

/// The certificate of the server.
pub(crate) fn server(blueprint: &Blueprint) -> CertificateSpec {
    let mut spec = blueprint.authority(KeyName::Server);
    spec.issuer = blueprint.authority(KeyName::ServerRoot).subject;
    spec.signer = Some(KeyName::ServerRoot);
    spec.authority = None;
    spec.key_usage = Some(vec![KeyUsage::DigitalSignature]);
    spec.purposes = Some(vec![Purpose::ServerAuth]);
    spec.names = [HOST, LOCAL_HOST].map(|name| SubjectName::Dns(name.into())).to_vec();
    spec
}

/// Flips a bit of the signature's last octet: still well-formed, verifies with no key.
pub(super) fn corrupt(octets: &mut [u8]) {
    if let Some(last) = octets.last_mut() {
        *last ^= 1;
    }
}

/// The CRL of an authority, in DER (RFC 5280 §5).
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
/// use gatecrash::{world::forge::chain::crl, model::KeyName};
/// let der = crl(KeyName::StaffIntermediate, &world.blueprint(), world.keyring())?;
/// assert!(world.crls()?.iter().any(|known| known.as_ref() == der));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn crl(signer: KeyName, blueprint: &Blueprint, keyring: &Keyring) -> Result<Vec<u8>, ForgeError> {
    let name = blueprint.authority(signer).subject;
    let revoked = blueprint.revoked().filter(|entry| entry.issuer == name);
    let revocation_time = date(blueprint.now, -3600)?;
    let revoked_certs = revoked.map(|entry| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&serial(entry.serial)),
        revocation_time,
        reason_code: None,
        invalidity_date: None,
    });
    let spoilt = signer == KeyName::StaffIntermediate;
    let (this_update, next_update) = match blueprint.scene {
        Scene::CrlNotYetValid if spoilt => (3600, 86_400 * 7),
        Scene::StaleCrl => (-86_400 * 8, -86_400),
        _ => (-3600, 86_400 * 7),
    };
    let key = key(keyring, signer)?;
    let key_identifier_method = KeyIdMethod::PreSpecified(Sha256::digest(key.public)[..20].to_vec());
    let params = CertificateRevocationListParams {
        this_update: date(blueprint.now, this_update)?,
        next_update: date(blueprint.now, next_update)?,
        crl_number: SerialNumber::from_slice(&[1]),
        issuing_distribution_point: None,
        revoked_certs: revoked_certs.collect(),
        key_identifier_method: key_identifier_method.clone(),
    };
    let mut issuer_params = CertificateParams::default();
    let other = blueprint.authority(KeyName::RogueIntermediate).subject;
    let named = if spoilt && blueprint.scene == Scene::CrlOtherIssuer { &other } else { &name };
    issuer_params.distinguished_name = common_name(named);
    issuer_params.key_identifier_method = key_identifier_method;
    issuer_params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = Issuer::from_params(&issuer_params, key);
    let crl = params.signed_by(&issuer).map_err(refused)?.der().to_vec();
    let secret = issuer.key().secret;
    let list = match (spoilt, secret.irregular_algorithm()) {
        (true, _) => irregular::spoil(blueprint.scene, crl, secret),
        (false, Some(algorithm)) => irregular::relist(crl, algorithm, secret),
        (false, None) => Some(crl),
    };
    list.ok_or_else(|| refused("it cannot be taken apart"))
}

fn usage_bit(usage: KeyUsage) -> KeyUsagePurpose {
    match usage {
        KeyUsage::CrlSign => KeyUsagePurpose::CrlSign,
        KeyUsage::DigitalSignature => KeyUsagePurpose::DigitalSignature,
        KeyUsage::KeyCertSign => KeyUsagePurpose::KeyCertSign,
        KeyUsage::KeyEncipherment => KeyUsagePurpose::KeyEncipherment,
    }
}

fn key_purpose(purpose: Purpose) -> ExtendedKeyUsagePurpose {
    match purpose {
        Purpose::Any => ExtendedKeyUsagePurpose::Any,
        Purpose::ClientAuth => ExtendedKeyUsagePurpose::ClientAuth,
        Purpose::CodeSigning => ExtendedKeyUsagePurpose::CodeSigning,
        Purpose::ServerAuth => ExtendedKeyUsagePurpose::ServerAuth,
    }
}
