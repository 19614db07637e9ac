//! One named change, writing exactly one slot of the attempt. Slots have a fixed order; two writes to one conflict.

use serde::{Deserialize, Serialize};

use crate::pointer::canonical;
use crate::{
    Algorithm, AuthorizationForm, BasicConstraints, ConfirmationOf, Digest, Encoding, Extra, ForwardedForm, Framing,
    HostForm, KeyName, KeyUsage, MacSecret, NameConstraint, Occurrence, PathForm, PayloadForm, Peer, Permutation,
    Person, Position, Proof, Protocol, Purpose, RequestHeader, SegmentForm, SegmentName, Segments, ServerName,
    SignatureForm, SubjectAttribute, SubjectName, Transport, Undeclared, Value, chain::path,
};

/// A deliberate change to an honest attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Mutation {
    /// The request carries another header field.
    AddHeader(RequestHeader),
    /// The token is carried in another form.
    Authorization(AuthorizationForm),
    /// The issuer binds the token to something else, in some other way.
    BindTo {
        /// Name of the confirmation method.
        #[serde(default = "thumbprint_method")]
        member: String,
        /// What is hashed.
        of: ConfirmationOf,
        /// With what.
        #[serde(default = "sha256")]
        digest: Digest,
        /// Written how.
        #[serde(default = "base64url")]
        encoding: Encoding,
    },
    /// The certificate has other `basicConstraints`, or none.
    CertificateAuthority {
        /// Which certificate.
        at: Position,
        /// The extension.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authority: Option<BasicConstraints>,
    },
    /// The certificate has an extension that an honest one does not have.
    CertificateExtra {
        /// Which certificate.
        at: Position,
        /// The extension.
        extra: Extra,
    },
    /// The certificate has other `keyUsage`, or none.
    CertificateKeyUsage {
        /// Which certificate.
        at: Position,
        /// The bits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Vec<KeyUsage>>,
    },
    /// The certificate constrains the names below it.
    CertificateNameConstraints {
        /// The constraints of the intermediate.
        constraints: Vec<NameConstraint>,
    },
    /// The leaf has other subject alternative names.
    CertificateNames {
        /// The names; `${name}` is filled in. None: the extension is absent.
        names: Vec<SubjectName>,
    },
    /// The certificate has other purposes, or none.
    CertificatePurposes {
        /// Which certificate.
        at: Position,
        /// The purposes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purposes: Option<Vec<Purpose>>,
    },
    /// The certificate is listed in the CRL.
    CertificateRevoked {
        /// Which certificate.
        at: Position,
    },
    /// The leaf's subject is another.
    CertificateSubject {
        /// The common name; `${name}` is filled in.
        common_name: String,
        /// What stands after it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rest: Vec<SubjectAttribute>,
    },
    /// The certificate's signature has a bit flipped.
    CertificateSignature {
        /// Which certificate.
        at: Position,
    },
    /// The certificate has another validity period.
    CertificateValidity {
        /// Which certificate.
        at: Position,
        /// Start, seconds from now.
        not_before: i64,
        /// End, seconds from now.
        not_after: i64,
    },
    /// The chain leads elsewhere.
    ChainPath(path::ChainPath),
    /// The chain holds more than it needs, or in another order.
    ChainPadding(path::ChainPadding),
    /// The issuer leaves a claim out.
    DropClaim(String),
    /// The issuer leaves a header parameter out.
    DropHeader(String),
    /// The field with the client's certificate is written differently.
    Forwarded(ForwardedForm),
    /// The content is framed differently, and something may follow it.
    Framing(Framing),
    /// The request names its server differently.
    Host(HostForm),
    /// The JOSE header is not simply its object.
    JoseHeader(PayloadForm),
    /// The request has another method.
    Method(String),
    /// The request names somebody else's object.
    ObjectOf(Person),
    /// The request target is spelled differently.
    Path(PathForm),
    /// The payload is not simply the claims set.
    Payload(PayloadForm),
    /// Somebody else than the proxy connects, and writes the field with the client's certificate.
    Peer(Peer),
    /// What has no order comes in another.
    Permute(Permutation),
    /// The assistant of the route is asked this.
    Prompt(String),
    /// The client proves possession in another way.
    Proof(Proof),
    /// The request comes in another version of HTTP.
    Protocol(Protocol),
    /// The target has a query.
    Query(String),
    /// The issuer writes a claim twice.
    RepeatClaim {
        /// Name of the claim.
        name: String,
        /// The other value.
        value: Value,
        /// Where the other value goes.
        at: Occurrence,
    },
    /// The issuer writes a header parameter twice.
    RepeatHeader {
        /// Name of the parameter.
        name: String,
        /// The other value.
        value: Value,
        /// Where the other value goes.
        at: Occurrence,
    },
    /// The attacker replaces a claim after signing.
    RewriteClaim {
        /// Name of the claim.
        name: String,
        /// Its new value.
        value: Value,
    },
    /// The attacker replaces a header parameter after signing.
    RewriteHeader {
        /// Name of the parameter.
        name: String,
        /// Its new value.
        value: Value,
    },
    /// The text of a segment is damaged.
    SegmentText {
        /// Which segment.
        segment: SegmentName,
        /// How.
        form: SegmentForm,
    },
    /// The segments are laid out differently.
    Segments(Segments),
    /// The handshake asks for another name.
    ServerName(ServerName),
    /// The issuer says something else in a claim.
    SetClaim {
        /// Name of the claim.
        name: String,
        /// Its value.
        value: Value,
    },
    /// The signer says something else in a header parameter.
    SetHeader {
        /// Name of the parameter.
        name: String,
        /// Its value.
        value: Value,
    },
    /// The signature octets are damaged.
    SignatureOctets(SignatureForm),
    /// A MAC with a secret that an attacker can compute or guess; `alg` follows.
    SignWithMac {
        /// The secret.
        secret: MacSecret,
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// Another key signs; `alg` follows, and `kid` where the key is published.
    SignWith {
        /// The key.
        key: KeyName,
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The bytes travel in something else.
    Transport(Transport),
    /// The request is for a path that no policy declares.
    Undeclared(Undeclared),
    /// Nobody signs; `alg` becomes `none`.
    Unsigned,
}

fn thumbprint_method() -> String {
    "x5t#S256".into()
}

fn sha256() -> Digest {
    Digest::Sha256
}

fn base64url() -> Encoding {
    Encoding::Base64Url
}

/// The fixed order in which slots are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the artefacts")]
pub enum SlotStage {
    Chain,
    Key,
    Seal,
    Header,
    Claims,
    Binding,
    Tamper,
    Text,
    Request,
    Connection,
}

/// What exactly one mutation may write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// When it is written.
    pub stage: SlotStage,
    /// Which one it is, within the stage.
    pub name: String,
}

