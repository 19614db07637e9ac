//! Cases in words: one line per change.

mod message;
mod sequence;

use crate::{
    AuthorizationForm, Case, ConfirmationOf, CookieForm, MacSecret, Mutation, Occurrence, Position, Step, Value,
    chain::path,
};

/// A case in words, without a final full stop: the stance, the route, then each change.
///
/// ```
/// use gatecrash_model::{Case, Mutation, Stance, describe};
/// let case = Case::one(Stance::ExpiredToken, "GET /v1/whoami", vec![Mutation::DropClaim("aud".into())]);
/// assert_eq!(describe(&case), "Alice, with an expired token, GET /v1/whoami, then: issuer leaves out `aud`");
/// ```
pub fn describe(case: &Case) -> String {
    if let [Step::Attempt(step)] = &case.steps[..] {
        return sequence::attempt(step);
    }
    sequence::describe(case)
}

impl std::fmt::Display for Mutation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use Mutation::*;
        match self {
            AddHeader(header) => match header.certificate_of {
                Some(person) => {
                    write!(f, "adds `{}: {}…` with {}'s certificate", header.name, header.value, person.title())
                }
                None => write!(f, "adds `{}: {}`", header.name, header.value),
            },
            Authorization(form) => write!(f, "{form}"),
            BindTo { member, of, digest, encoding } => {
                let of = match of {
                    ConfirmationOf::Intermediate => "the intermediate".to_string(),
                    ConfirmationOf::Leaf => "the presented certificate".to_string(),
                    ConfirmationOf::LeafJwk => "the presented public key as a JWK".to_string(),
                    ConfirmationOf::LeafPem => "the presented certificate's PEM text".to_string(),
                    ConfirmationOf::LeafTbs => "the signed part of the presented certificate".to_string(),
                    ConfirmationOf::Root => "the client root".to_string(),
                    ConfirmationOf::LeafKey => "the presented public key alone".to_string(),
                    ConfirmationOf::Person(person) => format!("{}'s certificate", person.title()),
                };
                write!(f, "`cnf` pinned to {of} (`{member}`, {digest:?} as {encoding:?})")
            }
            CertificateAuthority { at, authority: None } => write!(f, "{} without basicConstraints", place(*at)),
            CertificateAuthority { at, authority: Some(it) } => match it.path_length {
                None => write!(f, "{} with basicConstraints cA {}", place(*at), it.ca),
                Some(length) => write!(f, "{} with basicConstraints cA {}, path length {length}", place(*at), it.ca),
            },
            CertificateExtra { at, extra } => write!(f, "{} with extension {extra:?}", place(*at)),
            CertificateKeyUsage { at, usage: None } => write!(f, "{} without keyUsage", place(*at)),
            CertificateKeyUsage { at, usage: Some(usage) } => write!(f, "{} with keyUsage {usage:?}", place(*at)),
            CertificateNameConstraints { constraints } => {
                write!(f, "the intermediate constrains names to {constraints:?}")
            }
            CertificateNames { names } if names.is_empty() => f.write_str("a leaf without subject alternative names"),
            CertificateNames { names } => write!(f, "a leaf with the names {names:?}"),
            CertificatePurposes { at, purposes: None } => write!(f, "{} without extendedKeyUsage", place(*at)),
            CertificatePurposes { at, purposes: Some(list) } => write!(f, "{} with purposes {list:?}", place(*at)),
            CertificateRevoked { at } => write!(f, "{} that the CRL lists", place(*at)),
            CertificateSignature { at } => write!(f, "{} whose signature has a bit flipped", place(*at)),
            CertificateValidity { at, not_before, not_after } => {
                write!(f, "{} valid from {} to {}", place(*at), seconds(*not_before), seconds(*not_after))
            }
            Mutation::ChainPath(path::ChainPath::Unfit(why)) => write!(f, "the leaf issued by {}", why.title()),
            Mutation::ChainPath(path) => f.write_str(match path {
                path::ChainPath::LeafAsAuthority => "the leaf issued by Mallory's own end-entity certificate",
                path::ChainPath::CrossSigned => "the intermediate certified by the second trusted root",
                path::ChainPath::Loop => "two intermediates that certify one another",
                path::ChainPath::SubAuthority => "the leaf issued by an authority below the intermediate",
                path::ChainPath::MissingIntermediate => "the intermediate left out",
                path::ChainPath::Rogue => "the chain issued by Eve's authority",
                path::ChainPath::RogueSameName => "the chain issued by Eve's authority under the genuine names",
                path::ChainPath::SecondRoot => "the leaf issued by the second trusted root",
                path::ChainPath::SelfSigned => "the leaf self-signed",
                path::ChainPath::ServerAuthority => "the leaf issued by the authority of the server's certificate",
                path::ChainPath::Unfit(why) => why.title(),
            }),
            Mutation::ChainPadding(padding) => f.write_str(match padding {
                path::ChainPadding::Bystander => "another person's certificate sent behind the own ones",
                path::ChainPadding::BystanderNext => "another person's certificate sent right behind the leaf",
                path::ChainPadding::Doubled => "every certificate above the leaf sent twice",
                path::ChainPadding::Root => "the root sent as well",
                path::ChainPadding::Shuffled => "the root sent before the intermediate",
                path::ChainPadding::Unrelated => "unrelated certificates sent as well",
            }),
            CertificateSubject { common_name, rest } if rest.is_empty() => {
                write!(f, "a leaf with the common name `{common_name}`")
            }
            CertificateSubject { common_name, rest } => {
                write!(f, "a leaf with the common name `{common_name}`, then {rest:?}")
            }
            DropClaim(name) => write!(f, "issuer leaves out `{name}`"),
            DropHeader(name) => write!(f, "issuer leaves out header `{name}`"),
            Mutation::Forwarded(form) => write!(f, "{form}"),
            Mutation::Framing(framing) => write!(f, "{framing}"),
            Host(form) => write!(f, "{form}"),
            JoseHeader(form) => write!(f, "JOSE header {form:?}"),
            Method(name) => write!(f, "method {name}"),
            ObjectOf(person) => write!(f, "on {}'s object", person.title()),
            Path(form) => write!(f, "{form}"),
            Payload(form) => write!(f, "payload {form:?}"),
            Mutation::Peer(peer) => write!(f, "{peer}"),
            Permute(order) => f.write_str(match order {
                crate::Permutation::Claims => "the claims in another order",
                crate::Permutation::Fields => "the header fields in another order",
                crate::Permutation::Header => "the members of the JOSE header in another order",
            }),
            Mutation::Prompt(prompt) => write!(f, "the assistant is asked `{prompt}`"),
            Mutation::Proof(crate::Proof::Absent) => f.write_str("no CertificateVerify"),
            Mutation::Proof(crate::Proof::Corrupt) => f.write_str("CertificateVerify with a bit flipped"),
            Mutation::Proof(crate::Proof::OtherKey) => f.write_str("CertificateVerify signed with another key"),
            Mutation::Proof(crate::Proof::ServerContext) => f.write_str("CertificateVerify signed as a server signs"),
            Mutation::Proof(crate::Proof::Genuine) => f.write_str("CertificateVerify signed with the leaf's key"),
            Mutation::Protocol(protocol) => write!(f, "{protocol}"),
            Query(query) => write!(f, "the query `{query}`"),
            RepeatClaim { name, value, at } => write!(f, "issuer says `{name}` twice, {} {value}", order(*at)),
            RepeatHeader { name, value, at } => write!(f, "issuer says header `{name}` twice, {} {value}", order(*at)),
            RewriteClaim { name, value } => write!(f, "attacker rewrites `{name}` := {value}"),
            RewriteHeader { name, value } => write!(f, "attacker rewrites header `{name}` := {value}"),
            SegmentText { segment, form } => write!(f, "{segment:?} segment damaged: {form:?}"),
            Segments(segments) => write!(f, "segments laid out as {segments:?}"),
            Mutation::ServerName(crate::ServerName::Absent) => f.write_str("no server name in the handshake"),
            Mutation::ServerName(crate::ServerName::Other) => f.write_str("another server's name in the handshake"),
            Mutation::ServerName(crate::ServerName::Own) => f.write_str("the server's name in the handshake"),
            SetClaim { name, value } => write!(f, "issuer says `{name}` := {value}"),
            SetHeader { name, value } => write!(f, "issuer says header `{name}` := {value}"),
            SignatureOctets(form) => write!(f, "signature {form:?}"),
            SignWithMac { secret, algorithm } => write!(f, "{} keyed with {secret}", algorithm.name()),
            SignWith { key, algorithm } => write!(f, "signed {} with {key}", algorithm.name()),
            Mutation::Transport(transport) => f.write_str(match transport {
                crate::Transport::Garbage => "octets that are no TLS on the TLS port",
                crate::Transport::Plain => "in plain HTTP on the TLS port",
                crate::Transport::Ssl2 => "an SSL 2.0 hello",
                crate::Transport::Tls12 => "TLS 1.2 and nothing newer offered",
                crate::Transport::Tls13 => "over TLS 1.3",
                crate::Transport::Tls13Fragmented => "the handshake in small fragments",
            }),
            Mutation::Undeclared(undeclared) => write!(f, "for `{}`", undeclared.path()),
            Unsigned => f.write_str("unsigned, `alg` none"),
        }
    }
}

