//! From a step to an attempt: the honest start of the stance, then each mutation in the fixed order of its slot.

mod chain;
mod forwarded;
mod honest;
mod message;
mod together;

use std::cell::OnceCell;

pub(crate) use honest::{honest_fault, lacking};
use honest::{honest_token, template};

use crate::{
    Attempt, Attempting, AuthorizationForm, Blueprint, Carriage, CertificateSpec, ChainSpec, ClientCertificate,
    ConfirmationOf, CookieForm, Extra, Forwarded, ForwardedForm, Framing, HostForm, Http2Form, IssuerRole, KeyName,
    Member, Mutation, Occurrence, Permutation, Person, Position, Protocol, RequestHeader, RequestSpec, Route, Seal,
    ServerName, SignatureForm, Slot, Stance, SubjectName, Template, TemplateError, TokenKey, TokenSpec, Transport,
    Undeclared, Value,
    assistant::{HONEST_PROMPT, PLACE, put_into},
    pointer,
    token::Algorithm,
};

/// Why a step cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unresolvable {
    /// Two mutations write the same slot.
    Conflict(Slot),
    /// The stance or a mutation means nothing here, such as a narrow scope on a route that needs none.
    NotApplicable(String),
    /// A text names what does not exist.
    Template(TemplateError),
    /// The policy has no such route.
    UnknownRoute(String),
}

impl std::fmt::Display for Unresolvable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unresolvable::Conflict(slot) => write!(f, "two mutations write {:?} {}", slot.stage, slot.name),
            Unresolvable::NotApplicable(why) => f.write_str(why),
            Unresolvable::Template(error) => error.fmt(f),
            Unresolvable::UnknownRoute(route) => write!(f, "the policy has no route `{route}`"),
        }
    }
}

impl std::error::Error for Unresolvable {}

impl From<TemplateError> for Unresolvable {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Absent(name) => Unresolvable::NotApplicable(format!("there is no `{name}` here")),
            other => Unresolvable::Template(other),
        }
    }
}

/// Resolves a step. The order of its mutations is of no account.
///
/// `Err` when two mutations write one slot, or when something means nothing for this stance, route or policy.
///
/// ```
/// # use gatecrash_model::*;
/// # let policy = gatecrash_model::example::policy();
/// # let blueprint = Blueprint::new(policy, 1_790_000_000);
/// use gatecrash_model::{Case, Mutation, Stance, Unresolvable, resolve};
/// let of = |changes| Case::one(Stance::ExpiredToken, "GET /v1/orders/{id}", changes);
/// assert!(resolve(&of(vec![Mutation::DropClaim("aud".into())]).steps[0], &blueprint).is_ok());
/// let twice = of(vec![Mutation::DropClaim("aud".into()), Mutation::DropClaim("aud".into())]);
/// assert!(matches!(resolve(&twice.steps[0], &blueprint), Err(Unresolvable::Conflict(_))));
/// ```
pub fn resolve<'a>(step: impl Into<Option<&'a Attempting>>, blueprint: &Blueprint) -> Result<Attempt, Unresolvable> {
    let step = step.into().ok_or_else(|| not_applicable("a change of the world is no attempt"))?;
    resolve_after(step, &Before::default(), blueprint)
}

/// What an attempt takes over from earlier ones.
#[derive(Default)]
pub(crate) struct Before<'a> {
    /// The attempt over whose connection, or whose session, it is made.
    pub(crate) connection: Option<&'a Attempt>,
    /// Whether it comes over that very connection, in the version of HTTP that is spoken there.
    pub(crate) same_connection: bool,
    /// The attempt whose token it carries.
    pub(crate) token: Option<&'a Attempt>,
}

