//! What was looked at: how the attempts of each source ended, and how deep into the gate they got.

use gatecrash_model::{Rule, Stage};

use super::Tally;
use crate::{
    attacks::catalogue::Catalogue,
    campaign::check::{Checked, Outcome},
    gate::{Handshake, Observation},
};

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Source {
    /// The catalogue: index of the attack.
    Attack(usize),
    /// An honest request.
    Control,
    /// Two attacks of the catalogue together.
    Pair,
    /// Drawn at random.
    Random,
    /// An attempt made again with inert changes.
    Twin,
}

/// How deep an attempt got: what looked at it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reach {
    /// The TLS handshake.
    Handshake,
    /// The header fields of the request.
    Header,
    /// The parser of the token.
    Parse,
    /// The signature, with what chooses key and algorithm.
    Signature,
    /// The claims.
    Claims,
    /// What binds the token to the certificate.
    Binding,
    /// What may be asked: route, scope, ownership.
    Scope,
    /// The protected effect.
    Handler,
}

impl Reach {
    /// Every depth, the shallowest first.
    ///
    /// ```
    /// use gatecrash::campaign::Reach;
    /// assert_eq!((Reach::ALL[0].name(), Reach::ALL[7].name()), ("handshake", "handler"));
    /// ```
    pub const ALL: &[Reach] = {
        use Reach::*;
        &[Handshake, Header, Parse, Signature, Claims, Binding, Scope, Handler]
    };

    /// Lower-case name.
    ///
    /// ```
    /// assert_eq!(gatecrash::campaign::Reach::Binding.name(), "binding");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Reach::Handshake => "handshake",
            Reach::Header => "header",
            Reach::Parse => "parse",
            Reach::Signature => "signature",
            Reach::Claims => "claims",
            Reach::Binding => "binding",
            Reach::Scope => "scope",
            Reach::Handler => "handler",
        }
    }

    /// How deep an attempt got; `None` where neither the gate's audit nor the class of its answer tells.
    ///
    /// ```
    /// use gatecrash::{campaign::Reach, gate::{Handshake, Observation}, model::Rule};
    /// let mut observation = Observation::default();
    /// observation.handshake = Handshake::Silent;
    /// assert_eq!(Reach::of(&observation, false), Some(Reach::Handshake));
    /// observation.seen.causes.push(("no audience".into(), vec![Rule::Audience]));
    /// assert_eq!(Reach::of(&observation, false), Some(Reach::Claims));
    /// assert_eq!(Reach::of(&observation, true), Some(Reach::Handler));
    /// ```
    pub fn of(observation: &Observation, entered: bool) -> Option<Reach> {
        if entered {
            return Some(Reach::Handler);
        }
        if let Some((_, rules)) = observation.seen.causes.last() {
            return rules.iter().map(|rule| Reach::of_rule(*rule)).min();
        }
        match (&observation.answer, &observation.handshake) {
            (None, Handshake::Refused(_) | Handshake::Silent) => Some(Reach::Handshake),
            // RFC 6750 §3.1: who asks was settled, and what they may ask was not enough.
            (Some(answer), _) if answer.status == 403 => Some(Reach::Scope),
            _ => None,
        }
    }

    /// Where a violation of a rule is looked for.
    pub(crate) fn of_rule(rule: Rule) -> Reach {
        match rule {
            Rule::CredentialForm | Rule::CredentialUnique | Rule::TokenPresent => Reach::Header,
            Rule::ClaimsForm
            | Rule::ClaimType
            | Rule::CriticalHeader
            | Rule::HeaderForm
            | Rule::TokenForm
            | Rule::TokenType => Reach::Parse,
            Rule::AlgorithmAllowed | Rule::AlgorithmOfKey | Rule::KeyId | Rule::KeyStrength | Rule::Signature => {
                Reach::Signature
            }
            Rule::CertificateIdentity
            | Rule::Confirmation
            | Rule::ForwardedCertificate
            | Rule::IssuerSpeaksFor
            | Rule::SubjectOfCertificate
            | Rule::TrustedProxy => Reach::Binding,
            other => match other.stage() {
                Stage::Handshake => Reach::Handshake,
                Stage::Token => Reach::Claims,
                Stage::Authorization | Stage::Effect => Reach::Scope,
            },
        }
    }
}