fn place(at: Position) -> &'static str {
    match at {
        Position::Intermediate => "an intermediate",
        Position::Leaf => "a leaf",
    }
}

fn order(at: Occurrence) -> &'static str {
    match at {
        Occurrence::First => "first",
        Occurrence::Last => "last",
    }
}

fn seconds(offset: i64) -> String {
    match offset {
        0 => "now".into(),
        past if past < 0 => format!("{} s ago", -past),
        future => format!("{future} s ahead"),
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Certificates(crate::CertificatesOf::Person(person)) => {
                write!(f, "the certificates of {}", person.title())
            }
            Value::Certificates(crate::CertificatesOf::Rogue(person)) => {
                write!(f, "a certificate in {}'s name from Eve's authority", person.title())
            }
            Value::Long(length) => write!(f, "a string of {length} letters"),
            Value::Nested(depth) => write!(f, "{depth} arrays, one in the other"),
            Value::Confirmation { member, .. } => write!(f, "a confirmation `{member}`"),
            Value::Jwk(key) => write!(f, "the public JWK of {key}"),
            Value::Json(text) => f.write_str(text),
            Value::Seconds(offset) => f.write_str(&seconds(*offset)),
            Value::Unique => f.write_str("a fresh string"),
        }
    }
}

impl std::fmt::Display for MacSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MacSecret::CertificateDer => f.write_str("the server's certificate in DER"),
            MacSecret::CertificatePem => f.write_str("the server's certificate in PEM"),
            MacSecret::JwkSet(key) => write!(f, "the JWK Set that holds {key}"),
            MacSecret::Member(key) => write!(f, "the first number of {key}'s JWK, as text"),
            MacSecret::Pkcs1Der(key) => write!(f, "the PKCS #1 DER of {key}"),
            MacSecret::Pkcs1Pem(key) => write!(f, "the PKCS #1 PEM of {key}"),
            MacSecret::SpkiPemCrlf(key) => write!(f, "the public PEM of {key} with carriage returns"),
            MacSecret::Ssh(key) => write!(f, "the OpenSSH form of {key}"),
            MacSecret::Empty => f.write_str("no octets"),
            MacSecret::Jwk(key) => write!(f, "the JWK text of {key}"),
            MacSecret::Raw(key) => write!(f, "the raw public octets of {key}"),
            MacSecret::SpkiDer(key) => write!(f, "the public DER of {key}"),
            MacSecret::SpkiPem(key) => write!(f, "the public PEM of {key}"),
            MacSecret::SpkiPemChopped(key) => write!(f, "the public PEM of {key} without its last line feed"),
            MacSecret::Word(word) => write!(f, "the word \"{word}\""),
        }
    }
}

