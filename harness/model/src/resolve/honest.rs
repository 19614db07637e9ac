//! The honest start of a stance: its token as the policy shapes it, and the values that texts may name.

use super::{not_applicable, text};
use crate::{
    Algorithm, Binding, Blueprint, ClaimValue, ConfirmationOf, Digest, Encoding, IssuerRole, KeyName, Member, Person,
    Promise, Route, Seal, Segments, SignatureForm, Stance, Template, TemplateError, TokenKey, TokenSpec, Unresolvable,
    Value, pointer, policy::person_value,
};

/// Seconds from now at which an honest token was issued, and at which it expires.
const ISSUED: i64 = -5;
const EXPIRES: i64 = 300;
/// How long after the tolerated skew an expired token has expired.
const OVERDUE: i64 = 90;

pub(super) fn honest_token(
    person: Person,
    stance: Stance,
    route: &Route,
    blueprint: &Blueprint,
) -> Result<TokenSpec, Unresolvable> {
    let role = match stance {
        Stance::ForeignIssuer => IssuerRole::Partner,
        _ => blueprint.issuer_of(person),
    };
    let signing = match role {
        IssuerRole::Rogue => crate::PublishedKey {
            key: KeyName::Token(IssuerRole::Rogue, TokenKey::P256),
            kid: blueprint.kid(KeyName::Token(IssuerRole::Rogue, TokenKey::P256)),
            algorithm: "ES256",
            signs: true,
        },
        role => blueprint.signing_key(role).ok_or_else(|| not_applicable("the issuer has no signing key"))?,
    };
    let algorithm = Algorithm::of_name(signing.algorithm)
        .ok_or_else(|| not_applicable("the world cannot compute the algorithm"))?;
    let tokens = &blueprint.policy.tokens;
    let kind = tokens.types.first().map_or("JWT", String::as_str);
    let member = |name: &str, value: Value| Member { name: name.into(), value };
    let mut header = vec![member("alg", text(signing.algorithm)), member("typ", text(kind))];
    // A secret has no name unless somebody asks for one.
    if tokens.key_id || !signing.algorithm.starts_with("HS") {
        header.push(member("kid", text(&signing.kid)));
    }
    Ok(TokenSpec {
        header,
        header_form: None,
        claims: Honest::new(person, stance, route, role, blueprint)?.claims()?,
        payload: None,
        seal: Seal::Key(signing.key, algorithm),
        rewritten_header: Vec::new(),
        rewritten_claims: Vec::new(),
        signature: SignatureForm::Genuine,
        text: Vec::new(),
        segments: Segments::Three,
    })
}

/// What is wrong with the honest claims of the policy, if anything: the claim and why.
pub(crate) fn honest_fault(blueprint: &Blueprint) -> Option<(String, String)> {
    let route = blueprint.policy.routes.first()?;
    let (person, role) = (Person::Alice, blueprint.issuer_of(Person::Alice));
    let honest = Honest::new(person, Stance::Complete(person), route, role, blueprint).ok()?;
    blueprint.policy.tokens.honest.iter().find_map(|(claim, value)| {
        let fault = honest.value(claim, value).err()?;
        Some((claim.clone(), fault.to_string()))
    })
}

/// The claims that the policy promises, and that its honest tokens lack.
pub(crate) fn lacking(blueprint: &Blueprint) -> Vec<String> {
    let Some(route) = blueprint.policy.routes.first() else { return Vec::new() };
    let role = blueprint.issuer_of(Person::Alice);
    let honest = Honest::new(Person::Alice, Stance::Complete(Person::Alice), route, role, blueprint);
    let Ok(claims) = honest.and_then(|honest| honest.claims()) else { return Vec::new() };
    let has = |address: &str| {
        let names = pointer::names(address);
        let member = claims.iter().find(|member| names.first().is_some_and(|name| *name == member.name));
        match member.map(|member| &member.value) {
            Some(Value::Json(text)) => {
                crate::json::parse_widely(text).is_some_and(|json| pointer::below(&json, &names[1..]).is_some())
            }
            Some(_) => names.len() == 1,
            None => false,
        }
    };
    let promised = blueprint.policy.tokens.promises.iter().filter(|(_, promise)| promise.is_checked());
    promised.filter(|(claim, _)| !has(claim)).map(|(claim, _)| claim.clone()).collect()
}

/// Whose token it is, and what it says of them.
struct Honest<'a> {
    person: Person,
    stance: Stance,
    route: &'a Route,
    issuer: String,
    blueprint: &'a Blueprint,
}

impl<'a> Honest<'a> {
    fn new(
        person: Person,
        stance: Stance,
        route: &'a Route,
        role: IssuerRole,
        blueprint: &'a Blueprint,
    ) -> Result<Self, Unresolvable> {
        let issuer = blueprint.issuer_url(role).ok_or_else(|| not_applicable("the policy has no such issuer"))?;
        Ok(Self { person, stance, route, issuer, blueprint })
    }

