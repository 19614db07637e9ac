//! The article that this project comes from, statement by statement: the families that test each, and the gates that they find.

use std::{collections::BTreeSet, fmt::Write as _};

use gatecrash::corpus::catalogue::Catalogue;

use crate::kills::Killed;

/// How a statement is answered.
enum Answer {
    /// Families of the catalogue test it.
    Families(&'static [&'static str]),
    /// Families test a part of it; the rest, in words.
    Partly(&'static [&'static str], &'static str),
    /// A command shows it, and the sentence says how.
    Command(&'static str, &'static str),
    /// It cannot occur at a resource server, or nothing tests it yet, and the sentence says why.
    Untested(&'static str),
}

use Answer::{Command, Families, Partly, Untested};

/// Every statement of the article in our words, in its order.
const STATEMENTS: &[(&str, Answer)] = &[
    (
        "Mutual TLS is verified at the transport; a client must hold a certificate.",
        Families(&["chain-trust", "chain-outsider", "chain-validity", "chain-revoked"]),
    ),
    (
        "JWT validation runs in middleware or an extractor after it.",
        Families(&["authz-no-bearer", "sig-damaged", "exp-past"]),
    ),
    ("Mutual TLS alone is no identity assurance: a request without a token must fail.", Families(&["factor-alone"])),
    ("The issuer is checked against the client certificate.", Families(&["issuer-scope-of-trust", "iss-mixup"])),
    (
        "A certificate from a rogue authority or a compromised provisioning must not help.",
        Families(&["chain-outsider", "chain-trust", "anchor", "seq-revoke"]),
    ),
    (
        "A token from a less guarded upstream service must not help.",
        Families(&["aud-other", "stolen-token", "token-use"]),
    ),
    ("JWT validation before mutual TLS in the stack is a flaw of high severity.", Families(&["order"])),
    ("`aud` is required and compared.", Families(&["aud-missing", "aud-other", "aud-type"])),
    ("`nbf` and `exp` are required and compared.", Families(&["exp-missing", "exp-past", "nbf-future", "seq-cache"])),
    (
        "Scope and roles are checked, or privileges escalate.",
        Partly(
            &["scope-none", "scope-near", "roles", "bfla"],
            "`authorization_details` and step-up authentication (`acr`, `amr`) are not tested",
        ),
    ),
    (
        "Weak algorithms, `none`, and symmetric and asymmetric algorithms taken for each other are rejected.",
        Families(&["alg-none", "alg-confusion-hs", "alg-cross-key", "alg-same-family"]),
    ),
    ("Weak secrets are found.", Families(&["alg-weak-secret"])),
    ("The certificate's subject equals the token's subject.", Families(&["sub-other", "stolen-token", "id-disagree"])),
    (
        "A stolen token for another audience over a valid certificate must fail.",
        Families(&["stolen-token", "aud-other"]),
    ),
    (
        "Audience and scopes are mapped to attributes of the certificate (least privilege).",
        Partly(&["cert-cap", "narrow-scope"], "scopes are; audiences are not limited by certificate"),
    ),
    (
        "The OpenAPI document is correlated with behavior.",
        Command(
            "cargo gatecrash run --openapi openapi.yaml",
            "It calls each operation with and without what the document asks for (`mutualTLS`, `openIdConnect` and `x-mtls` included): a service that asks for less is an `Undocumented` finding, one that asks for more an `Overdocumented` one. Then it compares document and policy, both ways.",
        ),
    ),
    ("The order of the middleware is verified.", Families(&["order", "wiring"])),
    ("Missing claim checks are flagged.", Families(&["aud-missing", "exp-missing", "iss-missing", "identifiers"])),
    (
        "Assistants behind the API are probed for prompt injection and leaked system prompts.",
        Families(&["assistant-direct", "assistant-encoded", "assistant-carried"]),
    ),
    (
        "The concrete example: an extractor, a TLS acceptor with client authentication, no comparison of subjects.",
        Command(
            "cargo gatecrash --demo run --gate article --attempts 2000",
            "The gallery has that service as the gate `article`. The command exits with 1.",
        ),
    ),
    (
        "Findings have severities.",
        Command(
            "cargo gatecrash attacks",
            "The table has the severity of each attack. A report has that of each finding.",
        ),
    ),
    (
        "Findings map to the OWASP API Security Top 10 2023.",
        Command(
            "cargo gatecrash attacks alg-none",
            "The line `weakness` has it; HTML, SARIF, JSON and Markdown have it for each finding.",
        ),
    ),
    (
        "Findings map to common compliance frameworks.",
        Command(
            "cargo gatecrash attacks --mapping asvs",
            "It prints what is covered of ASVS 5.0, and what is not; `pci`, `soc2` and `nist` name the other frameworks.",
        ),
    ),
    (
        "Findings come with remediation guidance and code for Axum.",
        Command("cargo gatecrash attacks order", "The line `fix` has the guidance. A report adds code for axum."),
    ),
    (
        "Asymmetric keys are preferred.",
        Command("cargo gatecrash attacks alg-weak-secret", "The guidance prefers keys of an asymmetric algorithm."),
    ),
    ("CWE-287: improper authentication.", Families(&["stolen-token", "bound-elsewhere", "sub-other"])),
    (
        "CWE-306: missing authentication for a critical function.",
        Families(&["factor-alone", "authz-no-bearer", "wiring"]),
    ),
    ("CWE-307: brute force.", Families(&["seq-throttle"])),
    ("CWE-308: single-factor authentication.", Families(&["factor-alone", "bound-elsewhere"])),
    (
        "CWE-309: a password system for primary authentication.",
        Untested("a resource server has no password; a certificate's key and a signed token prove who asks"),
    ),
    (
        "CWE-347: improper verification of a signature.",
        Families(&["alg-none", "sig-damaged", "sig-tampered", "sig-wrong-key"]),
    ),
    (
        "CWE-384: session fixation.",
        Partly(
            &["cookie", "bound-elsewhere"],
            "a resource server without sessions has none to fix; a token in a cookie is tested",
        ),
    ),
    ("CWE-521: weak password requirements, here of the secrets of MACs.", Families(&["alg-weak-secret"])),
    (
        "CWE-613: insufficient session expiration.",
        Families(&["exp-past", "exp-missing", "expired-token", "chain-revoked", "seq-cache", "seq-revoke"]),
    ),
    (
        "CWE-640: weak password recovery.",
        Untested("nothing is recovered at a resource server; tokens and certificates are issued elsewhere"),
    ),
];

