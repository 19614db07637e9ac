//! `attacks`: the catalogue as a table, or explained.

use super::{
    Failure,
    arguments::{AttacksOptions, Format},
};
use crate::cli::out::say;
use crate::{
    attacks::{
        catalogue::{Attack, Catalogue},
        mappings::{self, Standard},
    },
    report::{self, wrapped},
};

pub(super) fn attacks(options: &AttacksOptions) -> Result<u8, Failure> {
    let catalogue = Catalogue::embedded()?;
    if let Some(name) = &options.mapping {
        let standards = mappings::embedded()?;
        let standard = standards.iter().find(|standard| standard.id == *name);
        let standard = standard.ok_or_else(|| {
            let known: Vec<&str> = standards.iter().map(|standard| standard.id.as_str()).collect();
            Failure::Usage(format!("there is no mapping `{name}`; there is {}", known.join(", ")))
        })?;
        match options.format {
            Format::Json => super::print_json(&coverage(standard, &catalogue)),
            Format::Text => say!("{}", covered(standard, &catalogue)),
        }
        return Ok(0);
    }
    let chosen: Vec<&Attack> = match &options.id {
        None => catalogue.attacks.iter().collect(),
        Some(id) => catalogue.find(id),
    };
    if let (true, Some(id)) = (chosen.is_empty(), &options.id) {
        let near = nearest(&catalogue, id)
            .map_or("; `attacks` lists what there is".into(), |near| format!("; did you mean `{near}`?"));
        return Err(Failure::Usage(format!("there is no attack or family `{id}`{near}")));
    }
    match options.format {
        Format::Json => {
            let ids: Vec<&str> = chosen.iter().map(|attack| attack.id.as_str()).collect();
            let list = report::attacks(&catalogue);
            let list: Vec<_> = list.into_iter().filter(|attack| ids.contains(&attack.id.as_str())).collect();
            super::print_json(&list);
        }
        Format::Text if options.id.is_some() => say!("{}", explained(&chosen, &mappings::embedded()?, &catalogue)),
        Format::Text => say!("{}", table(&catalogue)),
    }
    Ok(0)
}

/// What is covered of a standard, for machines.
fn coverage(standard: &Standard, catalogue: &Catalogue) -> serde_json::Value {
    let requirements = standard.requirements.iter().map(|requirement| {
        serde_json::json!({
            "id": requirement.id,
            "what": requirement.what,
            "families": standard.families(requirement, catalogue),
        })
    });
    let untestable = standard.untestable.iter().map(|it| serde_json::json!({ "ids": it.ids, "why": it.why }));
    serde_json::json!({
        "standard": standard.name,
        "source": standard.source,
        "scope": standard.scope,
        "requirements": requirements.collect::<Vec<_>>(),
        "untestable": untestable.collect::<Vec<_>>(),
    })
}

/// What is covered of a standard, and what nothing here can test.
fn covered(standard: &Standard, catalogue: &Catalogue) -> String {
    let mut text = format!("{}\n{}\n{}\n", standard.name, standard.source, wrapped("scope: ", &standard.scope));
    let width = standard.requirements.iter().map(|requirement| requirement.id.len()).max().unwrap_or(0);
    for requirement in &standard.requirements {
        let families = standard.families(requirement, catalogue);
        text.push_str(&format!("\n{:width$}  {}\n", requirement.id, requirement.what));
        text.push_str(&wrapped(
            &format!("{:width$}  tested by {} families: ", "", families.len()),
            &families.join(", "),
        ));
        text.push('\n');
    }
    text.push_str("\nNothing here can test:\n");
    for untestable in &standard.untestable {
        text.push_str(&wrapped(&format!("  {}: ", untestable.ids.join(", ")), &untestable.why));
        text.push('\n');
    }
    text
}

/// One line an attack.
fn table(catalogue: &Catalogue) -> String {
    let width = catalogue.attacks.iter().map(|attack| attack.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    let mut family = "";
    for attack in &catalogue.attacks {
        if attack.family.id != family {
            family = &attack.family.id;
            text.push_str(&format!("\n{} {}: {}\n", attack.family.section, family, attack.family.what));
        }
        let rules: Vec<&str> = attack.rules.iter().map(|rule| rule.name()).collect();
        let (expect, severity) = (attack.expect.name(), attack.family.severity.name());
        text.push_str(&format!("  {:width$}  {expect:9}  {severity:8}  {}\n", attack.id, rules.join(", ")));
    }
    let count = catalogue.attacks.len();
    text.push_str(&format!("\n{} families, {count} attacks; `attacks ID` explains one.\n", catalogue.families()));
    text.trim_start().to_string()
}

/// What changes, why it must fail, references, fix.
fn explained(attacks: &[&Attack], standards: &[Standard], catalogue: &Catalogue) -> String {
    let Some(family) = attacks.first().map(|attack| &attack.family) else { return String::new() };
    let mut text =
        format!("{} · section {} · {} · {}\n\n", family.id, family.section, family.artefact, family.severity.name());
    let mut line = |name: &str, value: &str| {
        text.push_str(&wrapped(&format!("  {name:<11}"), value));
        text.push('\n');
    };
    line("what", &family.what);
    line("why", &family.why);
    line("fix", &family.fix);
    line("references", &family.references.join(", "));
    line("weakness", &format!("CWE-{}, OWASP {}", family.cwe, family.owasp_api));
    for standard in standards {
        line(&standard.id, &standard.of_family(&family.id, catalogue).join(", "));
    }
    for attack in attacks {
        let rules: Vec<String> =
            attack.rules.iter().map(|rule| format!("{} ({})", rule.name(), rule.clause())).collect();
        let stances: Vec<String> = attack.stances.iter().map(ToString::to_string).collect();
        text.push_str(&format!("\n{}\n", attack.id));
        let mut line = |name: &str, value: String| {
            if !value.is_empty() {
                text.push_str(&wrapped(&format!("  {name:<11}"), &value));
                text.push('\n');
            }
        };
        line("who", stances.join("; or "));
        line("changes", attack.mutations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        line("expected", attack.expect.name().into());
        line("violates", rules.join(", "));
        line("because", attack.because.clone().unwrap_or_default());
    }
    text
}

/// The id that shares the longest beginning with `id`.
fn nearest<'a>(catalogue: &'a Catalogue, id: &str) -> Option<&'a str> {
    let common = |other: &str| other.bytes().zip(id.bytes()).take_while(|(a, b)| a == b).count();
    let ids = catalogue.attacks.iter().flat_map(|attack| [attack.id.as_str(), attack.family.id.as_str()]);
    ids.max_by_key(|other| common(other)).filter(|other| common(other) > 2)
}
