//! Flaws of reading: a header or a claim of another type, twice, or in another text, made into what it should have been.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use gatecrash::model::Rule::{self, *};
use serde_json::{Value, json};

use super::Flaw;
use crate::parts::{
    Refusal,
    token::{Claims, Compact, Trust},
};

/// Makes a header or a claims set into what the reader expects.
type Mend = fn(&Trust, &mut Value);

/// Verifies a token whose header and claims are mended before they are looked at. The signature is over what was sent.
fn mended(trust: &Trust, token: &str, header: Mend, claims: Mend) -> Result<Claims, Refusal> {
    let refused = |_| Refusal::Unauthorized;
    let segments: Vec<&str> = token.split('.').collect();
    let [first, second, signature] = segments[..] else { return Err(Refusal::Unauthorized) };
    let object = |segment: &str, mend: Mend| {
        let octets = Base64UrlUnpadded::decode_vec(segment).map_err(refused)?;
        let mut value: Value = serde_json::from_slice(&octets).map_err(|_| Refusal::Unauthorized)?;
        if !value.is_object() {
            return Err(Refusal::Unauthorized);
        }
        mend(trust, &mut value);
        Ok(value)
    };
    Base64UrlUnpadded::decode_vec(signature).map_err(refused)?;
    trust.verified(&Compact {
        header: serde_json::from_value(object(first, header)?).map_err(|_| Refusal::Unauthorized)?,
        claims: object(second, claims)?.to_string().into_bytes(),
        message: format!("{first}.{second}"),
        signature: signature.into(),
    })
}

const AS_IS: Mend = |_, _| {};

/// A claim that is there and of another type becomes this.
fn unless_number(claims: &mut Value, name: &str, otherwise: Value) {
    if claims.get(name).is_some_and(|value| !value.is_number()) {
        claims[name] = otherwise;
    }
}

fn unless_text(claims: &mut Value, name: &str, otherwise: Value) {
    if claims.get(name).is_some_and(|value| !value.is_string()) {
        claims[name] = otherwise;
    }
}

/// Every base64url text in its one canonical spelling.
fn canonical(token: &str) -> String {
    let kept = token.chars().filter(|letter| !"=\r\n\t ".contains(*letter));
    kept.map(|letter| match letter {
        '+' => '-',
        '/' => '_',
        other => other,
    })
    .collect()
}