/// The attempt of a step after others.
pub(crate) fn resolve_after(
    step: &Attempting,
    before: &Before<'_>,
    blueprint: &Blueprint,
) -> Result<Attempt, Unresolvable> {
    let route = blueprint.route(&step.route).ok_or_else(|| Unresolvable::UnknownRoute(step.route.clone()))?;
    let mut ordered: Vec<(Slot, &Mutation)> =
        step.mutations.iter().map(|mutation| (mutation.slot(), mutation)).collect();
    ordered.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(pair) = ordered.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Unresolvable::Conflict(pair[0].0.clone()));
    }
    // Behind a proxy one connection carries the requests of many clients.
    let proxied = blueprint.policy.proxy.is_some();
    let of_connection = |slot: &Slot| match slot.stage {
        crate::SlotStage::Chain | crate::SlotStage::Key => !proxied,
        crate::SlotStage::Connection => slot.name == "peer",
        _ => false,
    };
    if before.connection.is_some() && ordered.iter().any(|(slot, _)| of_connection(slot)) {
        return Err(not_applicable("the certificate is that of the step whose connection it is: change it there"));
    }
    let mut start = Start::new(step.stance, route, blueprint)?;
    start.take_over(before)?;
    for (_, mutation) in ordered {
        start.passes_the_proxy(mutation)?;
        start.apply(mutation)?;
    }
    let attempt = start.finish()?;
    if let Some(connection) = before.connection.filter(|_| before.same_connection) {
        let same = attempt.transport == connection.transport && attempt.server_name == connection.server_name;
        let alike = attempt.request.protocol.is_http2() == connection.request.protocol.is_http2();
        if !same || !alike {
            return Err(not_applicable("the connection is spoken over as it was begun"));
        }
    }
    Ok(attempt)
}

fn not_applicable(why: &str) -> Unresolvable {
    Unresolvable::NotApplicable(why.into())
}

struct Start<'a> {
    blueprint: &'a Blueprint,
    route: &'a Route,
    stance: Stance,
    /// Made when a text names something.
    template: OnceCell<Template>,
    attempt: Attempt,
    object: Option<String>,
    path: Option<crate::PathForm>,
    undeclared: Option<Undeclared>,
    prompt: Option<String>,
}

impl<'a> Start<'a> {
    fn new(stance: Stance, route: &'a Route, blueprint: &'a Blueprint) -> Result<Self, Unresolvable> {
        if stance == Stance::ForeignIssuer && blueprint.policy.issuers.len() < 2 {
            return Err(not_applicable("the policy has no partner issuer"));
        }
        if stance == Stance::NarrowScope && route.scopes.is_empty() {
            return Err(not_applicable("the route needs no scope"));
        }
        // Where nobody has a certificate, what differs in it alone is no attempt of its own.
        let certified = blueprint.policy.certificates.client != ClientCertificate::None;
        if !certified && matches!(stance, Stance::NoCertificate | Stance::StolenToken(_)) {
            return Err(not_applicable("nobody has a client certificate"));
        }
        let object = blueprint.example_object(route, stance.target());
        let attempt = Attempt {
            transport: Transport::Tls13,
            server_name: ServerName::Own,
            chain: stance.holder().filter(|_| certified).map(|person| blueprint.chain(person)),
            forwarded: forwarded::honest(blueprint),
            token: stance.subject().map(|person| honest_token(person, stance, route, blueprint)).transpose()?,
            request: RequestSpec {
                // An honest request comes in a version that is served.
                protocol: match blueprint.policy.http.speaks("1.1") {
                    true => Protocol::Http11,
                    false => Protocol::Http2(Http2Form::Plain),
                },
                method: route.method.clone(),
                path: String::new(),
                absolute: false,
                query: None,
                host: HostForm::Own,
                authorization: honest_form(&blueprint.policy.tokens.carried),
                headers: Vec::new(),
                body: None,
                framing: if route.upgrade.is_some() { Framing::WebSocket } else { Framing::Plain },
                second: String::new(),
                companion: None,
            },
        };
        let template = OnceCell::new();
        Ok(Self { blueprint, route, stance, template, attempt, object, path: None, undeclared: None, prompt: None })
    }

