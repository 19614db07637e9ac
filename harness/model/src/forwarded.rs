//! A client certificate that comes in a field of a proxy, as symbols: who connects, and what the field says.

use serde::{Deserialize, Serialize};

use crate::{ChainSpec, ForwardedField, ForwardedKey, Person, ProxyPolicy};

/// Who connects to a service behind a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// Somebody without a certificate.
    Anonymous,
    /// Somebody of the cast, with the certificate that is theirs.
    Direct(Person),
    /// A client with a genuine certificate, whose name begins with the proxy's.
    LookAlike,
    /// The proxy.
    Proxy,
    /// Eve, with a certificate in the proxy's name from her own authority.
    Rogue,
}

impl Peer {
    /// Every peer but the proxy; of people those who matter.
    ///
    /// ```
    /// use gatecrash_model::Peer;
    /// assert!(!Peer::OTHERS.contains(&Peer::Proxy));
    /// ```
    pub const OTHERS: &[Peer] =
        &[Peer::Anonymous, Peer::Direct(Person::Alice), Peer::Direct(Person::Mallory), Peer::LookAlike, Peer::Rogue];
}

/// How the field with the client's certificate is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum ForwardedForm {
    /// Beside one that the client sent, with somebody else's certificate, in a line of its own.
    Beside {
        /// Whose certificate the client sent.
        of: Person,
        /// Whether the proxy's line comes first.
        genuine_first: bool,
    },
    /// Cut off in the middle.
    Cut,
    /// With the hash of somebody else's certificate beside the client's.
    HashOf(Person),
    /// In one line with one that the client sent, after it.
    Joined(Person),
    /// As the proxy writes it.
    #[default]
    Plain,
    /// With somebody else's name beside the client's certificate.
    UriOf(Person),
}

impl ForwardedForm {
    /// Somebody whose certificate, hash or name stands in the field as well.
    pub(crate) fn other(self) -> Option<Person> {
        match self {
            ForwardedForm::Beside { of, .. }
            | ForwardedForm::HashOf(of)
            | ForwardedForm::Joined(of)
            | ForwardedForm::UriOf(of) => Some(of),
            ForwardedForm::Cut | ForwardedForm::Plain => None,
        }
    }
}

/// How a client certificate comes through a proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Forwarded {
    /// Who connects.
    pub peer: Peer,
    /// What they present in the handshake.
    pub presented: Option<ChainSpec>,
    /// How the field is written.
    pub form: ForwardedForm,
}

/// What a strict reader sees of the connection and of the field.
#[derive(Clone, Debug, PartialEq)]
pub struct ForwardedSeen {
    /// The chain that the peer presented in the handshake.
    pub presented: Option<ChainSpec>,
    /// What the field says.
    pub field: FieldSeen,
}

/// What a strict reader sees of the field with the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSeen {
    /// There is none.
    Absent,
    /// The hash or the name beside the certificate is not the certificate's.
    Contradictory,
    /// Several elements, of which the last is the proxy's.
    Last,
    /// It is none: it cannot be read, or stands twice where it must not.
    Malformed,
    /// One certificate.
    One,
}

impl Forwarded {
    /// How the service sees the field, and the chain that counts.
    pub(crate) fn seen(&self, chain: Option<&ChainSpec>, proxy: &ProxyPolicy) -> (FieldSeen, Option<ChainSpec>) {
        let Some(chain) = chain else { return (FieldSeen::Absent, None) };
        let xfcc = proxy.field == ForwardedField::ForwardedClientCert;
        let seen = match self.form {
            ForwardedForm::Beside { .. } | ForwardedForm::Joined(_) if xfcc => FieldSeen::Last,
            ForwardedForm::Beside { .. } | ForwardedForm::Cut | ForwardedForm::Joined(_) => FieldSeen::Malformed,
            ForwardedForm::HashOf(_) | ForwardedForm::UriOf(_) => FieldSeen::Contradictory,
            ForwardedForm::Plain => FieldSeen::One,
        };
        let whole = !xfcc || (proxy.keys.contains(&ForwardedKey::Chain) && proxy.keys.contains(&ForwardedKey::Cert));
        let mut certificates = chain.certificates.clone();
        certificates.truncate(if whole { usize::MAX } else { 1 });
        let chain = ChainSpec { certificates, proof: chain.proof };
        (seen, (seen != FieldSeen::Malformed).then_some(chain))
    }
}
