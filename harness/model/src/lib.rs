//! The independent oracle of Gatecrash: what is attempted, what the standards say of it, and nothing that touches bytes.
//!
//! Everything here is pure data and functions of it. No clock, no key, no TLS, JWT or X.509 code: the manifest depends on
//! `serde` alone, so cargo proves that the oracle shares nothing with the forge or with a gate.

mod assistant;
mod attempt;
mod blueprint;
mod case;
mod cast;
mod chain;
mod describe;
#[doc(hidden)]
pub mod example;
mod forwarded;
mod generate;
mod inert;
pub mod json;
mod judge;
mod leniency;
mod message;
mod mutation;
pub mod pointer;
mod policy;
mod readings;
mod request;
mod resolve;
mod rule;
mod stance;
mod state;
mod step;
mod template;
mod token;
mod verdict;
mod vocabulary;

pub use assistant::{Challenge, HONEST_PROMPT};
pub use attempt::{Attempt, Lifted};
pub use blueprint::{Anchor, Blueprint, Changed, PublishedKey};
pub use case::{Case, Scene};
pub use cast::{IssuerRole, KeyName, Person, TokenKey, Unfit};
pub use chain::{
    BasicConstraints, CertificateSpec, ChainSpec, CrlEntry, Extra, KeyUsage, NameConstraint, Position, Proof, Purpose,
    SerialName, SubjectAttribute, SubjectName, path,
};
pub use describe::describe;
pub use forwarded::{FieldSeen, Forwarded, ForwardedForm, ForwardedSeen, Peer};
#[cfg(feature = "proptest")]
pub use generate::strategy;
pub use generate::{Draw, draw_case, draw_sequence};
pub use inert::{Permutation, inert_changes, is_inert};
pub use judge::{judge, judge_lifted};
pub use leniency::{entitled, leniencies};
pub use message::{
    Framing, HOST, HostForm, Http2Form, LOCAL_HOST, MessageFault, MessageSeen, OTHER_HOST, Protocol, Second,
    ServerName, Transport, Undeclared,
};
pub use mutation::{Mutation, Slot, SlotStage};
pub use policy::{
    Answers, AuthorityCheck, Binding, Carriage, CarriageFile, CertificatePolicy, CertificatesFile, ChangePolicy,
    ClaimValue, ClientCertificate, EarlyData, ExpiryEnds, Factor, FailOn, ForwardedField, ForwardedKey, HttpFile,
    HttpPolicy, Identity, IssuerPolicy, MayHold, NameForm, OneTime, People, Policy, PolicyFault, PolicyFile, Profile,
    Promise, Promptness, ProxyPolicy, Rights, RightsForm, Route, ThrottlePolicy, TokenPolicy, TokensFile, Upgrade,
    VerifiedBy,
};
pub use readings::{Reading, ReadingKind, readings};
pub use request::{AuthorizationForm, CookieForm, PathForm, RequestHeader, RequestSpec};
pub use resolve::{Unresolvable, resolve};
pub(crate) use rule::RuleSet;
pub use rule::{Rule, Stage};
pub use stance::Stance;
pub use state::{Done, Issued, Resolved, State, rehearse};
pub use step::{AnchorName, Attempting, Change, KeysFailure, Over, Step, TokenOf};
pub use template::{Template, TemplateError};
pub use token::{
    Algorithm, CertificatesOf, ConfirmationOf, CredentialSeen, Digest, Encoding, MacSecret, Member, Occurrence,
    PayloadForm, Seal, SegmentForm, SegmentName, Segments, SignatureForm, TextFault, TokenSeen, TokenSpec, Value,
};
pub use verdict::{Admission, SecondVerdict, Verdict};
pub use vocabulary::vocabulary;