impl std::fmt::Display for AuthorizationForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use AuthorizationForm::*;
        match self {
            Absent => f.write_str("no Authorization field"),
            BodyToo => f.write_str("the token in a form in the body as well"),
            CarriageReturn => f.write_str("a bare CR inside the token"),
            CommaList => f.write_str("two credentials in one Authorization field"),
            Cookie(CookieForm::HostPrefix) => f.write_str("the token in a `__Host-` cookie instead"),
            Cookie(CookieForm::Oversize) => f.write_str("the token in a cookie behind 5 KiB of another instead"),
            Cookie(CookieForm::Plain) => f.write_str("the token in a cookie instead"),
            Cookie(CookieForm::Quoted) => f.write_str("the token in a quoted cookie instead"),
            Cookie(CookieForm::Second) => f.write_str("the token in the second of two cookies instead"),
            CookieBesideGarbage => f.write_str("a token that nobody signed, the genuine one in a cookie"),
            CookieToo => f.write_str("the token in a cookie as well"),
            Empty => f.write_str("an empty Authorization field"),
            Folded => f.write_str("the token folded into the next line"),
            FormBody => f.write_str("the token in a form in the body instead"),
            Joined { genuine_first: true, other } => {
                write!(f, "a second Authorization field `{other}` after the genuine one")
            }
            Joined { genuine_first: false, other } => {
                write!(f, "a second Authorization field `{other}` before the genuine one")
            }
            LineFeed => f.write_str("a bare LF inside the token"),
            Long(kib) => write!(f, "{kib} KiB of `=` after the token"),
            NoBreakSpace => f.write_str("a no-break space after the scheme"),
            NonAscii => f.write_str("a letter beyond ASCII inside the token"),
            NoScheme => f.write_str("the token without a scheme"),
            Nul => f.write_str("NUL inside the token"),
            OtherHeader(name) => write!(f, "the token in `{name}` instead"),
            Padded => f.write_str("white space around the credential"),
            Parameter => f.write_str("the token as a parameter `token=\"…\"`"),
            PathParameter => f.write_str("the token in the path instead"),
            Percent => f.write_str("`%20` after the scheme"),
            Query => f.write_str("the token in the query instead"),
            QueryEncoded => f.write_str("the token in the query instead, as `%61ccess_token`"),
            QueryEncodedToo => f.write_str("the token in the query as well, as `%61ccess_token`"),
            QueryToo => f.write_str("the token in the query as well"),
            Quoted => f.write_str("the token in quotes"),
            Repeated => f.write_str("the Authorization field twice"),
            Scheme(name) => write!(f, "the scheme spelled `{name}`"),
            SchemeOnly => f.write_str("the scheme without a token"),
            SpaceBeforeColon => f.write_str("a space before the colon of the Authorization field"),
            Tab => f.write_str("a tab after the scheme"),
            Trailer => f.write_str("the token in a trailer instead"),
            Trailing => f.write_str("text after the token"),
            TwoPrincipals => f.write_str("a second Authorization field with Bob's token"),
            TwoSpaces => f.write_str("two spaces after the scheme"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IssuerRole, KeyName, Person, Stance, TokenKey};

    #[test]
    fn a_case_reads_as_a_sentence() {
        let mutation = Mutation::SignWith {
            key: KeyName::Token(IssuerRole::Home, TokenKey::Retired),
            algorithm: crate::Algorithm::ES256,
        };
        let case = Case::one(Stance::StolenToken(Person::Alice), "GET /v1/whoami", vec![mutation]);
        assert_eq!(
            describe(&case),
            "Mallory, with Alice's stolen token, GET /v1/whoami, then: signed ES256 with the home issuer's retired key"
        );
    }
}
