//! The access token: header, signature, claims (RFC 7515, RFC 7519, RFC 9068).

use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::VerifyingKey;
use gatecrash::{
    BoxError, Clock, World,
    model::{IssuerRole, Policy},
    world::WorldTime,
};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    crypto::aws_lc,
    jwk::{AlgorithmParameters, Jwk, JwkSet, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Refusal;

/// Everything that tokens are checked against.
pub(crate) struct Trust {
    pub(crate) keys: Vec<Key>,
    /// The same keys as the team keeps them on disk.
    pub(crate) pems: Vec<String>,
    pub(crate) policy: Policy,
    checks: Checks,
    now: Option<f64>,
    time: Option<WorldTime>,
}

/// Where the JWK Set of an issuer comes from.
pub(crate) type KeysOf<'a> = dyn Fn(IssuerRole) -> Result<String, BoxError> + 'a;

/// What is checked of a token, one by one. The default is safe.
#[derive(Clone, Copy)]
pub(crate) struct Checks {
    /// Whether a published key may verify tokens.
    pub(crate) key: fn(&Jwk) -> bool,
    /// `typ` and `crit`.
    pub(crate) header: fn(&Trust, &Header) -> Result<(), Refusal>,
    /// Who signed.
    pub(crate) signature: fn(&Trust, &Compact, &Claims) -> Result<(), Refusal>,
    /// `client_id`, `jti`, `sub`.
    pub(crate) identifiers: fn(&Trust, &Claims) -> Result<(), Refusal>,
    /// `aud`.
    pub(crate) audience: fn(&Trust, &Claims) -> Result<(), Refusal>,
    /// `exp`, `nbf`, `iat` and the lifetime.
    pub(crate) dates: fn(&Trust, &Claims) -> Result<(), Refusal>,
    /// Whom the issuer may name.
    pub(crate) speaks_for: fn(&Trust, &Claims) -> Result<(), Refusal>,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            key: |jwk| is_for_verification(jwk) && !is_weak(jwk),
            header: Trust::header,
            signature: Trust::signature,
            identifiers: Trust::identifiers,
            audience: Trust::audience,
            dates: Trust::dates,
            speaks_for: Trust::speaks_for,
        }
    }
}

/// A verification key of an issuer, for one algorithm.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) issuer: String,
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// The JOSE header.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    #[serde(default)]
    pub(crate) typ: Option<String>,
    #[serde(default)]
    pub(crate) jwk: Option<serde_json::Value>,
    /// Present at all, whatever it says.
    #[serde(default, deserialize_with = "present")]
    pub(crate) crit: bool,
}

/// The claims set.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    pub(crate) iss: Option<String>,
    #[serde(default)]
    pub(crate) aud: Option<Audience>,
    pub(crate) sub: String,
    #[serde(default)]
    pub(crate) client_id: Option<String>,
    #[serde(default)]
    pub(crate) jti: Option<String>,
    #[serde(default)]
    pub(crate) exp: Option<f64>,
    #[serde(default)]
    pub(crate) nbf: Option<f64>,
    #[serde(default)]
    pub(crate) iat: Option<f64>,
    #[serde(default)]
    pub(crate) scope: Option<String>,
    #[serde(default)]
    pub(crate) cnf: Option<Confirmation>,
}

/// `aud`: one string or several (RFC 7519 §4.1.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(crate) fn contains(&self, us: &str) -> bool {
        match self {
            Audience::One(name) => name == us,
            Audience::Several(names) => names.iter().any(|name| name == us),
        }
    }
}

/// `cnf` (RFC 7800 §3.1).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Confirmation {
    #[serde(default, rename = "x5t#S256")]
    pub(crate) thumbprint: Option<String>,
}

/// A token taken apart, nothing of it believed yet.
pub(crate) struct Compact {
    pub(crate) header: Header,
    pub(crate) claims: Vec<u8>,
    pub(crate) message: String,
    pub(crate) signature: String,
}

impl Trust {
    /// The same by a clock that moves.
    pub(crate) fn with_time(self, time: WorldTime) -> Self {
        Self { time: Some(time), ..self }
    }

