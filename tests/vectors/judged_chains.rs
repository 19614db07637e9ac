//! The same chains, lifted and judged by the oracle: what vector, oracle and server disagree about is listed, with the
//! clause that settles it. Signatures are checked here by RustCrypto, not by the server's backend.

use std::collections::{BTreeMap, BTreeSet};

use gatecrash::model::{
    Binding, Blueprint, Case, Identity, Lifted, Person, Policy, Rule, Stage, Stance, TokenPolicy, judge_lifted, resolve,
};
use serde_json::Value;

use super::{
    chains,
    lifted_chains::{LiftedChain, Reason, lift},
    tokens::NOW,
    vectors,
};

/// What the oracle says: `admit`, `refuse`, or `either` where readings differ.
type Word = &'static str;

/// Whether the vector and the server accept, the oracle between them.
type Triple = (bool, Word, bool);

/// The gallery's policy for certificates that name nobody of the world, and tokens bound to none.
fn blueprint(revocation: bool) -> Blueprint {
    let mut policy: Policy = gatecrash_gallery::policy().unwrap();
    policy.tokens = TokenPolicy { binding: Binding::None, ..policy.tokens };
    policy.certificates.identity = Identity::None;
    policy.certificates.revocation = revocation;
    Blueprint::new(policy, NOW)
}

/// Has a case judged by all three; the rules are those that some reading of the oracle's sees violated.
fn judged(case: &Value) -> Result<(Triple, BTreeSet<Rule>), Reason> {
    let LiftedChain { chain, revocation, scene } = lift(case, &blueprint(false), chains::now(case))?;
    let blueprint = Blueprint { scene, ..blueprint(revocation) };
    let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", Vec::new());
    let honest = resolve(&honest.steps[0], &blueprint).unwrap().expected(&blueprint);
    let verdict = judge_lifted(&Lifted { chain: Some(chain), ..honest }, &blueprint);
    // Nothing but the chain is out of the ordinary.
    assert!(verdict.refusals.iter().all(|rule| rule.stage() == Stage::Handshake), "{} {verdict:?}", case["id"]);
    let vector = case["expected_result"] == "SUCCESS";
    Ok(((vector, verdict.name(), chains::judge(case).is_ok()), verdict.refusals))
}

fn agree((vector, oracle, server): Triple) -> bool {
    vector == server && oracle != if vector { "refuse" } else { "admit" }
}

/// What came of the cases of a file.
#[derive(Default)]
struct Comparison {
    skipped: BTreeMap<Reason, usize>,
    triples: BTreeMap<Triple, usize>,
    /// By the case's id; see [`DISPUTES`].
    disputes: BTreeMap<String, (Triple, BTreeSet<Rule>)>,
}

fn compare(file: &Value) -> Comparison {
    let mut seen = Comparison::default();
    for case in file["testcases"].as_array().unwrap() {
        match judged(case) {
            Err(reason) => *seen.skipped.entry(reason).or_default() += 1,
            Ok((triple, rules)) => {
                *seen.triples.entry(triple).or_default() += 1;
                if !agree(triple) {
                    seen.disputes.insert(case["id"].as_str().unwrap().into(), (triple, rules));
                }
            }
        }
    }
    seen
}

