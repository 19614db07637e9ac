//! What is presented, decoded: the honest request beside the forged one, line by line.

use std::borrow::Cow;

use gatecrash_model::{
    Attempt, Attempting, Blueprint, Case, CertificateSpec, Over, Proof, Scene, Seal, SignatureForm, Stance, Step, json,
    resolve,
};
use serde::Serialize;

use crate::{
    campaign::Target,
    world::World,
    world::forge::{self, Wire},
};

/// One thing that is presented: the certificate chain, the token or the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// What it is.
    pub name: &'static str,
    /// The lines, those of the honest request aligned with those of the forged one.
    pub rows: Vec<Row>,
}

/// One line of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Of the honest request; `null` where the forged one has a line more.
    pub honest: Option<String>,
    /// Of the forged one; `null` where it lacks the line.
    pub forged: Option<String>,
    /// Whether they differ.
    pub differs: bool,
}

/// The most letters of a line.
const WIDTH: usize = 160;

/// Decodes cases in the worlds that they were made in.
pub(super) struct Decoder<'a> {
    target: &'a Target,
    worlds: Vec<(Scene, World)>,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(target: &'a Target) -> Self {
        Self { target, worlds: Vec::new() }
    }

    /// Chain, token and request of a case beside those of the honest request for the same; empty where nothing is forged.
    pub(super) fn sides(&mut self, case: &Case) -> Vec<Side> {
        let Some(step) = case.judged() else { return Vec::new() };
        let Some(world) = self.world(case.scene) else { return Vec::new() };
        let honest =
            Attempting { stance: Stance::Complete(step.stance.target()), mutations: Vec::new(), ..step.clone() };
        // One present for both, whatever the clock.
        let blueprint = world.blueprint();
        let decode = |step: &Attempting| decoded(step, world, &blueprint);
        let (Some(honest), Some(forged)) = (decode(&honest), decode(step)) else { return Vec::new() };
        let names = ["certificate chain", "token", "request"];
        let pairs = honest.iter().zip(&forged).zip(names);
        pairs.map(|((honest, forged), name)| Side { name, rows: rows(honest, forged) }).collect()
    }

    fn world(&mut self, scene: Scene) -> Option<&World> {
        if !self.worlds.iter().any(|(known, _)| *known == scene) {
            let mut options = self.target.world.clone();
            options.scene = scene;
            self.worlds.push((scene, World::new(self.target.policy.clone(), options).ok()?));
        }
        self.worlds.iter().find(|(known, _)| *known == scene).map(|(_, world)| world)
    }
}

/// What is sent for a case, as octets: the chain in PEM, the token, the request, with what is not printable spelled out.
///
/// `None` where the case means nothing under the policy.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// use gatecrash::{model::{Case, Stance}, report::bytes};
/// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
/// let text = bytes(&target, &case).ok_or("it means something")?;
/// assert!(text.contains("-----BEGIN CERTIFICATE-----"));
/// assert!(text.contains(r"GET /v1/whoami HTTP/1.1\r\n"));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn bytes(target: &Target, case: &Case) -> Option<String> {
    let world = Decoder::new(target).world(case.scene)?.again().ok()?;
    let blueprint = world.blueprint();
    let mut text = String::new();
    for (step, number) in case.steps.iter().zip(1..) {
        if case.steps.len() > 1 {
            text.push_str(&format!("# step {number}\n"));
        }
        let kept = case.attempts().any(|other| other.over == Over::Kept(number));
        match step {
            Step::Change(change) => text.push_str(&format!("# {change}\n")),
            Step::Attempt(step) => {
                let shared = kept || matches!(step.over, Over::Kept(_));
                text.push_str(&octets(step, &world, &blueprint, number as u64 - 1, shared)?);
            }
        }
    }
    Some(text)
}

