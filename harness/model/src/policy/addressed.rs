//! Changes of the claims that say who asks and what they may, addressed where this service has them.

use super::{Identity, Policy, RightsForm};
use crate::{Mutation, Person, SubjectName, Value, json, pointer};

impl Policy {
    /// The same change where the policy has the claim: what is said of `sub` is said of `tokens.principal`, and what is said
    /// of `scope` of `tokens.rights`, in its form. A person's URI name is the DNS or e-mail name where that identifies.
    ///
    /// ```
    /// use gatecrash_model::{Mutation, Rights, RightsForm};
    /// let mut policy = gatecrash_model::example::policy();
    /// policy.tokens.rights = Rights { at: "/realm_access/roles".into(), form: RightsForm::Array };
    /// let addressed = policy.addressed(&Mutation::DropClaim("scope".into()));
    /// assert_eq!(addressed, Mutation::DropClaim("/realm_access/roles".into()));
    /// ```
    pub fn addressed(&self, mutation: &Mutation) -> Mutation {
        use Mutation::{CertificateNames, DropClaim, RepeatClaim, RewriteClaim, SetClaim};
        let there = |name: &str| match name {
            "scope" => pointer::canonical(&self.tokens.rights.at).into_owned(),
            "sub" => pointer::canonical(&self.tokens.principal).into_owned(),
            other => other.into(),
        };
        match mutation {
            DropClaim(name) => DropClaim(there(name)),
            RepeatClaim { name, value, at } => {
                RepeatClaim { name: there(name), value: self.formed(name, value), at: *at }
            }
            RewriteClaim { name, value } => RewriteClaim { name: there(name), value: self.formed(name, value) },
            SetClaim { name, value } => SetClaim { name: there(name), value: self.formed(name, value) },
            CertificateNames { names } => {
                CertificateNames { names: names.iter().map(|name| self.named(name)).collect() }
            }
            other => other.clone(),
        }
    }

    /// The name of a person, of the kind that the policy takes for identity.
    fn named(&self, name: &SubjectName) -> SubjectName {
        let SubjectName::Uri(text) = name else { return name.clone() };
        let person = Person::ALL.iter().copied().find(|person| *text == format!("${{{}}}", person.name()));
        match (person, self.certificates.identity) {
            (Some(person), Identity::Dns) => SubjectName::Dns(self.dns_name(person)),
            (Some(person), Identity::Email) => SubjectName::Email(self.email_name(person)),
            _ => name.clone(),
        }
    }

    /// A value as this service writes it.
    fn formed(&self, name: &str, value: &Value) -> Value {
        let Value::Json(text) = value else { return value.clone() };
        let Some(json::Json::Text(plain)) = json::parse(text) else { return value.clone() };
        match (name, self.tokens.rights.form) {
            ("scope", RightsForm::Array | RightsForm::CommaSeparated | RightsForm::Map) => {
                let rights: Vec<String> = plain.split(' ').map(String::from).collect();
                Value::Json(self.tokens.rights.form.written(&rights))
            }
            // A whole name is a number where people are counted; any other text stays text.
            ("sub", _) if self.people.principal.is_integer() && is_one_place(&plain) => Value::Json(plain.into_owned()),
            _ => value.clone(),
        }
    }
}

fn is_one_place(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(|name| !name.contains(['|', '$']))
}
