//! Requests as messages, as symbols: protocol, authority, framing, and the connection under them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Name of the server, in its certificate, in SNI and in `Host`.
///
/// ```
/// use gatecrash_model::{HOST, HostForm};
/// assert_eq!(HostForm::Own.said().1, [HOST]);
/// ```
pub const HOST: &str = "gate.gatecrash.test";
/// Another name in its certificate, for a gate that other tools are pointed at.
///
/// ```
/// use gatecrash_model::{HOST, LOCAL_HOST};
/// assert_ne!(HOST, LOCAL_HOST);
/// ```
pub const LOCAL_HOST: &str = "localhost";
/// A name that the server's certificate does not hold.
///
/// ```
/// use gatecrash_model::{HostForm, OTHER_HOST};
/// assert_eq!(HostForm::Other.said().1, [OTHER_HOST]);
/// ```
pub const OTHER_HOST: &str = "other.gatecrash.test";

/// What the bytes travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Octets that are no TLS record, on the port that speaks TLS.
    Garbage,
    /// HTTP in the clear on the port that speaks TLS.
    Plain,
    /// An SSL 2.0 `CLIENT-HELLO` (RFC 6176).
    Ssl2,
    /// A `ClientHello` that offers TLS 1.2 and nothing newer.
    Tls12,
    /// TLS 1.3.
    Tls13,
    /// TLS 1.3, every handshake message over many small records (RFC 8446 §5.1).
    Tls13Fragmented,
}

/// The name that the client asks for in the handshake (RFC 6066 §3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerName {
    /// None.
    Absent,
    /// One that the server's certificate does not hold.
    Other,
    /// The server's.
    #[default]
    Own,
}

/// The version of HTTP, and how it is agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2, agreed on by ALPN (RFC 9113 §3.2).
    Http2(Http2Form),
    /// HTTP/2, without having agreed on it.
    PriorKnowledge,
}

/// How an HTTP/2 request is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Http2Form {
    /// A field that is about the connection (RFC 9113 §8.2.2).
    ConnectionField,
    /// `content-length` is not the length of the content (RFC 9113 §8.1.1).
    ContentLength,
    /// The cookie in two fields, which is legal (RFC 9113 §8.2.3).
    CrumbledCookie,
    /// CR and LF in a value, with another field after them.
    LineBreakValue,
    /// NUL in a value.
    NulValue,
    /// As it should be.
    #[default]
    Plain,
    /// A pseudo-header field after the others.
    PseudoLate,
    /// `:path` twice, another one first.
    PseudoTwice,
    /// A pseudo-header field that does not exist.
    PseudoUnknown,
    /// `te` with another value than `trailers`.
    Te,
    /// `te: trailers`, which is legal (RFC 9113 §8.2.2).
    TeTrailers,
    /// A field name in upper case.
    UppercaseName,
}

/// What `Host` and `:authority` say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostForm {
    /// Nothing.
    Absent,
    /// The target names another server, `Host` this one.
    Conflict,
    /// The target names this server, `Host` another one.
    ConflictTurned,
    /// `Host:` with nothing after it.
    Empty,
    /// The address of the loopback interface.
    IpLiteral,
    /// A name that begins with that of the server, as in DNS rebinding.
    LookAlike,
    /// A name that the server's certificate does not hold.
    Other,
    /// The default port, which changes nothing (RFC 9110 §4.2.3).
    OwnPort,
    /// Another port.
    OtherPort,
    /// The server's name.
    #[default]
    Own,
    /// Two lines: the server's name, then another.
    OwnThenOther,
    /// The same line twice.
    Repeated,
    /// The name with the root's dot.
    TrailingDot,
    /// The name in upper case, which changes nothing (RFC 9110 §4.2.3).
    UpperCase,
    /// A name of a user before it.
    UserInfo,
}

