//! `policy`: what a `gate.toml` promises in words, what it leaves out and at what risk; and one to begin with.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use gatecrash_model::{AuthorityCheck, Binding, ClientCertificate, Factor, Identity, Policy, Route, pointer};

use super::{Failure, arguments::Format, init, openapi};
use crate::{
    attacks::catalogue::Catalogue,
    attacks::input,
    attacks::policy_gaps::{PolicyGap, gaps_of, proxy_promise},
    cli::out::{say, say_line},
    report::wrapped,
};

/// How many families of an gap are named.
const NAMED: usize = 6;

#[derive(Args)]
pub(super) struct PolicyOptions {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Subcommand)]
enum PolicyCommand {
    /// What a policy promises, in words; what it leaves out, with the risk and the attacks that mean nothing any more
    Check {
        /// The policy
        #[arg(default_value = "gate.toml")]
        file: PathBuf,
        /// OpenAPI document to compare it with, both ways: JSON or YAML, `-` for standard input. Exit status 1 when they differ
        #[arg(long, value_name = "FILE")]
        openapi: Option<PathBuf>,
        /// For people or for machines
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Print a policy with every value that its profile fills in
    Show {
        /// The policy
        #[arg(default_value = "gate.toml")]
        file: PathBuf,
    },
    /// Write a policy with every value explained; never over a file
    Init {
        /// Where to
        #[arg(default_value = "gate.toml")]
        file: PathBuf,
        /// OpenAPI document (3.0, 3.1 or Swagger 2.0, JSON or YAML) to take the routes from; `-` for standard input
        #[arg(long, value_name = "FILE")]
        openapi: Option<PathBuf>,
    },
}

pub(super) fn policy(options: &PolicyOptions) -> Result<u8, Failure> {
    match &options.command {
        PolicyCommand::Init { file, openapi } => {
            let text = match openapi {
                None => init::POLICY.to_string(),
                Some(document) => openapi::written(document)?,
            };
            init::write(file, &text)?;
            say_line!("wrote {}; what it promises: gatecrash policy check {}", file.display(), file.display());
        }
        PolicyCommand::Show { file } => say!("{}", input::write_policy(&input::policy(file)?)),
        PolicyCommand::Check { file, openapi: Some(document), format } => {
            return openapi::compared(file, document, *format);
        }
        PolicyCommand::Check { file, openapi: None, format } => {
            let policy = input::policy(file)?;
            let left_out = gaps_of(&policy, &Catalogue::embedded()?);
            match format {
                Format::Json => super::print_json(&left_out),
                Format::Text => say!("{}", explained(&file.display().to_string(), &policy, &left_out)),
            }
        }
    }
    Ok(0)
}

fn explained(file: &str, policy: &Policy, left_out: &[PolicyGap]) -> String {
    let mut text = format!("{file} promises:\n\n");
    for promise in promised(policy) {
        let _ = writeln!(text, "{}", wrapped("  - ", &promise));
    }
    let _ = writeln!(text, "\nRoutes:\n");
    for route in &policy.routes {
        let _ = writeln!(text, "{}", wrapped("  ", &format!("{}: {}", route.id(), asked(route))));
    }
    if left_out.is_empty() {
        let _ = writeln!(text, "\nNothing is left out that a strict policy promises.");
        return text;
    }
    let _ = writeln!(text, "\nIt does not promise ({}):\n", left_out.len());
    for gap in left_out {
        let _ = writeln!(text, "{}", wrapped("  - ", &format!("{} ({})", gap.what, gap.place)));
        let _ = writeln!(text, "{}", wrapped("      risk        ", gap.risk));
        let _ = writeln!(text, "{}", wrapped("      not tested  ", &families(&gap.families)));
    }
    text
}

fn families(families: &[String]) -> String {
    match families.len() {
        0 => "no attack of the catalogue shows this".into(),
        count if count > NAMED => format!("{}, and {} more families", families[..NAMED].join(", "), count - NAMED),
        _ => families.join(", "),
    }
}

/// What a policy promises of every request, one clause a line.
fn promised(policy: &Policy) -> Vec<String> {
    let (certificates, tokens) = (&policy.certificates, &policy.tokens);
    let mut told = Vec::new();
    told.push(match certificates.client {
        _ if policy.proxy.is_some() => policy.proxy.as_ref().map(proxy_promise).unwrap_or_default(),
        ClientCertificate::None => "nobody has a client certificate".to_string(),
        ClientCertificate::Optional => "a client certificate, where one is presented, is of the anchors".to_string(),
        ClientCertificate::Required => {
            "the handshake refuses a client without a certificate of the anchors".to_string()
        }
    });
    if certificates.revocation {
        told.push("a revoked certificate, one of unknown status, and a stale CRL are refused".into());
    }
    if certificates.client_auth_purpose {
        told.push("a client certificate names the purpose `clientAuth`".into());
    }
    let principal = pointer::canonical(&tokens.principal);
    match certificates.identity {
        Identity::None => told.push(format!("the token's `{principal}` says who asks")),
        Identity::Spiffe => {
            let domain = &policy.trust_domain;
            told.push(format!("the certificate's SPIFFE id of `{domain}` is the token's `{principal}`"));
        }
        other => told.push(format!("the certificate's {} is of whom the token's `{principal}` names", other.title())),
    }
    told.push(format!("a token is signed with {} by a key of its issuer", tokens.algorithms.join(" or ")));
    if tokens.promise("aud").is_checked() {
        told.push(format!("a token is for `{}`", policy.audience));
    }
    let issuers: Vec<String> = policy.issuers.iter().map(|issuer| format!("`{}`", issuer.url)).collect();
    if tokens.promise("iss").is_checked() {
        told.push(format!("a token is of {}", issuers.join(" or ")));
    }
    let lifetime = tokens.lifetime.map_or(String::new(), |seconds| format!(", and lives {seconds} s at most"));
    told.push(format!("a token has not expired, within {} s{lifetime}", tokens.leeway));
    let dates: Vec<&str> = ["nbf", "iat"].into_iter().filter(|claim| tokens.promise(claim).is_checked()).collect();
    if !dates.is_empty() {
        told.push(format!("a token is not of the future (`{}`)", dates.join("`, `")));
    }
    if !tokens.types.is_empty() {
        told.push(format!("a token says that it is one: `typ` is {}", tokens.types.join(" or ")));
    }
    let required = tokens.required();
    if !required.is_empty() {
        told.push(format!("a token holds {}", required.join(", ")));
    }
    if tokens.binding == Binding::CertificateThumbprint {
        told.push("a token is bound to the client certificate (RFC 8705 §3.1)".into());
    }
    if policy.http.authority == AuthorityCheck::Own {
        told.push("a request for another host is refused".into());
    }
    told.push(format!("it speaks HTTP/{}", policy.http.versions.join(" and HTTP/")));
    told
}

/// What a route asks for.
fn asked(route: &Route) -> String {
    let factor = |factor: &Factor| match factor {
        Factor::Certificate => "certificate",
        Factor::Token => "token",
    };
    let all = |all: &Vec<Factor>| all.iter().map(factor).collect::<Vec<_>>().join(" and ");
    if route.public {
        return "open to everybody".into();
    }
    let mut text = route.security.iter().map(all).collect::<Vec<_>>().join(", or ");
    if !route.scopes.is_empty() {
        let _ = write!(text, "; scope {}", route.scopes.join(" and "));
    }
    if let Some(owner) = &route.owner {
        let _ = write!(text, "; the caller owns `{owner}`");
    }
    text
}
