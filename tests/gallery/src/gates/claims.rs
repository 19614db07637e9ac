//! Flaws of what is asked of a verified token: its kind, its dates, its audience, its scopes.

use gatecrash::model::Rule::{self, *};

use jsonwebtoken::jwk::PublicKeyUse;

use super::Flaw;
use crate::parts::{
    Refusal,
    authorize::Caller,
    token::{Audience, Claims, Trust, is_for_verification, is_weak},
};

fn when(good: bool) -> Result<(), Refusal> {
    if good { Ok(()) } else { Err(Refusal::Unauthorized) }
}

/// The dates, of which some are not looked at.
fn dates(trust: &Trust, claims: &Claims, ignored: &str) -> Result<(), Refusal> {
    let now = trust.now();
    let or = |name: &str, value: Option<f64>, otherwise: f64| if name == ignored { Some(otherwise) } else { value };
    let issued = or("iat", claims.iat, now);
    let claims = Claims {
        exp: or("exp", claims.exp, now + 60.0),
        nbf: or("nbf", claims.nbf, now),
        iat: if ignored == "lifetime" {
            claims.iat.map(|iat| iat.max(claims.exp.unwrap_or(now) - 60.0).min(now))
        } else {
            issued
        },
        ..claims.clone()
    };
    trust.dates(&claims)
}

/// The strings of the audience.
fn audiences(claims: &Claims) -> Vec<&str> {
    match &claims.aud {
        None => Vec::new(),
        Some(Audience::One(name)) => vec![name],
        Some(Audience::Several(names)) => names.iter().map(String::as_str).collect(),
    }
}

