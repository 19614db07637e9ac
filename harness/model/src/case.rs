//! A case: the unit of corpus, shrinking and replay. It names what is done and contains no forged byte.

use serde::{Deserialize, Serialize};

use crate::{Mutation, Stance};

/// A scene and the steps taken in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Which variation of the world the gate is built in.
    #[serde(default)]
    pub scene: Scene,
    /// What is done, in order. The last step is the one that is judged; those before it set the scene for it.
    pub steps: Vec<Step>,
}

impl Case {
    /// A case of one step in the usual scene.
    ///
    /// ```
    /// use gatecrash_model::{Case, Mutation, Scene, Stance};
    /// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![Mutation::Method("PUT".into())]);
    /// assert_eq!((case.scene, case.steps.len()), (Scene::Usual, 1));
    /// ```
    pub fn one(stance: Stance, route: impl Into<String>, mutations: Vec<Mutation>) -> Self {
        Self { scene: Scene::Usual, steps: vec![Step { stance, route: route.into(), mutations }] }
    }

    /// The step that is judged: the last one.
    ///
    /// ```
    /// use gatecrash_model::{Case, Stance};
    /// let mut case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// case.steps.extend(Case::one(Stance::NoToken, "GET /healthz", vec![]).steps);
    /// assert_eq!(case.judged().map(|step| step.route.as_str()), Some("GET /healthz"));
    /// ```
    pub fn judged(&self) -> Option<&Step> {
        self.steps.last()
    }

    /// The step that is judged, to change it.
    ///
    /// ```
    /// use gatecrash_model::{Case, Stance};
    /// let mut case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// case.judged_mut().expect("there is one").stance = Stance::ExpiredToken;
    /// assert_eq!(case.steps[0].stance, Stance::ExpiredToken);
    /// ```
    pub fn judged_mut(&mut self) -> Option<&mut Step> {
        self.steps.last_mut()
    }

    /// The mutations of all steps.
    ///
    /// ```
    /// use gatecrash_model::{Case, Mutation, Stance};
    /// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![Mutation::Method("PUT".into())]);
    /// assert_eq!(case.mutations().count(), 1);
    /// ```
    pub fn mutations(&self) -> impl Iterator<Item = &Mutation> {
        self.steps.iter().flat_map(|step| step.mutations.iter())
    }
}

/// A stance on a route, with mutations. The order of the mutations is of no account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Who attempts, and what they lack.
    pub stance: Stance,
    /// The route, as `GET /v1/whoami`.
    pub route: String,
    /// The deliberate changes.
    #[serde(default)]
    pub mutations: Vec<Mutation>,
}

/// A named variation of the world that the gate is built in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// The trust anchors' own certificates have expired.
    AnchorExpired,
    /// The staff's CRL has a signature that verifies with no key.
    CrlBadSignature,
    /// The staff's CRL has a critical extension that nobody knows.
    CrlCritical,
    /// The staff's CRL is a delta, without the list that it adds to.
    CrlDelta,
    /// The staff's CRL is for no reason at all: its partition is empty (RUSTSEC-2026-0104).
    CrlEmptyPartition,
    /// The staff have no CRL.
    CrlMissing,
    /// The staff's CRL is issued an hour from now.
    CrlNotYetValid,
    /// The staff's CRL is issued in another name.
    CrlOtherIssuer,
    /// The staff's CRL is for one reason of revocation alone.
    CrlPartition,
    /// The home issuer says of its encryption key what it is for by `key_ops` alone (RFC 7517 §4.3).
    KeyOperations,
    /// The home issuer publishes a P-256 key whose `alg` is of RSA.
    KeyOtherAlgorithm,
    /// The home issuer publishes an Ed25519 key of small order, under which anybody can sign (RFC 8725 §3.4).
    KeySmallOrder,
    /// The home issuer publishes an RSA key of 1024 bits.
    KeyWeak,
    /// The home issuer publishes its encryption key under the `kid` of a signing key.
    SharedKeyId,
    /// Every CRL ended its validity a day ago.
    StaleCrl,
    /// Nothing is out of the ordinary.
    #[default]
    Usual,
}

impl Scene {
    /// Every scene.
    ///
    /// ```
    /// use gatecrash_model::Scene;
    /// assert!(Scene::ALL.contains(&Scene::default()));
    /// ```
    pub const ALL: &[Scene] = {
        use Scene::*;
        &[
            AnchorExpired,
            CrlBadSignature,
            CrlCritical,
            CrlDelta,
            CrlEmptyPartition,
            CrlMissing,
            CrlNotYetValid,
            CrlOtherIssuer,
            CrlPartition,
            KeyOperations,
            KeyOtherAlgorithm,
            KeySmallOrder,
            KeyWeak,
            SharedKeyId,
            StaleCrl,
            Usual,
        ]
    };

    /// Whether the staff's CRL cannot be used.
    pub(crate) fn spoils_staff_crl(self) -> bool {
        use Scene::*;
        matches!(
            self,
            CrlBadSignature | CrlCritical | CrlDelta | CrlEmptyPartition | CrlMissing | CrlOtherIssuer | CrlPartition
        )
    }
}