/// One step: the chain in PEM, the token, the request line by line, as it is sent on a connection of its own or on one with others.
fn octets(step: &Attempting, world: &World, blueprint: &Blueprint, serial: u64, shared: bool) -> Option<String> {
    let attempt = resolve(step, blueprint).ok()?;
    let wire = forge::forge(&attempt, blueprint, world.keyring(), world.mint(), serial).ok()?;
    let wire = if shared { wire.kept().unwrap_or(wire) } else { wire };
    let chain = wire.identity.iter().flat_map(|identity| &identity.chain);
    let mut text: String = chain.map(|der| forge::pem("CERTIFICATE", der)).collect();
    if let Some(token) = &wire.token {
        text.push_str(&format!("{}\n", token.escape_debug()));
    }
    for line in wire.request.split_inclusive(|octet| *octet == b'\n') {
        text.push_str(&format!("{}\n", line.escape_ascii()));
    }
    Some(text)
}

/// Chain, token and request as lines; `None` where they cannot be forged.
fn decoded(step: &Attempting, world: &World, blueprint: &Blueprint) -> Option<[Vec<String>; 3]> {
    let attempt = resolve(step, blueprint).ok()?;
    let wire = forge::forge(&attempt, blueprint, world.keyring(), world.mint(), 0).ok()?;
    Some([chain(&attempt), token(&attempt, &wire, blueprint.now), request(&attempt, &wire)])
}

fn chain(attempt: &Attempt) -> Vec<String> {
    let Some(chain) = &attempt.chain else { return vec!["no certificate".into()] };
    let mut lines = Vec::new();
    for (i, certificate) in chain.certificates.iter().enumerate() {
        let name = if i == 0 { "leaf".to_string() } else { format!("issuer {i}") };
        lines.extend(certificate_lines(certificate).into_iter().map(|line| shortened(&format!("{name}: {line}"))));
    }
    lines.push(match chain.proof {
        Proof::Absent => "key proved: no, there is no CertificateVerify".into(),
        Proof::Genuine => "key proved: yes".into(),
        Proof::Corrupt => "key proved: no, a bit of the signature is flipped".into(),
        Proof::OtherKey => "key proved: no, another key signed".into(),
        Proof::ServerContext => "key proved: no, the signature is one of a server".into(),
    });
    lines
}

fn certificate_lines(it: &CertificateSpec) -> Vec<String> {
    let signer = it.signer.map_or("no key of this world".into(), |key| key.to_string());
    let mut lines = vec![
        format!("subject {}", it.subject),
        format!("issuer {}", it.issuer),
        format!("key {}, signed with {signer}", it.key),
        format!("valid from now {:+} s to now {:+} s", it.not_before, it.not_after),
    ];
    lines.extend(it.subject_rest.iter().map(|rest| format!("subject, further: {rest:?}")));
    lines.extend(it.names.iter().map(|name| format!("subjectAltName {name:?}")));
    if let Some(authority) = it.authority {
        let length = authority.path_length.map_or(String::new(), |length| format!(", path length {length}"));
        lines.push(format!("basicConstraints cA {}{length}", authority.ca));
    }
    lines.extend(it.key_usage.iter().map(|usage| format!("keyUsage {usage:?}")));
    lines.extend(it.purposes.iter().map(|purposes| format!("extendedKeyUsage {purposes:?}")));
    lines.extend(it.name_constraints.iter().map(|constraint| format!("nameConstraints {constraint:?}")));
    if let gatecrash_model::SerialName::RevokedAuthority(_) | gatecrash_model::SerialName::RevokedPerson(_) = it.serial
    {
        lines.push("listed in the CRL".into());
    }
    lines.extend(it.extra.iter().map(|extra| format!("irregular: {extra:?}")));
    lines
}

