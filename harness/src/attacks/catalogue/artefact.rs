//! What an attack changes, in the words of the test suite: one test for each.

use super::Family;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Artefact {
    /// The algorithm of the signature: header parameter `alg`, and keys that do not fit it.
    Algorithm,
    /// What ties token and certificate together.
    Binding,
    /// The certificate chain.
    Chain,
    /// The claims set.
    Claims,
    /// The JOSE header.
    Header,
    /// The HTTP request, and the connection below it.
    Request,
    /// Several steps, one after the other.
    Sequence,
    /// The signature, and the octets of the token.
    Signature,
}

impl Artefact {
    /// Every one, in order of name.
    ///
    /// ```
    /// use gatecrash::corpus::catalogue::Artefact;
    /// let names: Vec<&str> = Artefact::ALL.iter().map(|artefact| artefact.name()).collect();
    /// assert_eq!(names, ["algorithm", "binding", "chain", "claims", "header", "request", "sequences", "signature"]);
    /// ```
    pub const ALL: &[Self] = &[
        Self::Algorithm,
        Self::Binding,
        Self::Chain,
        Self::Claims,
        Self::Header,
        Self::Request,
        Self::Sequence,
        Self::Signature,
    ];

    /// What a family changes. All of section D is about the binding.
    ///
    /// ```
    /// use gatecrash::corpus::catalogue::{Artefact, Catalogue};
    /// let catalogue = Catalogue::embedded()?;
    /// assert_eq!(Artefact::of(&catalogue.find("aud-missing")[0].family), Artefact::Claims);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn of(family: &Family) -> Self {
        match (family.section.as_str(), family.artefact.as_str()) {
            (_, "sequence") => Self::Sequence,
            ("D", _) => Self::Binding,
            (_, "algorithm") => Self::Algorithm,
            (_, "chain") => Self::Chain,
            (_, "claims") => Self::Claims,
            (_, "header") => Self::Header,
            (_, "signature" | "token bytes") => Self::Signature,
            _ => Self::Request,
        }
    }

    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::corpus::catalogue::Artefact::Chain.name(), "chain");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::Binding => "binding",
            Self::Chain => "chain",
            Self::Claims => "claims",
            Self::Header => "header",
            Self::Request => "request",
            Self::Sequence => "sequences",
            Self::Signature => "signature",
        }
    }
}
