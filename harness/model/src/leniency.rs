//! Where the line runs between a breach and a leniency: whether the caller was entitled all the same, and only the form is one that
//! a standard tells servers to refuse.

use std::collections::BTreeSet;

use crate::{
    Admission, Attempt, AuthorityCheck, AuthorizationForm, Blueprint, Framing, HostForm, Http2Form, PayloadForm,
    Protocol, Rule, Segments, SignatureForm, Verdict, judge,
};

impl Rule {
    /// Why a violation of this rule alone gives nobody anything: the reason that it is about form. `None` for a rule that
    /// somebody's rights hang on.
    ///
    /// ```
    /// use gatecrash_model::Rule;
    /// assert!(Rule::CredentialUnique.leniency().is_some());
    /// assert!(Rule::Audience.leniency().is_none());
    /// ```
    pub fn leniency(self) -> Option<&'static str> {
        use Rule::*;
        Some(match self {
            ClaimsForm => {
                "every claim was signed by the issuer as it stands; only the JSON around them is not what RFC 7519 asks for"
            }
            CredentialForm => "the token in the field is genuine; only the words around it do not follow the grammar",
            CredentialUnique => "each method carries the caller's own token; which of them counts makes no difference",
            HeaderForm => {
                "the header was signed by the issuer as it stands; only its JSON is not what RFC 7515 asks for"
            }
            HttpVersion => "credentials are the same in every version of HTTP",
            MessageForm => "the request asks for no more than a well-formed one would",
            MessageSize => "a long field grants no more than a short one",
            TokenForm => "the signature covers the octets that the text decodes to; only its spelling is not canonical",
            AlgorithmAllowed | AlgorithmOfKey | Audience | Authority | BasicConstraints | CertificateAlgorithm
            | CertificateCap | CertificateForm | CertificateIdentity | CertificatePresent | CertificateSignature
            | CertificateValidity | EarlyData | ClaimType | ClientId | Confirmation | CriticalExtension
            | CriticalHeader | Expiry | ForwardedCertificate | ExtendedKeyUsage | ExtensionUnique | HostField
            | IssuedAt | Issuer | IssuerKeyUsage | IssuerMayGrant | IssuerSpeaksFor | KeyId | KeyStrength
            | LeafKeyUsage | Lifetime | MessageFraming | NameConstraints | NotBefore | OneRequest | OneTime
            | Ownership | PathLength | PathToAnchor | ProofOfPossession | Revocation | RevocationStatus | Route
            | Scope | ServerName | Signature | Subject | SubjectOfCertificate | Throttle | TlsProtocol | TokenId
            | TokenPresent | TokenRevocation | TokenType | TrustedProxy => {
                return None;
            }
        })
    }
}

/// The admissions that would be a leniency, and no breach: the attempt must be rejected, every rule that it violates is about form,
/// and the caller is entitled to them. Empty for anything else.
///
/// ```
/// # use gatecrash_model::*;
/// # let blueprint = Blueprint::new(gatecrash_model::example::policy(), 1_790_000_000);
/// use gatecrash_model::{AuthorizationForm, Mutation, Person, Stance, leniencies};
/// let of = |stance, mutation| {
///     let case = Case::one(stance, "GET /v1/orders/{id}", vec![mutation]);
///     let attempt = resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())?;
///     Ok::<_, String>(leniencies(&judge(&attempt, &blueprint), &attempt, &blueprint).len())
/// };
/// let alice = Stance::Complete(Person::Alice);
/// assert_eq!(of(alice, Mutation::Authorization(AuthorizationForm::Repeated))?, 1);
/// // Without an audience the token is not hers to use here, whatever its form.
/// assert_eq!(of(alice, Mutation::DropClaim("aud".into()))?, 0);
/// assert_eq!(of(Stance::ExpiredToken, Mutation::Authorization(AuthorizationForm::Repeated))?, 0);
/// # Ok::<(), String>(())
/// ```
pub fn leniencies(verdict: &Verdict, attempt: &Attempt, blueprint: &Blueprint) -> BTreeSet<Admission> {
    // A malformed field for the host is refused (RFC 9112 §3.2). Where the policy promises nothing of hosts, no right hangs on it.
    let hosts_are_open = blueprint.policy.http.authority == AuthorityCheck::Any;
    let lenient = |rule: &Rule| rule.leniency().is_some() || (*rule == Rule::HostField && hosts_are_open);
    let of_form = !verdict.refusals.is_empty() && verdict.refusals.iter().all(lenient);
    if verdict.must_refuse() && of_form { entitled(attempt, blueprint) } else { BTreeSet::new() }
}

/// What the caller of an attempt is entitled to, once the form of it is mended: the credential in its place and grammar, the token's
/// text canonical, the message well-formed. Nobody's rights change by that: a claim, a signature, a certificate or a path is left as
/// it is.
///
/// ```
/// # use gatecrash_model::*;
/// # let blueprint = Blueprint::new(gatecrash_model::example::policy(), 1_790_000_000);
/// use gatecrash_model::{AuthorizationForm, Mutation, Person, Stance, entitled};
/// let attempt = |stance, form| {
///     let case = Case::one(stance, "GET /v1/orders/{id}", vec![Mutation::Authorization(form)]);
///     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
/// };
/// // Twice the same token: refused by the book, and hers.
/// let twice = attempt(Stance::Complete(Person::Alice), AuthorizationForm::Repeated)?;
/// assert!(judge(&twice, &blueprint).must_refuse());
/// assert_eq!(entitled(&twice, &blueprint).len(), 1);
/// // Another person's token stays another person's, however it is carried.
/// let stolen = attempt(Stance::StolenToken(Person::Alice), AuthorizationForm::Repeated)?;
/// assert!(entitled(&stolen, &blueprint).is_empty());
/// # Ok::<(), String>(())
/// ```
pub fn entitled(attempt: &Attempt, blueprint: &Blueprint) -> BTreeSet<Admission> {
    let mut mended = attempt.clone();
    let request = &mut mended.request;
    request.authorization = AuthorizationForm::Scheme("Bearer".into());
    request.companion = None;
    request.framing = match request.framing {
        Framing::WebSocket => Framing::WebSocket,
        _ => Framing::Plain,
    };
    request.protocol = match request.protocol {
        Protocol::Http2(_) | Protocol::PriorKnowledge if blueprint.policy.http.speaks("2") => {
            Protocol::Http2(Http2Form::Plain)
        }
        _ if blueprint.policy.http.speaks("1.1") => Protocol::Http11,
        _ => Protocol::Http2(Http2Form::Plain),
    };
    if blueprint.policy.http.authority == AuthorityCheck::Any {
        request.host = HostForm::Own;
    }
    if let Some(token) = &mut mended.token {
        token.text.clear();
        if token.segments != Segments::OnlyDots {
            token.segments = Segments::Three;
        }
        if token.signature == SignatureForm::HighS {
            token.signature = SignatureForm::Genuine;
        }
        // What stands around the object, not what stands in its place.
        let around = |form: &PayloadForm| matches!(form, PayloadForm::Prefix(_) | PayloadForm::Suffix(_));
        token.header_form = token.header_form.take().filter(|form| !around(form));
        token.payload = token.payload.take().filter(|form| !around(form));
    }
    judge(&mended, blueprint).admissions
}
