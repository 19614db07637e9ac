//! What is required of access tokens, and what the honest issuer writes into them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Binding,
    claims::{Carriage, ClaimValue, Promise, Rights},
};
use crate::pointer;

/// What is required of access tokens, and what honest ones hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenPolicy {
    /// Where a request carries its token.
    pub carried: Carriage,
    /// The allow-list of JWS algorithms (RFC 8725 §3.1).
    pub algorithms: Vec<String>,
    /// The media types that `typ` may name; empty when `typ` is not looked at (RFC 9068 §4).
    pub types: Vec<String>,
    /// Whether `kid` must be there.
    pub key_id: bool,
    /// Clock skew that is tolerated, in seconds (RFC 7519 §4.1.4).
    pub leeway: i64,
    /// The longest lifetime, `exp` minus `iat`, in seconds; `"any"` when it is not capped.
    #[serde(with = "lifetime")]
    pub lifetime: Option<i64>,
    /// How a token is bound to the client certificate.
    pub binding: Binding,
    /// Name or JSON pointer of the claim that says who asks.
    pub principal: String,
    /// Where the rights of the caller are.
    pub rights: Rights,
    /// What the honest issuer writes, by name or JSON pointer, beside what the promises need.
    pub honest: BTreeMap<String, ClaimValue>,
    /// What is promised of each claim, by name or JSON pointer. Of a claim that is not named, nothing is.
    pub promises: BTreeMap<String, Promise>,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        super::profile::Profile::Rfc9068Mtls.policy().tokens
    }
}

impl TokenPolicy {
    /// What is promised of a claim, by name or JSON pointer.
    ///
    /// ```
    /// use gatecrash_model::{Promise, TokenPolicy};
    /// let tokens = TokenPolicy::default();
    /// assert_eq!(tokens.promise("aud"), Promise::Required);
    /// assert_eq!(tokens.promise("locale"), Promise::Ignored);
    /// ```
    pub fn promise(&self, claim: &str) -> Promise {
        let claim = pointer::canonical(claim);
        let written = self.promises.get(claim.as_ref()).copied();
        written.or_else(|| self.promises.get(&format!("/{claim}")).copied()).unwrap_or(Promise::Ignored)
    }

    /// Promises something of a claim.
    ///
    /// ```
    /// use gatecrash_model::{Promise, TokenPolicy};
    /// let mut tokens = TokenPolicy::default();
    /// tokens.set_promise("aud", Promise::Ignored);
    /// assert_eq!(tokens.promise("/aud"), Promise::Ignored);
    /// ```
    pub fn set_promise(&mut self, claim: &str, promise: Promise) {
        self.promises.insert(pointer::canonical(claim).into_owned(), promise);
    }

    /// The claims that must be there, in the order of their names.
    ///
    /// ```
    /// let tokens = gatecrash_model::TokenPolicy::default();
    /// assert!(tokens.required().contains(&"exp"));
    /// ```
    pub fn required(&self) -> Vec<&str> {
        let required = self.promises.iter().filter(|(_, promise)| **promise == Promise::Required);
        required.map(|(claim, _)| claim.as_str()).collect()
    }

    /// What the honest issuer writes into a claim beside the usual; `None` where the policy says nothing of it.
    pub(crate) fn honest(&self, claim: &str) -> Option<&ClaimValue> {
        let claim = pointer::canonical(claim);
        self.honest.get(claim.as_ref()).or_else(|| self.honest.get(&format!("/{claim}")))
    }

    /// Whether the claim that says who asks is `claim`.
    pub(crate) fn is_principal(&self, claim: &str) -> bool {
        pointer::canonical(&self.principal) == pointer::canonical(claim)
    }
}

/// TOML has no word for nothing: a lifetime that is not capped is `"any"`.
pub(super) mod lifetime {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Seconds(i64),
        Word(String),
    }

    pub(in crate::policy) fn serialize<S: Serializer>(
        lifetime: &Option<i64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        lifetime.map_or_else(|| Written::Word("any".into()), Written::Seconds).serialize(serializer)
    }

    pub(in crate::policy) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let wrong = || D::Error::custom("`lifetime` is a number of seconds, such as 3600, or \"any\"");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Seconds(seconds) => Ok(Some(seconds)),
            Written::Word(word) if word == "any" => Ok(None),
            Written::Word(_) => Err(wrong()),
        }
    }
}
