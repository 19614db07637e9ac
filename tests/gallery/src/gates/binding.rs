//! Flaws of the binding: a token that is believed to belong to a certificate.

use gatecrash::model::Rule::{self, *};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::Flaw;
use crate::parts::{
    Refusal,
    certificate::{Holder, Peer, holder},
    service::{admit, bind, leaf},
    token::{Claims, sha256_base64url},
};

/// The name that the token must have, too.
fn same_name(claims: &Claims, holder: &Holder) -> Result<(), Refusal> {
    if claims.sub == holder.id { Ok(()) } else { Err(Refusal::Unauthorized) }
}

fn thumbprint(claims: &Claims) -> Option<&str> {
    claims.cnf.as_ref()?.thumbprint.as_deref()
}

/// The names of a type in the leaf.
fn names<'a>(certificate: &'a X509Certificate<'_>) -> Vec<&'a GeneralName<'a>> {
    let names = certificate.subject_alternative_name().ok().flatten();
    names.map_or_else(Vec::new, |names| names.value.general_names.iter().collect())
}

/// Name, what it does, what it breaks, and the flaw.
pub(super) const FLAWS: &[(&str, &str, &[Rule], Flaw)] = &[
    (
        "any-certificate-presented",
        "looks for the bound certificate anywhere in what was presented",
        &[CertificateCap, Confirmation, SubjectOfCertificate],
        |steps| {
            steps.admit = |service, parts| {
                let chain = parts.extensions.get::<Peer>().map(|peer| peer.0.clone()).unwrap_or_default();
                let others = chain.iter().skip(1).filter_map(|certificate| holder(certificate).ok());
                admit(service, parts).or_else(|refusal| {
                    let token = (service.steps.bearer)(parts)?.ok_or(refusal)?;
                    let claims = (service.steps.verify)(&service.trust, &token)?;
                    let bound = others.into_iter().find(|holder| bind(&claims, holder).is_ok()).ok_or(refusal)?;
                    Ok((service.steps.caller)(&service.trust.policy, &claims, &bound))
                })
            };
        },
    ),
    (
        "last-certificate-presented",
        "takes the last certificate with a name for the client's",
        &[CertificateCap, Confirmation, SubjectOfCertificate],
        |steps| {
            steps.holder = |parts| {
                let peer = parts.extensions.get::<Peer>().ok_or(Refusal::Unauthorized)?;
                let mut named = peer.0.iter().rev().filter_map(|certificate| holder(certificate).ok());
                named.next().ok_or(Refusal::Unauthorized)
            };
        },
    ),
    ("binding-optional", "compares the thumbprint where there is one", &[Confirmation], |steps| {
        steps.bind = |claims, holder| {
            if thumbprint(claims).is_none() { same_name(claims, holder) } else { bind(claims, holder) }
        };
    }),
    ("binding-by-name", "takes the same name for the same certificate", &[Confirmation], |steps| {
        steps.bind = same_name;
    }),
    (
        "binding-by-thumbprint",
        "does not compare the names",
        &[SubjectOfCertificate, IssuerSpeaksFor, Subject],
        |steps| {
            steps.checks.speaks_for = |_, _| Ok(());
            steps.bind = |claims, holder| {
                if thumbprint(claims) == Some(&holder.thumbprint) { Ok(()) } else { Err(Refusal::Unauthorized) }
            };
        },
    ),
    ("thumbprint-of-another-case", "compares thumbprints without regard to case", &[Confirmation], |steps| {
        steps.bind = |claims, holder| {
            let same = thumbprint(claims).is_some_and(|it| it.eq_ignore_ascii_case(&holder.thumbprint));
            if same { same_name(claims, holder) } else { Err(Refusal::Unauthorized) }
        };
    }),
    ("thumbprint-prefix", "compares the first letters of the thumbprint", &[Confirmation], |steps| {
        steps.bind = |claims, holder| {
            let same = thumbprint(claims).is_some_and(|it| it.len() > 15 && holder.thumbprint.starts_with(it));
            if same { same_name(claims, holder) } else { Err(Refusal::Unauthorized) }
        };
    }),
    ("thumbprint-trimmed", "takes a padded thumbprint", &[Confirmation], |steps| {
        steps.bind = |claims, holder| {
            let same = thumbprint(claims).is_some_and(|it| it.trim_end_matches('=') == holder.thumbprint);
            if same { same_name(claims, holder) } else { Err(Refusal::Unauthorized) }
        };
    }),
    ("empty-thumbprint", "finds an empty thumbprint in every other", &[Confirmation], |steps| {
        steps.bind = |claims, holder| {
            let same =
                thumbprint(claims).is_some_and(|it| holder.thumbprint.contains(it) && [0, 43].contains(&it.len()));
            if same { same_name(claims, holder) } else { Err(Refusal::Unauthorized) }
        };
    }),
    ("thumbprint-of-the-issuer", "hashes the last certificate of the chain", &[Confirmation], |steps| {
        steps.holder = |parts| {
            let known = holder(leaf(parts)?)?;
            let issuer = parts.extensions.get::<Peer>().and_then(|peer| peer.0.get(1));
            let other = issuer.map(|der| sha256_base64url(der)).unwrap_or_default();
            Ok(Holder { thumbprint: format!("{} {other}", known.thumbprint), ..known })
        };
        steps.bind = |claims, holder| {
            let known = thumbprint(claims).is_some_and(|it| holder.thumbprint.split(' ').any(|known| known == it));
            if known { same_name(claims, holder) } else { Err(Refusal::Unauthorized) }
        };
    }),
    ("first-name-of-many", "takes the first URI name of the certificate", &[CertificateIdentity], |steps| {
        steps.holder = |parts| {
            let der = leaf(parts)?;
            let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Refusal::Unauthorized)?;
            let uri = names(&certificate).into_iter().find_map(|name| match name {
                GeneralName::URI(uri) if uri.starts_with("spiffe://") => Some((*uri).to_string()),
                _ => None,
            });
            Ok(Holder { id: uri.ok_or(Refusal::Unauthorized)?, thumbprint: sha256_base64url(der) })
        };
    }),
    ("common-name", "falls back on the common name", &[CertificateIdentity], |steps| {
        steps.holder = |parts| {
            let der = leaf(parts)?;
            holder(der).or_else(|_| {
                let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Refusal::Unauthorized)?;
                let name = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
                let id = format!("spiffe://gatecrash.test/staff/{}", name.ok_or(Refusal::Unauthorized)?);
                Ok(Holder { id, thumbprint: sha256_base64url(der) })
            })
        };
    }),
    ("any-uri-name", "takes any URI name that ends as it should", &[CertificateIdentity], |steps| {
        steps.holder = |parts| {
            let der = leaf(parts)?;
            let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Refusal::Unauthorized)?;
            let uris: Vec<&str> = names(&certificate)
                .into_iter()
                .filter_map(|name| match name {
                    GeneralName::URI(uri) => Some(*uri),
                    _ => None,
                })
                .collect();
            let [uri] = uris[..] else { return Err(Refusal::Unauthorized) };
            let id = uri.split_once("://").map(|(_, rest)| format!("spiffe://{rest}"));
            Ok(Holder { id: id.ok_or(Refusal::Unauthorized)?, thumbprint: sha256_base64url(der) })
        };
    }),
];