    /// In the order in which standards name them; what the policy adds comes last.
    fn claims(&self) -> Result<Vec<Member>, Unresolvable> {
        let tokens = &self.blueprint.policy.tokens;
        let mut claims = Vec::new();
        let usual = ["iss", "aud", tokens.principal.as_str(), "client_id", "jti", "iat", "nbf", "exp"];
        for claim in usual.into_iter().chain(Some("sub").filter(|claim| !tokens.is_principal(claim))) {
            let said = tokens.honest(claim);
            if tokens.promise(claim) == Promise::Absent
                || !(tokens.promise(claim).is_checked() || said.is_some() || tokens.is_principal(claim))
            {
                continue;
            }
            let value = match said {
                Some(value) if !(claim == "exp" && self.stance == Stance::ExpiredToken) => self.value(claim, value)?,
                _ => self.usual(claim),
            };
            self.put(&mut claims, claim, value)?;
        }
        let rights = self.rights();
        if !rights.is_empty() && tokens.promise(&tokens.rights.at) != Promise::Absent {
            self.put(&mut claims, &tokens.rights.at, Value::Json(tokens.rights.form.written(&rights)))?;
        }
        // No issuer binds tokens for a service that does not promise to look (RFC 8705 §3).
        if tokens.binding == Binding::CertificateThumbprint {
            self.put(&mut claims, "cnf", self.confirmation())?;
        }
        self.put(&mut claims, "private", text(&self.blueprint.private_claim(self.person)))?;
        for (claim, value) in &tokens.honest {
            let is_usual = usual.iter().any(|known| pointer::canonical(known) == pointer::canonical(claim));
            let is_rights = pointer::canonical(&tokens.rights.at) == pointer::canonical(claim) && !rights.is_empty();
            if !is_usual && claim != "sub" && !is_rights && tokens.promise(claim) != Promise::Absent {
                self.add(&mut claims, claim, value)?;
            }
        }
        Ok(claims)
    }

    /// Adds a claim; where the rights or the principal are in the same object, both are.
    fn add(&self, claims: &mut Vec<Member>, claim: &str, value: &ClaimValue) -> Result<(), Unresolvable> {
        let rights = pointer::names(&self.blueprint.policy.tokens.rights.at);
        let within = rights.len() > 1 && rights[0] == claim;
        let there = claims.iter().any(|member| member.name == claim);
        match value {
            ClaimValue::Table(members) if within || there => {
                for (name, value) in members {
                    let address = format!("/{}/{}", escaped(claim), escaped(name));
                    if pointer::names(&address) != rights {
                        self.put(claims, &address, self.value(&address, value)?)?;
                    }
                }
                Ok(())
            }
            _ => self.put(claims, claim, self.value(claim, value)?),
        }
    }

    /// Writes a value at a name or JSON pointer; objects on the way are made.
    fn put(&self, claims: &mut Vec<Member>, address: &str, value: Value) -> Result<(), Unresolvable> {
        super::set_at(claims, address, value, self.blueprint.now)
    }

    /// What a standard claim is where the policy does not say.
    fn usual(&self, claim: &str) -> Value {
        let tokens = &self.blueprint.policy.tokens;
        let cap = tokens.lifetime.map_or(EXPIRES, |cap| EXPIRES.min(cap + ISSUED));
        let (issued, expires) = match self.stance {
            Stance::ExpiredToken => (-tokens.leeway - OVERDUE - EXPIRES, -tokens.leeway - OVERDUE),
            _ => (ISSUED, cap),
        };
        match claim {
            "iss" => text(&self.issuer),
            "aud" => text(&self.blueprint.policy.audience),
            "client_id" => text(self.person.name()),
            "jti" => Value::Unique,
            "iat" | "nbf" => Value::Seconds(issued),
            "exp" => Value::Seconds(expires),
            _ => self.blueprint.principal_value(self.person),
        }
    }

    fn rights(&self) -> Vec<String> {
        let mut rights = self.blueprint.grants(self.person);
        if self.stance == Stance::NarrowScope {
            rights.retain(|right| !self.route.scopes.contains(right));
        }
        rights
    }

    fn confirmation(&self) -> Value {
        let holds = self.stance.holder() == Some(self.person);
        let of = if holds { ConfirmationOf::Leaf } else { ConfirmationOf::Person(self.person) };
        Value::Confirmation { member: "x5t#S256".into(), of, digest: Digest::Sha256, encoding: Encoding::Base64Url }
    }

