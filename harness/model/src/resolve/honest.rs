//! The honest start of a stance: its token, and the values that texts may name.

use super::{not_applicable, text};
use crate::{
    Algorithm, Binding, Blueprint, ConfirmationOf, Digest, Encoding, IssuerRole, KeyName, Member, Person, Route, Seal,
    Segments, SignatureForm, Stance, Template, TokenKey, TokenSpec, Unresolvable, Value,
};

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
    let issuer = blueprint.issuer_url(role).ok_or_else(|| not_applicable("the policy has no such issuer"))?;
    let (issued, expires) = if stance == Stance::ExpiredToken { (-420, -120) } else { (-5, 300) };
    let holds = stance.holder() == Some(person);
    let of = if holds { ConfirmationOf::Leaf } else { ConfirmationOf::Person(person) };
    let kind = blueprint.policy.tokens.types.first().map_or("JWT", String::as_str);
    let mut scopes = blueprint.grants(person);
    if stance == Stance::NarrowScope {
        scopes.retain(|scope| !route.scopes.contains(scope));
    }
    let member = |name: &str, value: Value| Member { name: name.into(), value };
    let header =
        vec![member("alg", text(signing.algorithm)), member("typ", text(kind)), member("kid", text(&signing.kid))];
    let mut claims = vec![
        member("iss", text(&issuer)),
        member("aud", text(&blueprint.policy.audience)),
        member("sub", text(&blueprint.id(person))),
        member("client_id", text(person.name())),
        member("jti", Value::Unique),
        member("iat", Value::Seconds(issued)),
        member("nbf", Value::Seconds(issued)),
        member("exp", Value::Seconds(expires)),
    ];
    if !scopes.is_empty() {
        claims.push(member("scope", text(&scopes.join(" "))));
    }
    // No issuer binds tokens for a service that does not promise to look (RFC 8705 §3).
    if blueprint.policy.tokens.binding == Binding::CertificateThumbprint {
        let (digest, encoding) = (Digest::Sha256, Encoding::Base64Url);
        claims.push(member("cnf", Value::Confirmation { member: "x5t#S256".into(), of, digest, encoding }));
    }
    claims.push(member("private", text(&blueprint.private_claim(person))));
    Ok(TokenSpec {
        header,
        header_form: None,
        claims,
        payload: None,
        seal: Seal::Key(signing.key, algorithm),
        rewritten_header: Vec::new(),
        rewritten_claims: Vec::new(),
        signature: SignatureForm::Genuine,
        text: Vec::new(),
        segments: Segments::Three,
    })
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
    template.set("scope", route.scopes.first().cloned());
    let parameter = route.query_parameter().or(route.path_parameter()).or(route.body_parameter());
    template.set("parameter", Some(parameter.unwrap_or("id").into()));
    template.set("bobs-object", Some(blueprint.object_of(Person::Bob)));
    template.set("domain", Some(blueprint.policy.trust_domain.clone()));
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
