//! The test universe: keys, certificates, CRLs, published key sets and the clock, all determined by policy and seed.

mod assistant;
pub(crate) mod canaries;
mod changing;
pub mod crypto;
pub(crate) mod der;
pub mod forge;
pub(crate) mod http2;
mod issuer;
#[cfg(feature = "jsonwebtoken")]
pub mod jsonwebtoken;
pub mod keys;
pub mod mirror;
mod witness;

use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use gatecrash_model::{
    Blueprint, CertificateSpec, IssuerRole, KeyName, MacSecret, Person, Policy, PolicyFault, Scene, TokenKey,
};
use rustls::{ClientConfig, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

pub use assistant::Assistant;
use canaries::{Canaries, Secret};
use changing::Changing;
pub use changing::WorldTime;
pub use forge::Mint;
pub use issuer::LoopbackIssuer;
pub use witness::{Hit, Seen, Witness};

use crate::cache::BoundedCache;
use crypto::{Crypto, Layers};
use forge::{ClientKey, ForgeError, chain, token};
use keys::{Keyring, Wanted};

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
    /// Which layers have ideal cryptography, as far as the gate takes it up.
    pub layers: Layers,
}

impl WorldOptions {
    /// The usual world under the system clock, for services that read it: most do.
    ///
    /// ```
    /// use gatecrash::{Clock, WorldOptions};
    /// let options = WorldOptions { seed: 7, ..WorldOptions::system_clock() };
    /// assert_eq!(options.clock, Clock::System);
    /// ```
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

/// What is kept for a world beside its certificates.
pub(crate) struct Caches {
    /// What the mirror read out of a certificate, by its octets.
    pub(crate) certificates: BoundedCache<Vec<u8>, Option<CertificateSpec>>,
    /// Configurations of the client.
    pub(crate) clients: BoundedCache<ClientKey, Arc<ClientConfig>>,
    /// Every MAC secret of the world that somebody outside can compute.
    pub(crate) mac_secrets: OnceLock<Vec<(MacSecret, Vec<u8>)>>,
}

impl Default for Caches {
    fn default() -> Self {
        Self { certificates: BoundedCache::new(64), clients: BoundedCache::new(64), mac_secrets: OnceLock::new() }
    }
}

/// The test universe. Owns the policy; hands a gate everything that it must trust.
pub struct World {
    blueprint: Blueprint,
    clock: Clock,
    keyring: Keyring,
    mint: Mint,
    options: WorldOptions,
    /// Which of the ideal layers the gate has taken up: handshake, tokens.
    taken: [AtomicBool; 2],
    canaries: Canaries,
    kept: Caches,
    witness: Witness,
    changing: Changing,
}

impl World {
    /// Builds a world. The same policy and options give the same world.
    ///
    /// ```
    /// use gatecrash::{World, WorldOptions, input::parse_policy, model::IssuerRole};
    /// let policy = parse_policy("gate.toml", r#"
    ///     audience = "https://api.example.test"
    ///     trust-domain = "example.test"
    ///     issuers = [{ url = "https://issuer.example.test" }]
    ///     routes = [{ method = "GET", path = "/v1/whoami" }]
    /// "#)?;
    /// let world = World::new(policy.clone(), WorldOptions::default())?;
    /// let other = World::new(policy, WorldOptions { seed: 1, ..WorldOptions::default() })?;
    /// assert_ne!(world.jwks(IssuerRole::Home), other.jwks(IssuerRole::Home));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
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
        let wanted = Wanted {
            issuers: blueprint.policy.issuers.len(),
            p384: blueprint.policy.tokens.algorithms.iter().any(|name| name == "ES384"),
        };
        let keyring = Keyring::for_policy(options.seed, options.shared_secret.as_deref(), options.layers, wanted);
        let mint = Mint::new(keyring.clone(), now);
        let (clock, witness, taken) = (options.clock, Witness::default(), Default::default());
        let secrets = Person::ALL.iter().copied().flat_map(|person| {
            let claim = blueprint.private_claim(person);
            [(person, Secret::Data, canary(options.seed, person)), (person, Secret::PrivateClaim, claim)]
        });
        let canaries = Canaries::new(secrets);
        let (kept, changing) = (Caches::default(), Changing::default());
        Ok(Self { blueprint, changing, clock, keyring, kept, mint, options, canaries, taken, witness })
    }

