//! The closed domain of mutations that random generation draws from: every kind, with its interesting parameters.

use crate::{
    Algorithm, AuthorizationForm, BasicConstraints, Blueprint, CertificatesOf, ConfirmationOf, CookieForm, Digest,
    Encoding, Extra, ForwardedForm, Framing, HostForm, Http2Form, IssuerRole, KeyName, KeyUsage, MacSecret, Mutation,
    NameConstraint, Occurrence, PathForm, PayloadForm, Peer, Permutation, Person, Position, Protocol, Purpose,
    RequestHeader, SegmentForm, SegmentName, ServerName, SignatureForm, SubjectAttribute, SubjectName, TokenKey,
    Transport, Undeclared, Value,
};

/// Every mutation that random generation may make in this world, in a fixed order.
///
/// ```
/// # use gatecrash_model::*;
/// # let policy = gatecrash_model::example::policy();
/// # let blueprint = Blueprint::new(policy, 1_790_000_000);
/// use gatecrash_model::{Mutation, vocabulary};
/// assert!(vocabulary(&blueprint).contains(&Mutation::DropClaim("aud".into())));
/// ```
pub fn vocabulary(blueprint: &Blueprint) -> Vec<Mutation> {
    let mut words = Vec::new();
    chain_words(&mut words);
    token_words(&mut words);
    request_words(&mut words);
    if blueprint.policy.proxy.is_some() {
        proxy_words(&mut words);
    }
    // A version like any other to a gate that does not serve it.
    if !blueprint.policy.http.speaks("1.1") {
        words.push(Mutation::Protocol(Protocol::Http11));
    }
    if blueprint.policy.routes.iter().any(|route| route.assistant) {
        words.extend(["${ask-instructions}", "${ask-tool}"].map(|text| Mutation::Prompt(text.into())));
    }
    words.iter().map(|word| blueprint.policy.addressed(word)).collect()
}

/// Who else connects, and what stands in the field beside what the proxy wrote.
fn proxy_words(words: &mut Vec<Mutation>) {
    use ForwardedForm::{Beside, Cut, HashOf, Joined, UriOf};
    // As likely as what there is many of.
    for _ in 0..4 {
        words.extend(Peer::OTHERS.iter().copied().map(Mutation::Peer));
        for of in [Person::Alice, Person::Bob] {
            let beside = [true, false].map(|genuine_first| Beside { of, genuine_first });
            words.extend(beside.into_iter().chain([HashOf(of), Joined(of), UriOf(of)]).map(Mutation::Forwarded));
        }
        words.push(Mutation::Forwarded(Cut));
    }
    words.push(Mutation::CertificateSubject { common_name: "mallory\";URI=${alice};Hash=\"".into(), rest: Vec::new() });
}

fn json(text: &str) -> Value {
    Value::Json(text.into())
}

