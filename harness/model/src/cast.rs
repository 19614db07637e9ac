//! The fixed and impolite cast, and the names of every key that occurs.

use serde::{Deserialize, Serialize};

/// Somebody of the cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Person {
    /// Administers; holds every scope.
    Alice,
    /// Reads.
    Bob,
    /// A machine client.
    Courier,
    /// A delegate, acting for others.
    Dora,
    /// An outsider with a certification authority and an issuer of her own.
    Eve,
    /// Somebody of the partner tenant; the name begins Kassia's, and folds under Unicode.
    Kass,
    /// Somebody of the partner tenant.
    Kassia,
    /// An insider with genuine, low credentials.
    Mallory,
}

impl Person {
    /// Everybody.
    ///
    /// ```
    /// use gatecrash_model::Person;
    /// assert!(Person::ALL.contains(&Person::Eve));
    /// ```
    pub const ALL: &[Person] = &[
        Person::Alice,
        Person::Bob,
        Person::Courier,
        Person::Dora,
        Person::Eve,
        Person::Kass,
        Person::Kassia,
        Person::Mallory,
    ];

    /// Everybody with genuine credentials.
    ///
    /// ```
    /// use gatecrash_model::Person;
    /// assert!(!Person::INSIDERS.contains(&Person::Eve));
    /// ```
    pub const INSIDERS: [Person; 7] =
        [Person::Alice, Person::Bob, Person::Courier, Person::Dora, Person::Kass, Person::Kassia, Person::Mallory];

    /// Lower-case name, as in SPIFFE ids and object names.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Person::Alice.name(), "alice");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Person::Alice => "alice",
            Person::Bob => "bob",
            Person::Courier => "courier",
            Person::Dora => "dora",
            Person::Eve => "eve",
            Person::Kass => "kass",
            Person::Kassia => "kassia",
            Person::Mallory => "mallory",
        }
    }

    /// Name as prose writes it.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Person::Alice.title(), "Alice");
    /// ```
    pub fn title(self) -> &'static str {
        match self {
            Person::Alice => "Alice",
            Person::Bob => "Bob",
            Person::Courier => "Courier",
            Person::Dora => "Dora",
            Person::Eve => "Eve",
            Person::Kass => "Kass",
            Person::Kassia => "Kassia",
            Person::Mallory => "Mallory",
        }
    }

    /// The namespace below the trust domain that the person belongs to.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Person::Kass.tenant(), "partner");
    /// ```
    pub fn tenant(self) -> &'static str {
        match self {
            Person::Eve => "outside",
            Person::Kass | Person::Kassia => "partner",
            _ => "staff",
        }
    }

    /// The issuer that honestly vouches for the person.
    ///
    /// ```
    /// use gatecrash_model::{IssuerRole, Person};
    /// assert_eq!(Person::Eve.issuer(), IssuerRole::Rogue);
    /// ```
    pub fn issuer(self) -> IssuerRole {
        match self {
            Person::Eve => IssuerRole::Rogue,
            Person::Kass | Person::Kassia => IssuerRole::Partner,
            _ => IssuerRole::Home,
        }
    }

    /// The key that honestly signs the person's certificate.
    ///
    /// ```
    /// use gatecrash_model::{KeyName, Person};
    /// assert_eq!(Person::Bob.certificate_authority(), KeyName::StaffIntermediate);
    /// ```
    pub fn certificate_authority(self) -> KeyName {
        match self {
            Person::Eve => KeyName::RogueIntermediate,
            Person::Kass | Person::Kassia => KeyName::PartnerIntermediate,
            _ => KeyName::StaffIntermediate,
        }
    }
}

/// A token issuer, by what it is to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerRole {
    /// The third issuer of the policy, or a later one, by its place counted from 0.
    Further(u8),
    /// The first issuer of the policy.
    Home,
    /// The second issuer of the policy.
    Partner,
    /// Eve's issuer, which no gate trusts.
    Rogue,
}

