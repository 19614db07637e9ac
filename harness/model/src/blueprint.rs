//! The world as symbols: who trusts which key, who is called what, who owns what. The harness builds bytes from it.

use std::borrow::Cow;

use crate::{
    AnchorName, BasicConstraints, CertificateSpec, ChainSpec, Change, CrlEntry, Identity, IssuerRole, KeyName,
    KeyUsage, Peer, Person, Policy, Proof, Purpose, Route, Scene, SerialName, SubjectAttribute, SubjectName, TokenKey,
    Unfit, Value,
};

/// A trust anchor for client certificates (RFC 5280 §6.1.1 (d)).
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// Common name of the subject.
    pub name: &'static str,
    /// Its key.
    pub key: KeyName,
}

/// A key in an issuer's JWK Set (RFC 7517 §5).
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedKey {
    /// The key.
    pub key: KeyName,
    /// `kid`.
    pub kid: String,
    /// `alg`.
    pub algorithm: &'static str,
    /// Whether `use` is `sig`; `enc` otherwise.
    pub signs: bool,
}

/// Everything that is known of a world without its keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// What the gate promises.
    pub policy: Policy,
    /// Which variation of the world this is.
    pub scene: Scene,
    /// The world's present, seconds since the Unix epoch.
    pub now: i64,
    /// How far the gate's clock may be from `now`, in seconds; 0 when it is injected.
    pub drift: i64,
    /// What has changed since the world began.
    pub changed: Changed,
}

/// How the world differs from the one that it began as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changed {
    /// Whose certificates the CRLs list.
    pub revoked: Vec<Person>,
    /// The trust anchors that are trusted no more.
    pub dropped: Vec<AnchorName>,
    /// The keys that issuers publish no more.
    pub retired: Vec<KeyName>,
    /// The keys that they publish beside the usual ones.
    pub published: Vec<PublishedKey>,
    /// Whether no issuer publishes any key.
    pub no_keys: bool,
}

/// Start and end of an honest certificate's validity, seconds from now.
const AUTHORITY_VALIDITY: (i64, i64) = (-86_400 * 30, 86_400 * 365);
const EXPIRED_VALIDITY: (i64, i64) = (-86_400 * 30, -86_400);
const LEAF_VALIDITY: (i64, i64) = (-86_400, 86_400 * 30);

impl Blueprint {
    /// A blueprint of `policy`'s world, with a frozen clock.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Blueprint, Scene};
    /// let blueprint = Blueprint::new(blueprint.policy, 1_790_000_000);
    /// assert_eq!((blueprint.scene, blueprint.drift), (Scene::Usual, 0));
    /// ```
    pub fn new(policy: Policy, now: i64) -> Self {
        Self { policy, scene: Scene::Usual, now, drift: 0, changed: Changed::default() }
    }

    /// What a person is called in this service, as the policy's `people.principal` says.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Person;
    /// assert_eq!(blueprint.id(Person::Kass), "spiffe://example.test/partner/kass");
    /// ```
    pub fn id(&self, person: Person) -> String {
        self.policy.people.principal.of(person, &self.policy.trust_domain)
    }

    /// The same as a claim: a number where the service counts its people.
    pub(crate) fn principal_value(&self, person: Person) -> Value {
        let id = self.id(person);
        Value::Json(if self.policy.people.principal.is_integer() { id } else { crate::json::quote(&id) })
    }

    /// The name of a person in the client certificate, of the kind that the policy takes for identity.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// let mut blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Identity, Person};
    /// blueprint.policy.certificates.identity = Identity::Dns;
    /// assert_eq!(blueprint.certificate_name(Person::Kass), "kass.partner.example.test");
    /// ```
    pub fn certificate_name(&self, person: Person) -> String {
        match self.policy.certificates.identity {
            Identity::CommonName | Identity::OrganizationalUnit => self.id(person),
            Identity::Dns => self.policy.dns_name(person),
            Identity::Email => self.policy.email_name(person),
            Identity::None | Identity::Spiffe => self.policy.spiffe_id(person),
        }
    }

