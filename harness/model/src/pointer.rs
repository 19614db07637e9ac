//! Where a claim is: a name, or a JSON pointer (RFC 6901) into the claims set. Reads and edits JSON text in place.

use std::borrow::Cow;

use crate::json::{self, Json};

/// The names from the claims set down to the claim: `sub` is one, `/realm_access/roles` are two.
///
/// ```
/// use gatecrash_model::pointer::names;
/// assert_eq!(names("sub"), ["sub"]);
/// assert_eq!(names("/realm_access/roles"), ["realm_access", "roles"]);
/// assert_eq!(names("/https:~1~1example.test~1roles"), ["https://example.test/roles"]);
/// ```
pub fn names(address: &str) -> Vec<Cow<'_, str>> {
    match address.strip_prefix('/') {
        None => vec![Cow::Borrowed(address)],
        Some(rest) => rest.split('/').map(unescaped).collect(),
    }
}

fn unescaped(name: &str) -> Cow<'_, str> {
    if name.contains('~') { Cow::Owned(name.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(name) }
}

/// The one way to write an address: a claim of the claims set itself by its name, any other by its pointer.
///
/// ```
/// use gatecrash_model::pointer::canonical;
/// assert_eq!(canonical("/sub"), "sub");
/// assert_eq!(canonical("/realm_access/roles"), "/realm_access/roles");
/// ```
pub fn canonical(address: &str) -> Cow<'_, str> {
    match &names(address)[..] {
        [one] if !one.starts_with('/') && !one.is_empty() => Cow::Owned(one.to_string()),
        _ => Cow::Borrowed(address),
    }
}

/// The value below `json` that the names lead to; of members with one name the last one.
pub(crate) fn below<'a, 'b>(json: &'b Json<'a>, names: &[Cow<'_, str>]) -> Option<&'b Json<'a>> {
    let Some((name, rest)) = names.split_first() else { return Some(json) };
    let value = match json {
        Json::Object(members) => members.iter().rev().find(|(known, ..)| known == name).map(|(_, value, _)| value)?,
        Json::Array(items) => items.get(name.parse::<usize>().ok()?)?,
        Json::Bool(_) | Json::Null | Json::Number(..) | Json::Text(_) => return None,
    };
    below(value, rest)
}

/// The JSON text `text`, with `value` at the place that the names lead to, or with nothing there; objects on the way are
/// made. `None` when `text` is no JSON, when something on the way is no object, or when there is nothing to take away.
pub(crate) fn edited(text: &str, names: &[Cow<'_, str>], value: Option<&str>) -> Option<String> {
    let Some((name, rest)) = names.split_first() else { return value.map(String::from) };
    let Some(Json::Object(members)) = json::parse_member(text) else { return None };
    let mut written: Vec<String> = Vec::new();
    let mut found = false;
    let at = members.iter().rposition(|(known, ..)| known == name);
    for (i, (known, _, inner)) in members.iter().enumerate() {
        let inner = if Some(i) == at {
            found = true;
            match (rest, value) {
                ([], None) => continue,
                _ => edited(inner, rest, value)?,
            }
        } else {
            inner.to_string()
        };
        written.push(format!("{}:{inner}", json::quote(known)));
    }
    if !found {
        written.push(format!("{}:{}", json::quote(name), edited("{}", rest, Some(value?))?));
    }
    Some(format!("{{{}}}", written.join(",")))
}

#[cfg(test)]
mod tests {
    use super::{edited, names};

    #[test]
    fn values_are_set_and_taken_away_in_place() {
        let edit = |text: &str, at: &str, value| edited(text, &names(at), value);
        let text = r#"{"roles":["a"],"other":1}"#;
        assert_eq!(edit(text, "/roles", Some("[]")).as_deref(), Some(r#"{"roles":[],"other":1}"#));
        assert_eq!(edit(text, "/roles", None).as_deref(), Some(r#"{"other":1}"#));
        assert_eq!(edit(text, "/new/one", Some("2")).as_deref(), Some(r#"{"roles":["a"],"other":1,"new":{"one":2}}"#));
        assert_eq!(edit(text, "/nothing", None), None);
        assert_eq!(edit(text, "/other/below", Some("2")), None, "a number holds no member");
    }
}