    /// A claim of the policy's template.
    fn value(&self, claim: &str, value: &ClaimValue) -> Result<Value, TemplateError> {
        let expired = self.stance == Stance::ExpiredToken;
        if let ClaimValue::Text(text) = value {
            if pointer::canonical(claim) == "jti" && text == "${unique}" {
                return Ok(Value::Unique);
            }
            if let (Some(seconds), "exp" | "iat" | "nbf") = (seconds(text), pointer::canonical(claim).as_ref()) {
                // A token that has expired was issued before it did.
                let leeway = self.blueprint.policy.tokens.leeway;
                return Ok(Value::Seconds(if expired { seconds - leeway - OVERDUE - EXPIRES } else { seconds }));
            }
        }
        self.json(value).map(Value::Json)
    }

    fn json(&self, value: &ClaimValue) -> Result<String, TemplateError> {
        let all = |items: &[ClaimValue]| items.iter().map(|item| self.json(item)).collect::<Result<Vec<_>, _>>();
        Ok(match value {
            ClaimValue::Bool(value) => value.to_string(),
            ClaimValue::Integer(value) => value.to_string(),
            ClaimValue::Number(value) => value.to_string(),
            ClaimValue::Text(text) => self.filled(text)?,
            ClaimValue::List(items) => format!("[{}]", all(items)?.join(",")),
            ClaimValue::Table(members) => {
                let member = |(name, value): (&String, &ClaimValue)| {
                    Ok::<_, TemplateError>(format!("{}:{}", crate::json::quote(name), self.json(value)?))
                };
                format!("{{{}}}", members.iter().map(member).collect::<Result<Vec<_>, _>>()?.join(","))
            }
        })
    }

    /// The JSON text of a text with places.
    fn filled(&self, text: &str) -> Result<String, TemplateError> {
        if let Some(seconds) = seconds(text) {
            return Ok((self.blueprint.now + seconds).to_string());
        }
        if text == "${person.number}" {
            return self.place("person.number");
        }
        if text == "${person.id}"
            && let Value::Json(json) = self.blueprint.principal_value(self.person)
        {
            return Ok(json);
        }
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
            filled.push_str(before);
            filled.push_str(&self.place(name)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(crate::json::quote(&filled))
    }

    fn place(&self, name: &str) -> Result<String, TemplateError> {
        let domain = &self.blueprint.policy.trust_domain;
        let known = match name {
            "audience" => Some(self.blueprint.policy.audience.clone()),
            "issuer" => Some(self.issuer.clone()),
            "person.id" => Some(self.blueprint.id(self.person)),
            "domain" => Some(domain.clone()),
            name => name.strip_prefix("person.").and_then(|name| person_value(name, self.person, domain)),
        };
        known.ok_or_else(|| TemplateError::UnknownName(name.into()))
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The offset of `${now}`, `${now+300}` or `${now-5}`.
fn seconds(text: &str) -> Option<i64> {
    let offset = text.strip_prefix("${now")?.strip_suffix('}')?;
    if offset.is_empty() { Some(0) } else { offset.parse().ok() }
}

pub(super) fn template(stance: Stance, route: &Route, blueprint: &Blueprint) -> Template {
    let mut template = Template::default();
    let subject = stance.subject().unwrap_or(stance.target());
    template.set("audience", Some(blueprint.policy.audience.clone()));
    template.set("issuer", blueprint.issuer_url(blueprint.issuer_of(subject)));
    template.set("partner", blueprint.issuer_url(IssuerRole::Partner).filter(|_| blueprint.policy.issuers.len() > 1));
    template.set("rogue", blueprint.issuer_url(IssuerRole::Rogue));
    template.set("subject", Some(blueprint.id(subject)));
    for (name, person) in
        [("alice", Person::Alice), ("bob", Person::Bob), ("kass", Person::Kass), ("mallory", Person::Mallory)]
    {
        template.set(name, Some(blueprint.id(person)));
    }
    template.set("now", Some(blueprint.now.to_string()));
    template.set("leeway", Some(blueprint.policy.tokens.leeway.to_string()));
    template.set("lifetime", blueprint.policy.tokens.lifetime.map(|seconds| seconds.to_string()));
    template.set("scope", route.scopes.first().cloned());
    let parameter = route.query_parameter().or(route.path_parameter()).or(route.body_parameter());
    template.set("parameter", Some(parameter.unwrap_or("id").into()));
    template.set("bobs-object", Some(blueprint.object_of(Person::Bob)));
    blueprint.asks(route, &mut template);
    template.set("domain", Some(blueprint.policy.trust_domain.clone()));
    template.set("session-cookie", blueprint.policy.changes.session_cookie.clone());
    for (name, key) in [
        ("encryption-kid", TokenKey::Encryption),
        ("kid", TokenKey::P256),
        ("retired-kid", TokenKey::Retired),
        ("rsa-kid", TokenKey::Rsa),
    ] {
        template.set(name, Some(blueprint.kid(KeyName::Token(IssuerRole::Home, key))));
    }
    template.set("partner-kid", Some(blueprint.kid(KeyName::Token(IssuerRole::Partner, TokenKey::P256))));
    template
}
