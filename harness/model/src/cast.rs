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
    pub const ALL: [Person; 8] = [
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
    pub const INSIDERS: [Person; 7] =
        [Person::Alice, Person::Bob, Person::Courier, Person::Dora, Person::Kass, Person::Kassia, Person::Mallory];

    /// Lower-case name, as in SPIFFE ids and object names.
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
    pub fn tenant(self) -> &'static str {
        match self {
            Person::Eve => "outside",
            Person::Kass | Person::Kassia => "partner",
            _ => "staff",
        }
    }

    /// The issuer that honestly vouches for the person.
    pub fn issuer(self) -> IssuerRole {
        match self {
            Person::Eve => IssuerRole::Rogue,
            Person::Kass | Person::Kassia => IssuerRole::Partner,
            _ => IssuerRole::Home,
        }
    }

    /// The key that honestly signs the person's certificate.
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
    /// The first issuer of the policy.
    Home,
    /// The second issuer of the policy.
    Partner,
    /// Eve's issuer, which no gate trusts.
    Rogue,
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
    /// An authority of the home tenant with RSA of 1024 bits, which the client root certified.
    WeakAuthority,
}

impl KeyName {
    /// Every key of certificates.
    pub fn certificate_keys() -> Vec<KeyName> {
        use KeyName::*;
        let mut keys = vec![
            Attacker,
            Other,
            PartnerIntermediate,
            RogueIntermediate,
            RogueRoot,
            Root,
            SecondRoot,
            Server,
            ServerRoot,
            StaffIntermediate,
            SubAuthority,
            WeakAuthority,
        ];
        keys.extend(Person::ALL.map(Leaf));
        keys
    }

    /// Every key of token issuers.
    pub fn token_keys() -> Vec<KeyName> {
        use TokenKey::*;
        let kinds = [Ed25519, Encryption, P256, Retired, Rsa, Shared];
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
            KeyName::RogueIntermediate => f.write_str("Eve's intermediate"),
            KeyName::RogueRoot => f.write_str("Eve's root"),
            KeyName::Root => f.write_str("the client root"),
            KeyName::SecondRoot => f.write_str("the second root"),
            KeyName::Server => f.write_str("the server's key"),
            KeyName::ServerRoot => f.write_str("the server's authority"),
            KeyName::StaffIntermediate => f.write_str("the staff intermediate"),
            KeyName::SubAuthority => f.write_str("the authority below the staff intermediate"),
            KeyName::WeakAuthority => f.write_str("the authority of 1024 bits"),
            KeyName::Token(role, key) => {
                let whose = match role {
                    IssuerRole::Home => "the home issuer",
                    IssuerRole::Partner => "the partner issuer",
                    IssuerRole::Rogue => "Eve's issuer",
                };
                let which = match key {
                    TokenKey::Ed25519 => "Ed25519 key",
                    TokenKey::Encryption => "encryption key",
                    TokenKey::P256 => "P-256 key",
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
