//! Protocol, authority, path and framing in words.

use crate::{ForwardedForm, Framing, HostForm, Http2Form, PathForm, Peer, Protocol};

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Protocol::Http10 => "over HTTP/1.0",
            Protocol::Http11 => "over HTTP/1.1",
            Protocol::Http2(form) => match form {
                Http2Form::ConnectionField => "over HTTP/2 with a `connection` field",
                Http2Form::ContentLength => "over HTTP/2 with a `content-length` that is not the content's",
                Http2Form::CrumbledCookie => "over HTTP/2 with a cookie in two fields",
                Http2Form::LineBreakValue => "over HTTP/2 with CR and LF in a field value",
                Http2Form::NulValue => "over HTTP/2 with NUL in a field value",
                Http2Form::Plain => "over HTTP/2",
                Http2Form::PseudoLate => "over HTTP/2 with `:path` after the other fields",
                Http2Form::PseudoTwice => "over HTTP/2 with `:path` twice",
                Http2Form::PseudoUnknown => "over HTTP/2 with an unknown pseudo-header field",
                Http2Form::Te => "over HTTP/2 with `te: gzip`",
                Http2Form::TeTrailers => "over HTTP/2 with `te: trailers`",
                Http2Form::UppercaseName => "over HTTP/2 with a field name in upper case",
            },
            Protocol::PriorKnowledge => "over HTTP/2 that was not agreed on",
        })
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Peer::Anonymous => f.write_str("past the proxy, without a certificate of one's own"),
            Peer::Direct(person) => write!(f, "past the proxy, from {} directly", person.title()),
            Peer::LookAlike => f.write_str("past the proxy, from a client whose name begins with the proxy's"),
            Peer::Proxy => f.write_str("through the proxy"),
            Peer::Rogue => f.write_str("past the proxy, from Eve with the proxy's name"),
        }
    }
}

impl std::fmt::Display for ForwardedForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ForwardedForm::Beside { of, genuine_first: true } => {
                write!(f, "a second field with {}'s certificate after the proxy's", of.title())
            }
            ForwardedForm::Beside { of, genuine_first: false } => {
                write!(f, "a second field with {}'s certificate before the proxy's", of.title())
            }
            ForwardedForm::Cut => f.write_str("the forwarded certificate cut off in the middle"),
            ForwardedForm::HashOf(of) => write!(f, "the hash of {}'s certificate beside the client's", of.title()),
            ForwardedForm::Joined(of) => {
                write!(f, "{}'s certificate before the client's in one field", of.title())
            }
            ForwardedForm::Plain => f.write_str("the forwarded certificate as the proxy writes it"),
            ForwardedForm::UriOf(of) => write!(f, "{}'s name beside the client's certificate", of.title()),
        }
    }
}

impl std::fmt::Display for HostForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            HostForm::Absent => "no Host field",
            HostForm::Conflict => "a target for another server, and this one in Host",
            HostForm::ConflictTurned => "a target for this server, and another one in Host",
            HostForm::Empty => "an empty Host field",
            HostForm::IpLiteral => "an address for a Host",
            HostForm::LookAlike => "a Host whose name begins with the server's",
            HostForm::Other => "a Host that the server's certificate does not name",
            HostForm::Own => "the server's Host",
            HostForm::OwnPort => "the default port in Host",
            HostForm::OtherPort => "another port in Host",
            HostForm::OwnThenOther => "a second Host field for another server",
            HostForm::Repeated => "the Host field twice",
            HostForm::TrailingDot => "a dot after the Host",
            HostForm::UpperCase => "the Host in upper case",
            HostForm::UserInfo => "a user's name before the Host",
        })
    }
}

impl std::fmt::Display for Framing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Framing::BareLineFeed => "lines that end in LF alone, a second request as content",
            Framing::ChunkExtension => "LF in a chunk extension, a second request after it",
            Framing::ChunkOverflow => "a chunk size beyond 64 bits, a second request after it",
            Framing::Chunked => "the content in chunks",
            Framing::ChunkedPipelined => "the content in chunks, an anonymous request after it",
            Framing::ChunksBeforeContentLength => "a second request in a chunk, beyond Content-Length",
            Framing::Content => "a second request as content",
            Framing::ContentLengthBeforeChunks => "a second request within Content-Length, beyond the last chunk",
            Framing::ContentLengthHex => "Content-Length in hexadecimal, a second request after it",
            Framing::ContentLengthList => "Content-Length with two values, a second request after it",
            Framing::ContentLengthPlus => "Content-Length with a sign, a second request after it",
            Framing::ContentLengthTwice => "two Content-Length fields that differ, a second request after them",
            Framing::ExpectContinue => "`Expect: 100-continue`",
            Framing::Pipelined => "an anonymous request after it",
            Framing::Plain => "framed by Content-Length",
            Framing::PrematureUpgrade => "a request to upgrade, an anonymous request after it",
            Framing::TransferEncodingIdentity => "`Transfer-Encoding: identity`, a second request after it",
            Framing::TransferEncodingTwice => "`chunked` before another transfer coding, a second request after it",
            Framing::TransferEncodingUnknown => "`Transfer-Encoding: xchunked`, a second request after it",
            Framing::WebSocket => "a request to speak WebSocket",
        })
    }
}

impl std::fmt::Display for PathForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PathForm::Absolute => "the target in absolute form",
            PathForm::Backslash => "the last slash of the path as a backslash",
            PathForm::Case => "a letter of the path in upper case",
            PathForm::Dot => "`/.` before the path",
            PathForm::DotDot => "`/x/..` before the path",
            PathForm::DoubleEncoded => "a letter of the path percent-encoded twice",
            PathForm::DoubleSlash => "two slashes before the path",
            PathForm::EncodedDot => "`/%2e` before the path",
            PathForm::EncodedDotDot => "`/x/%2e%2e` before the path",
            PathForm::EncodedLetter => "a letter of the path percent-encoded",
            PathForm::EncodedSlash => "the last slash of the path as `%2F`",
            PathForm::Fragment => "a fragment after the path",
            PathForm::Nul => "`%00` after the path",
            PathForm::OpenPrefix => "`/healthz/..` before the path",
            PathForm::Overlong => "the last slash of the path as `%C0%AF`",
            PathForm::PublicPrefix => "`/public/..` before the path",
            PathForm::RepeatedPrefix => "the first segment of the path twice",
            PathForm::Semicolon => "`;x` after the path",
            PathForm::StrippedPrefix => "the path without its first segment",
            PathForm::TrailingSlash => "a slash after the path",
        })
    }
}
