//! How the signatures of a world are made: by real cryptography, or by an ideal one that nobody can forge and that costs
//! a hash. Nothing of the ideal one is reachable but through a [`World`](crate::world::World) that is built with it.

use gatecrash_model::{Case, Extra, Mutation, SignatureForm, path::ChainPath};

mod handshake;
mod ideal;
mod suite;

pub(crate) use handshake::provider as handshake_provider;
pub(crate) use ideal::{Ideal, Layer};

/// Who makes and verifies signatures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crypto {
    /// A keyed hash over public key, algorithm and message: no mutation forges one, and no other key, algorithm or message
    /// verifies. MACs stay real. What is said of the *format* of signatures has no counterpart here.
    Ideal,
    /// The algorithms that the standards name.
    #[default]
    Real,
}

impl Crypto {
    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::Crypto::Ideal.name(), "ideal");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Crypto::Ideal => "ideal",
            Crypto::Real => "real",
        }
    }
}

/// Whether ideal cryptography can say what the case says; any other case is made in real mode.
///
/// ```
/// use gatecrash::{crypto::has_ideal_form, model::{Case, Mutation, Stance, Transport}};
/// let of = |change| Case::one(Stance::NoToken, "GET /v1/whoami", vec![change]);
/// assert!(has_ideal_form(&of(Mutation::Unsigned)));
/// assert!(!has_ideal_form(&of(Mutation::Transport(Transport::Tls12))));
/// ```
pub fn has_ideal_form(case: &Case) -> bool {
    // Sessions and changes of the world are real.
    let mut mutations = case.mutations();
    case.is_single()
        && mutations.all(|mutation| match mutation {
            // An algorithm that ideal certificates do not have.
            Mutation::CertificateExtra { extra, .. } => !matches!(extra, Extra::OtherAlgorithm | Extra::Sha1),
            Mutation::ChainPath(path) => !matches!(path, ChainPath::Unfit(_)),
            // Damage to a format: the two forms of an ECDSA signature, numbers out of range.
            Mutation::SignatureOctets(form) => matches!(form, SignatureForm::Genuine | SignatureForm::OtherMessage),
            // What a version of TLS other than the one that ideal peers speak would be answered.
            Mutation::Transport(_) => false,
            _ => true,
        })
}

/// Which cryptography each layer of a world has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Layers {
    /// Certificates and the handshake.
    pub handshake: Crypto,
    /// Tokens.
    pub tokens: Crypto,
}

impl Layers {
    /// Both layers ideal.
    ///
    /// ```
    /// use gatecrash::{Crypto, Layers};
    /// assert_eq!(Layers::IDEAL.tokens, Crypto::Ideal);
    /// assert_eq!(Layers::default().tokens, Crypto::Real);
    /// ```
    pub const IDEAL: Self = Self { handshake: Crypto::Ideal, tokens: Crypto::Ideal };

    /// The ideal layers, in words; `None` when there is none.
    ///
    /// ```
    /// use gatecrash::{Crypto, Layers};
    /// assert_eq!(Layers { tokens: Crypto::Ideal, ..Layers::default() }.ideal(), Some("tokens"));
    /// assert_eq!(Layers::default().ideal(), None);
    /// ```
    pub fn ideal(self) -> Option<&'static str> {
        match (self.handshake, self.tokens) {
            (Crypto::Ideal, Crypto::Ideal) => Some("handshake and tokens"),
            (Crypto::Ideal, Crypto::Real) => Some("handshake"),
            (Crypto::Real, Crypto::Ideal) => Some("tokens"),
            (Crypto::Real, Crypto::Real) => None,
        }
    }
}
