//! What is in a token, and what a gate promises of each claim.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a gate does with a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// Honest tokens have none. Whether a token that has one is accepted, the policy leaves open.
    Absent,
    /// Nobody looks at it; whether a wrong one is accepted, the policy leaves open.
    Ignored,
    /// It must be right where it is there.
    IfPresent,
    /// It must be there, and right.
    Required,
}

impl Promise {
    /// The word for it in `gate.toml`.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Promise::IfPresent.name(), "if-present");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Promise::Absent => "absent",
            Promise::Ignored => "ignored",
            Promise::IfPresent => "if-present",
            Promise::Required => "required",
        }
    }

    /// Whether a wrong value must be refused.
    ///
    /// ```
    /// use gatecrash_model::Promise;
    /// assert!(Promise::IfPresent.is_checked() && !Promise::Ignored.is_checked());
    /// ```
    pub fn is_checked(self) -> bool {
        matches!(self, Promise::IfPresent | Promise::Required)
    }
}

/// A claim as the honest issuer writes it. Texts may name `${person.name}`, `${person.email}`, `${audience}` and others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClaimValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Number(f64),
    /// Text; `${…}` in it is filled in. What is nothing but `${now}`, `${now+300}` or `${person.number}` becomes a number.
    Text(String),
    /// An array.
    List(Vec<ClaimValue>),
    /// An object.
    Table(BTreeMap<String, ClaimValue>),
}

impl ClaimValue {
    /// Whether every token has the same value.
    ///
    /// ```
    /// use gatecrash_model::ClaimValue;
    /// assert!(ClaimValue::Text("access".into()).is_constant());
    /// assert!(!ClaimValue::Text("${person.email}".into()).is_constant());
    /// ```
    pub fn is_constant(&self) -> bool {
        match self {
            ClaimValue::Bool(_) | ClaimValue::Integer(_) | ClaimValue::Number(_) => true,
            ClaimValue::Text(text) => !text.contains("${"),
            ClaimValue::List(items) => items.iter().all(ClaimValue::is_constant),
            ClaimValue::Table(members) => members.values().all(ClaimValue::is_constant),
        }
    }
}

impl From<&str> for ClaimValue {
    fn from(text: &str) -> Self {
        ClaimValue::Text(text.into())
    }
}

/// Where the rights of the caller are, and in what form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rights {
    /// Name or JSON pointer of the claim.
    pub at: String,
    /// How it lists them.
    pub form: RightsForm,
}

impl Default for Rights {
    fn default() -> Self {
        Self { at: "/scope".into(), form: RightsForm::SpaceSeparated }
    }
}

/// How a claim lists rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RightsForm {
    /// `["read", "write"]`.
    Array,
    /// `"read,write"`.
    CommaSeparated,
    /// `{"read": true, "write": true}`.
    Map,
    /// `"read write"` (RFC 6749 §3.3).
    SpaceSeparated,
}

impl RightsForm {
    /// The word for it in `gate.toml`.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::RightsForm::CommaSeparated.name(), "comma-separated");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            RightsForm::Array => "array",
            RightsForm::CommaSeparated => "comma-separated",
            RightsForm::Map => "map",
            RightsForm::SpaceSeparated => "space-separated",
        }
    }

    /// The rights as JSON text.
    ///
    /// ```
    /// use gatecrash_model::RightsForm;
    /// let rights = ["read", "write"].map(String::from);
    /// assert_eq!(RightsForm::Array.written(&rights), r#"["read","write"]"#);
    /// assert_eq!(RightsForm::Map.written(&rights), r#"{"read":true,"write":true}"#);
    /// ```
    pub fn written(self, rights: &[String]) -> String {
        let quoted = || rights.iter().map(|right| crate::json::quote(right));
        match self {
            RightsForm::Array => format!("[{}]", quoted().collect::<Vec<_>>().join(",")),
            RightsForm::CommaSeparated => crate::json::quote(&rights.join(",")),
            RightsForm::Map => {
                format!("{{{}}}", quoted().map(|right| format!("{right}:true")).collect::<Vec<_>>().join(","))
            }
            RightsForm::SpaceSeparated => crate::json::quote(&rights.join(" ")),
        }
    }
}

/// Where a request carries its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "CarriageFile", try_from = "CarriageFile")]
pub enum Carriage {
    /// In a cookie.
    Cookie {
        /// Its name.
        name: String,
    },
    /// In a field of its own, with nothing before it.
    Field {
        /// Name of the field, lower case.
        name: String,
    },
    /// In a field, after the name of a scheme (RFC 9110 §11.4).
    Scheme {
        /// Name of the field, lower case.
        field: String,
        /// The scheme, compared without case.
        scheme: String,
    },
}

impl Default for Carriage {
    fn default() -> Self {
        Carriage::Scheme { field: "authorization".into(), scheme: "Bearer".into() }
    }
}

impl Carriage {
    /// The name of the field that holds the token.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Carriage::default().field(), "authorization");
    /// ```
    pub fn field(&self) -> &str {
        match self {
            Carriage::Cookie { .. } => "cookie",
            Carriage::Field { name } => name,
            Carriage::Scheme { field, .. } => field,
        }
    }

    /// The scheme before the token, where there is one.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Carriage::default().scheme(), Some("Bearer"));
    /// ```
    pub fn scheme(&self) -> Option<&str> {
        match self {
            Carriage::Cookie { .. } | Carriage::Field { .. } => None,
            Carriage::Scheme { scheme, .. } => Some(scheme),
        }
    }

    /// The whole value of the field for a token.
    ///
    /// ```
    /// assert_eq!(gatecrash_model::Carriage::default().value("a.b.c"), "Bearer a.b.c");
    /// ```
    pub fn value(&self, token: &str) -> String {
        match self {
            Carriage::Cookie { name } => format!("{name}={token}"),
            Carriage::Field { .. } => token.into(),
            Carriage::Scheme { scheme, .. } => format!("{scheme} {token}"),
        }
    }
}

/// The carriage as it is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CarriageFile {
    /// Name of the cookie that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<String>,
    /// Name of the header field that holds the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The scheme before the token, such as `Bearer`; none where the field holds the token alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
}

impl From<Carriage> for CarriageFile {
    fn from(carriage: Carriage) -> Self {
        match carriage {
            Carriage::Cookie { name } => Self { cookie: Some(name), ..Self::default() },
            Carriage::Field { name } => Self { field: Some(name), ..Self::default() },
            Carriage::Scheme { field, scheme } => Self { field: Some(field), scheme: Some(scheme), ..Self::default() },
        }
    }
}

impl TryFrom<CarriageFile> for Carriage {
    type Error = &'static str;

    fn try_from(file: CarriageFile) -> Result<Self, Self::Error> {
        let lower = |name: String| name.to_ascii_lowercase();
        match (file.cookie, file.field, file.scheme) {
            (Some(name), None, None) => Ok(Carriage::Cookie { name }),
            (None, Some(name), None) => Ok(Carriage::Field { name: lower(name) }),
            (None, Some(field), Some(scheme)) => Ok(Carriage::Scheme { field: lower(field), scheme }),
            _ => Err(
                "`carried` names a field, a field with a scheme, or a cookie: { field = \"authorization\", scheme = \"Bearer\" } \
                 or { cookie = \"session\" }",
            ),
        }
    }
}
