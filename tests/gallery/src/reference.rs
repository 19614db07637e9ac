//! The reference server as a gate.

use std::{collections::BTreeMap, sync::Arc};

use ::jsonwebtoken::crypto::aws_lc;
use gatecrash::{
    Applied, BoxError, Clock as WorldClock, Gate, World,
    crypto::jsonwebtoken,
    model::{Change, IssuerRole, KeysFailure, Person, Rule},
    world::{Witness, WorldTime},
};
use gatecrash_reference::{
    Audit, AuditEvent, Bank, Cause, Clock, Cryptography, Decision, Holder, Issuer, PeerCertificates, Principal, Server,
    Settings, SystemClock, TransferOrder, Trust,
};

/// The cryptography of the server, which an ideal world replaces.
fn cryptography(world: &World) -> Cryptography {
    Cryptography {
        tls: world.provider(rustls::crypto::aws_lc_rs::default_provider()),
        tokens: jsonwebtoken::provider(world, &aws_lc::DEFAULT_PROVIDER),
    }
}

/// The server in a world.
pub fn server(world: &World) -> Result<Server, BoxError> {
    server_with(world, cryptography(world))
}

fn server_with(world: &World, cryptography: Cryptography) -> Result<Server, BoxError> {
    let trust = trust(world)?;
    let settings = Settings { audience: world.audience().into(), cryptography, ..Settings::default() };
    let clock: Arc<dyn Clock> = match world.clock() {
        WorldClock::Frozen => Arc::new(OfWorld(world.time())),
        WorldClock::System => Arc::new(SystemClock),
    };
    let audit = Arc::new(Told(world.witness().clone()));
    Ok(Server::new(trust, settings, clock, Arc::new(Vault::of(world)), audit)?)
}

/// What the server trusts, by what the world is by now.
fn trust(world: &World) -> Result<Trust, BoxError> {
    let policy = world.policy();
    let issuers = policy.issuers.iter().zip([IssuerRole::Home, IssuerRole::Partner]);
    let issuers = issuers.map(|(issuer, role)| Issuer {
        url: issuer.url.clone(),
        jwks: world.jwks(role),
        speaks_for: issuer.speaks_for.clone(),
        may_grant: issuer.may_grant.clone(),
    });
    let holders = policy.may_hold.iter();
    let holders = holders.map(|entry| Holder { prefix: entry.prefix.clone(), scopes: entry.scopes.clone() });
    Ok(Trust {
        client_anchors: world.client_anchors()?,
        crls: world.crls()?,
        server_chain: world.server_chain()?,
        server_key: world.server_key(),
        issuers: issuers.collect(),
        holders: holders.collect(),
    })
}

/// Tells a running server what has changed, as its own reload does.
fn reload(server: &Server, change: &Change, world: &World) -> Result<Applied, BoxError> {
    match change {
        Change::Wait(_) => Ok(Applied::Done),
        // It knows of no tokens that are revoked.
        Change::RevokeToken(_) => Ok(Applied::NotSupported),
        // What cannot be fetched is not taken up.
        _ if matches!(world.keys_fail(), Some(KeysFailure::Fails | KeysFailure::Slow)) => Ok(Applied::Done),
        _ => {
            server.reload(trust(world)?)?;
            Ok(Applied::Done)
        }
    }
}

/// Builds the gate in a world.
pub fn gate(world: &World) -> Result<Gate, BoxError> {
    gate_with(world, cryptography(world))
}

/// The same with other cryptography.
pub fn gate_with(world: &World, cryptography: Cryptography) -> Result<Gate, BoxError> {
    let server = server_with(world, cryptography)?;
    let (accepting, failing, reloading) = (server.clone(), server.clone(), server.clone());
    let gate = Gate::serve(move |io| {
        let server = accepting.clone();
        async move { server.serve_connection(io).await }
    });
    let certificates = |extensions: &mut http::Extensions, chain: &[rustls::pki_types::CertificateDer<'static>]| {
        extensions.insert(PeerCertificates(chain.into()));
    };
    let gate = gate.with_service(server.tls_config(), server.router());
    let gate = gate.peer_certificates(certificates);
    let gate = gate.on_change(move |change, world| reload(&reloading, change, world));
    Ok(gate.handshake_failed(move |error| failing.handshake_failed(error)))
}

/// The world's clock.
struct OfWorld(WorldTime);

impl Clock for OfWorld {
    fn now(&self) -> f64 {
        self.0.now() as f64
    }
}

/// Passes the audit log on to the world.
struct Told(Witness);

impl Audit for Told {
    fn record(&self, event: &AuditEvent) {
        if let Decision::Refused(cause) = event.decision {
            self.0.cause(cause.name(), rules_of(cause));
        }
    }
}

/// The protected effects: each tells the world that it ran, and answers with the secret of whose data it is.
struct Vault {
    witness: Witness,
    owners: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
}

