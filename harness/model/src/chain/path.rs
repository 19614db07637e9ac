//! Certification path validation over symbols (RFC 5280 §6.1 and §6.3): searches every path to an anchor.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Blueprint, CertificateSpec, Extra, KeyUsage, NameConstraint, Purpose, Rule, SubjectName};

/// Where the presented chain leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainPath {
    /// An end-entity certificate of the staff intermediate issues another leaf.
    LeafAsAuthority,
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
}

impl ChainPath {
    /// Every path.
    pub const ALL: [ChainPath; 7] = {
        use ChainPath::*;
        [LeafAsAuthority, MissingIntermediate, Rogue, RogueSameName, SecondRoot, SelfSigned, ServerAuthority]
    };
}

/// What else the chain holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainPadding {
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
    pub const ALL: [ChainPadding; 4] = {
        use ChainPadding::*;
        [Doubled, Root, Shuffled, Unrelated]
    };
}

/// Longest path that is searched, in certificates; no honest chain of the world comes near it.
const LONGEST: usize = 8;

/// The rules that the presented chain violates on its best path: the one that violates fewest.
///
/// Empty when some path to an anchor is valid. `certificates[0]` is the leaf; the order of the others is of no account
/// (RFC 8446 §4.4.2 asks servers to be ready for it), and neither are certificates that no path uses.
pub fn violations(certificates: &[CertificateSpec], blueprint: &Blueprint) -> BTreeSet<Rule> {
    let Some(leaf) = certificates.first() else {
        return BTreeSet::from([Rule::CertificatePresent]);
    };
    let mut search = Search { certificates, blueprint, best: Vec::new() };
    search.extend(&mut vec![leaf], leaf_rules(leaf, blueprint));
    let fewest = search.best.iter().map(BTreeSet::len).min().unwrap_or(0);
    search.best.into_iter().filter(|rules| rules.len() == fewest).flatten().collect()
}

struct Search<'a> {
    certificates: &'a [CertificateSpec],
    blueprint: &'a Blueprint,
    best: Vec<BTreeSet<Rule>>,
}

impl<'a> Search<'a> {
    /// Tries every issuer of the last certificate in `path`.
    fn extend(&mut self, path: &mut Vec<&'a CertificateSpec>, so_far: BTreeSet<Rule>) {
        let Some(last) = path.last().copied() else { return };
        let mut dead_end = true;
        for anchor in self.blueprint.anchors().iter().filter(|anchor| anchor.name == last.issuer) {
            dead_end = false;
            let mut rules = so_far.clone();
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
            let mut rules = so_far.clone();
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

fn leaf_rules(leaf: &CertificateSpec, blueprint: &Blueprint) -> BTreeSet<Rule> {
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

/// `below` holds the certificates from the leaf to the one that `issuer` signed.
fn issuer_rules(issuer: &CertificateSpec, below: &[&CertificateSpec], blueprint: &Blueprint) -> BTreeSet<Rule> {
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
    if below.iter().any(|certificate| violates_names(certificate, &issuer.name_constraints)) {
        rules.insert(Rule::NameConstraints);
    }
    rules
}

fn common_rules(certificate: &CertificateSpec, blueprint: &Blueprint) -> BTreeSet<Rule> {
    let mut rules = BTreeSet::new();
    if certificate.not_before > 0 || certificate.not_after < 0 {
        rules.insert(Rule::CertificateValidity);
    }
    match certificate.extra {
        Some(Extra::RepeatedNames) => {
            rules.insert(Rule::ExtensionUnique);
        }
        Some(Extra::UnknownCritical) => {
            rules.insert(Rule::CriticalExtension);
        }
        Some(Extra::UnknownNonCritical) | None => {}
    }
    if blueprint.policy.certificates.revocation {
        if !blueprint.crl_issuers().contains(&certificate.issuer) {
            rules.insert(Rule::RevocationStatus);
        }
        let listed = |entry: &crate::CrlEntry| entry.issuer == certificate.issuer && entry.serial == certificate.serial;
        if blueprint.revoked().iter().any(listed) {
            rules.insert(Rule::Revocation);
        }
    }
    rules
}

fn violates_names(certificate: &CertificateSpec, constraints: &[NameConstraint]) -> bool {
    let permitted: Vec<&str> = constraints
        .iter()
        .filter_map(|constraint| match constraint {
            NameConstraint::PermittedDns(base) => Some(base.as_str()),
            NameConstraint::ExcludedDns(_) => None,
        })
        .collect();
    certificate.names.iter().any(|name| {
        let SubjectName::Dns(host) = name else { return false };
        let excluded = constraints.iter().any(|constraint| match constraint {
            NameConstraint::ExcludedDns(base) => in_subtree(host, base),
            NameConstraint::PermittedDns(_) => false,
        });
        excluded || (!permitted.is_empty() && !permitted.iter().any(|base| in_subtree(host, base)))
    })
}

/// Whether `host` is `base` with zero or more labels added on the left (RFC 5280 §4.2.1.10).
fn in_subtree(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    host == base || host.strip_suffix(&base).is_some_and(|labels| labels.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::in_subtree;

    #[test]
    fn a_subtree_holds_whole_labels_only() {
        assert!(in_subtree("a.example.test", "example.test"));
        assert!(in_subtree("EXAMPLE.test", "example.test"));
        assert!(!in_subtree("badexample.test", "example.test"));
    }
}
