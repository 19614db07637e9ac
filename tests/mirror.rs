//! A forge that writes other bytes than it was told to is caught by the mirror, and never passes as a finding.

use gatecrash::{
    Depth, World,
    campaign::check::{CheckOptions, FindingKind, Outcome, check, check_through},
    model::{
        Algorithm, AuthorizationForm, Case, ConfirmationOf, Digest, Encoding, Extra, Framing, HostForm, Http2Form,
        IssuerRole, KeyName, Mutation, PathForm, PayloadForm, Person, Position, Proof, Protocol, SegmentForm,
        SegmentName, ServerName, SignatureForm, Stance, TokenKey, Transport, Value, resolve,
    },
    world::forge::Wire,
};

use crate::support::exhibit;

const OPTIONS: CheckOptions = CheckOptions { depth: Depth::Connection, mirror: true, serial: 7 };

fn text(wire: &Wire) -> String {
    String::from_utf8(wire.request.clone()).unwrap()
}

fn edited(wire: Wire, edit: impl Fn(&str) -> String) -> Wire {
    let request = edit(&text(&wire)).into_bytes();
    Wire { request, ..wire }
}

fn without_line(text: &str, name: &str) -> String {
    let lines = text.split("\r\n").filter(|line| !line.to_lowercase().starts_with(name));
    lines.collect::<Vec<_>>().join("\r\n")
}

