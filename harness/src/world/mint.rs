//! Certificates by what determines them, minted once, bounded in memory.

use std::{collections::HashMap, sync::Arc, sync::Mutex, sync::PoisonError};

use gatecrash_model::CertificateSpec;

use crate::{forge::ForgeError, forge::chain, keys::Keyring};

/// How many certificates are kept; minting one again gives the same bytes.
const KEPT: usize = 4096;

/// A cache of certificates.
pub struct Mint {
    keyring: Keyring,
    now: i64,
    minted: Mutex<HashMap<CertificateSpec, Arc<[u8]>>>,
}

impl Mint {
    pub(super) fn new(keyring: Keyring, now: i64) -> Self {
        Self { keyring, now, minted: Mutex::default() }
    }

    /// The certificate in DER. `Err` when the writer cannot say it.
    pub fn certificate(&self, spec: &CertificateSpec) -> Result<Arc<[u8]>, ForgeError> {
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(der) = minted.get(spec) {
            return Ok(der.clone());
        }
        let der: Arc<[u8]> = chain::certificate(spec, self.now, &self.keyring)?.into();
        if minted.len() >= KEPT {
            minted.clear();
        }
        minted.insert(spec.clone(), der.clone());
        Ok(der)
    }
}