/// Every disagreement: what vector, oracle and server say, the rules that the oracle names, and the cases.
const DISPUTES: &[(Triple, &[Rule], &[&str])] = &[
    // RFC 5280 §6.1.1 (d): of an anchor its name and its key count. The vectors validate its certificate, too.
    (
        (false, "admit", true),
        &[],
        &[
            "crl::issuer-missing-crlsign",
            "rfc5280::aki::critical-aki",
            "rfc5280::aki::cross-signed-root-missing-aki",
            "rfc5280::nc::permitted-dns-match-noncritical",
            "rfc5280::root-inconsistent-ca-extensions",
            "rfc5280::root-missing-basic-constraints",
            "rfc5280::root-non-critical-basic-constraints",
            "rfc5280::ski::critical-ski",
            "rfc5280::ski::root-missing-ski",
            "rfc5280::unknown-critical-extension-root",
            "webpki::aki::root-with-aki-all-fields",
            "webpki::aki::root-with-aki-authoritycertissuer",
            "webpki::aki::root-with-aki-authoritycertserialnumber",
            "webpki::aki::root-with-aki-missing-keyidentifier",
            "webpki::aki::root-with-aki-ski-mismatch",
            "webpki::eku::root-has-eku",
        ],
    ),
    // The same, where the oracle has a reading for it: a verifier may look at the anchor's validity.
    ((false, "either", true), &[Rule::CertificateValidity], &["rfc5280::validity::expired-root"]),
    // The same, seen from the leaf: its issuer has no name. RFC 5280 §4.1.2.4 forbids that, and §6.1 does not look.
    ((false, "refuse", true), &[Rule::CertificateForm], &["rfc5280::ca-empty-subject"]),
    // What RFC 5280 asks of authorities, and not of verifiers: §4.2.1.1 and §4.2.1.2 (key identifiers), §4.2.1.3 and
    // §4.2.1.9 (a leaf that may sign certificates), §4.2.1.6 (how alternative names are marked and spelled), §4.2.1.10
    // (where constraints stand, and that they are not empty), §4.2.2.1 (access to information, which is not critical),
    // §5.2.3 (numbers of lists).
    (
        (false, "admit", true),
        &[],
        &[
            "crl::crlnumber-critical",
            "crl::crlnumber-missing",
            "rfc5280::aki::intermediate-missing-aki",
            "rfc5280::aki::leaf-missing-aki",
            "rfc5280::leaf-ku-keycertsign",
            "rfc5280::nc::not-allowed-in-ee-critical",
            "rfc5280::nc::not-allowed-in-ee-noncritical",
            "rfc5280::san::noncritical-with-empty-subject",
            "rfc5280::san::underscore-dns",
            "rfc5280::ski::intermediate-missing-ski",
            "webpki::malformed-aia",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
            "webpki::san::san-critical-with-nonempty-subject",
        ],
    ),
    // RFC 5280 §4.1.2.2: authorities issue no such serial numbers, and users of certificates should be ready for them.
    ((false, "either", true), &[Rule::CertificateForm], &["rfc5280::serial::too-long", "rfc5280::serial::zero"]),
    // The profile of public web servers alone (CA/Browser Forum, Baseline Requirements): the common name is one of the
    // alternative names, purposes are neither critical nor any, no wildcard holds a public suffix, and what keys of
    // subscribers and roots may be.
    (
        (false, "admit", true),
        &[],
        &[
            "webpki::cn::case-mismatch",
            "webpki::cn::ipv4-hex-mismatch",
            "webpki::cn::ipv4-leading-zeros-mismatch",
            "webpki::cn::ipv6-non-rfc5952-mismatch",
            "webpki::cn::ipv6-uncompressed-mismatch",
            "webpki::cn::ipv6-uppercase-mismatch",
            "webpki::cn::not-in-san",
            "webpki::cn::punycode-not-in-san",
            "webpki::cn::utf8-vs-punycode-mismatch",
            "webpki::eku::ee-anyeku",
            "webpki::eku::ee-critical-eku",
            "webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf",
            "webpki::forbidden-rsa-not-divisible-by-8-in-root",
            "webpki::san::public-suffix-multi-label-wildcard-san",
            "webpki::san::public-suffix-private-namespace-wildcard-san",
            "webpki::san::public-suffix-wildcard-san",
        ],
    ),
    // RFC 9325 §4.5, RFC 8446 §4.2.3: no such key signs a handshake. The server tells when the client is to prove that it has
    // it; here it sees certificates alone.
    (
        (false, "refuse", true),
        &[Rule::CertificateAlgorithm],
        &["webpki::forbidden-dsa-leaf", "webpki::forbidden-weak-rsa-in-leaf"],
    ),
    // RFC 5280 §4.2.1.12 leaves it to the application whether the purpose must be there; policy and server ask for it.
    ((true, "refuse", false), &[Rule::ExtendedKeyUsage], &["rfc5280::eku::ee-without-eku"]),
    // The same; and RFC 5280 §4.2.1.3: a key for certificates alone signs no handshake. These leaves are authorities.
    (
        (true, "refuse", false),
        &[Rule::BasicConstraints, Rule::ExtendedKeyUsage, Rule::LeafKeyUsage],
        &["pathlen::validation-ignores-pathlen-in-leaf", "rfc5280::ca-as-leaf"],
    ),
    // RFC 5280 §4.2.1.10: who does not process constraints on a form of name refuses what holds such a name.
    (
        (true, "either", false),
        &[Rule::NameConstraints],
        &[
            "rfc5280::nc::nc-permits-email-domain",
            "rfc5280::nc::nc-permits-email-exact",
            "rfc5280::nc::nc-permits-email-literal-asterisk-exact-match",
            "rfc5280::nc::nc-permits-email-literal-double-asterisk",
            "rfc5280::nc::nc-permits-email-literal-mid-asterisk",
            "rfc5280::nc::permitted-dn-match",
        ],
    ),
    // RFC 5280 §6.1.3 (b) and §6.1.4 (l): what is self-issued, and not the leaf, is bound by no constraint on names and does
    // not count against the length of a path. The server binds and counts it.
    ((true, "admit", false), &[], &["pathlen::self-issued-certs-pathlen", "rfc5280::nc::permitted-self-issued"]),
    // RFC 5280 §4.2.1.10 knows a leading period in constraints on URIs, not on DNS names. The server takes it for one.
    ((false, "refuse", true), &[Rule::NameConstraints], &["rfc5280::nc::invalid-dnsname-leading-period"]),
    // RFC 5280 bounds neither names nor constraints: the vectors call these valid, and expect that nobody bears them.
    ((false, "admit", false), &[], &["pathological::nc-dos-1", "pathological::nc-dos-2"]),
];

