//! Who attempts what, and what they lack.

use serde::{Deserialize, Serialize};

use crate::Person;

/// The starting point of an attempt, before any mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stance {
    /// Somebody with everything that is genuinely theirs.
    Complete(Person),
    /// Alice, with a token that has expired.
    ExpiredToken,
    /// Alice's certificate with a token in her name from the partner issuer.
    ForeignIssuer,
    /// Alice, with a token that grants everything but what the route needs.
    NarrowScope,
    /// Alice's token without a certificate.
    NoCertificate,
    /// Alice's certificate without a token.
    NoToken,
    /// Kass of the partner tenant, on Alice's object.
    OtherTenant,
    /// Mallory's certificate with the token of somebody else, on that person's object.
    StolenToken(Person),
}

impl Stance {
    /// One stance of each kind, as reports list them.
    ///
    /// ```
    /// use gatecrash_model::Stance;
    /// assert!(Stance::KINDS.contains(&Stance::NoToken));
    /// ```
    pub const KINDS: [Stance; 8] = [
        Stance::Complete(Person::Alice),
        Stance::ExpiredToken,
        Stance::ForeignIssuer,
        Stance::NarrowScope,
        Stance::NoCertificate,
        Stance::NoToken,
        Stance::OtherTenant,
        Stance::StolenToken(Person::Alice),
    ];

    /// Kebab-case name of the kind.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Stance::NoToken.name(), "no-token");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Stance::Complete(_) => "complete",
            Stance::ExpiredToken => "expired-token",
            Stance::ForeignIssuer => "foreign-issuer",
            Stance::NarrowScope => "narrow-scope",
            Stance::NoCertificate => "no-certificate",
            Stance::NoToken => "no-token",
            Stance::OtherTenant => "other-tenant",
            Stance::StolenToken(_) => "stolen-token",
        }
    }

    /// Whose certificate is presented.
    ///
    /// ```
    /// use gatecrash_model::{Person, Stance};
    /// assert_eq!(Stance::StolenToken(Person::Alice).holder(), Some(Person::Mallory));
    /// ```
    pub fn holder(self) -> Option<Person> {
        match self {
            Stance::Complete(person) => Some(person),
            Stance::NoCertificate => None,
            Stance::OtherTenant => Some(Person::Kass),
            Stance::StolenToken(_) => Some(Person::Mallory),
            _ => Some(Person::Alice),
        }
    }

    /// In whose name the token is.
    ///
    /// ```
    /// use gatecrash_model::{Person, Stance};
    /// assert_eq!(Stance::StolenToken(Person::Alice).subject(), Some(Person::Alice));
    /// ```
    pub fn subject(self) -> Option<Person> {
        match self {
            Stance::Complete(person) | Stance::StolenToken(person) => Some(person),
            Stance::NoToken => None,
            Stance::OtherTenant => Some(Person::Kass),
            _ => Some(Person::Alice),
        }
    }

    /// Whose object the request names.
    ///
    /// ```
    /// use gatecrash_model::{Person, Stance};
    /// assert_eq!(Stance::OtherTenant.target(), Person::Alice);
    /// ```
    pub fn target(self) -> Person {
        match self {
            Stance::Complete(person) | Stance::StolenToken(person) => person,
            _ => Person::Alice,
        }
    }
}

impl std::fmt::Display for Stance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stance::Complete(person) => write!(f, "{}, with everything that is theirs", person.title()),
            Stance::ExpiredToken => f.write_str("Alice, with an expired token"),
            Stance::ForeignIssuer => f.write_str("Alice, with a token in her name from the partner issuer"),
            Stance::NarrowScope => f.write_str("Alice, with a token that lacks the route's scope"),
            Stance::NoCertificate => f.write_str("Alice's token, without a client certificate"),
            Stance::NoToken => f.write_str("Alice's certificate, without a token"),
            Stance::OtherTenant => f.write_str("Kass of the partner tenant, on Alice's object"),
            Stance::StolenToken(person) => write!(f, "Mallory, with {}'s stolen token", person.title()),
        }
    }
}