impl IssuerRole {
    /// The role of the issuer at a place of the policy's list, counted from 0.
    ///
    /// ```
    /// use gatecrash_model::IssuerRole;
    /// assert_eq!(IssuerRole::at(1), IssuerRole::Partner);
    /// assert_eq!(IssuerRole::at(2), IssuerRole::Further(2));
    /// ```
    pub fn at(place: usize) -> Self {
        match place {
            0 => IssuerRole::Home,
            1 => IssuerRole::Partner,
            // A policy names no more than a handful.
            further => IssuerRole::Further(u8::try_from(further).unwrap_or(u8::MAX)),
        }
    }

    /// The place in the policy's list, counted from 0; `None` of an issuer that nobody trusts.
    ///
    /// ```
    /// use gatecrash_model::IssuerRole;
    /// assert_eq!((IssuerRole::Home.index(), IssuerRole::Rogue.index()), (Some(0), None));
    /// ```
    pub fn index(self) -> Option<usize> {
        match self {
            IssuerRole::Further(place) => Some(place.into()),
            IssuerRole::Home => Some(0),
            IssuerRole::Partner => Some(1),
            IssuerRole::Rogue => None,
        }
    }
}

/// One signing key of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKey {
    /// Ed25519, published for signatures.
    Ed25519,
    /// ECDSA on P-256, published for encryption only (`use: enc`).
    Encryption,
    /// ECDSA on P-256, published for signatures.
    P256,
    /// ECDSA on P-384, published for signatures where ES384 is accepted.
    P384,
    /// ECDSA on P-256, no longer published.
    Retired,
    /// RSA of 2048 bits, published for signatures.
    Rsa,
    /// RSA of 1024 bits, of the home issuer, published in a scene of its own.
    Rsa1024,
    /// A secret shared with the gate, for the `HS` algorithms.
    Shared,
    /// The neutral point of Ed25519, of the home issuer, published in a scene of its own: nobody's secret belongs to it.
    SmallOrder,
}

/// Why nobody should believe what an authority signs, though a trusted root certified it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unfit {
    /// It signs with DSA, which TLS 1.3 left behind (RFC 8446 §4.2.3).
    Dsa,
    /// Its key is on P-256, and spells the curve out in place of naming it (RFC 5480 §2.1.1).
    ExplicitCurve,
    /// It signs over MD5 (RFC 6151 §2, RFC 8446 §4.2.3).
    Md5,
    /// Its key is on P-224, which TLS 1.3 left behind (RFC 8446 §4.2.7).
    P224,
    /// Its RSA key has 512 bits (RFC 9325 §4.5).
    Rsa512,
    /// Its RSA key has 1024 bits (RFC 9325 §4.5).
    Rsa1024,
}

impl Unfit {
    /// Every reason.
    ///
    /// ```
    /// use gatecrash_model::Unfit;
    /// assert!(Unfit::ALL.contains(&Unfit::Md5));
    /// ```
    pub const ALL: &[Unfit] =
        &[Unfit::Dsa, Unfit::ExplicitCurve, Unfit::Md5, Unfit::P224, Unfit::Rsa512, Unfit::Rsa1024];

    /// The authority, in words.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Unfit::Md5.title(), "an authority that signs over MD5");
    /// ```
    pub fn title(self) -> &'static str {
        match self {
            Unfit::Dsa => "an authority that signs with DSA",
            Unfit::ExplicitCurve => "an authority whose key spells out its curve",
            Unfit::Md5 => "an authority that signs over MD5",
            Unfit::P224 => "an authority on P-224",
            Unfit::Rsa512 => "an authority with an RSA key of 512 bits",
            Unfit::Rsa1024 => "an authority with an RSA key of 1024 bits",
        }
    }
}