    /// The principal that a name in a certificate stands for: the person's, or the name itself.
    pub(crate) fn principal_of<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let person = Person::ALL.iter().copied().find(|person| self.certificate_name(*person) == name);
        person.map_or(Cow::Borrowed(name), |person| Cow::Owned(self.id(person)))
    }

    /// The issuer's `iss`; `None` when the policy has no such issuer.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::IssuerRole;
    /// assert_eq!(blueprint.issuer_url(IssuerRole::Home).as_deref(), Some("https://issuer.example.test"));
    /// assert_eq!(blueprint.issuer_url(IssuerRole::Partner), None);
    /// ```
    pub fn issuer_url(&self, role: IssuerRole) -> Option<String> {
        match role {
            IssuerRole::Rogue => Some("https://issuer.eve.example".into()),
            role => self.policy.issuers.get(role.index()?).map(|issuer| issuer.url.clone()),
        }
    }

    /// The role of the trusted issuer called `url`.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::IssuerRole;
    /// assert_eq!(blueprint.issuer_role("https://issuer.example.test"), Some(IssuerRole::Home));
    /// assert_eq!(blueprint.issuer_role("https://issuer.example.test/"), None);
    /// ```
    pub fn issuer_role(&self, url: &str) -> Option<IssuerRole> {
        let at = self.policy.issuers.iter().position(|issuer| issuer.url == url)?;
        Some(IssuerRole::at(at))
    }

    /// The issuer that honestly vouches for a person in this policy.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{IssuerRole, Person};
    /// // The policy has no issuer for partners.
    /// assert_eq!(blueprint.issuer_of(Person::Kass), IssuerRole::Home);
    /// ```
    pub fn issuer_of(&self, person: Person) -> IssuerRole {
        let further = match person {
            Person::Courier => 2,
            Person::Dora => 3,
            _ => usize::MAX,
        };
        match person.issuer() {
            IssuerRole::Partner if self.policy.issuers.len() < 2 => IssuerRole::Home,
            _ if further < self.policy.issuers.len() => IssuerRole::at(further),
            role => role,
        }
    }

    /// The `kid` of a key, published or not.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{IssuerRole, KeyName, TokenKey};
    /// assert_eq!(blueprint.kid(KeyName::Token(IssuerRole::Home, TokenKey::Rsa)), "home-rsa-2026");
    /// ```
    pub fn kid(&self, key: KeyName) -> String {
        match key {
            KeyName::Token(role, kind) => {
                let role = match role {
                    IssuerRole::Further(number) => format!("further{number}"),
                    IssuerRole::Home => "home".into(),
                    IssuerRole::Partner => "partner".into(),
                    IssuerRole::Rogue => "rogue".into(),
                };
                let kind = match kind {
                    TokenKey::Encryption if self.scene == Scene::SharedKeyId && role == "home" => "p256",
                    TokenKey::Ed25519 => "ed25519",
                    TokenKey::Encryption => "encryption",
                    TokenKey::P256 => "p256",
                    TokenKey::P384 => "p384",
                    TokenKey::Retired => "retired",
                    TokenKey::Rsa => "rsa",
                    TokenKey::Rsa1024 => "rsa1024",
                    TokenKey::Shared => "shared",
                    TokenKey::SmallOrder => "small-order",
                };
                format!("{role}-{kind}-2026")
            }
            _ => "attacker-2026".into(),
        }
    }

    /// The keys by which tokens of an issuer may be checked, as published; a shared secret counts as published.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::IssuerRole;
    /// let algorithms: Vec<_> = blueprint.published(IssuerRole::Home).iter().map(|key| key.algorithm).collect();
    /// assert_eq!(algorithms, ["ES256", "EdDSA", "RS256", "ES256"]);
    /// ```
    pub fn published(&self, role: IssuerRole) -> Vec<PublishedKey> {
        let known = |kind: TokenKey, algorithm: &'static str, signs: bool| {
            let key = KeyName::Token(role, kind);
            PublishedKey { key, kid: self.kid(key), algorithm, signs }
        };
        let allowed = |name: &str| self.policy.tokens.algorithms.iter().any(|algorithm| algorithm == name);
        let mut keys = Vec::new();
        for (kind, names) in [
            (TokenKey::P256, &["ES256"][..]),
            (TokenKey::P384, &["ES384"]),
            (TokenKey::Ed25519, &["EdDSA"]),
            (TokenKey::Rsa, &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
            (TokenKey::Shared, &["HS256", "HS384", "HS512"]),
        ] {
            keys.extend(names.iter().filter(|name| allowed(name)).map(|name| known(kind, name, true)));
        }
        if keys.iter().any(|key| !key.algorithm.starts_with("HS")) {
            keys.push(known(TokenKey::Encryption, "ES256", false));
        }
        let home = role == IssuerRole::Home;
        match self.scene {
            Scene::KeyOtherAlgorithm if home => keys.push(known(TokenKey::Retired, "RS256", true)),
            Scene::KeySmallOrder if home => keys.push(known(TokenKey::SmallOrder, "EdDSA", true)),
            Scene::KeyWeak if home => keys.push(known(TokenKey::Rsa1024, "RS256", true)),
            _ => {}
        }
        self.as_changed(role, keys)
    }

    /// The keys that are published by now, of those that were at first.
    fn as_changed(&self, role: IssuerRole, mut keys: Vec<PublishedKey>) -> Vec<PublishedKey> {
        let Changed { retired, published, no_keys, .. } = &self.changed;
        if *no_keys {
            return Vec::new();
        }
        let of_role = |key: &&PublishedKey| matches!(key.key, KeyName::Token(issuer, _) if issuer == role);
        keys.retain(|key| !retired.contains(&key.key));
        keys.extend(published.iter().filter(of_role).cloned());
        keys
    }

    /// The world after one more change. What moves the clock alone changes nothing here.
    pub fn change(&mut self, change: &Change) {
        let of = |issuer: IssuerRole, key: TokenKey| KeyName::Token(issuer, key);
        match change {
            Change::Wait(seconds) => self.now += i64::from(*seconds),
            Change::Revoke(person) => self.changed.revoked.push(*person),
            Change::DropAnchor(name) => self.changed.dropped.push(*name),
            Change::RetireKey { issuer, key } => {
                self.changed.published.retain(|known| known.key != of(*issuer, *key));
                self.changed.retired.push(of(*issuer, *key));
            }
            Change::PublishKey { issuer, key, under } => {
                let algorithm = match key {
                    TokenKey::Encryption | TokenKey::P256 | TokenKey::Retired => "ES256",
                    TokenKey::Ed25519 | TokenKey::SmallOrder => "EdDSA",
                    TokenKey::P384 => "ES384",
                    TokenKey::Rsa | TokenKey::Rsa1024 => "RS256",
                    TokenKey::Shared => "HS256",
                };
                let kid = self.kid(of(*issuer, under.unwrap_or(*key)));
                let key = of(*issuer, *key);
                self.changed.published.push(PublishedKey { key, kid, algorithm, signs: true });
            }
            Change::KeysFail(_) => self.changed.no_keys = true,
            Change::Restart | Change::RevokeToken(_) => {}
        }
    }

    /// The key with which an issuer honestly signs: the first that it publishes for signatures.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{IssuerRole, KeyName, TokenKey};
    /// let key = blueprint.signing_key(IssuerRole::Home).map(|published| published.key);
    /// assert_eq!(key, Some(KeyName::Token(IssuerRole::Home, TokenKey::P256)));
    /// ```
    pub fn signing_key(&self, role: IssuerRole) -> Option<PublishedKey> {
        // An issuer signs whether or not its keys can be fetched.
        let changed = Changed { no_keys: false, ..self.changed.clone() };
        let published =
            if self.changed.no_keys { Self { changed, ..self.clone() }.published(role) } else { self.published(role) };
        published.into_iter().find(|key| key.signs)
    }

    /// The trust anchors for client certificates.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// assert_eq!(blueprint.anchors().map(|anchor| anchor.name), ["Client Root", "Second Client Root"]);
    /// ```
    pub fn anchors(&self) -> [Anchor; 2] {
        [KeyName::Root, KeyName::SecondRoot].map(|key| Anchor { name: authority_name(key), key })
    }

    /// Those of them that are still trusted.
    pub fn trusted_anchors(&self) -> Vec<Anchor> {
        let dropped = |anchor: &Anchor| self.changed.dropped.iter().any(|name| name.key() == anchor.key);
        self.anchors().into_iter().filter(|anchor| !dropped(anchor)).collect()
    }

    /// Common names of the authorities that publish a usable CRL.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Blueprint, Scene};
    /// assert!(blueprint.crl_issuers().any(|name| name == "Staff Clients"));
    /// let stale = Blueprint { scene: Scene::StaleCrl, ..blueprint };
    /// assert_eq!(stale.crl_issuers().count(), 0);
    /// ```
    pub fn crl_issuers(&self) -> impl Iterator<Item = &'static str> {
        let scene = self.scene;
        let spoilt = move |key: &KeyName| scene.spoils_staff_crl() && *key == KeyName::StaffIntermediate;
        let usable = move |key: &KeyName| scene != Scene::StaleCrl && !spoilt(key);
        crl_signers().filter(usable).map(authority_name)
    }

    /// The keys that sign a CRL.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Blueprint, KeyName, Scene};
    /// assert!(blueprint.crl_signers().contains(&KeyName::StaffIntermediate));
    /// let missing = Blueprint { scene: Scene::CrlMissing, ..blueprint };
    /// assert!(!missing.crl_signers().contains(&KeyName::StaffIntermediate));
    /// ```
    pub fn crl_signers(&self) -> Vec<KeyName> {
        let missing = |key: &KeyName| self.scene == Scene::CrlMissing && *key == KeyName::StaffIntermediate;
        crl_signers().filter(|key| !missing(key)).collect()
    }

    /// What the CRLs list.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Person, SerialName};
    /// assert!(blueprint.revoked().any(|entry| entry.serial == SerialName::RevokedPerson(Person::Alice)));
    /// assert!(blueprint.revoked().all(|entry| entry.serial != SerialName::Person(Person::Alice)));
    /// ```
    pub fn revoked(&self) -> impl Iterator<Item = CrlEntry> {
        let lately = self.changed.revoked.iter().map(|person| CrlEntry {
            issuer: authority_name(person.certificate_authority()),
            serial: SerialName::Person(*person),
        });
        let people = Person::INSIDERS.into_iter().map(|person| CrlEntry {
            issuer: authority_name(person.certificate_authority()),
            serial: SerialName::RevokedPerson(person),
        });
        let authorities = [KeyName::StaffIntermediate, KeyName::PartnerIntermediate].into_iter();
        lately.chain(people).chain(
            authorities.map(|key| CrlEntry {
                issuer: authority_name(KeyName::Root),
                serial: SerialName::RevokedAuthority(key),
            }),
        )
    }

    /// What the issuer says of a person in a claim that no standard names: nobody else's business, and no reason to refuse
    /// (RFC 7519 §4.3, §4).
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Person;
    /// assert_ne!(blueprint.private_claim(Person::Alice), blueprint.private_claim(Person::Bob));
    /// ```
    pub fn private_claim(&self, person: Person) -> String {
        format!("urn:gatecrash:private/{}-5e9c41d7", person.name())
    }

    /// The name by which `may-hold` caps what somebody holds: the one in the certificate, or the principal's.
    fn cap_name(&self, person: Person) -> String {
        match self.policy.certificates.identity {
            Identity::None => self.id(person),
            _ => self.certificate_name(person),
        }
    }

    /// The scopes that a person honestly holds.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Person;
    /// assert_eq!(blueprint.grants(Person::Alice), ["orders:read"]);
    /// ```
    pub fn grants(&self, person: Person) -> Vec<String> {
        let may_grant = self
            .issuer_url(self.issuer_of(person))
            .and_then(|url| self.policy.issuers.iter().find(|issuer| issuer.url == url))
            .map(|issuer| issuer.may_grant.clone())
            .unwrap_or_default();
        let held = match self.policy.may_hold(&self.cap_name(person)) {
            Some(scopes) => scopes.to_vec(),
            None if matches!(person, Person::Bob | Person::Mallory) => {
                let reads = self.policy.routes.iter().filter(|route| route.method == "GET");
                reads.flat_map(|route| route.scopes.iter().cloned()).take(1).collect()
            }
            None => self.policy.all_scopes(),
        };
        held.into_iter().filter(|scope| may_grant.is_empty() || may_grant.contains(scope)).collect()
    }

    /// The object that a person owns.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Person;
    /// assert_eq!(blueprint.object_of(Person::Alice), "alice-1");
    /// ```
    pub fn object_of(&self, person: Person) -> String {
        self.policy.people.objects.of_object(person, &self.policy.trust_domain)
    }

    /// Who owns an object.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Person;
    /// assert_eq!(blueprint.owner_of("alice-1"), Some(Person::Alice));
    /// assert_eq!(blueprint.owner_of("alice-2"), None);
    /// ```
    pub fn owner_of(&self, object: &str) -> Option<Person> {
        Person::ALL.iter().copied().find(|person| self.object_of(*person) == object)
    }

    /// The object that an honest request of `person` on `route` names; `None` when the route names none.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Person;
    /// let route = &blueprint.policy.routes[0];
    /// assert_eq!(blueprint.example_object(route, Person::Bob).as_deref(), Some("bob-1"));
    /// ```
    pub fn example_object(&self, route: &Route, person: Person) -> Option<String> {
        if route.owner.is_some() {
            return Some(self.object_of(person));
        }
        let name = route.path_parameter()?;
        Some(route.example_of(name).map_or_else(|| self.object_of(Person::Bob), String::from))
    }

    /// The route called `id`.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// assert!(blueprint.route("GET /v1/orders/{id}").is_some());
    /// assert!(blueprint.route("PUT /v1/orders/{id}").is_none());
    /// ```
    pub fn route(&self, id: &str) -> Option<&Route> {
        let (method, path) = id.split_once(' ')?;
        self.policy.routes.iter().find(|route| route.method == method && route.path == path)
    }

    /// The leaf that a person honestly presents.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::{Person, SubjectName};
    /// let leaf = blueprint.leaf(Person::Alice);
    /// assert_eq!(leaf.names, [SubjectName::Uri("spiffe://example.test/staff/alice".into())]);
    /// ```
    pub fn leaf(&self, person: Person) -> CertificateSpec {
        let identity = self.policy.certificates.identity;
        let mut leaf =
            self.end_entity(KeyName::Leaf(person), &self.certificate_name(person), person.certificate_authority());
        leaf.serial = SerialName::Person(person);
        if identity == Identity::CommonName {
            // The name that is not looked at is of the same person.
            leaf.names.push(SubjectName::Uri(self.policy.spiffe_id(person)));
        }
        leaf
    }

    /// A client certificate of a key in a name of the kind that the policy takes for identity.
    fn end_entity(&self, key: KeyName, name: &str, signer: KeyName) -> CertificateSpec {
        let name = name.to_string();
        let (mut subject, mut subject_rest) = (authority_name(key).to_string(), Vec::new());
        let mut names = Vec::new();
        match self.policy.certificates.identity {
            Identity::CommonName => subject = name,
            Identity::Dns => names.push(SubjectName::Dns(name)),
            Identity::Email => names.push(SubjectName::Email(name)),
            Identity::OrganizationalUnit => subject_rest.push(SubjectAttribute::OrganizationalUnit(name)),
            Identity::None | Identity::Spiffe => names.push(SubjectName::Uri(name)),
        }
        CertificateSpec {
            subject,
            subject_rest,
            issuer: authority_name(signer).into(),
            serial: SerialName::Proxy,
            key,
            signer: Some(signer),
            not_before: LEAF_VALIDITY.0,
            not_after: LEAF_VALIDITY.1,
            authority: Some(BasicConstraints { ca: false, path_length: None }),
            key_usage: Some(vec![KeyUsage::DigitalSignature]),
            purposes: Some(vec![Purpose::ClientAuth]),
            names,
            name_constraints: Vec::new(),
            extra: None,
        }
    }

    /// The certificate of an authority.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::KeyName;
    /// let staff = blueprint.authority(KeyName::StaffIntermediate);
    /// assert_eq!((staff.subject.as_str(), staff.issuer.as_str()), ("Staff Clients", "Client Root"));
    /// ```
    pub fn authority(&self, key: KeyName) -> CertificateSpec {
        let (signer, path_length) = match key {
            KeyName::PartnerIntermediate | KeyName::StaffIntermediate | KeyName::Unfit(_) => (KeyName::Root, Some(0)),
            KeyName::RogueIntermediate => (KeyName::RogueRoot, Some(0)),
            KeyName::SubAuthority => (KeyName::StaffIntermediate, Some(0)),
            own => (own, None),
        };
        let expired = self.scene == Scene::AnchorExpired && self.anchors().iter().any(|anchor| anchor.key == key);
        let (not_before, not_after) = if expired { EXPIRED_VALIDITY } else { AUTHORITY_VALIDITY };
        CertificateSpec {
            subject: authority_name(key).into(),
            subject_rest: Vec::new(),
            issuer: authority_name(signer).into(),
            serial: SerialName::Authority(key),
            key,
            signer: Some(signer),
            not_before,
            not_after,
            authority: Some(BasicConstraints { ca: true, path_length }),
            key_usage: Some(vec![KeyUsage::CrlSign, KeyUsage::KeyCertSign]),
            purposes: None,
            names: Vec::new(),
            name_constraints: Vec::new(),
            extra: None,
        }
    }

    /// The chain that a peer presents to a service behind a proxy; `None` if it presents no certificate.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Peer;
    /// assert!(blueprint.presented_by(Peer::Anonymous).is_none());
    /// ```
    pub fn presented_by(&self, peer: Peer) -> Option<ChainSpec> {
        let name = self.policy.proxy.as_ref().map(|proxy| proxy.peer.clone()).unwrap_or_default();
        let of = |name: &str, signer: KeyName| {
            let certificates = vec![self.end_entity(KeyName::Proxy, name, signer), self.authority(signer)];
            Some(ChainSpec { certificates, proof: Proof::Genuine })
        };
        match peer {
            Peer::Anonymous => None,
            Peer::Direct(person) => Some(self.chain(person)),
            Peer::LookAlike => of(&format!("{name}x"), KeyName::StaffIntermediate),
            Peer::Proxy => of(&name, KeyName::StaffIntermediate),
            Peer::Rogue => of(&name, KeyName::RogueIntermediate),
        }
    }

    /// What a person honestly presents in the handshake.
    ///
    /// ```
    /// # use gatecrash_model::*;
    /// # let policy = gatecrash_model::example::policy();
    /// # let blueprint = Blueprint::new(policy, 1_790_000_000);
    /// use gatecrash_model::Person;
    /// let chain = blueprint.chain(Person::Alice);
    /// assert_eq!(chain.certificates[0].issuer, chain.certificates[1].subject);
    /// ```
    pub fn chain(&self, person: Person) -> ChainSpec {
        let certificates = vec![self.leaf(person), self.authority(person.certificate_authority())];
        ChainSpec { certificates, proof: Proof::Genuine }
    }
}