    /// The same world once more, for another thread, with a witness of its own.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let other = world.again()?;
    /// assert_eq!(other.server_chain()?, world.server_chain()?);
    /// world.witness().look_up();
    /// assert_eq!(other.witness().take().look_ups, 0);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn again(&self) -> Result<Self, WorldError> {
        Self::new(self.blueprint.policy.clone(), self.options.clone())
    }

    /// What the gate promises.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let routes: Vec<String> = world.policy().routes.iter().map(|route| route.id()).collect();
    /// assert_eq!(routes, ["GET /v1/whoami"]);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn policy(&self) -> &Policy {
        &self.blueprint.policy
    }

    /// The world as symbols; under the system clock its present is the moment of the call.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::model::Person;
    /// // The service knows her by this name, which stands in her certificate and in her tokens.
    /// assert_eq!(world.blueprint().id(Person::Alice), "spiffe://example.test/staff/alice");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn blueprint(&self) -> Blueprint {
        let mut blueprint = self.as_changed().unwrap_or_else(|| self.blueprint.clone());
        if self.clock == Clock::System {
            blueprint.now = system_now();
        }
        blueprint
    }

    /// The same, borrowed where the present stands still.
    pub(crate) fn present(&self) -> Cow<'_, Blueprint> {
        match self.clock {
            Clock::Frozen => self.as_changed().map_or(Cow::Borrowed(&self.blueprint), Cow::Owned),
            Clock::System => Cow::Owned(self.blueprint()),
        }
    }

    /// The secrets that are planted.
    pub(crate) fn canaries(&self) -> &Canaries {
        &self.canaries
    }

    /// What is kept so that it is not made twice.
    pub(crate) fn kept(&self) -> &Caches {
        &self.kept
    }

    /// The world as symbols, at its beginning.
    pub(crate) fn first_blueprint(&self) -> &Blueprint {
        &self.blueprint
    }

    /// Which clock the gate reads.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// assert_eq!(world.clock(), gatecrash::Clock::Frozen);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The present, seconds since the Unix epoch.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use std::time::{Duration, SystemTime};
    /// // For a service that can be told what time it is; a frozen clock always stands here.
    /// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(world.now().try_into()?);
    /// assert_eq!(now, SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn now(&self) -> i64 {
        self.present().now
    }

    /// The seed.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// use gatecrash::{World, WorldOptions};
    /// let world = World::new(policy, WorldOptions { seed: 7, ..WorldOptions::default() })?;
    /// assert_eq!(world.seed(), 7);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// Every key.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::{world::keys::Kind, model::KeyName};
    /// let server = world.keyring().secret(KeyName::Server).ok_or("every name has a key")?;
    /// assert_eq!(server.kind(), Kind::P256);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The cryptography for both places where rustls wants it, the configuration and the certificate verifier: `real`, the
    /// backend that the gate's build has, in place of which a world may put an ideal one.
    ///
    /// A gate that does not ask stays real.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
    /// // In place of `rustls_graviola`, the backend of the service.
    /// let provider = world.provider(rustls_graviola::default_provider());
    /// let mut roots = RootCertStore::empty();
    /// roots.add_parsable_certificates(world.client_anchors()?);
    /// let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build()?;
    /// let config = ServerConfig::builder_with_provider(provider)
    ///     .with_safe_default_protocol_versions()?
    ///     .with_client_cert_verifier(verifier)
    ///     .with_single_cert(world.server_chain()?, world.server_key())?;
    /// # drop(config);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn provider(&self, real: CryptoProvider) -> Arc<CryptoProvider> {
        self.taken[0].store(true, Ordering::Relaxed);
        match self.options.layers.handshake {
            Crypto::Ideal => crypto::handshake_provider(),
            Crypto::Real => Arc::new(real),
        }
    }

    /// Which cryptography each layer has.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// use gatecrash::{Layers, World, WorldOptions};
    /// let world = World::new(policy, WorldOptions { layers: Layers::IDEAL, ..WorldOptions::default() })?;
    /// assert_eq!(world.layers().ideal(), Some("handshake and tokens"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn layers(&self) -> Layers {
        self.options.layers
    }

    /// Which of the ideal layers the gate that was built last has taken up.
    pub(crate) fn taken(&self) -> Layers {
        let of = |wanted: Crypto, taken: &AtomicBool| if taken.load(Ordering::Relaxed) { wanted } else { Crypto::Real };
        let (wanted, [handshake, tokens]) = (self.options.layers, &self.taken);
        Layers { handshake: of(wanted.handshake, handshake), tokens: of(wanted.tokens, tokens) }
    }

    /// Whether the tokens of this world can be verified by an ideal provider alone.
    #[cfg(feature = "jsonwebtoken")]
    pub(crate) fn wants_ideal_tokens(&self) -> bool {
        self.options.layers.tokens == Crypto::Ideal
    }

    /// The gate verifies tokens by the ideal provider.
    #[cfg(feature = "jsonwebtoken")]
    pub(crate) fn take_ideal_tokens(&self) {
        self.taken[1].store(true, Ordering::Relaxed);
    }

    /// The certificates minted so far.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let alice = world.blueprint().leaf(gatecrash::model::Person::Alice);
    /// let der = world.mint().certificate(&alice)?;
    /// assert_eq!(der[0], 0x30, "a SEQUENCE");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn mint(&self) -> &Mint {
        &self.mint
    }

    /// Where a gate reports what its protected effects did.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use axum::{Extension, Router, routing::get};
    /// use gatecrash::world::Witness;
    ///
    /// async fn whoami(Extension(witness): Extension<Witness>) -> &'static str {
    ///     witness.hit("GET /v1/whoami", None, None);
    ///     "somebody"
    /// }
    ///
    /// let router: Router = Router::new().route("/v1/whoami", get(whoami)).layer(Extension(world.witness().clone()));
    /// # drop(router);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// The value that `aud` must contain.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// // For the service's own check of `aud`.
    /// assert_eq!(world.audience(), "https://api.example.test");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn audience(&self) -> &str {
        &self.blueprint.policy.audience
    }

    /// The secret that the options share with the home issuer, where they do.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// use gatecrash::{World, WorldOptions};
    /// let secret = b"what the service is configured with".to_vec();
    /// let options = WorldOptions { shared_secret: Some(secret.clone()), ..WorldOptions::default() };
    /// assert_eq!(World::new(policy, options)?.shared_secret(), Some(&secret[..]));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn shared_secret(&self) -> Option<&[u8]> {
        self.options.shared_secret.as_deref()
    }

    /// The secret of an issuer for the `HS` algorithms: the one of the options, or one that the seed makes, which is text.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::model::IssuerRole;
    /// // What a service reads from its environment.
    /// let secret = std::str::from_utf8(world.hmac_secret(IssuerRole::Home))?;
    /// assert_eq!(secret.len(), 64);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn hmac_secret(&self, role: IssuerRole) -> &[u8] {
        let key = self.keyring.secret(KeyName::Token(role, TokenKey::Shared));
        key.and_then(|key| key.shared_octets()).unwrap_or_default()
    }

    /// The trust anchors for client certificates, in DER.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let mut roots = rustls::RootCertStore::empty();
    /// for anchor in world.client_anchors()? {
    ///     roots.add(anchor)?;
    /// }
    /// assert!(!roots.is_empty());
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn client_anchors(&self) -> Result<Vec<CertificateDer<'static>>, ForgeError> {
        self.present().trusted_anchors().iter().map(|anchor| self.authority(anchor.key)).collect()
    }

    fn authority(&self, key: KeyName) -> Result<CertificateDer<'static>, ForgeError> {
        Ok(CertificateDer::from(self.mint.certificate(&self.blueprint.authority(key))?.to_vec()))
    }

    /// The authority of the server's certificate, in DER.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// // What a client of the service trusts; the service itself trusts others.
    /// let anchor = world.server_anchor()?;
    /// assert!(!world.client_anchors()?.contains(&anchor));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn server_anchor(&self) -> Result<CertificateDer<'static>, ForgeError> {
        self.authority(KeyName::ServerRoot)
    }

    /// The CRLs of every authority below the anchors, in DER.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use rustls::{RootCertStore, server::WebPkiClientVerifier};
    /// let provider = world.provider(rustls_graviola::default_provider());
    /// let mut roots = RootCertStore::empty();
    /// roots.add_parsable_certificates(world.client_anchors()?);
    /// let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
    /// let verifier = verifier.with_crls(world.crls()?).build()?;
    /// # drop(verifier);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn crls(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, ForgeError> {
        let blueprint = self.present();
        let signers = blueprint.crl_signers().into_iter();
        signers.map(|key| Ok(chain::crl(key, &blueprint, &self.keyring)?.into())).collect()
    }

    /// The server's certificate.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let config = rustls::ServerConfig::builder_with_provider(world.provider(rustls_graviola::default_provider()))
    ///     .with_safe_default_protocol_versions()?
    ///     .with_no_client_auth()
    ///     .with_single_cert(world.server_chain()?, world.server_key())?;
    /// # drop(config);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn server_chain(&self) -> Result<Vec<CertificateDer<'static>>, ForgeError> {
        let spec = chain::server(&self.blueprint);
        Ok(vec![CertificateDer::from(self.mint.certificate(&spec)?.to_vec())])
    }

    /// The server's private key, in PKCS#8 DER.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use rustls_pki_types::PrivateKeyDer;
    /// assert!(matches!(world.server_key(), PrivateKeyDer::Pkcs8(_)));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn server_key(&self) -> PrivateKeyDer<'static> {
        let der = self.keyring.secret(KeyName::Server).map(|key| key.private_der()).unwrap_or_default();
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der))
    }

    /// Starts an issuer on 127.0.0.1 that serves metadata and JWKS of `role`; every request to it counts as a look-up.
    ///
    /// `Err` when no port can be bound.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::{Gate, World, model::IssuerRole};
    /// # async fn serve_connection(_: String, _: tokio::io::DuplexStream) {}
    ///
    /// fn gate(world: &World) -> std::io::Result<Gate> {
    ///     let issuer = world.loopback_issuer(IssuerRole::Home)?;
    ///     let metadata = issuer.metadata_url();
    ///     Ok(Gate::serve(move |io| serve_connection(metadata.clone(), io)).keep(issuer))
    /// }
    /// # gate(&world)?;
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn loopback_issuer(&self, role: IssuerRole) -> std::io::Result<LoopbackIssuer> {
        let url = self.blueprint.issuer_url(role).unwrap_or_default();
        let (set, failure) = self.publication(role);
        let issuer = LoopbackIssuer::start(url, set, failure, self.witness.clone())?;
        self.publish_at(role, issuer.publication());
        Ok(issuer)
    }

    /// The JWK Set that an issuer publishes (RFC 7517 §5), as JSON text. Shared secrets are not in it.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::model::IssuerRole;
    /// let set: serde_json::Value = serde_json::from_str(&world.jwks(IssuerRole::Home))?;
    /// assert!(set["keys"].as_array().is_some_and(|keys| keys.iter().all(|key| key["kid"].is_string())));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn jwks(&self, role: IssuerRole) -> String {
        self.publication(role).0
    }

    /// The published keys of an issuer as PEM (RFC 7468 §13), for services that are configured with files: `kid` and text.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::model::IssuerRole;
    /// for (kid, pem) in world.public_keys(IssuerRole::Home) {
    ///     assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----"), "{kid}");
    /// }
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn public_keys(&self, role: IssuerRole) -> Vec<(String, String)> {
        let published = self.present().published(role).into_iter();
        let pem = |key: KeyName| Some(token::pem("PUBLIC KEY", self.keyring.secret(key)?.public_der()));
        published.filter_map(|key| Some((key.kid, pem(key.key)?))).collect()
    }

    /// Whether anybody of the cast is called `principal`.
    pub(crate) fn knows(&self, principal: &str) -> bool {
        Person::ALL.iter().copied().any(|person| self.blueprint.id(person) == principal)
    }

    /// A secret that is data of one person: who sees it has seen that person's data.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// use gatecrash::model::Person;
    /// // What the service's database holds of her, and shows to nobody else.
    /// let note = format!("Alice's note: {}", world.canary(Person::Alice));
    /// assert!(!note.contains(&world.canary(Person::Bob)));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn canary(&self, person: Person) -> String {
        canary(self.options.seed, person)
    }

    /// Instructions and a tool for an assistant behind a route with `assistant = true`.
    pub fn assistant(&self) -> Assistant {
        Assistant::new(self.options.seed, self.witness.clone())
    }
}

fn canary(seed: u64, person: Person) -> String {
    let hash = Sha256::digest(format!("gatecrash canary {seed} {}", person.name()));
    format!("canary-{}", hash[..12].iter().map(|octet| format!("{octet:02x}")).collect::<String>())
}

fn system_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64)
}
