//! The only place where a standard leaves a choice. Each reading cites its clause.

use std::cell::Cell;

use crate::{
    Blueprint, Lifted,
    judge::{Facts, Judgment, rule_on},
};

/// A choice that a standard leaves: the strict reading refuses, the lenient one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadingKind {
    /// A trust anchor is a name and a key, whatever its own certificate says.
    AnchorAsGiven,
    /// A leaf that may also issue certificates is used as a leaf.
    AuthorityAsLeaf,
    /// The authority in the target counts, whatever `Host` says.
    AuthorityConflict,
    /// A line may end in LF alone.
    BareLineFeed,
    /// The gate's clock may be a few seconds off the world's.
    ClockDrift,
    /// A name constraint of a form that a verifier may refuse instead of processing it, satisfied or not; or one that
    /// excludes a host which a wildcard stands for, among others.
    ConstraintForm,
    /// Content of a request whose method gives it no meaning is read and ignored.
    ContentWithoutMeaning,
    /// `crit` lists no extension: it is empty, or holds names of the specification itself.
    CriticalList,
    /// A critical policy extension is processed rather than refused.
    CriticalPolicy,
    /// Of duplicate members the lexically last one counts; never the first.
    DuplicateMembers,
    /// `sub`, `client_id` or `jti` is a text without a letter: nothing says that there is one (RFC 6749 §A.1 allows it of a client).
    EmptyIdentifier,
    /// A transfer coding before HTTP/1.1 is processed, and the connection closed.
    FaultyFraming,
    /// A certificate of another trust domain, issued below an anchor that the gate trusts, names somebody.
    ForeignTrustDomain,
    /// Of several elements of `x-forwarded-client-cert` the last one counts: the nearest proxy wrote it.
    ForwardedList,
    /// The hash and the names beside a forwarded certificate are not read.
    ForwardedText,
    /// A fragment is no part of the target, and is cut off.
    Fragment,
    /// A CRL that is issued in the future is used.
    FutureCrl,
    /// HEAD is answered as GET.
    HeadAsGet,
    /// The server does not know the port that the client connected to.
    HostPort,
    /// A header parameter that is not understood is ignored.
    IgnoredParameter,
    /// An intermediate whose purposes leave out client authentication.
    IntermediatePurpose,
    /// JSON that is nested deeply, or holds half a surrogate pair, is read all the same.
    JsonLimits,
    /// A SPIFFE ID of more than 2048 octets is one.
    LongName,
    /// A `typ` with `application/` in front is the same type as without, though the policy lists one of them.
    MediaTypePrefix,
    /// A field of many octets is not too large.
    MessageSize,
    /// A date before 1970.
    NegativeDate,
    /// The path is normalized before it is routed.
    NormalizedPath,
    /// A number beyond the range of a double is read as infinity.
    NumberRange,
    /// A folded line is unfolded.
    ObsoleteFold,
    /// A serial number that is not positive, or longer than 20 octets.
    OddSerial,
    /// A certificate of version 1 or 2 says what it says.
    OldVersion,
    /// HTTP/1.0 is served.
    OlderHttp,
    /// A token grants more than issuer or certificate allow, and the excess is not used.
    OverGrant,
    /// A route that asks for no client certificate is served to whoever comes past the proxy.
    PastTheProxy,
    /// HTTP/2 is served without having been agreed on.
    PriorKnowledge,
    /// Of two parameters of one name in the query, the last one counts.
    RepeatedParameter,
    /// An extension that is neither known nor critical stands twice.
    RepeatedUnknown,
    /// The dot of the root at the end of a name changes nothing.
    RootDot,
    /// `scope` is no string of scope tokens, and no scope is needed.
    ScopeForm,
    /// `Transfer-Encoding` counts, `Content-Length` does not, and the connection is closed.
    TransferEncodingWins,
    /// A claim that the policy does not ask for is not looked at.
    UncheckedClaim,
    /// A path names an object that does not exist.
    UnknownObject,
    /// A handshake for another name, or for none, goes on.
    UnknownServerName,
    /// A credential that the route does not need is not looked at.
    UnneededCredential,
    /// A URI name that is no IA5String, or a DNS name that is none under constraints, is not read.
    UnreadableName,
    /// Content that nobody needs is not read.
    UnreadContent,
    /// A method to carry the token that the server does not support is not looked for.
    UnsupportedMethod,
}

