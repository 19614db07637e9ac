//! Certificates by what determines them, minted once, bounded in memory.

use std::sync::Arc;

use gatecrash_model::CertificateSpec;

use crate::{
    cache::BoundedCache,
    profile::{self, Phase},
    world::forge::{ForgeError, chain},
    world::keys::Keyring,
};

/// How many certificates are kept; minting one again gives the same bytes.
const KEPT: usize = 64;

/// A cache of certificates.
pub struct Mint {
    keyring: Keyring,
    now: i64,
    minted: BoundedCache<CertificateSpec, Arc<[u8]>>,
}

impl Mint {
    pub(in crate::world) fn new(keyring: Keyring, now: i64) -> Self {
        Self { keyring, now, minted: BoundedCache::new(KEPT) }
    }

    /// The certificate in DER. `Err` when the writer cannot say it.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # let world = gatecrash::World::new(policy, gatecrash::WorldOptions::default())?;
    /// let mut spec = world.blueprint().leaf(gatecrash::model::Person::Alice);
    /// let honest = world.mint().certificate(&spec)?;
    /// spec.not_after = -1;
    /// assert_ne!(world.mint().certificate(&spec)?, honest);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn certificate(&self, spec: &CertificateSpec) -> Result<Arc<[u8]>, ForgeError> {
        let mint = || {
            let _spent = profile::spend(Phase::Mint);
            Ok(chain::certificate(spec, self.now, &self.keyring)?.into())
        };
        self.minted.get_or_make(spec, mint)
    }
}