/// Whoever signs a CRL.
fn crl_signers() -> impl Iterator<Item = KeyName> {
    use KeyName::{PartnerIntermediate, Root, SecondRoot, StaffIntermediate, SubAuthority};
    let others = [Root, SecondRoot, StaffIntermediate, PartnerIntermediate, SubAuthority];
    others.into_iter().chain(Unfit::ALL.iter().copied().map(KeyName::Unfit))
}

/// Common name of the authority that holds `key`.
pub(crate) fn authority_name(key: KeyName) -> &'static str {
    match key {
        KeyName::Root => "Client Root",
        KeyName::SecondRoot => "Second Client Root",
        KeyName::StaffIntermediate => "Staff Clients",
        KeyName::SubAuthority => "Staff Sub Clients",
        KeyName::Unfit(Unfit::Dsa) => "Staff DSA Clients",
        KeyName::Unfit(Unfit::ExplicitCurve) => "Staff Explicit Clients",
        KeyName::Unfit(Unfit::Md5) => "Staff MD5 Clients",
        KeyName::Unfit(Unfit::P224) => "Staff P-224 Clients",
        KeyName::Unfit(Unfit::Rsa512) => "Staff Export Clients",
        KeyName::Unfit(Unfit::Rsa1024) => "Staff Legacy Clients",
        KeyName::PartnerIntermediate => "Partner Clients",
        KeyName::RogueRoot => "Eve Root",
        KeyName::RogueIntermediate => "Eve Clients",
        KeyName::ServerRoot => "Server Root",
        KeyName::Server => "gate.test",
        KeyName::Leaf(person) => person.name(),
        KeyName::Proxy => "proxy",
        KeyName::Other | KeyName::Attacker | KeyName::Token(..) => "nobody",
    }
}
