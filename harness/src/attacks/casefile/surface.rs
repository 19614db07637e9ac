//! What a fuzz target attacks: everything together, one artefact of a case, or raw bytes in one place.

use gatecrash_model::{Case, Mutation, SlotStage};

/// The attack surface of a fuzz target; the target has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Surface {
    /// Cases with every kind of mutation.
    Case,
    /// Cases that change the certificate chain and the proof of its key.
    Chain,
    /// Cases that change the claims set and the confirmation in it.
    Claims,
    /// Bytes as the Bearer token, where signatures are ideal: nobody forges one.
    IdealToken,
    /// Cases that change the JOSE header.
    JoseHeader,
    /// Bytes as the value of the `Authorization` field.
    RawAuthorization,
    /// Bytes as the DER certificates that the client presents.
    RawCertificate,
    /// Bytes on an authenticated TLS connection whose client holds no token.
    RawHttp,
    /// Bytes as the client's TLS records.
    RawTls,
    /// Bytes as the Bearer token.
    RawToken,
    /// Cases that change the request and its credential field.
    Request,
    /// Cases of several steps: connections, sessions, tokens of earlier steps, and changes of the world.
    Sequence,
    /// Cases that change who signs, the signature, and the text of the token.
    Signature,
}

impl Surface {
    /// Every surface, by name.
    ///
    /// ```
    /// use gatecrash::fuzzing::Surface;
    /// assert!(Surface::ALL.iter().copied().all(|surface| Surface::named(surface.name()) == Some(surface)));
    /// ```
    pub const ALL: &[Surface] = &[
        Surface::Case,
        Surface::Chain,
        Surface::Claims,
        Surface::IdealToken,
        Surface::JoseHeader,
        Surface::RawAuthorization,
        Surface::RawCertificate,
        Surface::RawHttp,
        Surface::RawTls,
        Surface::RawToken,
        Surface::Request,
        Surface::Sequence,
        Surface::Signature,
    ];

    /// Name of the target, in snake case.
    ///
    /// ```
    /// assert_eq!(gatecrash::fuzzing::Surface::RawTls.name(), "raw_tls");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Surface::Case => "case",
            Surface::Chain => "chain",
            Surface::Claims => "claims",
            Surface::IdealToken => "ideal_token",
            Surface::JoseHeader => "jose_header",
            Surface::RawAuthorization => "raw_authorization",
            Surface::RawCertificate => "raw_certificate",
            Surface::RawHttp => "raw_http",
            Surface::RawTls => "raw_tls",
            Surface::RawToken => "raw_token",
            Surface::Request => "request",
            Surface::Sequence => "sequence",
            Surface::Signature => "signature",
        }
    }

    /// The surface called `name`.
    ///
    /// ```
    /// use gatecrash::fuzzing::Surface;
    /// assert_eq!(Surface::named("jose_header"), Some(Surface::JoseHeader));
    /// assert_eq!(Surface::named("cookies"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|surface| surface.name() == name)
    }

    /// What is mutated, as the table of targets says it.
    ///
    /// ```
    /// assert_eq!(gatecrash::fuzzing::Surface::RawToken.mutates(), "bytes: the Bearer token");
    /// ```
    pub fn mutates(self) -> &'static str {
        match self {
            Surface::Case => "cases: every stance, route, scene and kind of mutation together",
            Surface::Chain => "cases: the certificate chain and the proof of its key",
            Surface::Claims => "cases: the claims set and the confirmation in it",
            Surface::IdealToken => "bytes: the Bearer token, where signatures are ideal",
            Surface::JoseHeader => "cases: the JOSE header",
            Surface::RawAuthorization => "bytes: the value of the `Authorization` field",
            Surface::RawCertificate => "bytes: the DER certificates that the client presents",
            Surface::RawHttp => "bytes: what a client without a token says on its TLS connection",
            Surface::RawTls => "bytes: the TLS records of a client without a key",
            Surface::RawToken => "bytes: the Bearer token",
            Surface::Request => "cases: method, target, header fields and how the token is carried",
            Surface::Sequence => {
                "cases of several steps: connections, sessions, earlier tokens and changes of the world"
            }
            Surface::Signature => "cases: who signs, the signature octets and the text of the token",
        }
    }

    /// What must hold, as the table of targets says it.
    ///
    /// ```
    /// assert_eq!(gatecrash::fuzzing::Surface::RawHttp.holds(), "nothing runs that needs a token");
    /// ```
    pub fn holds(self) -> &'static str {
        match self {
            Surface::IdealToken | Surface::RawAuthorization | Surface::RawToken => {
                "admitted only where header, claims and signing input are those of an issued token, octet by octet"
            }
            Surface::RawCertificate => "admitted only where the leaf is an issued one, octet by octet",
            Surface::RawHttp => "nothing runs that needs a token",
            Surface::RawTls => "nothing runs, and the handshake is never accepted",
            _ => "the gate does what the oracle permits",
        }
    }

    /// Whether inputs are bytes, and not the text of cases.
    ///
    /// ```
    /// use gatecrash::fuzzing::Surface;
    /// assert!(Surface::RawToken.is_raw());
    /// assert!(!Surface::Claims.is_raw());
    /// ```
    pub fn is_raw(self) -> bool {
        matches!(
            self,
            Surface::IdealToken
                | Surface::RawAuthorization
                | Surface::RawCertificate
                | Surface::RawHttp
                | Surface::RawTls
                | Surface::RawToken
        )
    }

    /// Whether a mutation belongs to the artefact that the surface is limited to.
    ///
    /// ```
    /// use gatecrash::{fuzzing::Surface, model::Mutation};
    /// let change = Mutation::DropClaim("aud".into());
    /// assert!(Surface::Claims.allows(&change));
    /// assert!(!Surface::Chain.allows(&change));
    /// ```
    pub fn allows(self, mutation: &Mutation) -> bool {
        use SlotStage::*;
        let slot = mutation.slot();
        match self {
            Surface::Case | Surface::Sequence => true,
            Surface::Chain => matches!(slot.stage, Chain | Key),
            Surface::Claims => match slot.stage {
                Binding | Claims => true,
                Tamper => slot.name.starts_with("claim"),
                _ => false,
            },
            Surface::JoseHeader => match slot.stage {
                Header => true,
                Tamper => slot.name.starts_with("header"),
                _ => false,
            },
            Surface::Request => matches!(slot.stage, Connection | Request),
            Surface::Signature => matches!(slot.stage, Seal | Tamper | Text),
            _ => false,
        }
    }

    /// Whether every mutation of a case belongs to the surface.
    ///
    /// ```
    /// use gatecrash::{fuzzing::Surface, model::{Case, Mutation, Stance}};
    /// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![Mutation::Method("PUT".into())]);
    /// assert!(Surface::Request.allows_case(&case));
    /// assert!(!Surface::Claims.allows_case(&case));
    /// ```
    pub fn allows_case(self, case: &Case) -> bool {
        // A gate that is told of a change is of no use to the next input.
        let changes = case.changes().next().is_some() && self != Surface::Sequence;
        !self.is_raw() && !changes && case.mutations().all(|mutation| self.allows(mutation))
    }
}

impl std::fmt::Display for Surface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