/// The page. `Err` names families that are none of the catalogue, and commands that name none.
pub fn page(catalogue: &Catalogue, kills: &[Killed]) -> Result<String, Vec<String>> {
    let mut faults = Vec::new();
    let mut text = String::from(
        "# The article, statement by statement\n\nGenerated by `cargo run --bin measure -- --docs`; a test holds it to the \
         catalogue.\n\nThe project began with an article on misconfigured JWT validation in Axum services behind mutual TLS. \
         Each of its statements stands here in our words, with the families that test it, the command that explains them, and the \
         gates of the gallery that they find.\n",
    );
    for (index, (statement, answer)) in STATEMENTS.iter().enumerate() {
        let _ = write!(text, "\n## {}. {}\n\n", index + 1, heading(statement));
        match answer {
            Families(families) => text.push_str(&tested(families, catalogue, kills, &mut faults)),
            Partly(families, rest) => {
                text.push_str(&tested(families, catalogue, kills, &mut faults));
                let _ = write!(text, "\nNot covered: {rest}.\n");
            }
            Command(command, told) => {
                if let Some(id) = command.strip_prefix("cargo gatecrash attacks ").filter(|id| !id.starts_with('-'))
                    && catalogue.find(id).is_empty()
                {
                    faults.push(format!("statement {}: there is no family `{id}`", index + 1));
                }
                let _ = write!(text, "    {command}\n\n{told}\n");
            }
            Untested(reason) => {
                let _ = writeln!(text, "Not tested: {reason}.");
            }
        }
    }
    if faults.is_empty() { Ok(text) } else { Err(faults) }
}

/// A heading has no full stop.
fn heading(statement: &str) -> &str {
    statement.trim_end_matches('.')
}

/// What tests a statement: families with their commands and severities, and which gates fall.
fn tested(families: &[&str], catalogue: &Catalogue, kills: &[Killed], faults: &mut Vec<String>) -> String {
    let mut text = String::from("| family | it is | attacks | severity |\n|---|---|---|---|\n");
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    for id in families {
        let attacks: Vec<_> = catalogue.attacks.iter().filter(|attack| attack.family.id == *id).collect();
        let Some(first) = attacks.first() else {
            faults.push(format!("there is no family `{id}`"));
            continue;
        };
        let family = &first.family;
        let what = family.what.replace('|', "\\|");
        let _ = writeln!(text, "| `{id}` | {what} | {} | {} |", attacks.len(), family.severity.name());
        ids.extend(attacks.iter().map(|attack| attack.id.as_str()));
    }
    let command = families.first().copied().unwrap_or_default();
    let _ = write!(text, "\n    cargo gatecrash attacks {command}\n\n");
    let falls = |kill: &&Killed| kill.attacks.iter().any(|attack| ids.contains(attack.as_str()));
    let gates: Vec<String> = kills.iter().filter(falls).map(|kill| format!("`{}`", kill.gate)).collect();
    match gates.len() {
        0 => text.push_str("No gate of the gallery falls for them.\n"),
        _ => {
            let _ = writeln!(text, "Gates of the gallery that they find: {}.", gates.join(", "));
        }
    }
    text
}
