//! The chains of public vectors as symbols, read by x509-parser: each key and each name of a case falls on one of the
//! blueprint's. Never looks at what is expected of a case; what the symbols cannot say is a reason to leave it out.

mod keys;
mod symbols;

use std::net::IpAddr;

use gatecrash::model::{BasicConstraints, Blueprint, CertificateSpec, ChainSpec, KeyName, Proof, Scene};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject as _};
use serde_json::Value;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use self::symbols::{Symbols, is_constrained};
use super::certificate;

/// Why a case is left out: what the symbols, or the crates at hand, have no word for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// A constraint on addresses that is no prefix of IPv4.
    AddressRange,
    /// An anchor's key is neither on P-256 nor RSA of at least 2048 bits; the world's anchors have no other.
    AnchorKey,
    /// More than two anchors, or two that share a name or a key.
    Anchors,
    /// The vector bounds the depth of the path, which no policy does.
    DepthBound,
    /// A constraint on directory names that holds more than one of them, or alternative directory names under one.
    DirectoryNames,
    /// An extension that path validation needs cannot be read.
    Extension,
    /// More than one irregularity in one certificate.
    Extras,
    /// A key for which the world has no name.
    Keys,
    /// A constraint on a form of name that the symbols do not have.
    NameForm,
    /// The vector asks for a peer by a name that is not in the leaf.
    PeerName,
    /// Constraints on policies.
    Policies,
    /// More paths, or longer ones, than the oracle searches.
    Search,
}

/// A case as the oracle reads it.
pub(super) struct LiftedChain {
    pub(super) chain: ChainSpec,
    /// Whether there are lists of what is revoked.
    pub(super) revocation: bool,
    pub(super) scene: Scene,
}

/// Reads a case at `now`, in seconds since the Unix epoch.
pub(super) fn lift(case: &Value, blueprint: &Blueprint, now: i64) -> Result<LiftedChain, Reason> {
    if !case["max_chain_depth"].is_null() {
        return Err(Reason::DepthBound);
    }
    let list = |name: &str| case[name].as_array().cloned().unwrap_or_default();
    let trusted: Vec<CertificateDer<'_>> = list("trusted_certs").iter().map(certificate).collect();
    let mut presented = vec![certificate(&case["peer_certificate"])];
    presented.extend(list("untrusted_intermediates").iter().map(certificate));
    let crls: Vec<CertificateRevocationListDer<'_>> = list("crls")
        .iter()
        .map(|pem| CertificateRevocationListDer::from_pem_slice(pem.as_str().unwrap().as_bytes()).unwrap())
        .collect();
    let trusted: Vec<X509Certificate<'_>> =
        trusted.iter().map(|der| X509Certificate::from_der(der).unwrap().1).collect();
    let presented: Vec<X509Certificate<'_>> =
        presented.iter().map(|der| X509Certificate::from_der(der).unwrap().1).collect();
    let crls: Vec<CertificateRevocationList<'_>> =
        crls.iter().map(|der| CertificateRevocationList::from_der(der).unwrap().1).collect();

    let mut symbols = Symbols::new(&trusted, &presented, blueprint)?;
    symbols.read_lists(&crls, &trusted, &presented, now);
    let mut certificates = Vec::new();
    for certificate in &presented {
        certificates.push(symbols.spec(certificate, now)?);
    }
    // An anchor's constraints bind as those of an authority right below it would (RFC 5937 §3), and the symbols have
    // anchors without any: what else its certificate says is of no account.
    for anchor in trusted.iter().filter(|anchor| is_constrained(anchor)) {
        let read = symbols.spec(anchor, now)?;
        let [root, _] = blueprint.anchors();
        certificates.push(CertificateSpec {
            subject: read.subject,
            key: read.key,
            issuer: root.name.into(),
            signer: Some(root.key),
            name_constraints: read.name_constraints,
            authority: Some(BasicConstraints { ca: true, path_length: None }),
            ..blueprint.authority(KeyName::StaffIntermediate)
        });
    }
    asked_for(case, &presented[0])?;
    searchable(&certificates)?;
    let expired = trusted.iter().all(|anchor| anchor.validity().not_after.timestamp() < now);
    Ok(LiftedChain {
        chain: ChainSpec { certificates, proof: Proof::Genuine },
        revocation: !crls.is_empty(),
        scene: if expired { Scene::AnchorExpired } else { Scene::Usual },
    })
}

/// Looks for the names that the vector asks for: no gate here knows clients by the name of a host.
fn asked_for(case: &Value, leaf: &X509Certificate<'_>) -> Result<(), Reason> {
    let names: Vec<&GeneralName<'_>> = leaf
        .extensions()
        .iter()
        .filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        })
        .flatten()
        .collect();
    let many = case["expected_peer_names"].as_array().cloned().unwrap_or_default();
    let found = |asked: &Value| {
        let text = asked["value"].as_str().unwrap_or_default();
        names.iter().any(|name| match name {
            // An asterisk stands for the leftmost label (RFC 9525 §6.3).
            GeneralName::DNSName(name) => {
                let below = text.split_once('.').map(|(_, below)| below);
                asked["kind"] == "DNS" && (*name == text || (below.is_some() && name.strip_prefix("*.") == below))
            }
            GeneralName::RFC822Name(name) => asked["kind"] == "RFC822" && *name == text,
            GeneralName::IPAddress(octets) => match text.parse() {
                Ok(IpAddr::V4(address)) => *octets == address.octets(),
                Ok(IpAddr::V6(address)) => *octets == address.octets(),
                Err(_) => false,
            },
            _ => false,
        })
    };
    let one = Some(&case["expected_peer_name"]).filter(|asked| !asked.is_null());
    if one.into_iter().chain(&many).all(found) { Ok(()) } else { Err(Reason::PeerName) }
}

/// Walks every path as the oracle does, and gives up where it would take too long or not reach the end.
fn searchable(certificates: &[CertificateSpec]) -> Result<(), Reason> {
    const LONGEST: usize = 8;
    const MOST: usize = 100_000;
    fn walk<'a>(all: &'a [CertificateSpec], path: &mut Vec<&'a CertificateSpec>, steps: &mut usize) -> bool {
        *steps += 1;
        let twice = |at: usize| path[..at].iter().any(|it| it.subject == path[at].subject && it.key == path[at].key);
        let last = path[path.len() - 1];
        let mut issuers = all[1..].iter().filter(|it| it.subject == last.issuer);
        if path.len() == LONGEST {
            return (1..path.len()).any(twice) || issuers.next().is_none();
        }
        issuers.all(|issuer| {
            if path.iter().any(|used| std::ptr::eq(*used, issuer)) {
                return true;
            }
            path.push(issuer);
            let fits = *steps < MOST && walk(all, path, steps);
            path.pop();
            fits
        })
    }
    if walk(certificates, &mut vec![&certificates[0]], &mut 0) { Ok(()) } else { Err(Reason::Search) }
}