impl ReadingKind {
    /// Every kind.
    ///
    /// ```
    /// use gatecrash_model::ReadingKind;
    /// assert!(ReadingKind::ALL.iter().all(|kind| !kind.clause().is_empty()));
    /// ```
    pub const ALL: &[ReadingKind] = {
        use ReadingKind::*;
        &[
            AnchorAsGiven,
            AuthorityAsLeaf,
            AuthorityConflict,
            BareLineFeed,
            ClockDrift,
            ConstraintForm,
            ContentWithoutMeaning,
            CriticalList,
            CriticalPolicy,
            DuplicateMembers,
            EmptyIdentifier,
            FaultyFraming,
            ForeignTrustDomain,
            ForwardedList,
            ForwardedText,
            Fragment,
            FutureCrl,
            HeadAsGet,
            HostPort,
            IgnoredParameter,
            IntermediatePurpose,
            JsonLimits,
            LongName,
            MediaTypePrefix,
            MessageSize,
            NegativeDate,
            NormalizedPath,
            NumberRange,
            ObsoleteFold,
            OddSerial,
            OldVersion,
            OlderHttp,
            OverGrant,
            PastTheProxy,
            PriorKnowledge,
            RepeatedParameter,
            RepeatedUnknown,
            RootDot,
            ScopeForm,
            TransferEncodingWins,
            UncheckedClaim,
            UnknownObject,
            UnknownServerName,
            UnneededCredential,
            UnreadableName,
            UnreadContent,
            UnsupportedMethod,
        ]
    };

    /// The clause that leaves the choice.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::ReadingKind::HeadAsGet.clause(), "RFC 9110 §9.3.2");
    /// ```
    pub fn clause(self) -> &'static str {
        match self {
            ReadingKind::AnchorAsGiven => "RFC 5280 §6.1.1 (d)",
            ReadingKind::AuthorityAsLeaf => "RFC 5280 §4.2.1.9",
            ReadingKind::AuthorityConflict => "RFC 9112 §3.2.2, RFC 9113 §8.3.1",
            ReadingKind::BareLineFeed => "RFC 9112 §2.2",
            ReadingKind::ClockDrift => "RFC 7519 §4.1.4",
            ReadingKind::ConstraintForm => "RFC 5280 §4.2.1.10",
            ReadingKind::ContentWithoutMeaning => "RFC 9110 §9.3.1",
            ReadingKind::CriticalList => "RFC 7515 §4.1.11",
            ReadingKind::CriticalPolicy => "RFC 5280 §4.2.1.4",
            ReadingKind::DuplicateMembers => "RFC 7515 §4, RFC 7519 §4",
            ReadingKind::EmptyIdentifier => "RFC 7519 §4.1.2, RFC 6749 §A.1",
            ReadingKind::FaultyFraming => "RFC 9112 §6.1",
            ReadingKind::ForeignTrustDomain => "SPIFFE X509-SVID §5",
            ReadingKind::ForwardedList => "RFC 9110 §5.3, Envoy x-forwarded-client-cert",
            ReadingKind::ForwardedText => "RFC 9440 §2.2, Envoy x-forwarded-client-cert",
            ReadingKind::Fragment => "RFC 9112 §3.2",
            ReadingKind::FutureCrl => "RFC 5280 §5.1.2.4",
            ReadingKind::HeadAsGet => "RFC 9110 §9.3.2",
            ReadingKind::HostPort => "RFC 9110 §7.4",
            ReadingKind::IgnoredParameter => "RFC 7515 §4, §4.1.9",
            ReadingKind::IntermediatePurpose => "RFC 5280 §4.2.1.12",
            ReadingKind::JsonLimits => "RFC 8259 §8.2, §9",
            ReadingKind::LongName => "SPIFFE-ID §2.3",
            ReadingKind::MediaTypePrefix => "RFC 7515 §4.1.9",
            ReadingKind::MessageSize => "RFC 9110 §5.4",
            ReadingKind::NegativeDate => "RFC 7519 §2",
            ReadingKind::NormalizedPath => "RFC 3986 §6.2.2",
            ReadingKind::NumberRange => "RFC 8259 §6",
            ReadingKind::ObsoleteFold => "RFC 9112 §5.2",
            ReadingKind::OddSerial => "RFC 5280 §4.1.2.2",
            ReadingKind::OldVersion => "RFC 5280 §4.1.2.1",
            ReadingKind::OlderHttp => "RFC 9110 §15.5.22",
            ReadingKind::OverGrant => "RFC 6749 §3.3",
            ReadingKind::PastTheProxy => "RFC 9440 §4",
            ReadingKind::PriorKnowledge => "RFC 9113 §3.3",
            ReadingKind::RepeatedParameter => "RFC 3986 §3.4",
            ReadingKind::RepeatedUnknown => "RFC 5280 §4.2",
            ReadingKind::RootDot => "RFC 3986 §3.2.2",
            ReadingKind::ScopeForm => "RFC 6749 §3.3",
            ReadingKind::TransferEncodingWins => "RFC 9112 §6.3",
            ReadingKind::UncheckedClaim => "RFC 7519 §4",
            ReadingKind::UnknownObject => "RFC 9110 §15.5.5",
            ReadingKind::UnknownServerName => "RFC 6066 §3, RFC 8446 §9.2",
            ReadingKind::UnneededCredential => "RFC 9110 §15.5.2, RFC 8446 §4.4.2.4",
            ReadingKind::UnreadableName => "RFC 5280 §4.2.1.6",
            ReadingKind::UnreadContent => "RFC 9112 §9.6",
            ReadingKind::UnsupportedMethod => "RFC 6750 §2.2",
        }
    }
}