impl Mutation {
    /// The slot that the mutation writes.
    ///
    /// ```
    /// use gatecrash_model::{Mutation, SlotStage};
    /// let (one, other) = (Mutation::DropClaim("aud".into()), Mutation::DropClaim("sub".into()));
    /// assert_eq!(one.slot().stage, SlotStage::Claims);
    /// assert_ne!(one.slot(), other.slot(), "one case may have both");
    /// ```
    pub fn slot(&self) -> Slot {
        use Mutation::*;
        use SlotStage::*;
        let at = |position: &Position, field: &str| format!("{position:?} {field}");
        let (stage, name) = match self {
            AddHeader(header) => (Request, format!("header {}", header.name)),
            Authorization(_) => (Request, "authorization".into()),
            BindTo { .. } => (Binding, "cnf".into()),
            CertificateAuthority { at: position, .. } => (Chain, at(position, "authority")),
            CertificateExtra { at: position, .. } => (Chain, at(position, "extra")),
            CertificateKeyUsage { at: position, .. } => (Chain, at(position, "key usage")),
            CertificateNameConstraints { .. } => (Chain, "name constraints".into()),
            CertificateNames { .. } => (Chain, "names".into()),
            CertificatePurposes { at: position, .. } => (Chain, at(position, "purposes")),
            CertificateRevoked { at: position } => (Chain, at(position, "serial")),
            CertificateSubject { .. } => (Chain, "subject".into()),
            CertificateSignature { at: position } => (Chain, at(position, "signature")),
            CertificateValidity { at: position, .. } => (Chain, at(position, "validity")),
            ChainPath(_) => (Chain, "0 path".into()),
            ChainPadding(_) => (Chain, "~ padding".into()),
            DropClaim(name) | RepeatClaim { name, .. } | SetClaim { name, .. } if canonical(name) == "cnf" => {
                (Binding, "cnf".into())
            }
            DropClaim(name) | RepeatClaim { name, .. } | SetClaim { name, .. } => {
                (Claims, canonical(name).into_owned())
            }
            DropHeader(name) | RepeatHeader { name, .. } | SetHeader { name, .. } => (Header, name.clone()),
            Mutation::Forwarded(_) => (Request, "forwarded certificate".into()),
            Mutation::Framing(_) => (Request, "framing".into()),
            Host(_) => (Request, "host".into()),
            JoseHeader(_) => (Header, "the whole header".into()),
            Method(_) => (Request, "method".into()),
            ObjectOf(_) => (Request, "object".into()),
            Path(_) | Mutation::Undeclared(_) => (Request, "path".into()),
            Payload(_) => (Claims, "the whole payload".into()),
            Mutation::Peer(_) => (Connection, "peer".into()),
            // After everything else that is written into what is permuted.
            Permute(Permutation::Claims) => (Binding, "~ order of claims".into()),
            Permute(Permutation::Fields) => (Request, "~ order of fields".into()),
            Permute(Permutation::Header) => (Header, "~ order of the header".into()),
            Prompt(_) => (Request, "prompt".into()),
            Mutation::Proof(_) => (Key, "proof".into()),
            Mutation::Protocol(_) => (Request, "~ protocol".into()),
            Query(_) => (Request, "query".into()),
            RewriteClaim { name, .. } => (Tamper, format!("claim {}", canonical(name))),
            RewriteHeader { name, .. } => (Tamper, format!("header {name}")),
            SegmentText { segment, .. } => (Text, format!("{segment:?}")),
            Mutation::Segments(_) => (Text, "segments".into()),
            Mutation::ServerName(_) => (Connection, "server name".into()),
            SignatureOctets(_) => (Tamper, "signature".into()),
            SignWith { .. } | SignWithMac { .. } | Unsigned => (Seal, "seal".into()),
            Mutation::Transport(_) => (Connection, "transport".into()),
        };
        Slot { stage, name }
    }

