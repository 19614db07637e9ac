//! Changes that must change nothing: what no rule speaks of, and what no standard lets a gate mind.

use serde::{Deserialize, Serialize};

use crate::{Mutation, RequestHeader, Value, chain::path::ChainPadding};

/// Another order of things whose order means nothing. Where a name stands twice, the two keep theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permutation {
    /// Of the members of the claims set (RFC 8259 §4).
    Claims,
    /// Of header fields of different names (RFC 9110 §5.3).
    Fields,
    /// Of the members of the JOSE header (RFC 8259 §4).
    Header,
}

impl Permutation {
    /// Every permutation.
    ///
    /// ```
    /// use gatecrash_model::Permutation;
    /// assert!(Permutation::ALL.contains(&Permutation::Claims));
    /// ```
    pub const ALL: &[Permutation] = &[Permutation::Claims, Permutation::Fields, Permutation::Header];
}

/// Fields that say nothing of who is asking, for what, or in what form.
const FIELDS: [(&str, &str); 8] = [
    ("accept-language", "eo"),
    ("dnt", "1"),
    ("priority", "u=3"),
    ("save-data", "on"),
    ("sec-gpc", "1"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
    ("user-agent", "gatecrash"),
    ("x-correlation-id", "4711"),
];

/// Claims that no standard and no policy names (RFC 7519 §4: what is not understood is ignored).
const CLAIMS: [(&str, &str); 4] = [
    ("gatecrash_list", "[1,[2,{}]]"),
    ("gatecrash_null", "null"),
    ("gatecrash_object", "{\"a\":{\"b\":[]}}"),
    ("locale", "\"eo\""),
];

fn field((name, value): (&str, &str)) -> Mutation {
    Mutation::AddHeader(RequestHeader { name: name.into(), value: value.into(), certificate_of: None })
}

fn claim((name, value): (&str, &str)) -> Mutation {
    Mutation::SetClaim { name: name.into(), value: Value::Json(value.into()) }
}

/// Every inert change, each one or more mutations that belong together, in a fixed order.
///
/// ```
/// use gatecrash_model::{inert_changes, is_inert};
/// assert!(inert_changes().iter().flatten().all(is_inert));
/// ```
pub fn inert_changes() -> Vec<Vec<Mutation>> {
    let mut changes: Vec<Vec<Mutation>> = FIELDS.map(|it| vec![field(it)]).to_vec();
    let order = Mutation::Permute(Permutation::Fields);
    changes.extend(FIELDS.windows(2).map(|pair| vec![field(pair[0]), field(pair[1]), order.clone()]));
    changes.extend(CLAIMS.map(|it| vec![claim(it)]));
    changes.push(vec![Mutation::Permute(Permutation::Claims)]);
    changes.push(vec![Mutation::Permute(Permutation::Header)]);
    changes.push(vec![Mutation::ChainPadding(ChainPadding::Unrelated)]);
    changes
}

/// Whether a mutation is among those of [`inert_changes`].
///
/// ```
/// use gatecrash_model::{Mutation, Permutation, is_inert};
/// assert!(is_inert(&Mutation::Permute(Permutation::Header)));
/// assert!(!is_inert(&Mutation::DropClaim("aud".into())));
/// ```
pub fn is_inert(mutation: &Mutation) -> bool {
    match mutation {
        Mutation::AddHeader(_) => FIELDS.into_iter().any(|it| field(it) == *mutation),
        Mutation::ChainPadding(ChainPadding::Unrelated) | Mutation::Permute(_) => true,
        Mutation::SetClaim { .. } => CLAIMS.into_iter().any(|it| claim(it) == *mutation),
        _ => false,
    }
}