fn chain_words(words: &mut Vec<Mutation>) {
    use Mutation::*;

    use crate::{
        Proof,
        chain::path::{ChainPadding, ChainPath},
    };

    words.extend(ChainPath::ALL.iter().copied().map(Mutation::ChainPath));
    words.extend(ChainPadding::ALL.iter().copied().map(Mutation::ChainPadding));
    words.extend([Proof::Absent, Proof::Corrupt, Proof::OtherKey, Proof::ServerContext].map(Mutation::Proof));
    for at in [Position::Leaf, Position::Intermediate] {
        for (not_before, not_after) in
            [(-7200, -3600), (3600, 7200), (7200, -7200), (-3600, 3600), (-3600, -1), (-3600, 0), (0, 3600), (1, 3600)]
        {
            words.push(CertificateValidity { at, not_before, not_after });
        }
        // Where a standard leaves a choice, it is the same above the leaf: one place will do.
        let choice = |extra: &Extra| {
            use Extra::*;
            matches!(
                extra,
                CriticalInhibitAny | LongSerial | NegativeSerial | RepeatedUnknown | UnreadableName | ZeroSerial
            )
        };
        let extras = Extra::ALL.iter().copied().filter(|extra| at == Position::Leaf || !choice(extra));
        words.extend(extras.map(|extra| CertificateExtra { at, extra }));
        for usage in
            [None, Some(vec![KeyUsage::KeyEncipherment]), Some(vec![KeyUsage::DigitalSignature, KeyUsage::KeyCertSign])]
        {
            words.push(CertificateKeyUsage { at, usage });
        }
        let any_of: &[Purpose] = match at {
            Position::Intermediate => &[Purpose::ClientAuth, Purpose::ServerAuth],
            Position::Leaf => &[Purpose::Any, Purpose::ClientAuth, Purpose::CodeSigning, Purpose::ServerAuth],
        };
        words.push(CertificatePurposes { at, purposes: None });
        words.extend(any_of.iter().map(|purpose| CertificatePurposes { at, purposes: Some(vec![*purpose]) }));
        words.push(CertificatePurposes { at, purposes: Some(vec![Purpose::ServerAuth, Purpose::ClientAuth]) });
        let authorities: &[Option<(bool, Option<u8>)>] = match at {
            Position::Intermediate => &[None, Some((false, None)), Some((true, None)), Some((true, Some(3)))],
            Position::Leaf => &[None, Some((true, Some(0)))],
        };
        for authority in authorities {
            let authority = authority.map(|(ca, path_length)| BasicConstraints { ca, path_length });
            words.push(CertificateAuthority { at, authority });
        }
        words.push(CertificateRevoked { at });
        words.push(CertificateSignature { at });
    }
    for names in [
        vec![],
        vec![SubjectName::Uri("${bob}".into())],
        vec![SubjectName::Uri("${alice}".into()), SubjectName::Uri("${bob}".into())],
        vec![SubjectName::Uri("${alice}x".into())],
        vec![SubjectName::Uri("${alice|upper}".into())],
        vec![SubjectName::Uri("https://example.test/alice".into())],
        vec![SubjectName::Uri("${alice|long}".into())],
        vec![SubjectName::Uri("${alice|long}x".into())],
        vec![SubjectName::Ip("192.0.2.7".into()), SubjectName::Uri("${alice}".into())],
        vec![SubjectName::Dns("alice.staff.test".into())],
        vec![SubjectName::Email("alice@staff.test".into())],
        vec![SubjectName::Dns("alice.staff.test".into()), SubjectName::Uri("${alice}".into())],
    ] {
        words.push(CertificateNames { names });
    }
    for constraint in [
        NameConstraint::PermittedDns("staff.test".into()),
        NameConstraint::PermittedDns("partner.test".into()),
        NameConstraint::ExcludedDns("staff.test".into()),
        NameConstraint::ExcludedDirectory("alice".into()),
        NameConstraint::PermittedDirectory("bob".into()),
        NameConstraint::ExcludedEmail("staff.test".into()),
        NameConstraint::PermittedEmail("partner.test".into()),
        NameConstraint::ExcludedIp("192.0.2.0/24".into()),
        NameConstraint::PermittedIp("198.51.100.0/24".into()),
        NameConstraint::ExcludedUri("${domain}".into()),
        NameConstraint::PermittedUri("other.test".into()),
    ] {
        words.push(CertificateNameConstraints { constraints: vec![constraint] });
    }
    for (common_name, rest) in [
        ("bob", None),
        ("${alice}", None),
        ("mallory", Some(SubjectAttribute::CommonName("alice".into()))),
        ("${alice}", Some(SubjectAttribute::CommonName("mallory".into()))),
        ("alice,CN=bob", None),
        ("alice", Some(SubjectAttribute::OrganizationalUnit("admin".into()))),
        ("alice", Some(SubjectAttribute::Organization("Partner".into()))),
        ("", None),
    ] {
        words.push(CertificateSubject { common_name: common_name.into(), rest: rest.into_iter().collect() });
    }
}

