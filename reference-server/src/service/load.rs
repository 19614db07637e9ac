//! Reads the files that a configuration names into trust, and says which file is at fault when they do not hold up.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use webpki::OwnedCertRevocationList;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::config::{Config, ConfigError};
use crate::jwks;
use crate::trust::{Holder, Issuer, Trust};

/// The key sets that were fetched last, by the issuer's URL.
pub(super) type Fetched = HashMap<String, String>;

/// An empty key set: what an issuer by URL has until it has answered.
const NO_KEYS: &str = r#"{"keys":[]}"#;

impl Config {
    /// Reads everything that is trusted. `now` is in seconds since the Unix epoch.
    pub(super) fn load(&self, fetched: &Fetched, now: i64) -> Result<Trust, ConfigError> {
        let server_chain = self.certificates("server.chain", &self.server.chain, now)?;
        let server_key = self.private_key(&server_chain)?;
        let mut client_anchors = Vec::new();
        for (at, path) in self.clients.anchors.iter().enumerate() {
            let key = format!("clients.anchors[{at}]");
            for certificate in self.certificates(&key, path, now)? {
                if let Err(error) = webpki::anchor_from_trusted_cert(&certificate) {
                    return Err(self.fault(&key, path, format!("holds no usable trust anchor: {error}")));
                }
                client_anchors.push(certificate.into_owned());
            }
        }
        let mut crls = Vec::new();
        for (at, path) in self.clients.crls.iter().enumerate() {
            crls.extend(self.revocation_lists(&format!("clients.crls[{at}]"), path, now)?);
        }
        let mut issuers = Vec::new();
        for (at, issuer) in self.issuers.iter().enumerate() {
            let jwks = match &issuer.jwks {
                None => fetched.get(&issuer.url).cloned().unwrap_or_else(|| NO_KEYS.to_owned()),
                Some(path) => self.key_set(&format!("issuers[{at}].jwks"), path, &issuer.url)?,
            };
            issuers.push(Issuer {
                url: issuer.url.clone(),
                jwks,
                speaks_for: issuer.speaks_for.clone(),
                may_grant: issuer.may_grant.clone(),
            });
        }
        let holders = self.holders.iter();
        let holders = holders.map(|it| Holder { prefix: it.prefix.clone(), scopes: it.scopes.clone() }).collect();
        Ok(Trust { client_anchors, crls, server_chain, server_key, issuers, holders })
    }

    /// Every file that [`load`](Config::load) reads.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let keys = self.issuers.iter().filter_map(|issuer| issuer.jwks.as_ref());
        let clients = self.clients.anchors.iter().chain(&self.clients.crls);
        [&self.server.chain, &self.server.key]
            .into_iter()
            .chain(clients)
            .chain(keys)
            .map(|it| self.resolve(it))
            .collect()
    }

    /// The certificates of a PEM file that are valid now; at least one.
    pub(super) fn certificates(
        &self,
        key: &str,
        path: &Path,
        now: i64,
    ) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
        let text = self.file(key, path)?;
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(key, path, format!("is not PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(self.fault(key, path, "holds no certificate"));
        }
        for (at, der) in certificates.iter().enumerate() {
            let Ok(([], certificate)) = X509Certificate::from_der(der) else {
                return Err(self.fault(key, path, format!("certificate {at} cannot be read")));
            };
            let (from, to) = (certificate.validity().not_before, certificate.validity().not_after);
            let subject = certificate.subject();
            if now > to.timestamp() {
                return Err(self.fault(key, path, format!("certificate {at} ({subject}) expired on {to}")));
            }
            if now < from.timestamp() {
                return Err(self.fault(key, path, format!("certificate {at} ({subject}) is not valid before {from}")));
            }
        }
        Ok(certificates)
    }

    /// The private key of the first certificate in `chain`.
    fn private_key(&self, chain: &[CertificateDer<'static>]) -> Result<PrivateKeyDer<'static>, ConfigError> {
        let (key, path) = ("server.key", &self.server.key);
        let private = PrivateKeyDer::from_pem_slice(&self.file(key, path)?)
            .map_err(|error| self.fault(key, path, format!("holds no private key: {error}")))?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let signing = provider
            .key_provider
            .load_private_key(private.clone_key())
            .map_err(|error| self.fault(key, path, format!("cannot be used: {error}")))?;
        match rustls::sign::CertifiedKey::new(chain.to_vec(), signing).keys_match() {
            Ok(()) => Ok(private),
            Err(_) => {
                let chain = self.resolve(&self.server.chain);
                Err(self.fault(key, path, format!("does not match the certificate in {}", chain.display())))
            }
        }
    }

    fn revocation_lists(
        &self,
        key: &str,
        path: &Path,
        now: i64,
    ) -> Result<Vec<CertificateRevocationListDer<'static>>, ConfigError> {
        let text = self.file(key, path)?;
        let lists: Vec<CertificateRevocationListDer<'static>> = CertificateRevocationListDer::pem_slice_iter(&text)
            .collect::<Result<_, _>>()
            .map_err(|error| self.fault(key, path, format!("is not PEM: {error}")))?;
        if lists.is_empty() {
            return Err(self.fault(key, path, "holds no revocation list"));
        }
        for (at, der) in lists.iter().enumerate() {
            if let Err(error) = OwnedCertRevocationList::from_der(der) {
                return Err(self.fault(key, path, format!("revocation list {at} cannot be read: {error}")));
            }
            let parsed = CertificateRevocationList::from_der(der).ok();
            // A list that is out of date would refuse everybody.
            match parsed.and_then(|(_, list)| list.next_update()) {
                Some(next) if next.timestamp() < now => {
                    return Err(self.fault(key, path, format!("revocation list {at} was due for renewal on {next}")));
                }
                _ => {}
            }
        }
        Ok(lists)
    }

    fn key_set(&self, key: &str, path: &Path, issuer: &str) -> Result<String, ConfigError> {
        let text = String::from_utf8(self.file(key, path)?).map_err(|_| self.fault(key, path, "is not UTF-8"))?;
        match jwks::verification_keys(issuer, &text) {
            Ok(keys) if keys.is_empty() => Err(self.fault(key, path, "holds no key that verifies signatures")),
            Ok(_) => Ok(text),
            Err(error) => Err(self.fault(key, path, error)),
        }
    }

    fn file(&self, key: &str, path: &Path) -> Result<Vec<u8>, ConfigError> {
        let path = self.resolve(path);
        fs::read(&path).map_err(|source| ConfigError::File { key: key.to_owned(), path, source })
    }

    fn fault(&self, key: &str, path: &Path, problem: impl ToString) -> ConfigError {
        ConfigError::FileContent { key: key.to_owned(), path: self.resolve(path), problem: problem.to_string() }
    }
}

/// The system's time, in seconds since the Unix epoch.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