/// One way to read an attempt: the kinds that are read leniently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reading(u64);

impl Reading {
    /// Whether `kind` is read leniently.
    ///
    /// ```
    /// use gatecrash_model::{Reading, ReadingKind};
    /// assert!(!Reading::default().contains(ReadingKind::HeadAsGet), "the strict one");
    /// ```
    pub fn contains(self, kind: ReadingKind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }

    /// The same, with `kind` read leniently.
    ///
    /// ```
    /// use gatecrash_model::{Reading, ReadingKind};
    /// assert!(Reading::default().with(ReadingKind::HeadAsGet).contains(ReadingKind::HeadAsGet));
    /// ```
    pub fn with(self, kind: ReadingKind) -> Self {
        Self(self.0 | 1 << kind as u32)
    }

    /// The kinds that are read leniently.
    ///
    /// ```
    /// use gatecrash_model::{Reading, ReadingKind};
    /// assert!(Reading::default().with(ReadingKind::HeadAsGet).iter().eq([ReadingKind::HeadAsGet]));
    /// ```
    pub fn iter(self) -> impl Iterator<Item = ReadingKind> {
        ReadingKind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }
}

/// Answers the rules' questions about latitude, and remembers what was asked.
pub(crate) struct Latitude {
    lenient: Reading,
    asked: Cell<Reading>,
}

impl Latitude {
    pub(crate) fn new(lenient: Reading) -> Self {
        Self { lenient, asked: Cell::default() }
    }

    /// Whether this reading is lenient here.
    pub(crate) fn permits(&self, kind: ReadingKind) -> bool {
        self.asked.set(self.asked.get().with(kind));
        self.lenient.contains(kind)
    }
}

/// Every reading of what was lifted. The first is the strict one.
///
/// ```
/// # use gatecrash_model::*;
/// # let policy = gatecrash_model::example::policy();
/// # let blueprint = Blueprint::new(policy, 1_790_000_000);
/// # let resolved = |stance, changes| {
/// #     let case = Case::one(stance, "GET /v1/orders/{id}", changes);
/// #     resolve(&case.steps[0], &blueprint).map_err(|error| error.to_string())
/// # };
/// use gatecrash_model::{Mutation, Person, Reading, ReadingKind, Stance, readings};
/// let head = resolved(Stance::Complete(Person::Alice), vec![Mutation::Method("HEAD".into())])?;
/// let readings = readings(&head.expected(&blueprint), &blueprint);
/// assert_eq!(readings[0], Reading::default());
/// assert!(readings.iter().any(|reading| reading.contains(ReadingKind::HeadAsGet)));
/// # Ok::<(), String>(())
/// ```
pub fn readings(lifted: &Lifted, blueprint: &Blueprint) -> Vec<Reading> {
    judgments(lifted, blueprint).into_iter().map(|(reading, _)| reading).collect()
}

/// Every reading, and what it comes to. The first is the strict one.
pub(crate) fn judgments(lifted: &Lifted, blueprint: &Blueprint) -> Vec<(Reading, Judgment)> {
    let facts = Facts::new(lifted, blueprint);
    let mut known = vec![Reading::default()];
    let mut judged = Vec::new();
    // A lenient reading may come to questions that the strict one never reaches.
    while let Some(reading) = known.get(judged.len()).copied() {
        let latitude = Latitude::new(reading);
        judged.push((reading, rule_on(&facts, &latitude)));
        for kind in latitude.asked.get().iter() {
            let wider = reading.with(kind);
            if !known.contains(&wider) {
                known.push(wider);
            }
        }
    }
    judged
}
