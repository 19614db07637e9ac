//! From a campaign to its report.

use std::path::Path;

use gatecrash_model::Policy;

use super::{
    Notes, Subject, attack,
    diff::Decoder,
    example, example_of, location,
    schema::{
        AttackJson, Controls, CryptoJson, DocumentJson, ExercisedJson, FindingJson, InertJson, PairsJson, Reached,
        Report, RuleJson, SequencesJson, TriedJson, Verdicts,
    },
    security,
};
use crate::{
    attacks::policy_gaps,
    attacks::{catalogue::Catalogue, mappings::requirements},
    campaign::check::Finding,
    campaign::{Campaign, Reach, Sequences, Source, Target},
    profile::Phase,
};

/// Everything that a report is told from.
#[derive(Clone, Copy)]
pub struct Material<'a> {
    /// What was found.
    pub campaign: &'a Campaign,
    /// The gate, and how it is called.
    pub subject: &'a Subject,
    /// The gate, and its policy.
    pub target: &'a Target,
    /// The file that the policy stands in, where it is one: findings point at its lines.
    pub policy_file: Option<&'a Path>,
    /// What is said beside the findings.
    pub notes: &'a Notes,
}

impl Report {
    /// The report of a campaign.
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
    /// # let subject = gatecrash::report::Subject {
    /// #     gate: "gate".into(),
    /// #     seed: 0,
    /// #     jobs: 2,
    /// #     command: gatecrash::report::Subject::IN_TESTS.into(),
    /// #     named: false,
    /// #     folder: std::env::temp_dir(),
    /// #     policy: None,
    /// # };
    /// # let notes = gatecrash::report::Notes::default();
    /// # let material = gatecrash::report::Material {
    /// #     campaign: &campaign,
    /// #     subject: &subject,
    /// #     target: &target,
    /// #     policy_file: None,
    /// #     notes: &notes,
    /// # };
    /// use gatecrash::report::{Material, Notes, Report};
    /// let material = Material { policy_file: Some("gate.toml".as_ref()), ..material };
    /// assert_eq!(Report::new(&material).verdict, "findings");
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn new(material: &Material<'_>) -> Self {
        let Material { campaign, subject, notes, .. } = *material;
        let tally = &campaign.tally;
        let seconds = campaign.elapsed.as_secs_f64();
        let (families, variants) = tally.tried(&campaign.catalogue);
        let exercised = crate::campaign::table(tally, &campaign.catalogue).into_iter().map(exercised_json);
        let miswirings = campaign.miswirings.iter();
        let miswirings = miswirings.map(|it| format!("{}: {}", gatecrash_model::describe(&it.case), it.answered));
        let status = notes.status(campaign);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            verdict: match status {
                0 | 2 if campaign.unfinished().is_some() && super::super::status(campaign) == 0 => "incomplete",
                0 => "clean",
                1 => "findings",
                2 => "mis-wired",
                _ => "harness-fault",
            },
            headline: super::screen::headline(campaign, notes),
            status: notes.exit_status(campaign),
            complete: campaign.is_complete(),
            interrupted: campaign.completion.interrupted.map(crate::campaign::Interruption::name),
            gate: subject.gate.clone(),
            seed: subject.seed,
            attempts: tally.attempts,
            elapsed_seconds: seconds,
            attempts_per_second: tally.attempts as f64 / seconds.max(f64::EPSILON),
            kept: tally.kept,
            sequences: sequences_json(&tally.sequences, &material.target.policy),
            profile: campaign.profile.map(|profile| {
                Phase::ALL.iter().copied().map(|phase| (phase.name(), profile.of(phase).as_secs_f64())).collect()
            }),
            reached: Reached { handshake: tally.reached[0], token: tally.reached[1], handler: tally.reached[2] },
            crypto: CryptoJson {
                ideal: tally.ideal,
                real: tally.attempts - tally.ideal,
                layers: campaign.ideal.and_then(|layers| layers.ideal()),
            },
            verdicts: Verdicts { admit: tally.verdicts[0], refuse: tally.verdicts[1], either: tally.verdicts[2] },
            controls: Controls { run: tally.controls[0], passed: tally.controls[1] },
            admitted: tally.admitted.clone(),
            refused: tally.refused.iter().map(|(rule, count)| (rule.name(), *count)).collect(),
            families,
            planned_families: campaign.completion.families,
            variants,
            exercised: exercised.collect(),
            inert: InertJson { run: tally.twins[0], differ: tally.twins[1] },
            pairs: campaign.pairs.map(|it| PairsJson {
                total: it.total,
                conflicting: it.conflicting,
                apart: it.apart,
                from: it.from,
                next: it.next,
            }),
            document: campaign.documented.as_ref().map(|it| DocumentJson {
                file: it.file.clone(),
                routes: it.routes,
                attempts: it.attempts,
            }),
            harness_faults: campaign.harness_faults.clone(),
            miswirings: miswirings.collect(),
            promises: policy_gaps::promises(&material.target.policy),
            left_out: notes.left_out.clone(),
            known_faults: notes.accepted.faults.clone(),
            tried: tried(campaign),
            findings: findings(material),
        }
    }
}

/// Every finding: the most severe cause first, below it what combines or repeats it; accepted ones last.
fn findings(material: &Material<'_>) -> Vec<FindingJson> {
    let groups = material.notes.causes(material.campaign);
    let mut decoder = Decoder::new(material.target);
    let mut told = Vec::new();
    for group in groups.iter().flatten() {
        told.push(finding_json(group.root, None, material, &mut decoder));
        for below in &group.below {
            told.push(finding_json(below, Some(group.root.fingerprint.clone()), material, &mut decoder));
        }
    }
    told
}