/// Name, what it does, what it breaks, and the flaw.
pub(super) const FLAWS: &[(&str, &str, &[Rule], Flaw)] = &[
    ("key-id-of-any-type", "takes its first key where `kid` is no text", &[HeaderForm, KeyId], |steps| {
        steps.verify = |trust, token| {
            let first: Mend = |trust, header| {
                let kid = trust.keys.first().map(|key| key.kid.clone());
                unless_text(header, "kid", json!(kid));
            };
            mended(trust, token, first, AS_IS)
        };
    }),
    ("algorithm-in-lower-case", "compares `alg` without regard to case and space", &[AlgorithmAllowed], |steps| {
        steps.verify = |trust, token| {
            let known: Mend = |trust, header| {
                let named = header["alg"].as_str().unwrap_or_default().trim().to_ascii_uppercase();
                let found = trust.keys.iter().map(|key| format!("{:?}", key.algorithm));
                if let Some(found) = found.into_iter().find(|name| name.to_ascii_uppercase() == named) {
                    header["alg"] = json!(found);
                }
            };
            mended(trust, token, known, AS_IS)
        };
    }),
    (
        "algorithm-not-named",
        "takes the key's algorithm where `alg` names none",
        &[AlgorithmAllowed, HeaderForm],
        |steps| {
            steps.verify = |trust, token| {
                let own: Mend = |trust, header| {
                    let key = trust.keys.iter().find(|key| header["kid"].as_str() == Some(key.kid.as_str()));
                    if let Some(key) = key.filter(|_| !header["alg"].is_string() || header["alg"] == json!("")) {
                        header["alg"] = json!(format!("{:?}", key.algorithm));
                    }
                };
                mended(trust, token, own, AS_IS)
            };
        },
    ),
    (
        "audience-of-another-type",
        "compares `aud` where it is a text or a list, and passes over anything else",
        &[Audience, ClaimType],
        |steps| {
            steps.verify = |trust, token| {
                let pass: Mend = |trust, claims| {
                    let texts = |list: &Vec<Value>| list.iter().all(Value::is_string);
                    let good = |value: &Value| value.is_string() || value.as_array().is_some_and(texts);
                    if claims.get("aud").is_some_and(|value| !good(value)) {
                        claims["aud"] = json!(trust.policy.audience);
                    }
                };
                mended(trust, token, AS_IS, pass)
            };
        },
    ),
    ("issuer-of-another-type", "takes its only issuer where `iss` is no text", &[ClaimType, Issuer], |steps| {
        steps.verify = |trust, token| {
            let home: Mend = |trust, claims| {
                let url = trust.policy.issuers.first().map(|issuer| issuer.url.clone());
                unless_text(claims, "iss", json!(url));
            };
            mended(trust, token, AS_IS, home)
        };
    }),
    (
        "expiry-of-another-type",
        "compares `exp` where it is a number, and passes over anything else",
        &[ClaimType, Expiry],
        |steps| {
            steps.verify = |trust, token| {
                let soon: Mend = |trust, claims| unless_number(claims, "exp", json!(trust.now() + 60.0));
                mended(trust, token, AS_IS, soon)
            };
        },
    ),
    ("expiry-as-text", "reads a number out of a text for `exp`", &[ClaimType], |steps| {
        steps.verify = |trust, token| {
            let read: Mend = |_, claims| {
                if let Some(number) = claims["exp"].as_str().and_then(|text| text.trim().parse::<i64>().ok()) {
                    claims["exp"] = json!(number);
                }
            };
            mended(trust, token, AS_IS, read)
        };
    }),
    (
        "not-before-of-another-type",
        "compares `nbf` where it is a number, as jsonwebtoken before 10.3 did",
        &[ClaimType, NotBefore],
        |steps| {
            steps.verify = |trust, token| {
                let now: Mend = |trust, claims| unless_number(claims, "nbf", json!(trust.now()));
                mended(trust, token, AS_IS, now)
            };
        },
    ),
    (
        "issue-date-of-another-type",
        "compares `iat` where it is a number, and passes over anything else",
        &[ClaimType, IssuedAt],
        |steps| {
            steps.verify = |trust, token| {
                let now: Mend = |trust, claims| unless_number(claims, "iat", json!(trust.now()));
                mended(trust, token, AS_IS, now)
            };
        },
    ),
    (
        "identifiers-of-any-type",
        "makes a text of whatever `jti` and `client_id` are",
        &[ClaimType, ClientId, TokenId],
        |steps| {
            steps.verify = |trust, token| {
                let texts: Mend = |_, claims| {
                    for name in ["client_id", "jti"] {
                        let text = claims.get(name).map(Value::to_string).unwrap_or_default();
                        unless_text(claims, name, json!(text));
                    }
                };
                mended(trust, token, AS_IS, texts)
            };
        },
    ),
    (
        "nobody-is-the-holder",
        "takes the certificate's name where the token has none",
        &[ClaimType, IssuerSpeaksFor, Subject, SubjectOfCertificate],
        |steps| {
            steps.verify = |trust, token| {
                let nobody: Mend = |_, claims| {
                    if !claims["sub"].is_string() {
                        claims["sub"] = json!("");
                    }
                };
                mended(trust, token, AS_IS, nobody)
            };
            steps.checks.identifiers =
                |trust, claims| trust.identifiers(&Claims { sub: format!("{}x", claims.sub), ..claims.clone() });
            steps.checks.speaks_for =
                |trust, claims| if claims.sub.is_empty() { Ok(()) } else { trust.speaks_for(claims) };
            steps.bind = |claims, holder| {
                let sub = if claims.sub.is_empty() { holder.id.clone() } else { claims.sub.clone() };
                crate::parts::service::bind(&Claims { sub, ..claims.clone() }, holder)
            };
        },
    ),
    (
        "scope-of-another-type",
        "grants everything where `scope` is neither text nor list",
        &[CertificateCap, ClaimType, IssuerMayGrant, Scope],
        |steps| {
            steps.verify = |trust, token| {
                let all: Mend = |trust, claims| {
                    let all = trust.policy.all_scopes().join(" ");
                    unless_text(claims, "scope", json!(all));
                };
                mended(trust, token, AS_IS, all)
            };
        },
    ),
    ("scope-as-a-list", "takes a list of scopes for a scope", &[ClaimType, Scope], |steps| {
        steps.verify = |trust, token| {
            let joined: Mend = |_, claims| {
                let texts = claims["scope"].as_array().map(|list| list.iter().filter_map(Value::as_str));
                if let Some(scopes) = texts.map(|texts| texts.collect::<Vec<_>>().join(" ")) {
                    claims["scope"] = json!(scopes);
                }
            };
            mended(trust, token, AS_IS, joined)
        };
    }),
    (
        "scope-by-text-search",
        "collects every member called `scope`, however deep it stands",
        &[CertificateCap, IssuerMayGrant, Scope],
        |steps| {
            steps.verify = |trust, token| {
                fn collect<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
                    for (name, inner) in value.as_object().into_iter().flatten() {
                        match inner.as_str().filter(|_| name == "scope") {
                            Some(text) => found.push(text),
                            None => collect(inner, found),
                        }
                    }
                }
                let all: Mend = |_, claims| {
                    let mut found = Vec::new();
                    collect(claims, &mut found);
                    let joined = found.join(" ");
                    if !joined.is_empty() {
                        claims["scope"] = json!(joined);
                    }
                };
                mended(trust, token, AS_IS, all)
            };
        },
    ),
    ("base64-in-any-spelling", "decodes padding, white space and the other alphabet", &[TokenForm], |steps| {
        steps.verify = |trust, token| trust.verify(&canonical(token));
        steps.bearer = |parts| {
            let field = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
            match field.and_then(|text| text.split_once(' ')) {
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") && rest.contains('=') => {
                    Ok(Some(rest.trim().to_string()))
                }
                _ => crate::parts::credential::bearer(parts),
            }
        };
    }),
    (
        "two-segments",
        "takes a token without its signature where nothing stands behind the second dot",
        &[TokenForm],
        |steps| {
            steps.verify = |trust, token| {
                let [first, second] = token.split('.').collect::<Vec<_>>()[..] else { return trust.verify(token) };
                let refused = |_| Refusal::Unauthorized;
                let compact = Compact {
                    header: crate::parts::token::object(&Base64UrlUnpadded::decode_vec(first).map_err(refused)?)?,
                    claims: Base64UrlUnpadded::decode_vec(second).map_err(refused)?,
                    message: String::new(),
                    signature: String::new(),
                };
                trust.believed(&compact)
            };
        },
    ),
    (
        "split-at-white-space",
        "takes the second word of the field, without quotes and commas",
        &[CredentialForm],
        |steps| {
            steps.bearer = |parts| {
                let field = parts
                    .headers
                    .get("authorization")
                    .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
                let words =
                    field.as_deref().unwrap_or_default().split(|letter: char| letter.is_whitespace() || letter == ',');
                let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
                match words[..] {
                    [scheme, token, ..] if scheme.eq_ignore_ascii_case("bearer") => {
                        Ok(Some(token.trim_matches('"').to_string()))
                    }
                    _ => crate::parts::credential::bearer(parts),
                }
            };
        },
    ),
    ("last-of-several", "takes the last of several fields", &[CredentialUnique], |steps| {
        steps.bearer = |parts| {
            let last = parts.headers.get_all("authorization").iter().next_back();
            let mut alone = parts.clone();
            if let Some(last) = last.cloned() {
                alone.headers.insert("authorization", last);
            }
            crate::parts::credential::bearer(&alone)
        };
    }),
];
