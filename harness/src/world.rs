//! The test universe: keys, certificates, CRLs, published key sets and the clock, all determined by policy and seed.

mod issuer;
mod mint;
mod witness;

use std::time::{SystemTime, UNIX_EPOCH};

use gatecrash_model::{Blueprint, IssuerRole, KeyName, Person, Policy, PolicyFault, Scene};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

pub use issuer::LoopbackIssuer;
pub use mint::Mint;
pub use witness::{Hit, Seen, Witness};

use crate::{
    forge::{ForgeError, chain, secret, token},
    keys::Keyring,
};

/// The present of a world with a frozen clock: 2026-09-21T14:13:20Z.
const FROZEN: i64 = 1_790_000_000;
/// How far two readings of the system clock may lie apart within one attempt, seconds.
const DRIFT: i64 = 5;

/// Which clock the gate reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// One that the gate takes from [`World::now`].
    #[default]
    Frozen,
    /// The system clock: material is minted afresh, and boundaries of time have two right answers.
    System,
}

/// How to build a world.
#[derive(Clone, Debug, Default)]
pub struct WorldOptions {
    /// The same seed gives the same keys, and wherever possible the same bytes.
    pub seed: u64,
    /// Which variation of the world.
    pub scene: Scene,
    /// Which clock the gate reads.
    pub clock: Clock,
    /// The secret that the gate shares with the home issuer, for the `HS` algorithms.
    pub shared_secret: Option<Vec<u8>>,
}

impl WorldOptions {
    /// The usual world under the system clock, for services that read it: most do.
    pub fn system_clock() -> Self {
        Self { clock: Clock::System, ..Self::default() }
    }
}

/// Why a world cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldError {
    /// A certificate or CRL cannot be forged.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The policy contradicts itself.
    #[error("the policy has {} fault(s): {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Policy(Vec<PolicyFault>),
}

/// The test universe. Owns the policy; hands a gate everything that it must trust.
pub struct World {
    blueprint: Blueprint,
    clock: Clock,
    keyring: Keyring,
    mint: Mint,
    options: WorldOptions,
    witness: Witness,
}

impl World {
    /// Builds a world. The same policy and options give the same world.
    pub fn new(policy: Policy, options: WorldOptions) -> Result<Self, WorldError> {
        let faults = policy.faults();
        if !faults.is_empty() {
            return Err(WorldError::Policy(faults));
        }
        let now = match options.clock {
            Clock::Frozen => FROZEN,
            Clock::System => system_now(),
        };
        let mut blueprint = Blueprint::new(policy, now);
        blueprint.scene = options.scene;
        blueprint.drift = if options.clock == Clock::System { DRIFT } else { 0 };
        let keyring = Keyring::new(options.seed, options.shared_secret.as_deref());
        let mint = Mint::new(keyring.clone(), now);
        Ok(Self { blueprint, clock: options.clock, keyring, mint, options, witness: Witness::default() })
    }

    /// The same world once more, for another thread, with a witness of its own.
    pub fn again(&self) -> Result<Self, WorldError> {
        Self::new(self.blueprint.policy.clone(), self.options.clone())
    }

    /// What the gate promises.
    pub fn policy(&self) -> &Policy {
        &self.blueprint.policy
    }

    /// The world as symbols; under the system clock its present is the moment of the call.
    pub fn blueprint(&self) -> Blueprint {
        let mut blueprint = self.blueprint.clone();
        if self.clock == Clock::System {
            blueprint.now = system_now();
        }
        blueprint
    }

    /// The world as symbols, at its beginning.
    pub(crate) fn first_blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// Which clock the gate reads.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The present, seconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        self.blueprint().now
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// Every key.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The certificates minted so far.
    pub fn mint(&self) -> &Mint {
        &self.mint
    }

    /// Where a gate reports what its protected effects did.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// The value that `aud` must contain.
    pub fn audience(&self) -> &str {
        &self.blueprint.policy.audience
    }

    /// The secret shared with the home issuer.
    pub fn shared_secret(&self) -> Option<&[u8]> {
        self.options.shared_secret.as_deref()
    }

    /// The trust anchors for client certificates, in DER.
    pub fn client_anchors(&self) -> Result<Vec<CertificateDer<'static>>, ForgeError> {
        self.blueprint.anchors().iter().map(|anchor| self.authority(anchor.key)).collect()
    }

    fn authority(&self, key: KeyName) -> Result<CertificateDer<'static>, ForgeError> {
        Ok(CertificateDer::from(self.mint.certificate(&self.blueprint.authority(key))?.to_vec()))
    }

    /// The authority of the server's certificate, in DER.
    pub fn server_anchor(&self) -> Result<CertificateDer<'static>, ForgeError> {
        self.authority(KeyName::ServerRoot)
    }

    /// The CRLs of every authority below the anchors, in DER.
    pub fn crls(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, ForgeError> {
        let signers = self.blueprint.crl_signers().into_iter();
        signers.map(|key| Ok(chain::crl(key, &self.blueprint, &self.keyring)?.into())).collect()
    }

    /// The server's certificate.
    pub fn server_chain(&self) -> Result<Vec<CertificateDer<'static>>, ForgeError> {
        let spec = chain::server(&self.blueprint);
        Ok(vec![CertificateDer::from(self.mint.certificate(&spec)?.to_vec())])
    }

    /// The server's private key, in PKCS#8 DER.
    pub fn server_key(&self) -> PrivateKeyDer<'static> {
        let der = self.keyring.secret(KeyName::Server).map(|key| key.private_der()).unwrap_or_default();
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der))
    }

    /// Starts an issuer on 127.0.0.1 that serves metadata and JWKS of `role`; every request to it counts as a look-up.
    ///
    /// `Err` when no port can be bound.
    pub fn loopback_issuer(&self, role: IssuerRole) -> std::io::Result<LoopbackIssuer> {
        let url = self.blueprint.issuer_url(role).unwrap_or_default();
        LoopbackIssuer::start(url, self.jwks(role), self.witness.clone())
    }

    /// The JWK Set that an issuer publishes (RFC 7517 §5), as JSON text. Shared secrets are not in it.
    pub fn jwks(&self, role: IssuerRole) -> String {
        secret::jwk_set(role, &self.blueprint, &self.keyring)
    }

    /// The published keys of an issuer as PEM (RFC 7468 §13), for services that are configured with files: `kid` and text.
    pub fn public_keys(&self, role: IssuerRole) -> Vec<(String, String)> {
        let published = self.blueprint.published(role).into_iter();
        let pem = |key: KeyName| Some(token::pem("PUBLIC KEY", &self.keyring.secret(key)?.public_der()));
        published.filter_map(|key| Some((key.kid, pem(key.key)?))).collect()
    }

    /// Whether anybody of the cast is called `principal`.
    pub(crate) fn knows(&self, principal: &str) -> bool {
        Person::ALL.into_iter().any(|person| self.blueprint.id(person) == principal)
    }

    /// A secret that is data of one person: who sees it has seen that person's data.
    pub fn canary(&self, person: Person) -> String {
        let hash = Sha256::digest(format!("gatecrash canary {} {}", self.options.seed, person.name()));
        format!("canary-{}", hash[..12].iter().map(|octet| format!("{octet:02x}")).collect::<String>())
    }
}

fn system_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