/// A bug: what it does, and how.
type Bug = (&'static str, fn(Wire) -> Wire);

/// Each forges something else than what was meant.
const BUGS: [Bug; 14] = [
    ("another path", |wire| edited(wire, |text| text.replacen("alice-1", "bob-1", 1))),
    ("another method", |wire| edited(wire, |text| text.replacen("GET", "PUT", 1))),
    ("a signature with a letter changed", |wire| {
        edited(wire, |text| {
            let at = text.rfind("\r\nAuthorization").or(text.to_lowercase().rfind("\r\nauthorization")).unwrap();
            let end = at + 2 + text[at + 2..].find("\r\n").unwrap();
            let letter = if &text[end - 5..end - 4] == "A" { "B" } else { "A" };
            format!("{}{letter}{}", &text[..end - 5], &text[end - 4..])
        })
    }),
    ("no credential", |wire| edited(wire, |text| without_line(text, "authorization:"))),
    ("the credential twice", |wire| {
        edited(wire, |text| {
            let line = text.split("\r\n").find(|line| line.to_lowercase().starts_with("authorization:")).unwrap();
            text.replacen(line, &format!("{line}\r\n{line}"), 1)
        })
    }),
    ("another scheme", |wire| edited(wire, |text| text.replacen("Bearer", "Basic", 1))),
    ("another header", |wire| edited(wire, |text| text.replacen("\r\n", "\r\nx-role: admin\r\n", 1))),
    ("a token of two segments", |wire| {
        edited(wire, |text| {
            let line = text.split("\r\n").find(|line| line.to_lowercase().starts_with("authorization:")).unwrap();
            text.replacen(line, line.rsplit_once('.').unwrap().0, 1)
        })
    }),
    ("no certificate", |wire| Wire { identity: None, ..wire }),
    ("no intermediate", |mut wire| {
        wire.identity.as_mut().unwrap().chain.pop();
        wire
    }),
    ("the chain upside down", |mut wire| {
        wire.identity.as_mut().unwrap().chain.reverse();
        wire
    }),
    ("a certificate with a bit flipped", |mut wire| {
        let identity = wire.identity.as_mut().unwrap();
        let mut der = identity.chain[0].to_vec();
        *der.last_mut().unwrap() ^= 1;
        identity.chain[0] = der.into();
        wire
    }),
    ("another key in the handshake", |mut wire| {
        let identity = wire.identity.as_mut().unwrap();
        (identity.key, identity.proof) = (KeyName::Leaf(Person::Bob), Proof::OtherKey);
        wire
    }),
    ("plain text", |wire| Wire { transport: Transport::Plain, ..wire }),
];

#[test]
fn planted_bugs_of_the_forge_are_harness_faults() {
    let target = exhibit("reference").target;
    let world = World::new(target.policy.clone(), target.world.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let gate = runtime.block_on((target.factory)(&world)).unwrap();
    let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/accounts/{id}", Vec::new());
    // An attack as well: a forge that is wrong in the harmless direction would hide a hole.
    let name = "nbf".to_string();
    let ahead = Mutation::SetClaim { name, value: Value::Seconds(3600) };
    let attack = Case::one(Stance::Complete(Person::Alice), "GET /v1/accounts/{id}", vec![ahead]);
    for case in [honest, attack] {
        let sound = runtime.block_on(check(&gate, &world, &case, OPTIONS)).unwrap();
        assert!(matches!(sound.outcome, Outcome::Agree), "{:?}", sound.outcome);
        for (bug, warp) in BUGS {
            let checked = runtime.block_on(check_through(&gate, &world, &case, OPTIONS, warp)).unwrap();
            assert!(matches!(checked.outcome, Outcome::HarnessFault(_)), "{bug}: {:?}", checked.outcome);
        }
    }
}

/// The bugs are real ones: without the mirror they would be findings.
#[test]
fn without_the_mirror_a_bug_would_pass_as_a_finding() {
    let target = exhibit("reference").target;
    let world = World::new(target.policy.clone(), target.world.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let gate = runtime.block_on((target.factory)(&world)).unwrap();
    let honest = Case::one(Stance::Complete(Person::Alice), "GET /v1/accounts/{id}", Vec::new());
    let options = CheckOptions { mirror: false, ..OPTIONS };
    let mut findings = 0;
    for (_, warp) in BUGS {
        let checked = runtime.block_on(check_through(&gate, &world, &honest, options, warp)).unwrap();
        if let Outcome::Disagree(list) = checked.outcome {
            assert!(list.iter().any(|it| it.kind == FindingKind::FalseRefusal), "{list:?}");
            findings += 1;
        }
    }
    // Another header, and a chain without what the anchors know, are harmless to the reference server.
    assert!(findings >= 11, "{findings}");
}

/// Octets put in place of others of the same length, so that frames and chunks stay whole.
fn patched(mut wire: Wire, from: &[u8], to: &[u8]) -> Wire {
    assert_eq!(from.len(), to.len());
    let at = wire.request.windows(from.len()).position(|window| window == from).unwrap();
    wire.request[at..at + to.len()].copy_from_slice(to);
    wire
}

/// Bugs of messages: the change that was meant, what the forge does wrong, and how.
/// What is meant, what the bug does instead, and how.
type MessageBug = (Mutation, &'static str, fn(Wire) -> Wire);

fn message_bugs() -> Vec<MessageBug> {
    let http2 = |form| Mutation::Protocol(Protocol::Http2(form));
    vec![
        (http2(Http2Form::Plain), "another path", |wire| patched(wire, b"alice-1", b"kevin-1")),
        (http2(Http2Form::Plain), "another method", |wire| patched(wire, b"GET", b"PUT")),
        (http2(Http2Form::Plain), "another authority", |wire| patched(wire, b"gate.gate", b"fate.gate")),
        (http2(Http2Form::Plain), "another scheme of the credential", |wire| patched(wire, b"Bearer", b"Beater")),
        (http2(Http2Form::Plain), "not agreed on", |wire| Wire { alpn: Some("http/1.1"), ..wire }),
        (http2(Http2Form::Plain), "half a field block", |mut wire| {
            wire.request.truncate(wire.request.len() - 9);
            wire
        }),
        (http2(Http2Form::UppercaseName), "a name in lower case", |wire| patched(wire, b"X-Gatecrash", b"x-gatecrash")),
        (http2(Http2Form::NulValue), "a space for NUL", |wire| patched(wire, b"1\0", b"1 ")),
        (http2(Http2Form::PseudoUnknown), "a plain field", |wire| patched(wire, b":gatecrash", b"xgatecrash")),
        (http2(Http2Form::Te), "another field", |wire| patched(wire, b"\x02te\x04gzip", b"\x02tx\x04gzip")),
        (Mutation::Protocol(Protocol::Http10), "HTTP/1.1", |wire| patched(wire, b"HTTP/1.0", b"HTTP/1.1")),
        (Mutation::Host(HostForm::Other), "the server's host", |wire| patched(wire, b"other.gate", b"gater.gate")),
        (Mutation::Host(HostForm::Repeated), "one host", |wire| patched(wire, b"host:", b"hoax:")),
        (Mutation::Host(HostForm::Conflict), "the origin form", |wire| {
            edited(wire, |text| text.replacen("https://other.gatecrash.test", "", 1))
        }),
        (Mutation::Path(PathForm::Absolute), "the origin form", |wire| {
            edited(wire, |text| text.replacen("https://gate.gatecrash.test", "", 1))
        }),
        (Mutation::Path(PathForm::Nul), "NUL itself", |wire| edited(wire, |text| text.replacen("%00", "\0", 1))),
        (Mutation::Authorization(AuthorizationForm::Nul), "no NUL", |wire| patched(wire, b"\0", b"a")),
        (Mutation::Authorization(AuthorizationForm::LineFeed), "no LF", |wire| {
            edited(wire, |text| {
                text.replacen("Bearer", "BEARER", 1).replace("\r\n", "\r").replace('\n', "a").replace('\r', "\r\n")
            })
        }),
        (Mutation::Authorization(AuthorizationForm::Folded), "no fold", |wire| {
            edited(wire, |text| text.replacen("Bearer\r\n ", "Bearer ", 1))
        }),
        (Mutation::Authorization(AuthorizationForm::SpaceBeforeColon), "no space", |wire| {
            edited(wire, |text| text.replacen("authorization :", "authorization:", 1))
        }),
        (Mutation::Authorization(AuthorizationForm::Trailer), "a header for a trailer", |wire| {
            edited(wire, |text| text.replacen("trailer:", "authorization: Bearer e30.e30.x\r\ntrailer:", 1))
        }),
        (Mutation::Framing(Framing::Pipelined), "no second request", |wire| {
            edited(wire, |text| text[..text.find("\r\n\r\n").unwrap() + 4].into())
        }),
        (Mutation::Framing(Framing::Pipelined), "another second request", |wire| {
            patched(wire, b"\r\n\r\nGET /v1/whoami", b"\r\n\r\nGET /v1/wh0ami")
        }),
        (Mutation::Framing(Framing::Content), "a content that ends too early", |wire| {
            edited(wire, |text| {
                text.replacen("content-length: ", "content-length: 0", 1).replacen("length: 0", "length: -", 1)
            })
        }),
        (Mutation::Framing(Framing::ContentLengthBeforeChunks), "one framing", |wire| {
            edited(wire, |text| without_line(text, "content-length"))
        }),
        (Mutation::Framing(Framing::TransferEncodingUnknown), "a coding that is known", |wire| {
            edited(wire, |text| text.replacen("xchunked", "chunked", 1))
        }),
        (Mutation::Framing(Framing::ChunkExtension), "no LF in the extension", |wire| {
            edited(wire, |text| text.replacen("0;\n", "0;", 1))
        }),
        (Mutation::Framing(Framing::BareLineFeed), "lines as they should be", |wire| {
            edited(wire, |text| text.replacen("\r\n", "\n", usize::MAX).replace('\n', "\r\n"))
        }),
        (Mutation::ServerName(ServerName::Other), "the server's name", |wire| Wire {
            server_name: ServerName::Own,
            ..wire
        }),
        (Mutation::Transport(Transport::Tls12), "TLS 1.3", |wire| Wire { transport: Transport::Tls13, ..wire }),
    ]
}

#[test]
fn planted_bugs_in_messages_are_harness_faults() {
    let target = exhibit("reference").target;
    let world = World::new(target.policy.clone(), target.world.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let gate = runtime.block_on((target.factory)(&world)).unwrap();
    for (mutation, bug, warp) in message_bugs() {
        let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/accounts/{id}", vec![mutation.clone()]);
        let sound = runtime.block_on(check(&gate, &world, &case, OPTIONS)).unwrap();
        assert!(matches!(sound.outcome, Outcome::Agree), "{mutation}: {:?}", sound.outcome);
        let checked = runtime.block_on(check_through(&gate, &world, &case, OPTIONS, warp)).unwrap();
        assert!(matches!(checked.outcome, Outcome::HarnessFault(_)), "{mutation}, {bug}: {:?}", checked.outcome);
    }
}

/// Under a key of small order a signature fits whatever is written after it was made; a fold may end as its line does; a
/// signature of 63 octets leaves no bit of its last letter unused.
#[test]
fn what_random_campaigns_taught_the_mirror() {
    let small =
        Mutation::SignWith { key: KeyName::Token(IssuerRole::Home, TokenKey::SmallOrder), algorithm: Algorithm::EdDSA };
    let rewritten = Mutation::RewriteClaim { name: "nbf".into(), value: Value::Seconds(3596) };
    let folded = Mutation::Authorization(AuthorizationForm::Folded);
    let bare = Mutation::Framing(Framing::BareLineFeed);
    let exhibit = exhibit("reference");
    let world = World::new(exhibit.target.policy.clone(), exhibit.target.world.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let gate = runtime.block_on((exhibit.target.factory)(&world)).unwrap();
    let cut = Mutation::SignatureOctets(SignatureForm::Truncated);
    let bits = Mutation::SegmentText { segment: SegmentName::Signature, form: SegmentForm::TrailingBits };
    for mutations in [vec![small, rewritten], vec![folded, bare], vec![cut, bits]] {
        let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", mutations);
        let checked = runtime.block_on(check(&gate, &world, &case, OPTIONS)).unwrap();
        assert!(matches!(checked.outcome, Outcome::Agree), "{:?}", checked.outcome);
    }
}

/// Changes of which one undoes what another needs make no case.
#[test]
fn changes_that_mean_nothing_together_are_no_case() {
    let exhibit = exhibit("reference");
    let world = World::new(exhibit.target.policy.clone(), exhibit.target.world.clone()).unwrap();
    let late = Mutation::Protocol(Protocol::Http2(Http2Form::PseudoLate));
    let long = |letters| Value::Long(letters);
    let small = KeyName::Token(IssuerRole::Home, TokenKey::SmallOrder);
    let pairs = [
        [Mutation::Authorization(AuthorizationForm::LineFeed), Mutation::Framing(Framing::BareLineFeed)],
        [Mutation::Authorization(AuthorizationForm::Query), late],
        [
            Mutation::JoseHeader(PayloadForm::Text(String::new())),
            Mutation::SegmentText { segment: SegmentName::Header, form: SegmentForm::Space },
        ],
        [
            Mutation::SetHeader { name: "kid".into(), value: long(4000) },
            Mutation::SetClaim { name: "note".into(), value: long(2000) },
        ],
        [
            Mutation::BindTo {
                member: "x5t#S256".into(),
                of: ConfirmationOf::LeafTbs,
                digest: Digest::Sha256,
                encoding: Encoding::Base64Url,
            },
            Mutation::CertificateExtra { at: Position::Leaf, extra: Extra::IndefiniteLength },
        ],
        [
            Mutation::SignWith { key: small, algorithm: Algorithm::EdDSA },
            Mutation::SignatureOctets(SignatureForm::SZero),
        ],
    ];
    let means = |mutations: &[Mutation]| {
        let case = Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", mutations.to_vec());
        resolve(&case.steps[0], &world.blueprint()).is_ok()
    };
    for pair in &pairs {
        assert!(means(&pair[..1]) && means(&pair[1..]), "{pair:?}");
        assert!(!means(pair), "{pair:?}");
    }
}