    /// Kebab-case name of the kind of mutation.
    ///
    /// ```
    /// use gatecrash_model::Mutation;
    /// assert_eq!(Mutation::DropClaim("aud".into()).kind(), Mutation::DropClaim("sub".into()).kind());
    /// ```
    pub fn kind(&self) -> &'static str {
        use Mutation::*;
        match self {
            AddHeader(_) => "add-header",
            Authorization(_) => "authorization",
            BindTo { .. } => "bind-to",
            CertificateAuthority { .. } => "certificate-authority",
            CertificateExtra { .. } => "certificate-extra",
            CertificateKeyUsage { .. } => "certificate-key-usage",
            CertificateNameConstraints { .. } => "certificate-name-constraints",
            CertificateNames { .. } => "certificate-names",
            CertificatePurposes { .. } => "certificate-purposes",
            CertificateRevoked { .. } => "certificate-revoked",
            CertificateSubject { .. } => "certificate-subject",
            CertificateSignature { .. } => "certificate-signature",
            CertificateValidity { .. } => "certificate-validity",
            ChainPath(_) => "chain-path",
            ChainPadding(_) => "chain-padding",
            DropClaim(_) => "drop-claim",
            DropHeader(_) => "drop-header",
            Mutation::Forwarded(_) => "forwarded",
            Mutation::Framing(_) => "framing",
            Host(_) => "host",
            JoseHeader(_) => "jose-header",
            Method(_) => "method",
            ObjectOf(_) => "object-of",
            Path(_) => "path",
            Payload(_) => "payload",
            Mutation::Peer(_) => "peer",
            Permute(_) => "permute",
            Mutation::Proof(_) => "proof",
            Mutation::Protocol(_) => "protocol",
            Prompt(_) => "prompt",
            Query(_) => "query",
            RepeatClaim { .. } => "repeat-claim",
            RepeatHeader { .. } => "repeat-header",
            RewriteClaim { .. } => "rewrite-claim",
            RewriteHeader { .. } => "rewrite-header",
            SegmentText { .. } => "segment-text",
            Mutation::Segments(_) => "segments",
            Mutation::ServerName(_) => "server-name",
            SetClaim { .. } => "set-claim",
            SetHeader { .. } => "set-header",
            SignatureOctets(_) => "signature-octets",
            SignWithMac { .. } => "sign-with-mac",
            SignWith { .. } => "sign-with",
            Mutation::Transport(_) => "transport",
            Mutation::Undeclared(_) => "undeclared",
            Unsigned => "unsigned",
        }
    }
}