fn token_words(words: &mut Vec<Mutation>) {
    use Mutation::*;
    let claims = ["aud", "client_id", "cnf", "exp", "iat", "iss", "jti", "nbf", "scope", "sub"];
    let values = ["null", "true", "0", "-1", "1e400", "\"\"", "\"x\"", "[]", "{}", "[\"x\"]", "01"];
    for name in claims {
        words.push(DropClaim(name.into()));
        words.extend(values.map(|value| SetClaim { name: name.into(), value: json(value) }));
        words.push(RepeatClaim { name: name.into(), value: json("null"), at: Occurrence::Last });
    }
    for name in ["exp", "iat", "nbf"] {
        for seconds in [-86_400, -3600, -31, -30, -29, 0, 29, 30, 31, 3595, 3596, 86_400, 9_999_999_999] {
            words.push(SetClaim { name: name.into(), value: Value::Seconds(seconds) });
            words.push(RewriteClaim { name: name.into(), value: Value::Seconds(seconds) });
        }
    }
    edge_words(words);
    for (name, value) in [
        ("aud", "[\"${audience}\"]"),
        ("aud", "[\"https://other.example\",\"${audience}\"]"),
        ("aud", "\"${audience}.evil.example\""),
        ("aud", "\"${audience|chop}\""),
        ("aud", "\"${audience|upper}\""),
        ("aud", "[\"${audience}\",7]"),
        ("iss", "\"${rogue}\""),
        ("iss", "\"${partner}\""),
        ("iss", "\"${issuer}/\""),
        ("iss", "[\"${issuer}\"]"),
        ("sub", "\"${alice}\""),
        ("sub", "\"${bob}\""),
        ("sub", "\"${kass}\""),
        ("sub", "\"${subject|upper}\""),
        ("sub", "\"${subject|fold}\""),
        ("scope", "\"${scope}\""),
        ("scope", "\"${scope}x\""),
        ("scope", "\"${scope|chop}\""),
        ("scope", "\"${scope|upper}\""),
        ("scope", "[\"${scope}\"]"),
        ("scope", "\"x,${scope}\""),
        ("scope", "\"x ${scope} y\""),
        ("groups", "[\"admin\"]"),
        ("admin", "true"),
        ("cnf", "{\"jkt\":\"x\"}"),
        ("cnf", "{\"x5t#S256\":\"\"}"),
        ("cnf", "{\"x5t#S256\":null}"),
    ] {
        words.push(SetClaim { name: name.into(), value: json(value) });
        words.push(RewriteClaim { name: name.into(), value: json(value) });
        words.push(RepeatClaim { name: name.into(), value: json(value), at: Occurrence::Last });
    }
    // Where the honest value stays the last one, every reader but the careless sees the same.
    for (name, value) in
        [("aud", "\"x\""), ("cnf", "{}"), ("exp", "0"), ("scope", "\"${scope}\""), ("sub", "\"${bob}\"")]
    {
        words.push(RepeatClaim { name: name.into(), value: json(value), at: Occurrence::First });
    }
    for text in ["null", "[]", "{}", "\"x\"", "", "[1,2,3,4,5]"] {
        words.push(Payload(PayloadForm::Text(text.into())));
    }
    words.push(Payload(PayloadForm::Suffix("}".into())));
    words.push(Payload(PayloadForm::Suffix(" ".into())));
    words.push(Payload(PayloadForm::Prefix("\u{feff}".into())));
    for text in ["null", "[]", "{}", "\"x\"", "x"] {
        words.push(JoseHeader(PayloadForm::Text(text.into())));
    }
    for form in [PayloadForm::InvalidUtf8, PayloadForm::Members(100), PayloadForm::Prefix("\u{feff}".into())] {
        words.push(JoseHeader(form.clone()));
        words.push(Payload(form));
    }
    for value in [Value::Long(2000), Value::Nested(200), json("\"\\ud800\""), json("\"\\u0000\"")] {
        words.push(SetClaim { name: "sub".into(), value: value.clone() });
        words.push(SetHeader { name: "kid".into(), value });
    }
    header_words(words);
    seal_words(words);
    let ways = [
        ConfirmationOf::Intermediate,
        ConfirmationOf::Leaf,
        ConfirmationOf::LeafJwk,
        ConfirmationOf::LeafKey,
        ConfirmationOf::LeafPem,
        ConfirmationOf::LeafTbs,
        ConfirmationOf::Root,
    ];
    let people = [Person::Alice, Person::Bob, Person::Mallory].map(ConfirmationOf::Person);
    for of in ways.into_iter().chain(people) {
        words.push(BindTo { member: "x5t#S256".into(), of, digest: Digest::Sha256, encoding: Encoding::Base64Url });
    }
    let encodings = [
        Encoding::Base64,
        Encoding::Base64UrlPadded,
        Encoding::FlippedCase,
        Encoding::Hex,
        Encoding::HexInBase64Url,
        Encoding::Prefix,
        Encoding::Spaced,
        Encoding::TrailingBits,
    ];
    for encoding in encodings {
        let of = ConfirmationOf::Leaf;
        words.push(BindTo { member: "x5t#S256".into(), of, digest: Digest::Sha256, encoding });
    }
    for (member, digest) in [
        ("x5t", Digest::Sha1),
        ("x5t#S256", Digest::Sha1),
        ("x5t#S512", Digest::Sha512),
        ("x5t", Digest::Sha256),
        ("X5T#S256", Digest::Sha256),
    ] {
        words.push(BindTo { member: member.into(), of: ConfirmationOf::Leaf, digest, encoding: Encoding::Base64Url });
    }
}