/// The name of a key. The world holds the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyName {
    /// The key of somebody's client certificate.
    Leaf(Person),
    /// A second genuine-looking client key that no certificate of the cast names.
    Other,
    /// A fresh attacker key.
    Attacker,
    /// The intermediate of the partner tenant.
    PartnerIntermediate,
    /// The certificate of the proxy in front.
    Proxy,
    /// Eve's intermediate.
    RogueIntermediate,
    /// Eve's root.
    RogueRoot,
    /// The client root.
    Root,
    /// A second trusted root.
    SecondRoot,
    /// The server's certificate.
    Server,
    /// The authority of the server's certificate, not trusted for clients.
    ServerRoot,
    /// The intermediate of the home tenant.
    StaffIntermediate,
    /// An authority below the intermediate of the home tenant.
    SubAuthority,
    /// A key of a token issuer.
    Token(IssuerRole, TokenKey),
    /// An authority of the home tenant that the client root certified, and that nobody should believe.
    Unfit(Unfit),
}

impl KeyName {
    /// Every key of certificates.
    ///
    /// ```
    /// use gatecrash_model::{KeyName, Person};
    /// assert!(KeyName::certificate_keys().contains(&KeyName::Leaf(Person::Alice)));
    /// ```
    pub fn certificate_keys() -> Vec<KeyName> {
        use KeyName::*;
        let mut keys = vec![
            Attacker,
            Other,
            PartnerIntermediate,
            Proxy,
            RogueIntermediate,
            RogueRoot,
            Root,
            SecondRoot,
            Server,
            ServerRoot,
            StaffIntermediate,
            SubAuthority,
        ];
        keys.extend(Person::ALL.iter().copied().map(Leaf));
        keys.extend(self::Unfit::ALL.iter().copied().map(Unfit));
        keys
    }

    /// Every key of token issuers.
    ///
    /// ```
    /// use gatecrash_model::{IssuerRole, KeyName, TokenKey};
    /// assert!(KeyName::token_keys().contains(&KeyName::Token(IssuerRole::Rogue, TokenKey::Rsa)));
    /// ```
    pub fn token_keys() -> Vec<KeyName> {
        use TokenKey::*;
        let kinds = [Ed25519, Encryption, P256, P384, Retired, Rsa, Shared];
        let roles = [IssuerRole::Home, IssuerRole::Partner, IssuerRole::Rogue];
        let weak = [Rsa1024, SmallOrder].map(|kind| KeyName::Token(IssuerRole::Home, kind));
        roles.into_iter().flat_map(|role| kinds.map(|kind| KeyName::Token(role, kind))).chain(weak).collect()
    }
}

impl std::fmt::Display for KeyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeyName::Leaf(person) => write!(f, "{}'s certificate key", person.title()),
            KeyName::Other => f.write_str("another client key"),
            KeyName::Attacker => f.write_str("the attacker's key"),
            KeyName::PartnerIntermediate => f.write_str("the partner intermediate"),
            KeyName::Proxy => f.write_str("the proxy's key"),
            KeyName::RogueIntermediate => f.write_str("Eve's intermediate"),
            KeyName::RogueRoot => f.write_str("Eve's root"),
            KeyName::Root => f.write_str("the client root"),
            KeyName::SecondRoot => f.write_str("the second root"),
            KeyName::Server => f.write_str("the server's key"),
            KeyName::ServerRoot => f.write_str("the server's authority"),
            KeyName::StaffIntermediate => f.write_str("the staff intermediate"),
            KeyName::SubAuthority => f.write_str("the authority below the staff intermediate"),
            KeyName::Unfit(why) => f.write_str(why.title()),
            KeyName::Token(role, key) => {
                let whose = match role {
                    IssuerRole::Further(place) => &format!("issuer {}", place + 1),
                    IssuerRole::Home => "the home issuer",
                    IssuerRole::Partner => "the partner issuer",
                    IssuerRole::Rogue => "Eve's issuer",
                };
                let which = match key {
                    TokenKey::Ed25519 => "Ed25519 key",
                    TokenKey::Encryption => "encryption key",
                    TokenKey::P256 => "P-256 key",
                    TokenKey::P384 => "P-384 key",
                    TokenKey::Retired => "retired key",
                    TokenKey::Rsa => "RSA key",
                    TokenKey::Rsa1024 => "RSA key of 1024 bits",
                    TokenKey::Shared => "shared secret",
                    TokenKey::SmallOrder => "Ed25519 key of small order",
                };
                write!(f, "{whose}'s {which}")
            }
        }
    }
}
