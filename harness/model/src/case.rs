//! A case: the unit of corpus, shrinking and replay. It names what is done and contains no forged byte.

use serde::{Deserialize, Serialize};

use crate::{Attempting, Change, Mutation, Over, Stance, Step, TokenOf};

/// A scene and the steps taken in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Which variation of the world the gate is built in.
    #[serde(default)]
    pub scene: Scene,
    /// What happens, in order.
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
        Self { scene: Scene::Usual, steps: vec![Attempting::new(stance, route, mutations).into()] }
    }

    /// The last attempt: what comes before leads to it.
    ///
    /// ```
    /// use gatecrash_model::{Case, Stance};
    /// let mut case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// case.steps.extend(Case::one(Stance::NoToken, "GET /healthz", vec![]).steps);
    /// assert_eq!(case.judged().map(|step| step.route.as_str()), Some("GET /healthz"));
    /// ```
    pub fn judged(&self) -> Option<&Attempting> {
        self.attempts().next_back()
    }

    /// The last attempt, to change it.
    ///
    /// ```
    /// use gatecrash_model::{Case, Stance};
    /// let mut case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// case.judged_mut().expect("there is one").stance = Stance::ExpiredToken;
    /// assert_eq!(case.first().map(|step| step.stance), Some(Stance::ExpiredToken));
    /// ```
    pub fn judged_mut(&mut self) -> Option<&mut Attempting> {
        self.attempts_mut().next_back()
    }

    /// The mutations of all steps.
    ///
    /// ```
    /// use gatecrash_model::{Case, Mutation, Stance};
    /// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![Mutation::Method("PUT".into())]);
    /// assert_eq!(case.mutations().count(), 1);
    /// ```
    pub fn mutations(&self) -> impl Iterator<Item = &Mutation> {
        self.attempts().flat_map(|step| step.mutations.iter())
    }

    /// What is attempted, without the changes.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempting> {
        self.steps.iter().filter_map(Step::attempt)
    }

    /// The same, to be changed.
    pub fn attempts_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Attempting> {
        self.steps.iter_mut().filter_map(Step::attempt_mut)
    }

    /// The changes of the world.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        self.steps.iter().filter_map(|step| step.change().copied())
    }

    /// The first attempt.
    ///
    /// ```
    /// use gatecrash_model::{Case, Stance};
    /// let case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// assert_eq!(case.first(), case.judged());
    /// ```
    pub fn first(&self) -> Option<&Attempting> {
        self.attempts().next()
    }

    /// The same, to be changed.
    pub fn first_mut(&mut self) -> Option<&mut Attempting> {
        self.attempts_mut().next()
    }

    /// Whether it is one attempt with nothing before it.
    ///
    /// ```
    /// use gatecrash_model::{Case, Change, Stance};
    /// let mut case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// assert!(case.is_single());
    /// case.steps.insert(0, Change::Wait(61).into());
    /// assert!(!case.is_single());
    /// ```
    pub fn is_single(&self) -> bool {
        matches!(&self.steps[..], [Step::Attempt(only)] if only.times == 1)
    }

    /// The case without one of its steps, `at` counted from 0. What names the step is made on a connection of its own, with a
    /// token of its own; `None` where a change names it.
    ///
    /// ```
    /// use gatecrash_model::{Attempting, Case, Over, Stance};
    /// let mut case = Case::one(Stance::NoToken, "GET /v1/whoami", vec![]);
    /// case.steps.push(Attempting::new(Stance::NoToken, "GET /v1/whoami", vec![]).over(Over::Kept(1)).into());
    /// let smaller = case.without_step(0).ok_or("no change names it")?;
    /// assert_eq!(smaller.first().map(|step| step.over), Some(Over::Fresh));
    /// # Ok::<(), String>(())
    /// ```
    pub fn without_step(&self, at: usize) -> Option<Self> {
        let mut smaller = self.clone();
        if at >= smaller.steps.len() {
            return None;
        }
        smaller.steps.remove(at);
        let moved = |number: usize| match number.cmp(&(at + 1)) {
            std::cmp::Ordering::Less => Some(number),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(number - 1),
        };
        for step in &mut smaller.steps {
            match step {
                Step::Attempt(attempting) => {
                    if let Some(number) = attempting.over.step() {
                        attempting.over = moved(number).map_or(Over::Fresh, |number| attempting.over.to(number));
                    }
                    if let TokenOf::SameAs(number) = attempting.token {
                        attempting.token = moved(number).map_or(TokenOf::New, TokenOf::SameAs);
                    }
                }
                Step::Change(Change::RevokeToken(number)) => *number = moved(*number)?,
                Step::Change(_) => {}
            }
        }
        Some(smaller)
    }

    /// The steps of one case after those of another.
    pub fn followed_by(mut self, next: &Case) -> Self {
        let before = self.steps.len();
        self.steps.extend(next.steps.iter().cloned().map(|mut step| {
            match &mut step {
                Step::Attempt(attempting) => {
                    if let Some(number) = attempting.over.step() {
                        attempting.over = attempting.over.to(number + before);
                    }
                    if let TokenOf::SameAs(number) = &mut attempting.token {
                        *number += before;
                    }
                }
                Step::Change(Change::RevokeToken(number)) => *number += before,
                Step::Change(_) => {}
            }
            step
        }));
        self
    }
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