/// Dates at the edges of what is promised, of what libraries have for a default, and of machine integers; in every notation that a
/// number or a text can have.
fn edge_words(words: &mut Vec<Mutation>) {
    let edges = [
        "now-leeway-1",
        "now-leeway",
        "now-leeway+1",
        "now+leeway-1",
        "now+leeway",
        "now+leeway+1",
        "now-61",
        "now-60",
        "now-59",
        "now+59",
        "now+60",
        "now+61",
        "now+lifetime-6",
        "now+lifetime-5",
        "now+lifetime-4",
        "now-4294966996",
        "now+4294967296",
    ];
    for name in ["exp", "iat", "nbf"] {
        for (at, edge) in edges.into_iter().enumerate() {
            // As it is, and in one other notation.
            let notations = [format!("${{{edge}}}.5"), format!("${{{edge}}}e0"), format!("\"${{{edge}}}\"")];
            for value in [format!("${{{edge}}}"), notations[at % notations.len()].clone()] {
                words.push(Mutation::SetClaim { name: name.into(), value: Value::Json(value) });
            }
        }
        for number in
            ["2147483647", "2147483648", "4294967295", "9007199254740993", "9223372036854775807", "-2147483649"]
        {
            words.push(Mutation::SetClaim { name: name.into(), value: json(number) });
        }
    }
    // The registered names nested in other members: decoys for whoever searches the text.
    for (name, decoy) in [
        ("act", "{\"sub\":\"${alice}\"}"),
        ("ext", "{\"scope\":\"${scope}\"}"),
        ("may_act", "{\"aud\":\"${audience}\"}"),
        ("ext", "{\"exp\":9999999999}"),
        ("ext", "{\"cnf\":{\"x5t#S256\":\"x\"}}"),
    ] {
        words.push(Mutation::SetClaim { name: name.into(), value: json(decoy) });
    }
}

fn header_words(words: &mut Vec<Mutation>) {
    use Mutation::*;
    for name in ["alg", "kid", "typ"] {
        words.push(DropHeader(name.into()));
        for value in ["null", "0", "[]", "{}", "\"\"", "\"x\""] {
            words.push(SetHeader { name: name.into(), value: json(value) });
        }
        for at in [Occurrence::First, Occurrence::Last] {
            words.push(RepeatHeader { name: name.into(), value: json("\"none\""), at });
        }
    }
    for (name, value) in [
        ("alg", "\"none\""),
        ("alg", "\"HS256\""),
        ("alg", "\"RS256\""),
        ("alg", "\"ES384\""),
        ("alg", "\"es256\""),
        ("typ", "\"JWT\""),
        ("typ", "\"AT+JWT\""),
        ("typ", "\"application/at+jwt\""),
        ("kid", "\"${retired-kid}\""),
        ("kid", "\"${encryption-kid}\""),
        ("kid", "\"${partner-kid}\""),
        ("kid", "\"${rsa-kid}\""),
        ("kid", "\"../../dev/null\""),
        ("crit", "[\"exp\"]"),
        ("crit", "[]"),
        ("crit", "null"),
        ("zip", "\"DEF\""),
        ("b64", "false"),
        ("cty", "\"JWT\""),
        ("jku", "\"https://keys.eve.example/jwks.json\""),
    ] {
        words.push(SetHeader { name: name.into(), value: json(value) });
        words.push(RewriteHeader { name: name.into(), value: json(value) });
    }
    for key in [KeyName::Attacker, KeyName::Token(IssuerRole::Rogue, TokenKey::P256)] {
        words.push(SetHeader { name: "jwk".into(), value: Value::Jwk(key) });
    }
    for of in [CertificatesOf::Person(Person::Mallory), CertificatesOf::Rogue(Person::Alice)] {
        words.push(SetHeader { name: "x5c".into(), value: Value::Certificates(of) });
    }
}