/// How the attempts of one source ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exercised {
    /// Attempts: admitted where only that was permitted, refused where only that was, either where both were, found.
    pub outcomes: [u64; 4],
    /// Attempts by depth, in the order of [`Reach::ALL`].
    pub reached: [u64; 8],
    /// Attempts of which the gate does not tell how deep they got.
    pub untold: u64,
}

impl Exercised {
    pub(super) fn count(&mut self, checked: &Checked, entered: bool) {
        let verdict = &checked.verdict;
        let outcome = match &checked.outcome {
            Outcome::Disagree(_) => 3,
            // The harness caught itself; nothing is said of the gate.
            Outcome::HarnessFault(_) => return,
            Outcome::Agree if verdict.must_admit() => 0,
            Outcome::Agree if verdict.must_refuse() => 1,
            Outcome::Agree => 2,
        };
        self.outcomes[outcome] += 1;
        match Reach::of(&checked.observation, entered) {
            Some(reach) => self.reached[reach as usize] += 1,
            None => self.untold += 1,
        }
    }

    /// Adds another count.
    ///
    /// ```
    /// use gatecrash::campaign::Exercised;
    /// let mut sum = Exercised { untold: 1, ..Exercised::default() };
    /// sum.add(&Exercised { outcomes: [0, 4, 0, 0], untold: 2, ..Exercised::default() });
    /// assert_eq!((sum.attempts(), sum.untold), (4, 3));
    /// ```
    pub fn add(&mut self, other: &Exercised) {
        for (into, from) in self.outcomes.iter_mut().zip(other.outcomes) {
            *into += from;
        }
        for (into, from) in self.reached.iter_mut().zip(other.reached) {
            *into += from;
        }
        self.untold += other.untold;
    }

    /// How many attempts there were.
    ///
    /// ```
    /// let row = gatecrash::campaign::Exercised { outcomes: [1, 4, 0, 2], ..Default::default() };
    /// assert_eq!(row.attempts(), 7);
    /// ```
    pub fn attempts(&self) -> u64 {
        self.outcomes.iter().sum()
    }
}

/// The exercised table: a row for each family of the catalogue that was tried, in its order, then one for each other source.
///
/// ```
/// # let policy = gatecrash::example::policy();
/// # use gatecrash::example::gate;
/// # let world = gatecrash::WorldOptions::default();
/// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
/// # let options = gatecrash::campaign::CampaignOptions {
/// #     bound: gatecrash::campaign::Bound::Attempts(20),
/// #     sample_routes: true,
/// #     ..Default::default()
/// # };
/// # let campaign = gatecrash::campaign::run(&target, options, &Default::default())?;
/// let rows = gatecrash::campaign::table(&campaign.tally, &campaign.catalogue);
/// let found: u64 = rows.iter().map(|(_, row)| row.outcomes[3]).sum();
/// assert!(found > 0, "the gate looks at no token");
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn table<'a>(tally: &Tally, catalogue: &'a Catalogue) -> Vec<(&'a str, Exercised)> {
    let mut rows: Vec<(&str, Exercised)> = Vec::new();
    for (source, exercised) in &tally.exercised {
        let name = match source {
            Source::Attack(index) => match catalogue.attacks.get(*index) {
                Some(attack) => attack.family.id.as_str(),
                None => continue,
            },
            Source::Control => "(controls)",
            Source::Pair => "(pairs)",
            Source::Random => "(random)",
            Source::Twin => "(inert twins)",
        };
        match rows.iter_mut().find(|(known, _)| *known == name) {
            Some((_, row)) => row.add(exercised),
            None => rows.push((name, exercised.clone())),
        }
    }
    rows
}