#[test]
#[ignore = "needs GATECRASH_VECTORS"]
fn vector_oracle_and_server_are_compared_on_limbo_chains() {
    let file = vectors("limbo-client.json");
    let seen = compare(&file);
    let known = DISPUTES.iter().flat_map(|(triple, rules, ids)| {
        ids.iter().map(move |id| (id.to_string(), (*triple, rules.iter().copied().collect())))
    });
    assert_eq!(seen.disputes, known.collect());
    // Of 194 cases 147 are lifted.
    let skipped = [
        (Reason::AddressRange, 4),
        (Reason::AnchorKey, 4),
        (Reason::Anchors, 1),
        (Reason::DepthBound, 6),
        (Reason::DirectoryNames, 2),
        (Reason::Extension, 1),
        (Reason::Extras, 1),
        (Reason::Keys, 4),
        (Reason::NameForm, 2),
        (Reason::PeerName, 19),
        (Reason::Policies, 1),
        (Reason::Search, 2),
    ];
    assert_eq!(seen.skipped, BTreeMap::from(skipped));
    let triples = [
        ((false, "admit", false), 2),
        ((false, "admit", true), 46),
        ((false, "either", false), 5),
        ((false, "either", true), 3),
        ((false, "refuse", false), 44),
        ((false, "refuse", true), 4),
        ((true, "admit", false), 2),
        ((true, "admit", true), 32),
        ((true, "either", false), 6),
        ((true, "refuse", false), 3),
    ];
    assert_eq!(seen.triples, BTreeMap::from(triples));
}

#[test]
#[ignore = "needs GATECRASH_VECTORS"]
fn vector_oracle_and_server_agree_about_path_building() {
    let file = vectors("bettertls-pathbuilding-client.json");
    let seen = compare(&file);
    assert_eq!(seen.skipped, BTreeMap::new());
    assert_eq!(seen.disputes, BTreeMap::new());
    // An intermediate for another purpose is a matter of readings (RFC 5280 §4.2.1.12), on the path or beside it.
    let triples = [
        ((false, "either", false), 6),
        ((false, "refuse", false), 30),
        ((true, "admit", true), 39),
        ((true, "either", true), 6),
    ];
    assert_eq!(seen.triples, BTreeMap::from(triples));
}