/// How the content is framed, and what follows it on the connection. *The second request* is an anonymous one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// Lines end in LF alone; the second request is the content.
    BareLineFeed,
    /// A chunk extension that holds LF; the second request after the last chunk.
    ChunkExtension,
    /// A chunk size beyond 64 bits; the second request after what would be the last chunk.
    ChunkOverflow,
    /// The content in chunks, which is legal.
    Chunked,
    /// The content in chunks, and the second request after it, which is legal in HTTP/1.1.
    ChunkedPipelined,
    /// The second request is the content, by `Content-Length`.
    Content,
    /// `Content-Length` in hexadecimal digits.
    ContentLengthHex,
    /// `Content-Length` with two values in one line.
    ContentLengthList,
    /// `Content-Length` with a sign.
    ContentLengthPlus,
    /// `Content-Length` twice, with different values.
    ContentLengthTwice,
    /// `Content-Length` covers the second request, `Transfer-Encoding` does not.
    ContentLengthBeforeChunks,
    /// `Transfer-Encoding` covers the second request, `Content-Length` does not.
    ChunksBeforeContentLength,
    /// `Expect: 100-continue`.
    ExpectContinue,
    /// By `Content-Length`, as it should be.
    #[default]
    Plain,
    /// The second request follows, which is legal.
    Pipelined,
    /// The second request follows a request to leave HTTP/1.1, before the answer to that.
    PrematureUpgrade,
    /// `Transfer-Encoding: identity`, which is no longer one.
    TransferEncodingIdentity,
    /// `Transfer-Encoding` twice, of which the last is no `chunked`.
    TransferEncodingTwice,
    /// `Transfer-Encoding: xchunked`.
    TransferEncodingUnknown,
    /// A request to speak WebSocket (RFC 6455 §4.1).
    WebSocket,
}

/// A path that services have beside those that they declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undeclared {
    /// `/actuator/env`.
    Actuator,
    /// `/admin`.
    Admin,
    /// `/debug/pprof/`.
    Debug,
    /// `/docs`.
    Docs,
    /// `/v1/internal/users`.
    Internal,
    /// `/metrics`.
    Metrics,
    /// `/nobody-has-this`.
    Nothing,
    /// `/openapi.json`.
    OpenApi,
    /// `/`.
    Root,
}

/// What is wrong with a message, as a strict reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageFault {
    /// Lines end in LF alone (RFC 9112 §2.2).
    BareLineFeed,
    /// A chunk that is none (RFC 9112 §7.1).
    Chunk,
    /// A `Content-Length` that is none, or several that differ (RFC 9112 §6.3).
    ContentLength,
    /// `Content-Length` beside `Transfer-Encoding` (RFC 9112 §6.3).
    ContentLengthAndTransferEncoding,
    /// A field that an HTTP/2 message does not have (RFC 9113 §8.2.2).
    ConnectionField,
    /// A field name that is none (RFC 9112 §5.1, RFC 9113 §8.2.1).
    FieldName,
    /// CR, LF or NUL in a value (RFC 9110 §5.5, RFC 9113 §8.2.1).
    FieldValue,
    /// A value that goes on in the next line (RFC 9112 §5.2).
    Fold,
    /// Pseudo-header fields that are not those of a request (RFC 9113 §8.3).
    Pseudo,
    /// More octets than a server must take (RFC 9110 §5.4).
    Size,
    /// A transfer coding whose last is no `chunked` (RFC 9112 §6.3).
    TransferEncoding,
    /// A transfer coding before HTTP/1.1 (RFC 9112 §6.1).
    TransferEncodingTooOld,
}

/// A second request on the connection. It brings no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Second {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Whether it stands inside of the first, or behind one that ends the connection: then there is no second request.
    pub hidden: bool,
}

/// A request as a message, as a strict reader sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageSeen {
    /// The version, and how it was agreed on.
    pub protocol: Protocol,
    /// The name asked for in the handshake.
    pub server_name: ServerName,
    /// The authority in the target: of the absolute form, or `:authority`.
    pub authority: Option<String>,
    /// Every value of `Host`.
    pub hosts: Vec<String>,
    /// The query, without a token.
    pub query: Option<String>,
    /// Whether there is content, in whatever framing.
    pub content: bool,
    /// What is wrong with it.
    pub faults: BTreeSet<MessageFault>,
    /// What follows, or hides in it.
    pub second: Option<Second>,
    /// Whether a token stands in the query, beside one in the field or alone.
    pub token_in_query: bool,
}

impl Protocol {
    /// Whether it is HTTP/2, however agreed on.
    ///
    /// ```
    /// use gatecrash_model::{Http2Form, Protocol};
    /// assert!(Protocol::Http2(Http2Form::Plain).is_http2());
    /// assert!(!Protocol::Http11.is_http2());
    /// ```
    pub fn is_http2(self) -> bool {
        matches!(self, Protocol::Http2(_) | Protocol::PriorKnowledge)
    }

