//! Access tokens as symbols: the JOSE header and claims set as written, who sealed them, how the text was damaged.

use serde::{Deserialize, Serialize};

use crate::{KeyName, Person};

/// A JWS algorithm that the world can compute (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// Ed25519.
    EdDSA,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
}

impl Algorithm {
    /// Every algorithm.
    ///
    /// ```
    /// use gatecrash_model::Algorithm;
    /// assert!(Algorithm::ALL.contains(&Algorithm::PS256));
    /// ```
    pub const ALL: &[Algorithm] = {
        use Algorithm::*;
        &[EdDSA, ES256, ES384, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512]
    };

    /// The registered name.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Algorithm::EdDSA.name(), "EdDSA");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::EdDSA => "EdDSA",
            Algorithm::ES256 => "ES256",
            Algorithm::ES384 => "ES384",
            Algorithm::HS256 => "HS256",
            Algorithm::HS384 => "HS384",
            Algorithm::HS512 => "HS512",
            Algorithm::PS256 => "PS256",
            Algorithm::PS384 => "PS384",
            Algorithm::PS512 => "PS512",
            Algorithm::RS256 => "RS256",
            Algorithm::RS384 => "RS384",
            Algorithm::RS512 => "RS512",
        }
    }

    /// Whether RSA keys compute it.
    ///
    /// ```
    /// use gatecrash_model::Algorithm;
    /// assert!(Algorithm::PS384.is_rsa() && !Algorithm::ES384.is_rsa());
    /// ```
    pub fn is_rsa(self) -> bool {
        use Algorithm::*;
        matches!(self, PS256 | PS384 | PS512 | RS256 | RS384 | RS512)
    }

    /// The algorithm registered as `name`.
    ///
    /// ```
    /// use gatecrash_model::Algorithm;
    /// assert_eq!(Algorithm::of_name("ES256"), Some(Algorithm::ES256));
    /// assert_eq!(Algorithm::of_name("none"), None);
    /// ```
    pub fn of_name(name: &str) -> Option<Algorithm> {
        Algorithm::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }
}

/// A value of a member of header or claims set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// An object with one confirmation method (RFC 7800 §3.1).
    Confirmation {
        /// Name of the method, such as `x5t#S256`.
        member: String,
        /// What is hashed.
        of: ConfirmationOf,
        /// With what.
        digest: Digest,
        /// Written how.
        encoding: Encoding,
    },
    /// A list of certificates, as `x5c` holds them (RFC 7515 §4.1.6).
    Certificates(CertificatesOf),
    /// The public key, as a JWK (RFC 7517 §4).
    Jwk(KeyName),
    /// JSON text, sent as it stands; `${name}` is filled in first.
    Json(String),
    /// A string of so many letters `a`.
    Long(u32),
    /// So many arrays, one in the other.
    Nested(u16),
    /// An integer NumericDate: now plus so many seconds.
    Seconds(i64),
    /// A string that occurs in no other attempt.
    Unique,
}

/// Whose certificates `x5c` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificatesOf {
    /// The leaf and the intermediate that somebody honestly presents.
    Person(Person),
    /// A leaf in the name of somebody that Eve's authority issued for the attacker's key.
    Rogue(Person),
}

/// What a thumbprint is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmationOf {
    /// The certificate presented right above the leaf.
    Intermediate,
    /// The presented leaf.
    Leaf,
    /// The public key of the presented leaf, as a JWK thumbprint takes it (RFC 7638 §3).
    LeafJwk,
    /// The text of the presented leaf in PEM.
    LeafPem,
    /// The signed part of the presented leaf.
    LeafTbs,
    /// The SubjectPublicKeyInfo of the presented leaf.
    LeafKey,
    /// The leaf that somebody honestly presents.
    Person(Person),
    /// The client root.
    Root,
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Digest {
    /// SHA-1, as `x5t` takes it (RFC 7515 §4.1.7).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How octets are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// base64 with the standard alphabet, which always differs here: two letters are appended.
    Base64,
    /// base64url without padding (RFC 7515 §2).
    Base64Url,
    /// The same, with `=` at the end.
    Base64UrlPadded,
    /// Lower-case hexadecimal.
    Hex,
    /// Lower-case hexadecimal, written in base64url.
    HexInBase64Url,
    /// base64url, with the case of every letter flipped.
    FlippedCase,
    /// base64url, the first 20 letters.
    Prefix,
    /// base64url with a space before it.
    Spaced,
    /// base64url with the unused low bits of the last letter set.
    TrailingBits,
}

