//! Which declared route a request names, and which object (RFC 9110 §7.1, RFC 3986 §6.2).

use super::Latitude;
use crate::{
    Blueprint, Lifted, ReadingKind, Route,
    json::{self, Json},
};

/// Stands for what is in the place of a path parameter whose values nobody lists.
const UNKNOWN: &str = "";

/// The declared route that the request names, and the object.
pub(super) fn find_route<'a>(
    lifted: &Lifted,
    blueprint: &'a Blueprint,
    latitude: &Latitude,
) -> Option<(&'a Route, Option<String>)> {
    // A server reads one of two parameters of one name; which one is not said (RFC 3986 §3.4).
    let last = route_by_query(lifted, blueprint) && latitude.permits(ReadingKind::RepeatedParameter);
    let match_path = |path: &str, method: &str| match_path(path, lifted, blueprint, method, last);
    let written = match lifted.path.split_once('#') {
        Some((before, _)) if latitude.permits(ReadingKind::Fragment) => before,
        _ => &lifted.path,
    };
    let known = match_path(written, "*").is_some_and(|found| is_known(&found, blueprint));
    let normal = (!known).then(|| normal_path(written)).filter(|normal| {
        normal != written && match_path(normal, "*").is_some() && latitude.permits(ReadingKind::NormalizedPath)
    });
    let path = normal.as_deref().unwrap_or(written);
    let found = match_path(path, &lifted.method).or_else(|| {
        let get = match_path(path, "GET")?;
        (lifted.method == "HEAD" && latitude.permits(ReadingKind::HeadAsGet)).then_some(get)
    });
    found.filter(|found| is_known(found, blueprint) || latitude.permits(ReadingKind::UnknownObject))
}

/// Whether the object exists, where the route names one in its path; who owns it is another question.
fn is_known((route, object): &(&Route, Option<String>), blueprint: &Blueprint) -> bool {
    let Some(name) = route.path_parameter() else { return true };
    let Some(object) = object else { return true };
    blueprint.owner_of(object).is_some() || route.example_of(name) == Some(object)
}

fn match_path<'a>(
    path: &str,
    lifted: &Lifted,
    blueprint: &'a Blueprint,
    method: &str,
    last: bool,
) -> Option<(&'a Route, Option<String>)> {
    blueprint.policy.routes.iter().filter(|route| method == "*" || route.method == method).find_map(|route| {
        let pattern = route.path.split('/');
        let segments = path.split('/');
        if pattern.clone().count() != segments.clone().count() {
            return None;
        }
        let mut object = None;
        let mut known = true;
        for (pattern, segment) in pattern.zip(segments) {
            let name = pattern.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            match name.filter(|_| !segment.is_empty()) {
                Some(name) if Some(name) == route.path_parameter() => object = Some(segment.to_string()),
                // Of what else there may be in its place, nothing is known but the example.
                Some(name) => known &= route.example_of(name) == Some(segment),
                None if pattern != segment => return None,
                None => {}
            }
        }
        if !known {
            object = Some(UNKNOWN.into());
        }
        if let Some(name) = route.query_parameter() {
            let mut values = parameters(lifted, name);
            object = if last { values.next_back() } else { values.next() }.map(String::from);
        }
        if let Some(name) = route.body_parameter() {
            object = body_member(lifted.body.as_deref(), name);
        }
        Some((route, object))
    })
}

/// Whether a parameter that names the object of some route stands there more than once.
fn route_by_query(lifted: &Lifted, blueprint: &Blueprint) -> bool {
    let mut names = blueprint.policy.routes.iter().filter_map(Route::query_parameter);
    names.any(|name| parameters(lifted, name).nth(1).is_some())
}

/// The values of a parameter of the query, in order.
fn parameters<'a>(lifted: &'a Lifted, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
    let pairs = lifted.message.query.as_deref().unwrap_or_default().split('&');
    pairs.filter_map(move |pair| pair.split_once('=').filter(|(known, _)| *known == name).map(|(_, value)| value))
}

fn body_member(body: Option<&str>, name: &str) -> Option<String> {
    let Some(Json::Object(members)) = json::parse(body?) else { return None };
    members.into_iter().find_map(|(member, value, _)| {
        if let (Json::Text(text), true) = (value, member == name) { Some(text.into_owned()) } else { None }
    })
}

/// Case, percent-encoding, empty and dot segments, parameters and the final slash normalized away (RFC 3986 §6.2.2, §6.2.3).
fn normal_path(path: &str) -> String {
    let mut decoded = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                decoded.push(byte as char);
                rest = &after[2..];
            }
            _ => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/")).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::normal_path;

    #[test]
    fn every_spelling_of_a_path_normalizes_to_it() {
        use crate::PathForm::*;
        for &form in crate::PathForm::ALL {
            let normal = normal_path(&form.apply("/v1/whoami"));
            // What no rule of normalization undoes is another path.
            let other = [Backslash, DoubleEncoded, Fragment, Nul, Overlong, RepeatedPrefix, StrippedPrefix];
            assert_eq!(normal == "/v1/whoami", !other.contains(&form), "{form:?}: {normal}");
        }
    }
}