fn tried(campaign: &Campaign) -> Vec<TriedJson> {
    let catalogue = &campaign.catalogue;
    let attacks = campaign.tally.attacks.keys().filter_map(|index| Some((*index, catalogue.attacks.get(*index)?)));
    let told = attacks.map(|(index, it)| {
        let row = campaign.tally.exercised.get(&Source::Attack(index));
        TriedJson {
            id: it.id.clone(),
            family: it.family.id.clone(),
            section: it.family.section.clone(),
            attempts: row.map_or(0, |row| row.attempts()),
            broke: row.map_or(0, |row| row.outcomes[3]),
            findings: campaign.variants.get(&index).into_iter().flatten().cloned().collect(),
        }
    });
    told.collect()
}

/// The attacks of the catalogue whose own attempts showed a finding.
fn variants(finding: &Finding, campaign: &Campaign) -> Vec<String> {
    let showed = campaign.variants.iter().filter(|(_, prints)| prints.contains(&finding.fingerprint));
    showed.filter_map(|(index, _)| Some(campaign.catalogue.attacks.get(*index)?.id.clone())).collect()
}

fn finding_json(
    finding: &Finding,
    below: Option<String>,
    material: &Material<'_>,
    decoder: &mut Decoder<'_>,
) -> FindingJson {
    let Material { campaign, subject, .. } = *material;
    let catalogue = &campaign.catalogue;
    let attack = attack(finding, catalogue);
    let family = attack.map(|attack| &attack.family);
    let (cwe, owasp_api) = security::weakness(finding, catalogue);
    let obligation =
        |rule: &gatecrash_model::Rule| RuleJson { name: rule.name(), clause: rule.clause(), must: rule.must() };
    FindingJson {
        kind: finding.kind.name(),
        fingerprint: finding.fingerprint.clone(),
        attack: attack.map(|attack| attack.id.clone()),
        case: crate::attacks::casefile::write_case(&finding.case),
        explanation: format!("{}: {}", finding.explanation(), finding.seen),
        rules: finding.rules.iter().map(|rule| rule.name()).collect(),
        because: finding.cause.sentence(&finding.routes),
        routes: finding.routes.clone(),
        severity: security::severity(finding, catalogue).name(),
        cwe,
        owasp_api,
        requirements: requirements(family.map(|family| family.id.as_str()), &finding.rules),
        fix: security::fix(finding, catalogue),
        cause: finding.cause.to_string(),
        subject: finding.subject.clone(),
        route_class: finding.class.name(),
        reach: finding.reach.name(),
        attempt: finding.attempt + 1,
        after_seconds: finding.after.as_secs_f64(),
        fails: crate::report::fails(finding, campaign),
        attacks: variants(finding, campaign),
        replay: subject.replay(finding),
        words: finding.explanation(),
        seen: finding.seen.clone(),
        permitted: super::super::expected(finding),
        obligations: finding.rules.iter().map(obligation).collect(),
        family: family.map(|family| family.id.clone()),
        what: family.map_or_else(|| security::what_of(finding.kind).into(), |family| family.what.clone()),
        why: family.map_or_else(|| security::why_of(finding.kind).into(), |family| family.why.clone()),
        references: family.map_or_else(Vec::new, |family| family.references.clone()),
        route: finding.case.judged().map_or_else(String::new, |step| step.route.clone()),
        depth: finding.depth.name(),
        score: security::score(finding, catalogue),
        example: example_of(&finding.cause).or_else(|| finding.rules.first().and_then(|rule| example(*rule))),
        accepted: material.notes.accepted.of(finding).cloned(),
        place: location::of(finding, attack, material),
        curl: material.notes.curl.get(&finding.fingerprint).cloned(),
        sides: decoder.sides(&finding.case),
        below,
    }
}

fn exercised_json((family, row): (&str, crate::campaign::Exercised)) -> ExercisedJson {
    let [admit, refuse, either, finding] = row.outcomes;
    let reached = Reach::ALL.iter().map(|reach| reach.name()).zip(row.reached).chain([("untold", row.untold)]);
    ExercisedJson { family: family.into(), admit, refuse, either, finding, reached: reached.collect() }
}

/// The catalogue as machines read it.
///
/// ```
/// use gatecrash::{corpus::catalogue::Catalogue, report::attacks};
/// let catalogue = Catalogue::embedded()?;
/// let attack = attacks(&catalogue).into_iter().find(|attack| attack.id == "aud-missing").ok_or("it is embedded")?;
/// assert_eq!((attack.expect, attack.cwe), ("refuse", 345));
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn attacks(catalogue: &Catalogue) -> Vec<AttackJson> {
    let attacks = catalogue.attacks.iter().map(|attack| AttackJson {
        id: attack.id.clone(),
        family: attack.family.id.clone(),
        section: attack.family.section.clone(),
        artefact: attack.family.artefact.clone(),
        expect: attack.expect.name(),
        severity: attack.family.severity.name(),
        cwe: attack.family.cwe,
        owasp_api: attack.family.owasp_api.clone(),
        requirements: requirements(Some(&attack.family.id), &attack.rules),
        references: attack.family.references.clone(),
        fix: attack.family.fix.clone(),
    });
    attacks.collect()
}

fn sequences_json(sequences: &Sequences, policy: &Policy) -> SequencesJson {
    let Sequences { made, idle, inapplicable, happened, .. } = sequences;
    SequencesJson {
        run: *made,
        idle: *idle,
        inapplicable: inapplicable.clone(),
        offered: happened.offered,
        resumed: happened.resumed,
        reused: happened.reused,
        together: happened.together,
        repeated: happened.repeated,
        streamed: happened.streamed,
        reloaded: happened.reloaded,
        waited: happened.waited,
        absent: policy.changes.absent(),
    }
}
