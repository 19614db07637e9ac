//! What a gate says of itself once it is made: who is who, what proves an effect, how long it lives.

use std::{any::Any, time::Duration};

use rustls_pki_types::CertificateDer;

use super::{Answer, Evidence, Gate, Per};

impl Gate {
    /// How the service learns of the client's certificates, leaf first: as an extension of its own, as axum's `ConnectInfo`
    /// or whatever a closure makes of them. Not called for a client without any.
    ///
    /// ```
    /// use axum::extract::ConnectInfo;
    /// use gatecrash::Gate;
    /// use rustls_pki_types::CertificateDer;
    ///
    /// #[derive(Clone)]
    /// struct Peer(Vec<CertificateDer<'static>>);
    /// #[derive(Clone)]
    /// struct Thumbprint(String);
    /// # fn thumbprint(_: &[u8]) -> String { String::new() }
    ///
    /// let plain = |gate: Gate| gate.peer_certificates(|extensions, chain| {
    ///     extensions.insert(Peer(chain.to_vec()));
    /// });
    /// let connect_info = |gate: Gate| gate.peer_certificates(|extensions, chain| {
    ///     extensions.insert(ConnectInfo(Peer(chain.to_vec())));
    /// });
    /// let computed = |gate: Gate| gate.peer_certificates(|extensions, chain| {
    ///     extensions.insert(Thumbprint(thumbprint(&chain[0])));
    /// });
    /// # let gate = computed(connect_info(plain(Gate::serve(|_io| async {}))));
    /// # drop(gate);
    /// ```
    pub fn peer_certificates(
        self,
        deliver: impl Fn(&mut http::Extensions, &[CertificateDer<'static>]) + 'static,
    ) -> Self {
        *self.certificates.0.borrow_mut() = Some(Box::new(deliver));
        self
    }

    /// Whom a [`layer`](Gate::layer) let in, out of the extensions that it left on the request.
    ///
    /// A service that is attacked whole tells the [`Witness`](crate::world::Witness::hit) itself;
    /// [`answered_as`](Gate::answered_as) reads it out of an answer.
    ///
    /// ```
    /// use gatecrash::Gate;
    /// #[derive(Clone)]
    /// struct Claims { sub: String }
    /// let gate = Gate::serve(|_io| async {}).identity(|left| Some(left.get::<Claims>()?.sub.clone()));
    /// # drop(gate);
    /// ```
    pub fn identity(self, principal: impl Fn(&http::Extensions) -> Option<String> + Send + 'static) -> Self {
        self.identity.set(principal);
        self
    }

    /// How often the gate is built anew. Default: for every campaign.
    ///
    /// A gate that remembers callers, or that blocks somebody for a while, wants to be fresh more often.
    ///
    /// ```
    /// use gatecrash::{Gate, Per};
    /// let gate = Gate::serve(|_io| async {}).fresh(Per::Case);
    /// # drop(gate);
    /// ```
    pub fn fresh(mut self, per: Per) -> Self {
        self.fresh = per;
        self
    }

    /// What counts as proof that an effect ran. Default: a hit.
    ///
    /// The status alone is weaker, and a report says so of each route: it proves no principal and no object. Data of the cast in place of a
    /// database convicts such a gate all the same, since each of [`World::canary`](crate::world::World::canary) is one person's.
    ///
    /// ```
    /// use gatecrash::{Evidence, Gate, World, model::Person};
    /// fn gate(world: &World) -> Gate {
    ///     let accounts = [Person::Alice, Person::Bob].map(|person| (world.blueprint().id(person), world.canary(person)));
    ///     # async fn serve_connection(_: tokio::io::DuplexStream, _: [(String, String); 2]) {}
    ///     Gate::serve(move |io| serve_connection(io, accounts.clone())).evidence(Evidence::Status)
    /// }
    /// ```
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// Whom the gate let in, out of its answer: a field, a member of JSON content, or whatever a closure makes of it.
    ///
    /// For gates that cannot be instrumented. It says who, not what ran. `None` where the answer does not tell.
    ///
    /// ```
    /// use gatecrash::{Evidence, Gate};
    /// let by_field = Gate::serve(|_io| async {}).evidence(Evidence::Status).answered_as(|answer| {
    ///     let field = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-user"));
    ///     field.map(|(_, value)| value.clone())
    /// });
    /// let by_content = Gate::serve(|_io| async {}).evidence(Evidence::Status).answered_as(|answer| {
    ///     let content: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    ///     content["user"].as_str().map(String::from)
    /// });
    /// # drop((by_field, by_content));
    /// ```
    pub fn answered_as(mut self, principal: impl Fn(&Answer) -> Option<String> + 'static) -> Self {
        self.answered_as = Some(Box::new(principal));
        self
    }

    /// Every route that the service has, such as `GET /v1/whoami`: a report warns of those that the policy does not name.
    ///
    /// ```
    /// let gate = gatecrash::Gate::serve(|_io| async {}).routes(["GET /healthz", "GET /v1/whoami"]);
    /// # drop(gate);
    /// ```
    pub fn routes<R: Into<String>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.routes = routes.into_iter().map(Into::into).collect();
        self
    }

    /// From which level on what the gate logs is searched for secrets. Default: INFO. `None` turns the search off.
    ///
    /// Events of `tracing` are heard on the thread of the attempt, and passed on to the subscriber that was there before;
    /// nothing is installed process-wide. Of any other log, tell [`Witness::log`](crate::world::Witness::log).
    ///
    /// ```
    /// use gatecrash::Gate;
    /// let gate = Gate::serve(|_io| async {}).logs(tracing::Level::DEBUG);
    /// let deaf = Gate::serve(|_io| async {}).logs(None);
    /// # drop((gate, deaf));
    /// ```
    pub fn logs(mut self, level: impl Into<Option<tracing::Level>>) -> Self {
        self.log_level = level.into();
        self
    }

    /// What to tell the gate when the handshake fails at service depth, where its own accept loop does not run.
    ///
    /// ```
    /// use gatecrash::Gate;
    /// # let audit = |_: &rustls::Error| {};
    /// let gate = Gate::serve(|_io| async {}).handshake_failed(move |error| audit(error));
    /// # drop(gate);
    /// ```
    pub fn handshake_failed(mut self, tell: impl Fn(&rustls::Error) + 'static) -> Self {
        if let Some(service) = &mut self.service {
            service.handshake_failed = Some(Box::new(tell));
        }
        self
    }

    /// Keeps something alive as long as the gate: a folder, a database, an issuer.
    ///
    /// ```
    /// use gatecrash::{Gate, World, model::IssuerRole};
    /// # fn serving(_: String) -> Gate { Gate::serve(|_io| async {}) }
    /// fn gate(world: &World) -> std::io::Result<Gate> {
    ///     let issuer = world.loopback_issuer(IssuerRole::Home)?;
    ///     Ok(serving(issuer.metadata_url()).keep(issuer))
    /// }
    /// ```
    pub fn keep(mut self, guard: impl Any) -> Self {
        self.keep.push(Box::new(guard));
        self
    }

    /// How long one attempt may take before it counts as a hang. Default: 5 seconds, by the runtime's clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// let gate = gatecrash::Gate::serve(|_io| async {}).budget(Duration::from_secs(20));
    /// # drop(gate);
    /// ```
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// How many turns of the executor one attempt may take before it counts as a hang. Default: a million.
    ///
    /// ```
    /// let gate = gatecrash::Gate::serve(|_io| async {}).turns(50_000);
    /// # drop(gate);
    /// ```
    pub fn turns(mut self, turns: u64) -> Self {
        self.turns = turns;
        self
    }
}