/// Name, what it does, what it breaks, and the flaw.
pub(super) const FLAWS: &[(&str, &str, &[Rule], Flaw)] = &[
    ("weak-key-published", "verifies with whatever key is published", &[KeyStrength], |steps| {
        steps.checks.key = is_for_verification;
    }),
    ("key-operations-ignored", "reads `use` of a key, and not `key_ops`", &[KeyId, Signature], |steps| {
        steps.checks.key = |jwk| jwk.common.public_key_use != Some(PublicKeyUse::Encryption) && !is_weak(jwk);
    }),
    ("any-token-type", "takes any kind of token that the issuer signs", &[TokenType], |steps| {
        steps.checks.header = |_, header| when(!header.crit);
    }),
    ("critical-ignored", "reads past `crit`", &[CriticalHeader, HeaderForm], |steps| {
        steps.checks.header = |trust, header| {
            let header = crate::parts::token::Header { crit: false, ..header.clone() };
            trust.header(&header)
        };
    }),
    ("expiry-ignored", "does not look at `exp`", &[Expiry, Lifetime], |steps| {
        steps.checks.dates = |trust, claims| dates(trust, claims, "exp");
    }),
    ("not-before-ignored", "does not look at `nbf`, as the library's default has it", &[NotBefore], |steps| {
        steps.checks.dates = |trust, claims| dates(trust, claims, "nbf");
    }),
    ("issued-at-ignored", "does not look at `iat`, nor at how long the token lives", &[IssuedAt, Lifetime], |steps| {
        steps.checks.dates = |trust, claims| dates(trust, claims, "iat");
    }),
    (
        "generous-leeway",
        "allows five minutes of leeway where half a minute is documented",
        &[Expiry, NotBefore, IssuedAt],
        |steps| {
            steps.checks.dates = |trust, claims| {
                let near = |value: Option<f64>, by: f64| value.map(|seconds| seconds + by);
                trust.dates(&Claims { exp: near(claims.exp, 270.0), nbf: near(claims.nbf, -270.0), ..claims.clone() })
            };
        },
    ),
    (
        "leeway-of-a-minute",
        "has the leeway of its library, a minute, where half of one is documented",
        &[Expiry, IssuedAt, NotBefore],
        |steps| {
            steps.checks.dates = |trust, claims| {
                let near = |value: Option<f64>, by: f64| value.map(|seconds| seconds + by);
                let (exp, nbf, iat) = (near(claims.exp, 30.0), near(claims.nbf, -30.0), near(claims.iat, -30.0));
                // What is long already is as long as it was.
                let long = claims.exp.zip(claims.iat).is_some_and(|(exp, iat)| exp - iat > 3500.0);
                if long { trust.dates(claims) } else { trust.dates(&Claims { exp, nbf, iat, ..claims.clone() }) }
            };
        },
    ),
    ("expiry-inclusive", "takes a token in the very second of its expiry", &[Expiry], |steps| {
        steps.checks.dates =
            |trust, claims| trust.dates(&Claims { exp: claims.exp.map(|exp| exp + 0.25), ..claims.clone() });
    }),
    (
        "dates-cut-to-seconds",
        "cuts the fraction off a date before it compares",
        &[IssuedAt, Lifetime, NotBefore],
        |steps| {
            steps.checks.dates = |trust, claims| {
                let cut = |value: Option<f64>| value.map(f64::floor);
                trust.dates(&Claims {
                    exp: cut(claims.exp),
                    nbf: cut(claims.nbf),
                    iat: cut(claims.iat),
                    ..claims.clone()
                })
            };
        },
    ),
    ("dates-of-32-bits", "keeps dates in 32 bits", &[ClaimsForm, Expiry, IssuedAt, Lifetime, NotBefore], |steps| {
        steps.checks.dates = |trust, claims| {
            let wrapped = |value: Option<f64>| value.map(|seconds| seconds.rem_euclid(4_294_967_296.0));
            let (exp, nbf, iat) = (wrapped(claims.exp), wrapped(claims.nbf), wrapped(claims.iat));
            trust.dates(&Claims { exp, nbf, iat, ..claims.clone() })
        };
    }),
    ("dates-in-milliseconds", "takes a large date for one in milliseconds", &[Lifetime], |steps| {
        steps.checks.dates = |trust, claims| {
            let guessed =
                |value: Option<f64>| value.map(|it| if it > 1e12 { (it / 1000.0).min(trust.now() + 60.0) } else { it });
            trust.dates(&Claims { exp: guessed(claims.exp), ..claims.clone() })
        };
    }),
    ("no-token-id", "does not ask for `jti`", &[TokenId], |steps| {
        steps.checks.identifiers =
            |trust, claims| trust.identifiers(&Claims { jti: Some("x".into()), ..claims.clone() });
    }),
    ("no-client-id", "does not ask for `client_id`", &[ClientId], |steps| {
        steps.checks.identifiers =
            |trust, claims| trust.identifiers(&Claims { client_id: Some("x".into()), ..claims.clone() });
    }),
    ("audience-ignored", "does not look at `aud`", &[Audience], |steps| {
        steps.checks.audience = |_, _| Ok(());
    }),
    ("audience-prefix", "takes an audience that begins as its own", &[Audience], |steps| {
        steps.checks.audience =
            |trust, claims| when(audiences(claims).iter().any(|name| name.starts_with(&trust.policy.audience)));
    }),
    ("audience-substring", "looks for its name anywhere in the audience", &[Audience], |steps| {
        steps.checks.audience =
            |trust, claims| when(audiences(claims).iter().any(|name| name.contains(&trust.policy.audience)));
    }),
    ("audience-of-another-case", "compares audiences without regard to case", &[Audience], |steps| {
        steps.checks.audience = |trust, claims| {
            when(audiences(claims).iter().any(|name| name.eq_ignore_ascii_case(&trust.policy.audience)))
        };
    }),
    ("empty-audience", "takes an empty list of audiences for everybody", &[Audience], |steps| {
        steps.checks.audience = |trust, claims| match &claims.aud {
            Some(Audience::Several(names)) if names.is_empty() => Ok(()),
            _ => trust.audience(claims),
        };
    }),
    ("audience-wildcard", "takes `*` for everybody", &[Audience], |steps| {
        steps.checks.audience =
            |trust, claims| if audiences(claims).contains(&"*") { Ok(()) } else { trust.audience(claims) };
    }),
    ("speaks-for-anybody", "lets every trusted issuer name anybody", &[IssuerMayGrant, IssuerSpeaksFor], |steps| {
        steps.checks.speaks_for = |_, _| Ok(());
        steps.caller = |policy, claims, holder| {
            let home = policy.issuers.first().map(|issuer| issuer.url.clone());
            crate::parts::authorize::caller(policy, &Claims { iss: home, ..claims.clone() }, holder)
        };
    }),
    ("issuer-may-grant-anything", "does not cap what an issuer grants", &[IssuerMayGrant], |steps| {
        steps.caller = |policy, claims, holder| {
            let home = policy.issuers.first().map(|issuer| issuer.url.clone());
            crate::parts::authorize::caller(policy, &Claims { iss: home, ..claims.clone() }, holder)
        };
    }),
    ("certificate-may-hold-anything", "does not cap what a certificate holds", &[CertificateCap], |steps| {
        steps.caller = |policy, claims, holder| {
            let mut policy = policy.clone();
            policy.may_hold.clear();
            crate::parts::authorize::caller(&policy, claims, holder)
        };
    }),
    (
        "scope-ignored",
        "authenticates, and takes that for authorization",
        &[CertificateCap, ClaimType, IssuerMayGrant, Scope],
        |steps| {
            steps.grants = |_, _| true;
        },
    ),
    ("scope-prefix", "grants what begins as a granted scope", &[IssuerMayGrant, Scope], |steps| {
        steps.caller = uncapped;
        steps.grants =
            |caller, needed| caller.scopes.iter().any(|scope| !scope.is_empty() && needed.starts_with(scope.as_str()));
    }),
    ("scope-substring", "looks for the needed scope anywhere in the text", &[IssuerMayGrant, Scope], |steps| {
        steps.caller = uncapped;
        steps.grants = |caller, needed| caller.scopes.iter().any(|scope| scope.contains(needed));
    }),
    ("scope-of-another-case", "compares scopes without regard to case", &[IssuerMayGrant, Scope], |steps| {
        steps.caller = uncapped;
        steps.grants = |caller, needed| caller.scopes.iter().any(|scope| scope.eq_ignore_ascii_case(needed));
    }),
    ("scope-at-commas", "splits the scope at commas as well", &[IssuerMayGrant, Scope], |steps| {
        steps.caller = uncapped;
        steps.grants = |caller, needed| caller.scopes.iter().any(|scope| scope.split(',').any(|part| part == needed));
    }),
    ("scope-wildcard", "takes `*` for every scope", &[IssuerMayGrant, Scope], |steps| {
        steps.caller = uncapped;
        steps.grants = |caller, needed| caller.scopes.iter().any(|scope| scope == needed || scope == "*");
    }),
    (
        "no-scope-is-every-scope",
        "grants everything where the token says nothing",
        &[ClaimType, IssuerMayGrant, Scope],
        |steps| {
            steps.grants = |caller, needed| {
                caller.scopes.iter().all(String::is_empty) || caller.scopes.iter().any(|scope| scope == needed)
            };
        },
    ),
    ("anybodys-account", "shows an account to whoever may see accounts", &[Ownership], |steps| {
        steps.owns = |_, _| true;
    }),
    ("tenants-account", "shows an account to everybody of the owner's tenant", &[Ownership], |steps| {
        steps.owns = |owner, caller| owner.rsplit_once('/').map(|it| it.0) == caller.id.rsplit_once('/').map(|it| it.0);
    }),
];

/// Everything that the token says, whoever may grant or hold it.
fn uncapped(_: &gatecrash::model::Policy, claims: &Claims, holder: &crate::parts::certificate::Holder) -> Caller {
    let scopes = claims.scope.as_deref().unwrap_or_default().split(' ').map(String::from);
    Caller { id: holder.id.clone(), scopes: scopes.collect() }
}