    /// The world's issuers and keys.
    pub(crate) fn of(world: &World, checks: Checks) -> Result<Self, BoxError> {
        Self::of_keys(world, checks, &|role| Ok(world.jwks(role)))
    }

    /// The world's issuers, and the JWK Sets that somebody has of them.
    pub(crate) fn of_keys(world: &World, checks: Checks, jwks: &KeysOf<'_>) -> Result<Self, BoxError> {
        // Tokens are verified by the library's default. Where that is taken already, they stay real.
        let _ = gatecrash::crypto::jsonwebtoken::install(world, &aws_lc::DEFAULT_PROVIDER);
        let policy = world.policy().clone();
        let mut keys = Vec::new();
        for (issuer, role) in policy.issuers.iter().zip([IssuerRole::Home, IssuerRole::Partner]) {
            let set: JwkSet = serde_json::from_str(&jwks(role)?)?;
            for jwk in set.keys.iter().filter(|jwk| (checks.key)(jwk)) {
                let name = jwk.common.key_algorithm.ok_or("a key without `alg`")?.to_string();
                keys.push(Key {
                    issuer: issuer.url.clone(),
                    kid: jwk.common.key_id.clone().ok_or("a key without `kid`")?,
                    algorithm: name.parse()?,
                    key: DecodingKey::from_jwk(jwk)?,
                });
            }
        }
        if let (Some(secret), Some(issuer)) = (world.shared_secret(), policy.issuers.first()) {
            let key = DecodingKey::from_secret(secret);
            keys.push(Key {
                issuer: issuer.url.clone(),
                kid: "home-shared-2026".into(),
                algorithm: Algorithm::HS256,
                key,
            });
        }
        let pems = world.public_keys(IssuerRole::Home).into_iter().map(|(_, pem)| pem).collect();
        let now = (world.clock() == Clock::Frozen).then(|| world.now() as f64);
        Ok(Self { keys, pems, policy, checks, now, time: None })
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn now(&self) -> f64 {
        if let Some(time) = &self.time {
            return time.now() as f64;
        }
        self.now.unwrap_or_else(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0.0, |since| since.as_secs_f64())
        })
    }

    /// The claims of a token that is good in every respect but scope and binding.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Refusal> {
        self.verified(&Compact::read(token)?)
    }

    /// The claims of a token that somebody has taken apart.
    pub(crate) fn verified(&self, compact: &Compact) -> Result<Claims, Refusal> {
        (self.checks.signature)(self, compact, &compact.claims()?)?;
        self.believed(compact)
    }

    /// The same, but for who signed it.
    pub(crate) fn believed(&self, compact: &Compact) -> Result<Claims, Refusal> {
        (self.checks.header)(self, &compact.header)?;
        let claims = compact.claims()?;
        (self.checks.identifiers)(self, &claims)?;
        (self.checks.audience)(self, &claims)?;
        (self.checks.dates)(self, &claims)?;
        (self.checks.speaks_for)(self, &claims)?;
        Ok(claims)
    }

    /// A signature of the key that `kid` names among those of the issuer.
    pub(crate) fn signature(&self, compact: &Compact, claims: &Claims) -> Result<(), Refusal> {
        let key = self.key(&compact.header, claims.iss.as_deref().ok_or(Refusal::Unauthorized)?)?;
        compact.verify(&key.key, key.algorithm)
    }

    /// `typ` and `crit`.
    pub(crate) fn header(&self, header: &Header) -> Result<(), Refusal> {
        let types = &self.policy.tokens.types;
        let typed = header.typ.as_ref().is_some_and(|typ| types.iter().any(|known| known.eq_ignore_ascii_case(typ)));
        if header.crit || !(typed || types.is_empty()) {
            return Err(Refusal::Unauthorized);
        }
        Ok(())
    }

    /// The key that `kid` names among those of the issuer, if it is one for `alg`.
    pub(crate) fn key(&self, header: &Header, issuer: &str) -> Result<&Key, Refusal> {
        let key = self.keys.iter().find(|key| key.issuer == issuer && Some(&key.kid) == header.kid.as_ref());
        key.filter(|key| format!("{:?}", key.algorithm) == header.alg).ok_or(Refusal::Unauthorized)
    }

    pub(crate) fn identifiers(&self, claims: &Claims) -> Result<(), Refusal> {
        let filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        if !filled(&claims.client_id) || !filled(&claims.jti) || claims.sub.is_empty() {
            return Err(Refusal::Unauthorized);
        }
        Ok(())
    }

    pub(crate) fn audience(&self, claims: &Claims) -> Result<(), Refusal> {
        let named = claims.aud.as_ref().is_some_and(|audience| audience.contains(&self.policy.audience));
        if named { Ok(()) } else { Err(Refusal::Unauthorized) }
    }

    pub(crate) fn dates(&self, claims: &Claims) -> Result<(), Refusal> {
        let (now, leeway) = (self.now(), self.policy.tokens.leeway as f64);
        let longest = self.policy.tokens.lifetime.map_or(f64::INFINITY, |seconds| seconds as f64);
        let (Some(exp), Some(nbf), Some(iat)) = (claims.exp, claims.nbf, claims.iat) else {
            return Err(Refusal::Unauthorized);
        };
        let good = now < exp + leeway && nbf <= now + leeway && iat <= now + leeway && exp - iat <= longest;
        if good { Ok(()) } else { Err(Refusal::Unauthorized) }
    }

    pub(crate) fn speaks_for(&self, claims: &Claims) -> Result<(), Refusal> {
        let issuer = self.policy.issuers.iter().find(|issuer| Some(&issuer.url) == claims.iss.as_ref());
        let known = issuer.is_some_and(|issuer| issuer.speaks_for.iter().any(|prefix| claims.sub.starts_with(prefix)));
        if known { Ok(()) } else { Err(Refusal::Unauthorized) }
    }
}

