//! A proxy in front that ends TLS and hands the client's certificate on in a field.

use serde::{Deserialize, Serialize};

use super::{ClientCertificate, Identity, Policy};

/// `[proxy]`: the client's certificate comes in a field, from a peer that is trusted, and from nobody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProxyPolicy {
    /// The field that carries the certificate.
    pub field: ForwardedField,
    /// The name in the proxy's own certificate, of the kind that `certificates.identity` says. Default: `proxy` of the trust domain,
    /// such as `spiffe://example.test/proxy`.
    #[serde(default)]
    pub peer: String,
    /// Who checks that the client's certificate leads to a trust anchor.
    #[serde(default)]
    pub verified_by: VerifiedBy,
    /// The keys that the proxy writes into `x-forwarded-client-cert`.
    #[serde(default = "every_key")]
    pub keys: Vec<ForwardedKey>,
}

fn every_key() -> Vec<ForwardedKey> {
    ForwardedKey::ALL.to_vec()
}

/// The field that carries the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedField {
    /// `Client-Cert`, and `Client-Cert-Chain` for what is above the leaf (RFC 9440 §2).
    ClientCert,
    /// Envoy's `x-forwarded-client-cert`.
    #[serde(rename = "x-forwarded-client-cert", alias = "xfcc")]
    ForwardedClientCert,
}

impl ForwardedField {
    /// Name of the field, lower case.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::ForwardedField::ClientCert.name(), "client-cert");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            ForwardedField::ClientCert => "client-cert",
            ForwardedField::ForwardedClientCert => "x-forwarded-client-cert",
        }
    }
}

/// Who checks that the client's certificate leads to a trust anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerifiedBy {
    /// The proxy: it forwards no certificate that it rejects, and the service looks at the name alone.
    #[default]
    Proxy,
    /// The service: the proxy forwards whatever the client presents.
    Service,
}

/// A key of an element of `x-forwarded-client-cert`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedKey {
    /// The name in the proxy's own certificate.
    By,
    /// The certificate, PEM, percent-encoded.
    Cert,
    /// The whole chain, PEM, percent-encoded.
    Chain,
    /// The DNS names of the certificate.
    Dns,
    /// SHA-256 of the certificate, hexadecimal.
    Hash,
    /// The subject of the certificate.
    Subject,
    /// The URI names of the certificate.
    Uri,
}

impl ForwardedKey {
    /// Every key, in the order in which Envoy writes them.
    ///
    /// ```
    /// use gatecrash_model::ForwardedKey;
    /// assert_eq!(ForwardedKey::ALL[0].name(), "By");
    /// ```
    pub const ALL: &[ForwardedKey] = &[
        ForwardedKey::By,
        ForwardedKey::Hash,
        ForwardedKey::Cert,
        ForwardedKey::Chain,
        ForwardedKey::Subject,
        ForwardedKey::Uri,
        ForwardedKey::Dns,
    ];

    /// The key as Envoy writes it.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::ForwardedKey::Uri.name(), "URI");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            ForwardedKey::By => "By",
            ForwardedKey::Cert => "Cert",
            ForwardedKey::Chain => "Chain",
            ForwardedKey::Dns => "DNS",
            ForwardedKey::Hash => "Hash",
            ForwardedKey::Subject => "Subject",
            ForwardedKey::Uri => "URI",
        }
    }
}

impl Policy {
    /// The name in a proxy's certificate where the policy names none.
    pub(super) fn usual_proxy(&self) -> String {
        let domain = &self.trust_domain;
        match self.certificates.identity {
            Identity::CommonName | Identity::OrganizationalUnit => "proxy".into(),
            Identity::Dns => format!("proxy.{domain}"),
            Identity::Email => format!("proxy@{domain}"),
            Identity::None | Identity::Spiffe => format!("spiffe://{domain}/proxy"),
        }
    }

    /// Calls `fault` with the place, what is wrong, and what would be right.
    pub(super) fn proxy_faults(&self, fault: &mut impl FnMut(String, String, &str)) {
        let Some(proxy) = &self.proxy else { return };
        if self.certificates.client == ClientCertificate::None {
            let right = "write `client-certificate = \"required\"` or `\"optional\"`, or leave out `[proxy]`";
            fault("proxy".into(), "forwards certificates that nobody has".into(), right);
        }
        if proxy.peer.is_empty() || proxy.peer.contains(|letter: char| letter.is_control() || letter.is_whitespace()) {
            let right = format!("write the name in the proxy's own certificate, such as `{}`", self.usual_proxy());
            fault("proxy.peer".into(), format!("`{}` is no name", proxy.peer.escape_debug()), &right);
        }
        let spiffe = matches!(self.certificates.identity, Identity::None | Identity::Spiffe);
        if spiffe && !proxy.peer.starts_with(&format!("spiffe://{}/", self.trust_domain)) {
            let right = format!("every name of this service begins with `spiffe://{}/`", self.trust_domain);
            fault("proxy.peer".into(), format!("`{}` is no SPIFFE id of the trust domain", proxy.peer), &right);
        }
        if proxy.field != ForwardedField::ForwardedClientCert {
            if proxy.keys != every_key() {
                let right = "`client-cert` has no keys; leave them out, or write `field = \"x-forwarded-client-cert\"`";
                fault("proxy.keys".into(), "names keys".into(), right);
            }
            return;
        }
        let has = |key: ForwardedKey| proxy.keys.contains(&key);
        let chain = has(ForwardedKey::Cert) && has(ForwardedKey::Chain);
        if proxy.verified_by == VerifiedBy::Service && !chain {
            let right = "add `cert` and `chain`, or write `verified-by = \"proxy\"`";
            fault("proxy.keys".into(), "leaves out what the service verifies".into(), right);
        }
        if !has(ForwardedKey::Cert) && !has(ForwardedKey::Hash) {
            fault("proxy.keys".into(), "says nothing of the certificate".into(), "add `cert` or `hash`");
        }
        let named = match self.certificates.identity {
            Identity::CommonName | Identity::OrganizationalUnit => has(ForwardedKey::Subject),
            Identity::Dns => has(ForwardedKey::Dns),
            Identity::Email => false,
            Identity::None => true,
            Identity::Spiffe => has(ForwardedKey::Uri),
        };
        if !has(ForwardedKey::Cert) && !named {
            let right = format!("add `cert`, or the key that holds the {}", self.certificates.identity.title());
            fault("proxy.keys".into(), "leaves out the name that identifies".into(), &right);
        }
    }
}