    /// The same without the abuse, as a reader of bytes sees it.
    pub(crate) fn plain(self) -> Self {
        match self {
            Protocol::Http2(_) => Protocol::Http2(Http2Form::Plain),
            other => other,
        }
    }
}

impl Http2Form {
    /// Every form.
    ///
    /// ```
    /// use gatecrash_model::Http2Form;
    /// assert!(Http2Form::ALL.contains(&Http2Form::PseudoTwice));
    /// ```
    pub const ALL: &[Http2Form] = {
        use Http2Form::*;
        &[
            ConnectionField,
            ContentLength,
            CrumbledCookie,
            LineBreakValue,
            NulValue,
            Plain,
            PseudoLate,
            PseudoTwice,
            PseudoUnknown,
            Te,
            TeTrailers,
            UppercaseName,
        ]
    };

    /// Names of the fields that the form adds.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Http2Form::Te.fields(), ["te"]);
    /// ```
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Http2Form::ConnectionField => &["connection"],
            Http2Form::CrumbledCookie => &["cookie", "cookie"],
            Http2Form::LineBreakValue | Http2Form::NulValue => &["x-gatecrash"],
            Http2Form::Te | Http2Form::TeTrailers => &["te"],
            Http2Form::UppercaseName => &["X-Gatecrash"],
            Http2Form::ContentLength
            | Http2Form::Plain
            | Http2Form::PseudoLate
            | Http2Form::PseudoTwice
            | Http2Form::PseudoUnknown => &[],
        }
    }

    /// What is wrong with it.
    pub(crate) fn fault(self) -> Option<MessageFault> {
        match self {
            Http2Form::ConnectionField | Http2Form::Te => Some(MessageFault::ConnectionField),
            Http2Form::ContentLength => Some(MessageFault::ContentLength),
            Http2Form::CrumbledCookie | Http2Form::Plain | Http2Form::TeTrailers => None,
            Http2Form::LineBreakValue | Http2Form::NulValue => Some(MessageFault::FieldValue),
            Http2Form::PseudoLate | Http2Form::PseudoTwice | Http2Form::PseudoUnknown => Some(MessageFault::Pseudo),
            Http2Form::UppercaseName => Some(MessageFault::FieldName),
        }
    }
}

impl HostForm {
    /// Every form but the honest one.
    ///
    /// ```
    /// use gatecrash_model::HostForm;
    /// assert!(!HostForm::ALL.contains(&HostForm::Own));
    /// ```
    pub const ALL: &[HostForm] = {
        use HostForm::*;
        &[
            Absent,
            Conflict,
            ConflictTurned,
            Empty,
            IpLiteral,
            LookAlike,
            Other,
            OtherPort,
            OwnPort,
            OwnThenOther,
            Repeated,
            TrailingDot,
            UpperCase,
            UserInfo,
        ]
    };

    /// The authority that the target names where it names one, and the lines of `Host` in HTTP/1.1.
    ///
    /// ```
    /// use gatecrash_model::{HOST, HostForm, OTHER_HOST};
    /// // In the target the other one, in the field its own.
    /// assert_eq!(HostForm::Conflict.said(), (Some(OTHER_HOST.into()), vec![HOST.into()]));
    /// ```
    pub fn said(self) -> (Option<String>, Vec<String>) {
        let own = HOST.to_string();
        let other = OTHER_HOST.to_string();
        match self {
            HostForm::Absent => (None, Vec::new()),
            HostForm::Conflict => (Some(other), vec![own]),
            HostForm::ConflictTurned => (Some(own), vec![other]),
            HostForm::Empty => (None, vec![String::new()]),
            HostForm::IpLiteral => (None, vec!["127.0.0.1".into()]),
            HostForm::LookAlike => (None, vec![format!("{HOST}.attacker.test")]),
            HostForm::Other => (None, vec![other]),
            HostForm::OtherPort => (None, vec![format!("{HOST}:8443")]),
            HostForm::Own => (None, vec![own]),
            HostForm::OwnPort => (None, vec![format!("{HOST}:443")]),
            HostForm::OwnThenOther => (None, vec![own, other]),
            HostForm::Repeated => (None, vec![own.clone(), own]),
            HostForm::TrailingDot => (None, vec![format!("{HOST}.")]),
            HostForm::UpperCase => (None, vec![HOST.to_ascii_uppercase()]),
            HostForm::UserInfo => (None, vec![format!("alice@{HOST}")]),
        }
    }
}

