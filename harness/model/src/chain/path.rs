//! Certification path validation over symbols (RFC 5280 §6.1 and §6.3): searches every path to an anchor.

use serde::{Deserialize, Serialize};

use super::constraints;
use crate::{Blueprint, CertificateSpec, Extra, KeyName, KeyUsage, Purpose, Rule, RuleSet, Unfit};

/// Where the presented chain leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainPath {
    /// The intermediate, certified by the second trusted root.
    CrossSigned,
    /// An end-entity certificate of the staff intermediate issues another leaf.
    LeafAsAuthority,
    /// Two intermediates that certify one another.
    Loop,
    /// The intermediate is left out.
    MissingIntermediate,
    /// Eve's authority under names of her own.
    Rogue,
    /// Eve's authority under the names of the genuine one.
    RogueSameName,
    /// The second trusted root issues the leaf itself.
    SecondRoot,
    /// The leaf signs itself.
    SelfSigned,
    /// The authority of the server's certificate issues the leaf.
    ServerAuthority,
    /// An authority below the intermediate, which allows none.
    SubAuthority,
    /// An authority that the root certified, and that nobody should believe.
    Unfit(Unfit),
}

impl ChainPath {
    /// Every path.
    ///
    /// ```
    /// use gatecrash_model::path::ChainPath;
    /// assert!(ChainPath::ALL.contains(&ChainPath::SelfSigned));
    /// ```
    pub const ALL: &[ChainPath] = {
        use ChainPath::*;
        &[
            CrossSigned,
            LeafAsAuthority,
            Loop,
            MissingIntermediate,
            Rogue,
            RogueSameName,
            SecondRoot,
            SelfSigned,
            ServerAuthority,
            SubAuthority,
            Unfit(self::Unfit::Dsa),
            Unfit(self::Unfit::ExplicitCurve),
            Unfit(self::Unfit::Md5),
            Unfit(self::Unfit::P224),
            Unfit(self::Unfit::Rsa512),
            Unfit(self::Unfit::Rsa1024),
        ]
    };
}

/// What else the chain holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainPadding {
    /// Another person's public certificate behind all others.
    Bystander,
    /// Another person's public certificate right behind the leaf.
    BystanderNext,
    /// Every certificate above the leaf twice.
    Doubled,
    /// The root as well.
    Root,
    /// The root before the intermediate.
    Shuffled,
    /// Certificates that lead nowhere.
    Unrelated,
}

impl ChainPadding {
    /// Every padding.
    ///
    /// ```
    /// use gatecrash_model::path::ChainPadding;
    /// assert!(ChainPadding::ALL.contains(&ChainPadding::Shuffled));
    /// ```
    pub const ALL: &[ChainPadding] = {
        use ChainPadding::*;
        &[Bystander, BystanderNext, Doubled, Root, Shuffled, Unrelated]
    };
}

/// Longest path that is searched, in certificates; no honest chain of the world comes near it.
const LONGEST: usize = 8;

/// The rules that the presented chain violates on its best path: the one that violates fewest.
///
/// Empty when some path to an anchor is valid. `certificates[0]` is the leaf; the order of the others is of no account
/// (RFC 8446 §4.4.2 asks servers to be ready for it), and neither are certificates that no path uses.
pub(crate) fn violations(certificates: &[CertificateSpec], blueprint: &Blueprint) -> RuleSet {
    let Some(leaf) = certificates.first() else {
        return RuleSet::from(Rule::CertificatePresent);
    };
    let mut search = Search { certificates, blueprint, best: Vec::new() };
    search.extend(&mut vec![leaf], leaf_rules(leaf, blueprint));
    let fewest = search.best.iter().map(|rules| rules.count()).min().unwrap_or(0);
    search.best.into_iter().filter(|rules| rules.count() == fewest).flatten().collect()
}

struct Search<'a> {
    certificates: &'a [CertificateSpec],
    blueprint: &'a Blueprint,
    best: Vec<RuleSet>,
}

impl<'a> Search<'a> {
    /// Tries every issuer of the last certificate in `path`.
    fn extend(&mut self, path: &mut Vec<&'a CertificateSpec>, so_far: RuleSet) {
        let Some(last) = path.last().copied() else { return };
        let mut dead_end = true;
        for anchor in self.blueprint.trusted_anchors().iter().filter(|anchor| anchor.name == last.issuer) {
            dead_end = false;
            let mut rules = so_far;
            if last.signer != Some(anchor.key) {
                rules.insert(Rule::CertificateSignature);
            }
            self.best.push(rules);
        }
        let issuers = self.certificates.iter().skip(1).filter(|issuer| issuer.subject == last.issuer);
        for issuer in issuers.collect::<Vec<_>>() {
            if path.len() >= LONGEST || path.iter().any(|used| std::ptr::eq(*used, issuer)) {
                continue;
            }
            dead_end = false;
            let mut rules = so_far;
            if last.signer != Some(issuer.key) {
                rules.insert(Rule::CertificateSignature);
            }
            rules.extend(issuer_rules(issuer, path, self.blueprint));
            // A path that comes back to the same name and key leads nowhere (RFC 4158 §5.2).
            if path.iter().any(|below| below.subject == issuer.subject && below.key == issuer.key) {
                rules.insert(Rule::PathToAnchor);
            }
            path.push(issuer);
            self.extend(path, rules);
            path.pop();
        }
        if dead_end {
            let mut rules = so_far;
            rules.insert(Rule::PathToAnchor);
            self.best.push(rules);
        }
    }
}