impl Compact {
    /// Three segments of canonical base64url; the first a JSON object.
    pub(crate) fn read(token: &str) -> Result<Self, Refusal> {
        let refused = |_| Refusal::Unauthorized;
        let segments: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = segments[..] else { return Err(Refusal::Unauthorized) };
        let decoded = Base64UrlUnpadded::decode_vec(header).map_err(refused)?;
        Base64UrlUnpadded::decode_vec(signature).map_err(refused)?;
        Ok(Self {
            header: object(&decoded)?,
            claims: Base64UrlUnpadded::decode_vec(claims).map_err(refused)?,
            message: format!("{header}.{claims}"),
            signature: signature.into(),
        })
    }

    pub(crate) fn claims(&self) -> Result<Claims, Refusal> {
        object(&self.claims)
    }

    pub(crate) fn verify(&self, key: &DecodingKey, algorithm: Algorithm) -> Result<(), Refusal> {
        match jsonwebtoken::crypto::verify(&self.signature, self.message.as_bytes(), key, algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Refusal::Unauthorized),
        }
    }
}

/// Whether neither `use` nor `key_ops` is against it (RFC 7517 §4.2, §4.3).
pub(crate) fn is_for_verification(jwk: &Jwk) -> bool {
    let (usage, operations) = (&jwk.common.public_key_use, &jwk.common.key_operations);
    usage.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// Whether it is an Ed25519 key of small order. RSA keys below 2048 bits are refused by the backend.
pub(crate) fn is_weak(jwk: &Jwk) -> bool {
    let AlgorithmParameters::OctetKeyPair(parameters) = &jwk.algorithm else { return false };
    let octets = Base64UrlUnpadded::decode_vec(&parameters.x).unwrap_or_default();
    let point = <[u8; 32]>::try_from(octets).ok().and_then(|octets| VerifyingKey::from_bytes(&octets).ok());
    point.is_none_or(|point| point.is_weak())
}

/// A JSON object; serde would take an array for a struct too.
pub(crate) fn object<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::Unauthorized);
    }
    serde_json::from_slice(text).map_err(|_| Refusal::Unauthorized)
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// base64url of the SHA-256.
pub(crate) fn sha256_base64url(octets: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(octets))
}
