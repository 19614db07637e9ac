//! Where in a repository a finding is to be looked at.

use serde::Deserialize;

use super::{Material, schema::PlaceJson};
use crate::{attacks::catalogue::Attack, campaign::check::Finding};

/// What the document says of it; else the route in the policy file; else the attack in the catalogue; else the case itself.
pub(super) fn of(finding: &Finding, attack: Option<&Attack>, material: &Material<'_>) -> PlaceJson {
    if let Some(document) = &finding.document {
        return PlaceJson { file: relative(document.file.as_ref()), line: document.line.unwrap_or(1) };
    }
    let route = finding.case.judged().map_or("", |step| step.route.as_str());
    if let Some(file) = material.policy_file
        && let Ok(text) = std::fs::read_to_string(file)
        && let Some(line) = route_line(&text, route)
    {
        return PlaceJson { file: relative(file), line };
    }
    match attack {
        Some(attack) => in_catalogue(attack),
        None => PlaceJson { file: relative(&material.subject.file(finding)), line: 1 },
    }
}

fn in_catalogue(attack: &Attack) -> PlaceJson {
    let file = &attack.family.file;
    let text = gatecrash_corpus::attacks().into_iter().find(|(name, _)| name == file).map_or("", |(_, text)| text);
    let id = format!("id = \"{}\"", attack.id);
    let line = text.lines().position(|line| line.starts_with(&id)).map_or(1, |index| index + 1);
    PlaceJson { file: file.clone(), line }
}

/// Relative to the working directory, where it lies below it.
fn relative(file: &std::path::Path) -> String {
    let below = std::env::current_dir().ok().and_then(|here| file.strip_prefix(here).ok());
    below.unwrap_or(file).display().to_string().replace('\\', "/")
}

#[derive(Deserialize)]
struct Routes {
    routes: Vec<RoutePlace>,
}

#[derive(Deserialize)]
struct RoutePlace {
    method: String,
    path: toml::Spanned<String>,
}

/// The line of a policy in which the path of the route stands, from 1.
fn route_line(policy: &str, route: &str) -> Option<usize> {
    let read: Routes = toml::from_str(policy).ok()?;
    let found = read.routes.iter().find(|it| format!("{} {}", it.method, it.path.get_ref()) == route)?;
    Some(policy.get(..found.path.span().start)?.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::route_line;

    #[test]
    fn a_route_is_found_by_method_and_path() {
        let policy = "audience = \"a\"\n\n[[routes]]\nmethod = \"GET\"\npath = \"/a\"\n[[routes]]\nmethod = \"PUT\"\n\
            path = \"/a\"\n";
        assert_eq!(route_line(policy, "GET /a"), Some(5));
        assert_eq!(route_line(policy, "PUT /a"), Some(8));
        assert_eq!(route_line(policy, "PUT /b"), None);
    }
}
