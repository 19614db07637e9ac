//! Who can do what a case does: the credentials that its smallest form needs.

use gatecrash_model::{Case, Extra, KeyName, Mutation, Proof, Stance, TokenKey, Value, path::ChainPath};
use serde::Serialize;

/// Who can do it, the widest group first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reach {
    /// Anyone on the network: no genuine credential is needed.
    Anyone,
    /// A holder of any client certificate that the service trusts.
    AnyCertificate,
    /// A holder of a genuine token: one's own, a stolen one, an expired one, or one for another service.
    GenuineToken,
    /// Only somebody for whom the issuer signs a token or a certificate that it does not normally sign.
    IssuerSigned,
}

impl Reach {
    /// Every reach, the widest first.
    ///
    /// ```
    /// use gatecrash::campaign::check::Reach;
    /// assert!(Reach::ALL.is_sorted());
    /// ```
    pub const ALL: &[Reach] = &[Reach::Anyone, Reach::AnyCertificate, Reach::GenuineToken, Reach::IssuerSigned];

    /// Kebab-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::campaign::check::Reach::AnyCertificate.name(), "any-certificate");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Reach::Anyone => "anyone",
            Reach::AnyCertificate => "any-certificate",
            Reach::GenuineToken => "genuine-token",
            Reach::IssuerSigned => "issuer-signed",
        }
    }

    /// Who that is, in words.
    ///
    /// ```
    /// assert_eq!(gatecrash::campaign::check::Reach::Anyone.words(), "anyone on the network");
    /// ```
    pub fn words(self) -> &'static str {
        match self {
            Reach::Anyone => "anyone on the network",
            Reach::AnyCertificate => "a holder of any client certificate",
            Reach::GenuineToken => "a holder of a genuine token",
            Reach::IssuerSigned => "only somebody for whom the issuer signs such a credential",
        }
    }

    /// Who can do what the last attempt of a case does.
    ///
    /// ```
    /// use gatecrash::{campaign::check::Reach, model::{Case, Mutation, Person, Stance}};
    /// let of = |stance, mutation| Reach::of(&Case::one(stance, "GET /v1/whoami", Vec::from_iter(mutation)));
    /// assert_eq!(of(Stance::NoToken, None), Reach::AnyCertificate);
    /// let alice = Stance::Complete(Person::Alice);
    /// assert_eq!(of(alice, Some(Mutation::Unsigned)), Reach::AnyCertificate);
    /// assert_eq!(of(alice, Some(Mutation::DropClaim("aud".into()))), Reach::IssuerSigned);
    /// assert_eq!(of(Stance::StolenToken(Person::Alice), None), Reach::GenuineToken);
    /// ```
    pub fn of(case: &Case) -> Self {
        let Some(step) = case.judged() else { return Reach::Anyone };
        let certificate = match step.stance.holder() {
            None => Reach::Anyone,
            Some(_) => step.mutations.iter().filter_map(of_certificate).min().unwrap_or(Reach::AnyCertificate),
        };
        // An authority that signs an odd certificate is needed, unless nothing of the chain is believed to begin with.
        let odd = certificate != Reach::Anyone && step.mutations.iter().any(issues_odd_certificate);
        let certificate = if odd { Reach::IssuerSigned } else { certificate };
        certificate.max(of_token(step.stance, &step.mutations))
    }
}

/// Whose certificate it can be, where a change decides that.
fn of_certificate(mutation: &Mutation) -> Option<Reach> {
    match mutation {
        // A certificate is public; its key is not needed.
        Mutation::Proof(proof) if *proof != Proof::Genuine => Some(Reach::Anyone),
        Mutation::CertificateSignature { .. } => Some(Reach::Anyone),
        Mutation::ChainPath(ChainPath::Rogue | ChainPath::RogueSameName | ChainPath::SelfSigned | ChainPath::Loop) => {
            Some(Reach::Anyone)
        }
        _ => None,
    }
}

/// Whether an authority that is trusted must sign a certificate that it does not normally sign.
fn issues_odd_certificate(mutation: &Mutation) -> bool {
    match mutation {
        Mutation::CertificateAuthority { .. }
        | Mutation::CertificateNameConstraints { .. }
        | Mutation::CertificateNames { .. }
        | Mutation::CertificateSubject { .. } => true,
        // Weak certificates are around; malformed ones are not.
        Mutation::CertificateExtra { extra, .. } => *extra != Extra::Sha1,
        Mutation::ChainPath(path) => matches!(path, ChainPath::SubAuthority | ChainPath::Unfit(_)),
        _ => false,
    }
}

/// Whose token it can be.
fn of_token(stance: Stance, mutations: &[Mutation]) -> Reach {
    if stance == Stance::NoToken {
        return Reach::Anyone;
    }
    // Whoever signs it anew, or needs no signature, writes what they like.
    if mutations.iter().any(is_forged) {
        return Reach::Anyone;
    }
    match mutations.iter().any(issues_odd_token) {
        true => Reach::IssuerSigned,
        false => Reach::GenuineToken,
    }
}

/// Whether an attacker makes the token without its issuer.
fn is_forged(mutation: &Mutation) -> bool {
    match mutation {
        Mutation::Unsigned
        | Mutation::SignWithMac { .. }
        | Mutation::RewriteClaim { .. }
        | Mutation::RewriteHeader { .. }
        | Mutation::SignatureOctets(_) => true,
        Mutation::SignWith { key, .. } => !matches!(key, KeyName::Token(..)) || is_known_key(*key),
        _ => false,
    }
}

/// Whether the private half of a published key is known to everybody.
fn is_known_key(key: KeyName) -> bool {
    matches!(key, KeyName::Token(_, TokenKey::Rsa1024 | TokenKey::SmallOrder))
}

/// Whether the issuer signs it, and normally would not.
fn issues_odd_token(mutation: &Mutation) -> bool {
    match mutation {
        // Tokens that have ended, are for another service or grant something else are around.
        Mutation::SetClaim { name, value } => match name.as_str() {
            "exp" | "iat" | "nbf" => !matches!(value, Value::Seconds(_)),
            "aud" | "client_id" | "cnf" | "jti" | "scope" => match value {
                Value::Json(text) => !text.trim_start().starts_with('"'),
                Value::Confirmation { .. } | Value::Unique => false,
                _ => true,
            },
            _ => true,
        },
        // Tokens without a binding are issued to clients without a certificate.
        Mutation::DropClaim(name) => name != "cnf",
        Mutation::BindTo { .. } => false,
        Mutation::DropHeader(_)
        | Mutation::JoseHeader(_)
        | Mutation::Payload(_)
        | Mutation::RepeatClaim { .. }
        | Mutation::RepeatHeader { .. }
        | Mutation::SetHeader { .. }
        | Mutation::SignWith { .. } => true,
        _ => false,
    }
}