/// One member of header or claims set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// Where a second member of the same name goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occurrence {
    /// Before the honest one.
    First,
    /// After the honest one.
    Last,
}

/// A payload that is not simply the claims set, or a header that is not simply its object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PayloadForm {
    /// The object with text before it.
    Prefix(String),
    /// The object with text after it.
    Suffix(String),
    /// The object with an octet before it that UTF-8 does not have.
    InvalidUtf8,
    /// The object with so many members more.
    Members(u32),
    /// Other text.
    Text(String),
}

impl PayloadForm {
    /// The text around that of the object; `None` where it is no text.
    ///
    /// ```
    /// use gatecrash_model::PayloadForm;
    /// assert_eq!(PayloadForm::Suffix("{}".into()).around(r#"{"sub":"a"}"#).as_deref(), Some(r#"{"sub":"a"}{}"#));
    /// ```
    pub fn around(&self, object: &str) -> Option<String> {
        Some(match self {
            PayloadForm::InvalidUtf8 => return None,
            PayloadForm::Members(count) => {
                let open = object.strip_suffix('}').unwrap_or(object);
                let more: String = (0..*count).map(|i| format!(",\"m{i}\":0")).collect();
                format!("{open}{more}}}")
            }
            PayloadForm::Prefix(text) => format!("{text}{object}"),
            PayloadForm::Suffix(text) => format!("{object}{text}"),
            PayloadForm::Text(text) => text.clone(),
        })
    }
}

impl Value {
    /// The JSON text of a value that is named for its size alone.
    pub(crate) fn spelled_out(&self) -> Option<String> {
        match self {
            Value::Long(length) => Some(format!("\"{}\"", "a".repeat(*length as usize))),
            Value::Nested(depth) => {
                let depth = usize::from(*depth);
                Some(format!("{}{}", "[".repeat(depth), "]".repeat(depth)))
            }
            _ => None,
        }
    }
}

/// A MAC secret that an attacker can compute or guess.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MacSecret {
    /// The certificate of the server in DER.
    CertificateDer,
    /// The certificate of the server in PEM.
    CertificatePem,
    /// No octets.
    Empty,
    /// The public key as JWK text.
    Jwk(KeyName),
    /// The JWK Set that the issuer of the key publishes, as text.
    JwkSet(KeyName),
    /// The RSA modulus, or the x coordinate, as base64url text.
    Member(KeyName),
    /// The RSAPublicKey in DER (RFC 8017 §A.1.1).
    Pkcs1Der(KeyName),
    /// The RSAPublicKey in PEM.
    Pkcs1Pem(KeyName),
    /// The raw public octets: an Ed25519 key, an uncompressed point, an RSA modulus.
    Raw(KeyName),
    /// The SubjectPublicKeyInfo in DER.
    SpkiDer(KeyName),
    /// The SubjectPublicKeyInfo in PEM.
    SpkiPem(KeyName),
    /// The PEM without its last line feed.
    SpkiPemChopped(KeyName),
    /// The PEM with carriage returns.
    SpkiPemCrlf(KeyName),
    /// The public key as OpenSSH writes it (RFC 4253 §6.6).
    Ssh(KeyName),
    /// A word from a dictionary.
    Word(String),
}

/// Who signs the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// A key of the world.
    Key(KeyName, Algorithm),
    /// A MAC with a secret that is no issuer's.
    Mac(MacSecret, Algorithm),
    /// Nobody: no signature of the world verifies.
    Nobody,
}