    /// Puts what was there before in place of what the stance would bring by itself.
    fn take_over(&mut self, before: &Before<'_>) -> Result<(), Unresolvable> {
        if let Some(connection) = before.connection {
            if let Some(forwarded) = &connection.forwarded {
                let form = ForwardedForm::Plain;
                self.attempt.forwarded = Some(Forwarded { form, ..forwarded.clone() });
            } else if self.attempt.chain != connection.chain {
                // Issued for the certificate of its holder, whoever opened the connection.
                self.attempt
                    .token
                    .iter_mut()
                    .try_for_each(|token| rebind(token, self.attempt.chain.as_ref(), self.blueprint))?;
                self.attempt.chain.clone_from(&connection.chain);
            }
            self.attempt.transport = connection.transport;
            self.attempt.server_name = connection.server_name;
            self.attempt.request.protocol = match connection.request.protocol {
                Protocol::Http10 | Protocol::PriorKnowledge => {
                    return Err(not_applicable("the connection carries one request"));
                }
                Protocol::Http11 => Protocol::Http11,
                Protocol::Http2(_) => Protocol::Http2(Http2Form::Plain),
            };
        }
        if let Some(of) = before.token {
            let mut token = of.token.clone().ok_or_else(|| not_applicable("the step carries no token"))?;
            if of.chain != self.attempt.chain {
                rebind(&mut token, of.chain.as_ref(), self.blueprint)?;
            }
            self.attempt.token = Some(token);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Attempt, Unresolvable> {
        self.attempt.token.as_ref().map_or(Ok(()), together::token)?;
        together::binding(&self.attempt)?;
        together::chain(&self.attempt)?;
        forwarded::fits(&self.attempt, self.blueprint)?;
        for certificate in self.attempt.chain.iter_mut().flat_map(|chain| &mut chain.certificates) {
            let nothing_to_repeat = match certificate.extra {
                Some(Extra::RepeatedConstraints) => certificate.authority.is_none(),
                Some(Extra::RepeatedNames | Extra::UnreadableName) => certificate.names.is_empty(),
                _ => false,
            };
            if nothing_to_repeat {
                return Err(not_applicable("the certificate has no such extension to repeat"));
            }
            if let Some(extra) = certificate.extra {
                extra.applied_to(certificate);
            }
        }
        let object = self.object.clone().unwrap_or_default();
        let fill = |text: &str, name: Option<&str>| match name {
            Some(name) => text.replace(&format!("{{{name}}}"), &object),
            None => text.to_string(),
        };
        let path = self.route.path_of(&object);
        let spelled = self.path.map_or(path.clone(), |form| form.apply(&path));
        let second = message::second_path(self.route, self.blueprint);
        let request = &mut self.attempt.request;
        request.path = self.undeclared.map_or(spelled, |undeclared| undeclared.path().into());
        request.absolute = self.path == Some(crate::PathForm::Absolute) || request.host.said().0.is_some();
        request.body = self.route.body.as_ref().map(|body| {
            let media = self.route.content_type.clone().unwrap_or_else(|| "application/json".into());
            let body = fill(body, self.route.body_parameter());
            let prompt = self.prompt.as_deref().unwrap_or(HONEST_PROMPT);
            let body = if self.route.assistant { put_into(&body, prompt, &media) } else { body };
            (media, body)
        });
        if let Some(own) = &self.route.query {
            let own = fill(own, self.route.query_parameter());
            request.query = Some(request.query.take().map_or(own.clone(), |more| format!("{own}&{more}")));
        }
        if request.framing.has_second() {
            request.second = second;
        }
        if request.authorization == AuthorizationForm::TwoPrincipals {
            let stolen = Stance::StolenToken(Person::Bob);
            request.companion = Some(Box::new(honest_token(Person::Bob, stolen, self.route, self.blueprint)?));
        }
        together::pseudo_late(&self.attempt)?;
        together::size(&self.attempt)?;
        message::fits(&self.attempt)?;
        Ok(self.attempt)
    }

    fn certified(&self) -> bool {
        self.blueprint.policy.certificates.client != ClientCertificate::None
    }

    fn token(&mut self) -> Result<&mut TokenSpec, Unresolvable> {
        self.attempt.token.as_mut().ok_or_else(|| not_applicable("the stance holds no token"))
    }

    fn chain(&mut self) -> Result<&mut ChainSpec, Unresolvable> {
        self.attempt.chain.as_mut().ok_or_else(|| not_applicable("the stance holds no certificate"))
    }

    fn certificate(&mut self, at: Position) -> Result<&mut CertificateSpec, Unresolvable> {
        let index = match at {
            Position::Leaf => 0,
            Position::Intermediate => 1,
        };
        self.chain()?.certificates.get_mut(index).ok_or_else(|| not_applicable("the chain has no such certificate"))
    }

    fn fill(&self, text: &str) -> Result<String, TemplateError> {
        if !text.contains("${") {
            return Ok(text.into());
        }
        self.template.get_or_init(|| template(self.stance, self.route, self.blueprint)).fill(text)
    }

    fn value(&self, value: &Value) -> Result<Value, Unresolvable> {
        Ok(match value {
            Value::Json(text) => Value::Json(self.fill(text)?),
            other => other.spelled_out().map_or_else(|| other.clone(), Value::Json),
        })
    }

    fn apply(&mut self, mutation: &Mutation) -> Result<(), Unresolvable> {
        use Mutation::*;
        match mutation {
            AddHeader(header) => {
                let carrier = self.blueprint.policy.tokens.carried.field();
                let proxy = self.blueprint.policy.proxy.as_ref();
                let forwarded = proxy.is_some_and(|proxy| header.name.starts_with(proxy.field.name()));
                if message::OWN_FIELDS.contains(&header.name.as_str()) || header.name == carrier || forwarded {
                    return Err(not_applicable("the field has mutations of its own"));
                }
                let value = self.fill(&header.value)?;
                self.attempt.request.headers.push(RequestHeader { value, ..header.clone() });
            }
            Authorization(form) => {
                self.token()?;
                if !form.is_of(&self.blueprint.policy.tokens.carried) {
                    return Err(not_applicable("the token is carried in another way"));
                }
                self.attempt.request.authorization = match form {
                    AuthorizationForm::Joined { genuine_first, other } => {
                        let other = self.fill(other)?;
                        AuthorizationForm::Joined { genuine_first: *genuine_first, other }
                    }
                    other => other.clone(),
                };
            }
            BindTo { member, of, digest, encoding } => {
                let presented = self.attempt.chain.as_ref().map_or(0, |chain| chain.certificates.len());
                let needed = match of {
                    ConfirmationOf::Intermediate => 2,
                    ConfirmationOf::Leaf
                    | ConfirmationOf::LeafJwk
                    | ConfirmationOf::LeafKey
                    | ConfirmationOf::LeafPem
                    | ConfirmationOf::LeafTbs => 1,
                    ConfirmationOf::Person(_) | ConfirmationOf::Root => 0,
                };
                if presented < needed {
                    return Err(not_applicable("the chain has no such certificate"));
                }
                let value =
                    Value::Confirmation { member: member.clone(), of: *of, digest: *digest, encoding: *encoding };
                set(&mut self.token()?.claims, "cnf", value);
            }
            CertificateAuthority { at, authority } => self.certificate(*at)?.authority = *authority,
            CertificateExtra { at, extra } => {
                self.certificate(*at)?.extra = Some(*extra);
            }
            CertificateKeyUsage { at, usage } => self.certificate(*at)?.key_usage = usage.clone().map(sorted),
            CertificateNameConstraints { constraints } => {
                let filled = constraints.iter().map(|constraint| {
                    let mut constraint = constraint.clone();
                    *constraint.base_mut() = self.fill(constraint.base())?;
                    Ok::<_, Unresolvable>(constraint)
                });
                let filled = filled.collect::<Result<_, _>>()?;
                self.certificate(Position::Intermediate)?.name_constraints = filled;
            }
            CertificateNames { names } => {
                let fill = |name: &SubjectName| {
                    Ok::<_, Unresolvable>(match name {
                        SubjectName::Dns(text) => SubjectName::Dns(self.fill(text)?),
                        SubjectName::Email(text) => SubjectName::Email(self.fill(text)?),
                        SubjectName::Ip(text) => SubjectName::Ip(self.fill(text)?),
                        SubjectName::Uri(text) => SubjectName::Uri(self.fill(text)?),
                    })
                };
                let names = names.iter().map(fill).collect::<Result<_, _>>()?;
                self.certificate(Position::Leaf)?.names = names;
            }
            CertificatePurposes { at, purposes } => self.certificate(*at)?.purposes = purposes.clone().map(sorted),
            CertificateRevoked { at } => {
                let certificate = self.certificate(*at)?;
                certificate.serial = certificate.serial.revoked();
            }
            CertificateSubject { common_name, rest } => {
                let subject = self.fill(common_name)?;
                let leaf = self.certificate(Position::Leaf)?;
                (leaf.subject, leaf.subject_rest) = (subject, rest.clone());
            }
            CertificateSignature { at } => self.certificate(*at)?.signer = None,
            CertificateValidity { at, not_before, not_after } => {
                let certificate = self.certificate(*at)?;
                (certificate.not_before, certificate.not_after) = (*not_before, *not_after);
            }
            ChainPath(path) => self.lead(*path)?,
            ChainPadding(padding) => self.pad(*padding)?,
            DropClaim(name) => drop_at(&mut self.token()?.claims, name)?,
            DropHeader(name) => drop_member(&mut self.token()?.header, name)?,
            JoseHeader(form) => self.token()?.header_form = Some(form.clone()),
            Mutation::Forwarded(form) => self.forwarded()?.form = *form,
            Mutation::Framing(_) if self.route.upgrade.is_some() => {
                return Err(not_applicable("the route does nothing but upgrade"));
            }
            Mutation::Framing(framing) => self.attempt.request.framing = *framing,
            Host(form) => self.attempt.request.host = *form,
            Method(method) => self.attempt.request.method.clone_from(method),
            ObjectOf(person) => {
                if self.object.is_none() || self.route.owner.is_none() {
                    return Err(not_applicable("the route names no object that somebody owns"));
                }
                self.object = Some(self.blueprint.object_of(*person));
            }
            Path(form) => self.path = Some(*form),
            Payload(form) => self.token()?.payload = Some(form.clone()),
            Mutation::Peer(peer) => self.connect(*peer)?,
            Permute(order) => self.permute(*order)?,
            Proof(proof) => self.chain()?.proof = *proof,
            Prompt(prompt) => {
                let takes_one = self.route.body.as_ref().is_some_and(|body| body.contains(PLACE));
                if !self.route.assistant || !takes_one {
                    return Err(not_applicable("the route has no assistant that is asked in its body"));
                }
                self.prompt = Some(self.fill(prompt)?);
            }
            Mutation::Protocol(protocol) => {
                if protocol.is_http2() && !self.blueprint.policy.http.speaks("2") {
                    return Err(not_applicable("the policy promises no HTTP/2"));
                }
                self.attempt.request.protocol = *protocol;
            }
            Query(query) => self.attempt.request.query = Some(self.fill(query)?),
            RepeatClaim { name, value, at } => {
                let name = &below_no_object(name)?;
                let value = self.value(value)?;
                repeat(&mut self.token()?.claims, name, value, *at)?;
            }
            RepeatHeader { name, value, at } => {
                let value = self.value(value)?;
                repeat(&mut self.token()?.header, name, value, *at)?;
            }
            RewriteClaim { name, value } => {
                let (value, now) = (self.value(value)?, self.blueprint.now);
                let token = self.token()?;
                // What is within a value takes the place of the whole, which another mutation may have written.
                let names = pointer::names(name);
                let of = |list: &[Member]| list.iter().find(|member| member.name == names[0]).cloned();
                let honest = of(&token.rewritten_claims).or_else(|| of(&token.claims));
                let mut whole: Vec<Member> = honest.into_iter().collect();
                set_at(&mut whole, name, value, now)?;
                token.rewritten_claims.retain(|member| member.name != names[0]);
                token.rewritten_claims.extend(whole);
            }
            RewriteHeader { name, value } => {
                let value = self.value(value)?;
                self.token()?.rewritten_header.push(Member { name: name.clone(), value });
            }
            SegmentText { segment, form } => {
                self.token()?.text.push((*segment, *form));
            }
            Segments(segments) => self.token()?.segments = *segments,
            Mutation::ServerName(_) | Transport(_) if !self.certified() => {
                return Err(not_applicable("the policy promises nothing of TLS"));
            }
            Mutation::ServerName(name) => self.attempt.server_name = *name,
            SetClaim { name, value } => {
                let (value, now) = (self.value(value)?, self.blueprint.now);
                set_at(&mut self.token()?.claims, name, value, now)?;
            }
            SetHeader { name, value } => {
                let value = self.value(value)?;
                set(&mut self.token()?.header, name, value);
            }
            SignatureOctets(form) => self.token()?.signature = *form,
            SignWithMac { secret, algorithm } => {
                let token = self.token()?;
                token.seal = Seal::Mac(secret.clone(), *algorithm);
                set(&mut token.header, "alg", text(algorithm.name()));
            }
            SignWith { key, algorithm } => self.sign(*key, *algorithm)?,
            Transport(crate::Transport::Tls12) if self.blueprint.policy.certificates.tls12 => {
                return Err(not_applicable("the policy allows TLS 1.2"));
            }
            Transport(transport) => self.attempt.transport = *transport,
            Mutation::Undeclared(undeclared) => {
                if self.blueprint.policy.routes.iter().any(|route| route.path == undeclared.path()) {
                    return Err(not_applicable("the policy declares the path"));
                }
                self.undeclared = Some(*undeclared);
            }
            Unsigned => {
                let token = self.token()?;
                token.seal = Seal::Nobody;
                token.signature = SignatureForm::Stripped;
                set(&mut token.header, "alg", text("none"));
            }
        }
        Ok(())
    }

    /// The names backwards. A sort that is stable keeps the order of what has the same name.
    fn permute(&mut self, order: Permutation) -> Result<(), Unresolvable> {
        let backwards = |members: &mut Vec<Member>| {
            // What is no value by itself holds other members, whose order counts.
            let alone = |member: &Member| match &member.value {
                Value::Json(text) => crate::json::parse_widely(text).is_some(),
                _ => true,
            };
            if !members.iter().all(alone) {
                return Err(not_applicable("a value holds members that have an order"));
            }
            members.sort_by(|a, b| b.name.cmp(&a.name));
            Ok(())
        };
        match order {
            Permutation::Claims => backwards(&mut self.token()?.claims)?,
            Permutation::Fields if self.attempt.request.headers.len() < 2 => {
                return Err(not_applicable("there are no fields to permute"));
            }
            Permutation::Fields => self.attempt.request.headers.sort_by(|a, b| b.name.cmp(&a.name)),
            Permutation::Header => backwards(&mut self.token()?.header)?,
        }
        Ok(())
    }

    fn sign(&mut self, key: KeyName, algorithm: Algorithm) -> Result<(), Unresolvable> {
        let fits = match key {
            KeyName::Token(_, TokenKey::Ed25519 | TokenKey::SmallOrder) => algorithm == Algorithm::EdDSA,
            KeyName::Token(_, TokenKey::Rsa | TokenKey::Rsa1024) => algorithm.is_rsa(),
            KeyName::Token(_, TokenKey::P384) => algorithm == Algorithm::ES384,
            KeyName::Unfit(_) => return Err(not_applicable("the key is of certificates alone")),
            KeyName::Token(_, TokenKey::Shared) => algorithm.name().starts_with("HS"),
            _ => algorithm == Algorithm::ES256,
        };
        if !fits {
            return Err(not_applicable("the key cannot compute the algorithm"));
        }
        let mut roles = (0..self.blueprint.policy.issuers.len()).map(IssuerRole::at);
        let published = roles.any(|role| self.blueprint.published(role).iter().any(|known| known.key == key));
        let kid = text(&self.blueprint.kid(key));
        let token = self.token()?;
        token.seal = Seal::Key(key, algorithm);
        set(&mut token.header, "alg", text(algorithm.name()));
        if published {
            set(&mut token.header, "kid", kid);
        }
        Ok(())
    }
}

/// How an honest request carries its token.
fn honest_form(carried: &Carriage) -> AuthorizationForm {
    match carried {
        Carriage::Cookie { .. } => AuthorizationForm::Cookie(CookieForm::Plain),
        Carriage::Field { .. } => AuthorizationForm::NoScheme,
        Carriage::Scheme { scheme, .. } => AuthorizationForm::Scheme(scheme.clone()),
    }
}

fn text(text: &str) -> Value {
    Value::Json(crate::json::quote(text))
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}

/// Says whose certificate a token is bound to, where that is not the one which is presented with it.
fn rebind(token: &mut TokenSpec, own: Option<&ChainSpec>, blueprint: &Blueprint) -> Result<(), Unresolvable> {
    let leaf = own.and_then(|chain| chain.certificates.first());
    let holder = Person::ALL.iter().copied().find(|person| leaf == Some(&blueprint.leaf(*person)));
    for member in token.claims.iter_mut().chain(&mut token.rewritten_claims) {
        let Value::Confirmation { of, .. } = &mut member.value else { continue };
        match (&of, holder) {
            (ConfirmationOf::Person(_) | ConfirmationOf::Root, _) => {}
            (ConfirmationOf::Leaf, Some(person)) => *of = ConfirmationOf::Person(person),
            _ => return Err(not_applicable("the token is bound to what only its own step presents")),
        }
    }
    Ok(())
}

fn set(members: &mut Vec<Member>, name: &str, value: Value) {
    match members.iter_mut().find(|member| member.name == name) {
        Some(member) => member.value = value,
        None => members.push(Member { name: name.into(), value }),
    }
}

/// Sets a claim by name or JSON pointer; objects on the way are made.
fn set_at(members: &mut Vec<Member>, address: &str, value: Value, now: i64) -> Result<(), Unresolvable> {
    let names = pointer::names(address);
    let [name, inner @ ..] = &names[..] else { return Ok(()) };
    if inner.is_empty() {
        set(members, name, value);
        return Ok(());
    }
    let value = match value {
        Value::Json(text) => text,
        Value::Seconds(seconds) => (now + seconds).to_string(),
        _ => return Err(not_applicable("what stands for octets of the world is a claim by itself")),
    };
    let whole = match members.iter().find(|member| member.name == *name).map(|member| &member.value) {
        None => "{}",
        Some(Value::Json(text)) => text,
        Some(_) => return Err(not_applicable("the claim holds no member")),
    };
    let whole =
        pointer::edited(whole, inner, Some(&value)).ok_or_else(|| not_applicable("the claim holds no member"))?;
    set(members, name, Value::Json(whole));
    Ok(())
}

/// Leaves out a claim by name or JSON pointer.
fn drop_at(members: &mut Vec<Member>, address: &str) -> Result<(), Unresolvable> {
    let names = pointer::names(address);
    let [name, inner @ ..] = &names[..] else { return Ok(()) };
    if inner.is_empty() {
        return drop_member(members, name);
    }
    let nothing = || not_applicable("there is nothing to leave out");
    let member = members.iter_mut().find(|member| member.name == *name).ok_or_else(nothing)?;
    let Value::Json(whole) = &member.value else { return Err(nothing()) };
    member.value = Value::Json(pointer::edited(whole, inner, None).ok_or_else(nothing)?);
    Ok(())
}

/// The name of a claim that stands in the claims set itself.
fn below_no_object(address: &str) -> Result<String, Unresolvable> {
    match &pointer::names(address)[..] {
        [name] => Ok(name.to_string()),
        _ => Err(not_applicable("only a claim of the claims set itself is written twice")),
    }
}

fn drop_member(members: &mut Vec<Member>, name: &str) -> Result<(), Unresolvable> {
    let before = members.len();
    members.retain(|member| member.name != name);
    if members.len() == before { Err(not_applicable("there is nothing to leave out")) } else { Ok(()) }
}

fn repeat(members: &mut Vec<Member>, name: &str, value: Value, at: Occurrence) -> Result<(), Unresolvable> {
    let honest = members
        .iter()
        .position(|member| member.name == name)
        .ok_or_else(|| not_applicable("there is nothing to repeat"))?;
    let index = match at {
        Occurrence::First => honest,
        Occurrence::Last => honest + 1,
    };
    members.insert(index, Member { name: name.into(), value });
    Ok(())
}