fn seal_words(words: &mut Vec<Mutation>) {
    use Mutation::*;

    use crate::Segments;

    words.push(Unsigned);
    for role in [IssuerRole::Home, IssuerRole::Partner, IssuerRole::Rogue] {
        for (key, algorithm) in [
            (TokenKey::P256, Algorithm::ES256),
            (TokenKey::Ed25519, Algorithm::EdDSA),
            (TokenKey::Encryption, Algorithm::ES256),
            (TokenKey::Retired, Algorithm::ES256),
        ] {
            words.push(SignWith { key: KeyName::Token(role, key), algorithm });
        }
    }
    for (key, algorithm) in [(TokenKey::Rsa1024, Algorithm::RS256), (TokenKey::SmallOrder, Algorithm::EdDSA)] {
        words.push(SignWith { key: KeyName::Token(IssuerRole::Home, key), algorithm });
    }
    for algorithm in [Algorithm::PS256, Algorithm::RS256, Algorithm::RS512] {
        words.push(SignWith { key: KeyName::Token(IssuerRole::Home, TokenKey::Rsa), algorithm });
    }
    for key in [KeyName::Attacker, KeyName::Leaf(Person::Alice), KeyName::Leaf(Person::Mallory)] {
        words.push(SignWith { key, algorithm: Algorithm::ES256 });
    }
    for kind in [TokenKey::P256, TokenKey::Rsa, TokenKey::Ed25519] {
        let key = KeyName::Token(IssuerRole::Home, kind);
        let secrets = [
            MacSecret::Jwk(key),
            MacSecret::JwkSet(key),
            MacSecret::Member(key),
            MacSecret::Raw(key),
            MacSecret::SpkiDer(key),
            MacSecret::SpkiPem(key),
            MacSecret::SpkiPemChopped(key),
            MacSecret::SpkiPemCrlf(key),
            MacSecret::Ssh(key),
        ];
        words.extend(secrets.map(|secret| SignWithMac { secret, algorithm: Algorithm::HS256 }));
    }
    let rsa = KeyName::Token(IssuerRole::Home, TokenKey::Rsa);
    let others =
        [MacSecret::CertificateDer, MacSecret::CertificatePem, MacSecret::Pkcs1Der(rsa), MacSecret::Pkcs1Pem(rsa)];
    words.extend(others.map(|secret| SignWithMac { secret, algorithm: Algorithm::HS256 }));
    for secret in [MacSecret::Empty, MacSecret::Word("password".into()), MacSecret::Word("changeme".into())] {
        words.push(SignWithMac { secret, algorithm: Algorithm::HS256 });
    }
    use SignatureForm::*;
    let damages = [
        BitFlipped,
        Der,
        Extended,
        FirstOctet,
        FirstOctets,
        HighS,
        Noise,
        OtherMessage,
        ROrder,
        RZero,
        SOrder,
        SZero,
        ShortR,
        Stripped,
        Truncated,
        TruncatedHalf,
        Zero,
    ];
    words.extend(damages.map(SignatureOctets));
    for segment in [SegmentName::Claims, SegmentName::Header, SegmentName::Signature] {
        use SegmentForm::*;
        words.extend([Padded, Percent, Plus, Space, Tab].map(|form| SegmentText { segment, form }));
    }
    words.push(SegmentText { segment: SegmentName::Signature, form: SegmentForm::TrailingBits });
    let layouts = [
        Segments::Encrypted,
        Segments::EncryptedPlain,
        Segments::EncryptedSlow,
        Segments::Flattened,
        Segments::Four,
        Segments::General,
        Segments::LeadingDot,
        Segments::OnlyDots,
        Segments::Two,
        Segments::Unprotected,
    ];
    words.extend(layouts.map(Mutation::Segments));
}