/// How the signature octets are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureForm {
    /// One bit flipped.
    BitFlipped,
    /// ECDSA in DER, as X.509 writes it.
    Der,
    /// One octet too many.
    Extended,
    /// The first octet alone.
    FirstOctet,
    /// The first eight octets.
    FirstOctets,
    /// As computed.
    Genuine,
    /// Of ECDSA (r, s) the other one, (r, n - s), which verifies as well.
    HighS,
    /// Octets that nobody computed.
    Noise,
    /// The order of the curve in place of r, or the first half.
    ROrder,
    /// Zero in place of r, or the first half.
    RZero,
    /// The order of the curve in place of s, or the second half; of EdDSA added to it.
    SOrder,
    /// Zero in place of s, or the second half.
    SZero,
    /// r without its first octet.
    ShortR,
    /// Over another message.
    OtherMessage,
    /// Nothing.
    Stripped,
    /// The last octet missing.
    Truncated,
    /// The second half missing.
    TruncatedHalf,
    /// All octets zero (CVE-2022-21449).
    Zero,
}

/// One of the three segments of a compact JWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SegmentName {
    /// The claims set.
    Claims,
    /// The JOSE header.
    Header,
    /// The signature.
    Signature,
}

/// How the text of a segment is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SegmentForm {
    /// `=` at the end.
    Padded,
    /// `%3D` at the end.
    Percent,
    /// `+` at the end: a letter of the standard alphabet only.
    Plus,
    /// A space in the middle.
    Space,
    /// A tab in the middle.
    Tab,
    /// The unused low bits of the last letter set; of a signature only.
    TrailingBits,
}

/// How the segments are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Segments {
    /// Encrypted, with the algorithm `dir` and an empty key (RFC 7516 §7.1).
    Encrypted,
    /// Encrypted, with `RSA-OAEP`, and the token itself in place of the ciphertext.
    EncryptedPlain,
    /// Encrypted, with PBES2 and an iteration count of two thousand million (RFC 7518 §4.8.1.2).
    EncryptedSlow,
    /// The flattened JSON serialization (RFC 7515 §7.2.2).
    Flattened,
    /// A fourth segment after the signature.
    Four,
    /// The general JSON serialization (RFC 7515 §7.2.1), with a second signature that is none.
    General,
    /// A dot before the header.
    LeadingDot,
    /// Two dots and nothing else.
    OnlyDots,
    /// Header, claims, signature.
    Three,
    /// Header and claims; no dot after them.
    Two,
    /// The flattened JSON serialization with `alg` none in an unprotected header.
    Unprotected,
}

/// A token, symbolically, with everything that was done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSpec {
    /// The JOSE header as signed, in order, duplicates included.
    pub header: Vec<Member>,
    /// What stands in place of the plain header, if anything.
    pub header_form: Option<PayloadForm>,
    /// The claims set as signed.
    pub claims: Vec<Member>,
    /// What stands in place of the plain claims set, if anything.
    pub payload: Option<PayloadForm>,
    /// Who signs.
    pub seal: Seal,
    /// Members of the header replaced after signing.
    pub rewritten_header: Vec<Member>,
    /// Members of the claims set replaced after signing.
    pub rewritten_claims: Vec<Member>,
    /// Damage to the signature.
    pub signature: SignatureForm,
    /// Damage to the text of segments.
    pub text: Vec<(SegmentName, SegmentForm)>,
    /// The layout.
    pub segments: Segments,
}

/// What a reader of the request finds where the credential should be.
#[derive(Clone, Debug, PartialEq)]
pub enum CredentialSeen {
    /// No bearer credential in the `Authorization` header.
    Absent,
    /// Something that is not `Bearer 1*SP b64token`.
    Malformed,
    /// More than one, or by more than one method.
    Repeated,
    /// One token.
    Token(TokenSeen),
}

/// What a strict reader makes of the token.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenSeen {
    /// Not three segments of canonical base64url.
    Garbled(TextFault),
    /// Header and claims, and who sealed exactly these octets.
    Read {
        /// The JOSE header in order; `None` when it is no JSON object.
        header: Option<Vec<Member>>,
        /// The claims set in order; `None` when it is no JSON object.
        claims: Option<Vec<Member>>,
        /// The key of the world whose signature verifies.
        seal: Seal,
    },
}

/// What is wrong with the text of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextFault {
    /// A segment is not canonical base64url.
    Encoding,
    /// Not three segments.
    Segments,
}