impl Framing {
    /// Every form but the honest one.
    ///
    /// ```
    /// use gatecrash_model::Framing;
    /// assert!(!Framing::ALL.contains(&Framing::Plain));
    /// ```
    pub const ALL: &[Framing] = {
        use Framing::*;
        &[
            BareLineFeed,
            ChunkExtension,
            ChunkOverflow,
            Chunked,
            ChunkedPipelined,
            ChunksBeforeContentLength,
            Content,
            ContentLengthBeforeChunks,
            ContentLengthHex,
            ContentLengthList,
            ContentLengthPlus,
            ContentLengthTwice,
            ExpectContinue,
            Pipelined,
            PrematureUpgrade,
            TransferEncodingIdentity,
            TransferEncodingTwice,
            TransferEncodingUnknown,
            WebSocket,
        ]
    };

    /// Whether a second request is sent, in whatever guise.
    ///
    /// ```
    /// use gatecrash_model::Framing;
    /// assert!(Framing::Pipelined.has_second());
    /// assert!(!Framing::Chunked.has_second());
    /// ```
    pub fn has_second(self) -> bool {
        use Framing::*;
        !matches!(self, Chunked | ExpectContinue | Plain | WebSocket)
    }

    /// Whether the content of the route can be sent this way; the others bring content of their own, or none.
    pub(crate) fn carries_content(self) -> bool {
        use Framing::*;
        matches!(self, Chunked | ChunkedPipelined | ExpectContinue | Pipelined | Plain | PrematureUpgrade | WebSocket)
    }

    /// Whether the content is in chunks, as a reader sees it that takes `Transfer-Encoding` at its word.
    pub(crate) fn is_chunked(self) -> bool {
        use Framing::*;
        matches!(
            self,
            ChunkExtension
                | ChunkOverflow
                | Chunked
                | ChunkedPipelined
                | ChunksBeforeContentLength
                | ContentLengthBeforeChunks
        )
    }

    /// What is wrong with it, in HTTP/1.1.
    pub(crate) fn faults(self) -> &'static [MessageFault] {
        use Framing::*;
        match self {
            BareLineFeed => &[MessageFault::BareLineFeed],
            ChunkExtension | ChunkOverflow => &[MessageFault::Chunk],
            ChunksBeforeContentLength | ContentLengthBeforeChunks => &[MessageFault::ContentLengthAndTransferEncoding],
            ContentLengthHex | ContentLengthList | ContentLengthPlus | ContentLengthTwice => {
                &[MessageFault::ContentLength]
            }
            TransferEncodingIdentity | TransferEncodingTwice | TransferEncodingUnknown => {
                &[MessageFault::TransferEncoding]
            }
            Chunked | ChunkedPipelined | Content | ExpectContinue | Plain | Pipelined | PrematureUpgrade
            | WebSocket => &[],
        }
    }

    /// Whether the second request is a request by itself.
    pub(crate) fn is_pipelined(self) -> bool {
        matches!(self, Framing::ChunkedPipelined | Framing::Pipelined | Framing::PrematureUpgrade)
    }
}

impl Undeclared {
    /// Every path.
    ///
    /// ```
    /// use gatecrash_model::Undeclared;
    /// assert!(Undeclared::ALL.iter().all(|route| route.path().starts_with('/')));
    /// ```
    pub const ALL: &[Undeclared] = {
        use Undeclared::*;
        &[Actuator, Admin, Debug, Docs, Internal, Metrics, Nothing, OpenApi, Root]
    };

    /// The path.
    ///
    /// ```
    /// use gatecrash_model::Undeclared;
    /// assert!(Undeclared::ALL[0].path().starts_with('/'));
    /// ```
    pub fn path(self) -> &'static str {
        match self {
            Undeclared::Actuator => "/actuator/env",
            Undeclared::Admin => "/admin",
            Undeclared::Debug => "/debug/pprof/",
            Undeclared::Docs => "/docs",
            Undeclared::Internal => "/v1/internal/users",
            Undeclared::Metrics => "/metrics",
            Undeclared::Nothing => "/nobody-has-this",
            Undeclared::OpenApi => "/openapi.json",
            Undeclared::Root => "/",
        }
    }
}