impl Vault {
    fn of(world: &World) -> Self {
        let blueprint = world.blueprint();
        let owners = Person::ALL.iter().copied().map(|person| (blueprint.object_of(person), blueprint.id(person)));
        let secrets = Person::ALL.iter().copied().map(|person| (blueprint.id(person), world.canary(person)));
        Self { witness: world.witness().clone(), owners: owners.collect(), secrets: secrets.collect() }
    }

    fn hit(&self, route: &str, principal: &Principal, object: Option<&str>) {
        self.witness.hit(route, Some(principal.id.clone()), object.map(String::from));
    }

    fn secret(&self, id: Option<&String>) -> String {
        id.and_then(|id| self.secrets.get(id)).cloned().unwrap_or_default()
    }
}

impl Bank for Vault {
    fn account(&self, principal: &Principal, account: &str) -> String {
        self.hit("GET /v1/accounts/{id}", principal, Some(account));
        self.secret(self.owners.get(account))
    }

    fn delete_user(&self, principal: &Principal, user: &str) {
        self.hit("DELETE /v1/admin/users/{id}", principal, Some(user));
    }

    fn health(&self, principal: &Principal) {
        self.hit("GET /healthz", principal, None);
    }

    fn owner_of(&self, account: &str) -> Option<String> {
        self.owners.get(account).cloned()
    }

    fn transfer(&self, principal: &Principal, order: &TransferOrder) -> String {
        self.hit("POST /v1/transfers", principal, Some(&order.from));
        "booked".into()
    }

    fn user(&self, principal: &Principal, user: &str) -> String {
        self.hit("GET /v1/admin/users/{id}", principal, Some(user));
        user.into()
    }

    fn whoami(&self, principal: &Principal) -> String {
        self.hit("GET /v1/whoami", principal, None);
        self.secret(Some(&principal.id))
    }
}

/// The rules that an audited cause can stand for.
fn rules_of(cause: Cause) -> &'static [Rule] {
    use Rule::*;
    match cause {
        Cause::Algorithm => &[AlgorithmAllowed, AlgorithmOfKey],
        Cause::Audience => &[Audience],
        Cause::CertificateAlgorithm => &[Rule::CertificateAlgorithm, CertificateForm, CertificateSignature],
        Cause::CertificateAuthority => &[BasicConstraints, PathLength],
        Cause::CertificateCap => &[CertificateCap],
        Cause::CertificateExpired | Cause::CertificateNotYetValid => &[CertificateValidity],
        Cause::CertificateIdentity => &[CertificateIdentity],
        Cause::CertificateMalformed => &[CertificateForm, CriticalExtension, ExtensionUnique],
        Cause::CertificateMissing => &[CertificatePresent],
        Cause::CertificateRevoked => &[Revocation],
        Cause::CertificateUntrusted => &[PathToAnchor, Rule::CertificateSignature],
        Cause::CertificateUsage => &[ExtendedKeyUsage],
        Cause::ClaimsMalformed => &[ClaimType, ClaimsForm],
        Cause::ClientId => &[ClientId],
        Cause::Confirmation => &[Confirmation],
        Cause::CredentialDuplicated => &[CredentialUnique],
        Cause::CredentialMalformed => &[CredentialForm],
        Cause::CriticalHeader => &[CriticalHeader, HeaderForm],
        Cause::Expired => &[Expiry],
        Cause::HeaderMalformed => &[HeaderForm],
        Cause::HostMalformed => &[HostField],
        Cause::IssuedInFuture => &[IssuedAt],
        Cause::Issuer => &[Issuer],
        Cause::IssuerKeyUsage => &[IssuerKeyUsage],
        Cause::IssuerMayGrant => &[IssuerMayGrant],
        Cause::IssuerSpeaksFor => &[IssuerSpeaksFor],
        Cause::KeyUnknown => &[KeyId],
        Cause::LeafKeyUsage => &[LeafKeyUsage],
        Cause::Lifetime => &[Lifetime],
        Cause::ContentTooLarge
        | Cause::MethodUnknown
        | Cause::RequestMalformed
        | Cause::RequestTimeout
        | Cause::RouteUnknown => &[Route],
        Cause::Misdirected => &[Authority],
        Cause::NameConstraints => &[NameConstraints],
        Cause::NotYetValid => &[NotBefore],
        Cause::Owner => &[Ownership],
        Cause::ProofOfPossession => &[ProofOfPossession],
        Cause::RevocationUnknown => &[RevocationStatus],
        Cause::Scope => &[Scope],
        Cause::Signature => &[Signature],
        Cause::Subject => &[Subject],
        Cause::SubjectMismatch => &[SubjectOfCertificate],
        Cause::TlsProtocol => &[TlsProtocol],
        Cause::TokenId => &[TokenId],
        Cause::TokenMalformed => &[TokenForm],
        Cause::TokenMissing => &[TokenPresent, CredentialForm],
        Cause::TokenType => &[TokenType],
        // A cause that is new to this table stands for no rule, so that its first refusal is reported.
        _ => &[],
    }
}