fn token(attempt: &Attempt, wire: &Wire, now: i64) -> Vec<String> {
    let (Some(spec), Some(text)) = (&attempt.token, &wire.token) else { return vec!["no token".into()] };
    let segments: Vec<&str> = text.split('.').collect();
    let mut lines = Vec::new();
    match segments[..] {
        [header, claims, _] => {
            lines.extend(members("header", header, now));
            lines.extend(members("claim", claims, now));
        }
        _ => lines.push(shortened(&format!("text: {text}"))),
    }
    lines.push(match &spec.seal {
        Seal::Key(key, algorithm) => format!("signature: {} with {key}", algorithm.name()),
        Seal::Mac(secret, algorithm) => shortened(&format!("signature: {} with {secret}", algorithm.name())),
        Seal::Nobody => "signature: nobody's".into(),
    });
    if spec.signature != SignatureForm::Genuine {
        lines.push(format!("signature octets: {:?}", spec.signature));
    }
    if !spec.rewritten_header.is_empty() || !spec.rewritten_claims.is_empty() {
        lines.push("rewritten after it was signed".into());
    }
    lines
}

/// The members of a segment, one a line; its text where it is no JSON object.
fn members(name: &str, segment: &str, now: i64) -> Vec<String> {
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    let read = Base64UrlUnpadded::decode_vec(segment).ok().and_then(|octets| String::from_utf8(octets).ok());
    let Some(read) = read else { return vec![shortened(&format!("{name}, not base64url: {segment}"))] };
    let Some(json::Json::Object(members)) = json::parse_widely(&read) else {
        return vec![shortened(&format!("{name}, no object: {read}"))];
    };
    let line = |(member, _, text): (Cow<'_, str>, json::Json<'_>, &str)| {
        let date = ["exp", "iat", "nbf"].contains(&member.as_ref()).then(|| text.parse::<i64>().ok()).flatten();
        let date = date.map_or(String::new(), |date| format!(" (now {:+} s)", date.saturating_sub(now)));
        shortened(&format!("{name} {member}: {text}{date}"))
    };
    members.into_iter().map(line).collect()
}

/// The request, with the token said once.
fn request(attempt: &Attempt, wire: &Wire) -> Vec<String> {
    if wire.request.starts_with(b"PRI * HTTP/2") {
        let mut lines =
            vec![format!("{} {} ({})", attempt.request.method, attempt.request.path, attempt.request.protocol)];
        lines.extend(attempt.request.headers.iter().map(|field| format!("{}: {}", field.name, field.value)));
        return lines.iter().map(|line| shortened(line)).collect();
    }
    let text = String::from_utf8_lossy(&wire.request);
    let text = match &wire.token {
        Some(token) => text.replace(token.as_str(), "(the token)"),
        None => text.into_owned(),
    };
    text.split_inclusive('\n')
        .filter(|line| *line != "\r\n")
        .map(|line| shortened(line.trim_end_matches("\r\n")))
        .collect()
}

/// A line without control characters, cut where it is long.
fn shortened(line: &str) -> String {
    let plain =
        |letter: char| if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() };
    let mut text: String = line.chars().take(WIDTH).map(plain).collect();
    if line.chars().count() > WIDTH {
        text.push('…');
    }
    text
}

/// Aligns lines; what has no counterpart stands alone.
fn rows(honest: &[String], forged: &[String]) -> Vec<Row> {
    let mut rows = Vec::new();
    for operation in similar::capture_diff_slices(similar::Algorithm::Myers, honest, forged) {
        let (old, new) = (&honest[operation.old_range()], &forged[operation.new_range()]);
        for i in 0..old.len().max(new.len()) {
            let (honest, forged) = (old.get(i).cloned(), new.get(i).cloned());
            rows.push(Row { differs: honest != forged, honest, forged });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned() {
        let lines = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let rows = rows(&lines("a b c"), &lines("a x c d"));
        let told: Vec<String> =
            rows.iter().map(|it| format!("{:?} {:?} {}", it.honest, it.forged, it.differs)).collect();
        let wanted = [
            "Some(\"a\") Some(\"a\") false",
            "Some(\"b\") Some(\"x\") true",
            "Some(\"c\") Some(\"c\") false",
            "None Some(\"d\") true",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn control_characters_are_spelled() {
        assert_eq!(shortened("a\rb\u{1b}"), "a\\rb\\u{1b}");
    }
}