fn leaf_rules(leaf: &CertificateSpec, blueprint: &Blueprint) -> RuleSet {
    let mut rules = common_rules(leaf, blueprint);
    match &leaf.purposes {
        None if blueprint.policy.certificates.client_auth_purpose => {
            rules.insert(Rule::ExtendedKeyUsage);
        }
        Some(purposes) if !purposes.contains(&Purpose::ClientAuth) => {
            rules.insert(Rule::ExtendedKeyUsage);
        }
        _ => {}
    }
    if leaf.key_usage.as_ref().is_some_and(|usage| !usage.contains(&KeyUsage::DigitalSignature)) {
        rules.insert(Rule::LeafKeyUsage);
    }
    rules
}

/// The rule that an irregularity violates whatever the reading.
fn irregular(extra: Extra) -> Option<Rule> {
    use Extra::*;
    match extra {
        EmptyIssuer | FractionalTime | IndefiniteLength | MalformedConstraints | OtherAlgorithm | TrailingOctet => {
            Some(Rule::CertificateForm)
        }
        RepeatedConstraints | RepeatedNames => Some(Rule::ExtensionUnique),
        Sha1 => Some(Rule::CertificateAlgorithm),
        UnknownCritical => Some(Rule::CriticalExtension),
        // A matter of readings, or of no account; versions 1 and 2 lack what others have, which other rules see.
        CriticalInhibitAny | CriticalPolicies | LongSerial | NegativeSerial | RepeatedUnknown | UnknownNonCritical
        | UnreadableName | Version1 | Version2 | ZeroSerial => None,
    }
}

/// `below` holds the certificates from the leaf to the one that `issuer` signed.
fn issuer_rules(issuer: &CertificateSpec, below: &[&CertificateSpec], blueprint: &Blueprint) -> RuleSet {
    let mut rules = common_rules(issuer, blueprint);
    match issuer.authority {
        Some(constraints) if constraints.ca => {
            // Self-issued certificates and the leaf do not count (RFC 5280 §6.1.4 (l), (m)).
            let intermediates = below.iter().skip(1).filter(|certificate| !certificate.is_self_issued()).count();
            if constraints.path_length.is_some_and(|limit| intermediates > usize::from(limit)) {
                rules.insert(Rule::PathLength);
            }
        }
        _ => {
            rules.insert(Rule::BasicConstraints);
        }
    }
    if issuer.key_usage.as_ref().is_some_and(|usage| !usage.contains(&KeyUsage::KeyCertSign)) {
        rules.insert(Rule::IssuerKeyUsage);
    }
    // A CRL that its issuer may not sign says nothing (RFC 5280 §6.3.3 (f)).
    if blueprint.policy.certificates.revocation
        && issuer.key_usage.as_ref().is_some_and(|usage| !usage.contains(&KeyUsage::CrlSign))
    {
        rules.insert(Rule::RevocationStatus);
    }
    // What is self-issued, and not the leaf, is left out (RFC 5280 §6.1.3 (b), (c)).
    let mut bound = below.iter().enumerate().filter(|(at, certificate)| *at == 0 || !certificate.is_self_issued());
    if bound.any(|(_, certificate)| constraints::violates(certificate, &issuer.name_constraints)) {
        rules.insert(Rule::NameConstraints);
    }
    rules
}

fn common_rules(certificate: &CertificateSpec, blueprint: &Blueprint) -> RuleSet {
    let mut rules = RuleSet::default();
    // Within the drift of the gate's clock it is a question of reading.
    if certificate.not_before > blueprint.drift || certificate.not_after < 0 {
        rules.insert(Rule::CertificateValidity);
    }
    rules.extend(certificate.extra.and_then(irregular));
    // No algorithm that a server offers (RFC 8446 §4.4.2.3, §4.2.3), a curve by its name (RFC 5480 §2.1.1), an RSA key of
    // at least 2048 bits (RFC 9325 §4.5).
    if matches!(certificate.key, KeyName::Unfit(_)) {
        rules.insert(Rule::CertificateAlgorithm);
    }
    if blueprint.policy.certificates.revocation {
        if !blueprint.crl_issuers().any(|name| name == certificate.issuer) {
            rules.insert(Rule::RevocationStatus);
        }
        let listed = |entry: &crate::CrlEntry| entry.issuer == certificate.issuer && entry.serial == certificate.serial;
        if blueprint.revoked().any(|entry| listed(&entry)) {
            rules.insert(Rule::Revocation);
        }
    }
    rules
}