fn request_words(words: &mut Vec<Mutation>) {
    use AuthorizationForm::*;
    words.extend(
        [
            Absent,
            BodyToo,
            CarriageReturn,
            CommaList,
            Cookie(CookieForm::HostPrefix),
            Cookie(CookieForm::Oversize),
            Cookie(CookieForm::Plain),
            Cookie(CookieForm::Quoted),
            Cookie(CookieForm::Second),
            CookieBesideGarbage,
            CookieToo,
            Empty,
            Folded,
            FormBody,
            LineFeed,
            Long(8),
            Long(64),
            NoBreakSpace,
            NonAscii,
            NoScheme,
            Nul,
            Padded,
            Parameter,
            PathParameter,
            Percent,
            Query,
            QueryEncoded,
            QueryEncodedToo,
            QueryToo,
            Quoted,
            Repeated,
            SchemeOnly,
            SpaceBeforeColon,
            Tab,
            Trailer,
            Trailing,
            TwoPrincipals,
            TwoSpaces,
        ]
        .map(Mutation::Authorization),
    );
    words.extend(
        ["bearer", "BEARER", "Basic", "DPoP", "Token"].map(|name| Mutation::Authorization(Scheme(name.into()))),
    );
    words.extend(
        ["x-access-token", "proxy-authorization"].map(|name| Mutation::Authorization(OtherHeader(name.into()))),
    );
    for genuine_first in [true, false] {
        let other = "Bearer e30.e30.x".into();
        words.push(Mutation::Authorization(Joined { genuine_first, other }));
    }
    words.extend(PathForm::ALL.iter().copied().map(Mutation::Path));
    words.extend(
        ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "TRACE", "PROPFIND", "GATECRASH", "get"]
            .map(|name| Mutation::Method(name.into())),
    );
    words.extend([Person::Alice, Person::Bob, Person::Kassia].map(Mutation::ObjectOf));
    for (name, value) in [
        ("x-forwarded-user", "${alice}"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-original-url", "/healthz"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-for", "::1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
        ("x-debug", "1"),
        ("x-environment", "test"),
        ("x-method-override", "DELETE"),
        ("user-agent", "kube-probe/1.31"),
        ("x-http-method-override", "GET"),
        ("x-scope", "${scope}"),
        ("accept", "text/html"),
        ("x-request-id", "1"),
    ] {
        let header = RequestHeader { name: name.into(), value: value.into(), certificate_of: None };
        words.push(Mutation::AddHeader(header));
    }
    let spoofed = RequestHeader {
        name: "x-forwarded-client-cert".into(),
        value: "URI=${alice};Cert=".into(),
        certificate_of: Some(Person::Alice),
    };
    words.push(Mutation::AddHeader(spoofed));
    words.extend(Permutation::ALL.iter().copied().map(Mutation::Permute));
    use Transport::*;
    words.extend([Garbage, Plain, Ssl2, Tls12, Tls13Fragmented].map(Mutation::Transport));
    words.extend([ServerName::Absent, ServerName::Other].map(Mutation::ServerName));
    words.extend([Protocol::Http10, Protocol::PriorKnowledge].map(Mutation::Protocol));
    // Most of what there is over HTTP/1.1 there is over HTTP/2.
    words.extend([Http2Form::Plain; 12].map(|form| Mutation::Protocol(Protocol::Http2(form))));
    words.extend(Http2Form::ALL.iter().copied().map(|form| Mutation::Protocol(Protocol::Http2(form))));
    words.extend(HostForm::ALL.iter().copied().map(Mutation::Host));
    words.extend(Framing::ALL.iter().copied().map(Mutation::Framing));
    words.extend(Undeclared::ALL.iter().copied().map(Mutation::Undeclared));
    words.push(Mutation::Query("_method=GET".into()));
    // The one change that comes to the question which of two parameters counts.
    words.extend(std::iter::repeat_n(Mutation::Query("${parameter}=${bobs-object}".into()), 4));
}
