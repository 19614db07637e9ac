//! What no reading changes, found out once for all of them.

use std::borrow::Cow;

use crate::{
    Blueprint, ChainSpec, CredentialSeen, Extra, Identity, Lifted, Member, RuleSet, Seal, SubjectAttribute,
    SubjectName, TokenSeen, Value,
    chain::path,
    json::{self, Json},
    pointer,
};

/// What was read off bytes, what is known of the world, and what follows from both whatever the reading.
pub(crate) struct Facts<'a> {
    pub(super) lifted: &'a Lifted,
    pub(super) blueprint: &'a Blueprint,
    /// The token, when it is one.
    pub(super) token: Option<Token<'a>>,
    /// The one name of the leaf that the policy takes for its holder's.
    pub(super) holder: Option<&'a str>,
    /// What the chain violates on its best path.
    pub(super) path: RuleSet,
    /// What the proxy's own chain violates on its best path, where there is one.
    pub(super) presented_path: RuleSet,
}

/// A token that is one, its values read.
pub(super) struct Token<'a> {
    pub(super) header: Option<Vec<Field<'a>>>,
    pub(super) claims: Option<Vec<Field<'a>>>,
    pub(super) seal: &'a Seal,
}

/// A member of the header or the claims set.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    /// The value as JSON; what stands for octets of the world has its type alone.
    pub(super) json: Json<'a>,
    /// Whether the value is JSON that some readers refuse: nested deeply, or with half a surrogate pair.
    pub(super) unportable: bool,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(lifted: &'a Lifted, blueprint: &'a Blueprint) -> Self {
        let fields = |members: &'a Option<Vec<Member>>| {
            members.as_ref().map(|members| members.iter().map(Field::new).collect::<Vec<_>>())
        };
        let token = match &lifted.credential {
            CredentialSeen::Token(TokenSeen::Read { header, claims, seal }) => {
                Some(Token { header: fields(header), claims: fields(claims), seal })
            }
            CredentialSeen::Absent
            | CredentialSeen::Malformed
            | CredentialSeen::Repeated
            | CredentialSeen::Token(TokenSeen::Garbled(_)) => None,
        };
        let violations = |chain: Option<&ChainSpec>| {
            chain.map(|chain| path::violations(&chain.certificates, blueprint)).unwrap_or_default()
        };
        let path = violations(lifted.chain.as_ref());
        let presented_path = violations(lifted.forwarded.as_ref().and_then(|seen| seen.presented.as_ref()));
        let holder = holder(lifted.chain.as_ref(), blueprint);
        Self { lifted, blueprint, token, holder, path, presented_path }
    }

    /// The claims set, when there is one.
    pub(super) fn claims(&self) -> Option<&[Field<'a>]> {
        self.token.as_ref()?.claims.as_deref()
    }

    /// The principal: whoever the name in the certificate stands for, or who the token says where the policy looks at no name.
    pub(super) fn principal(&self) -> Option<Cow<'_, str>> {
        match self.blueprint.policy.certificates.identity {
            Identity::None => self.subject().map(Cow::Borrowed),
            Identity::CommonName
            | Identity::Dns
            | Identity::Email
            | Identity::OrganizationalUnit
            | Identity::Spiffe => self.holder.map(|holder| self.blueprint.principal_of(holder)),
        }
    }

    /// The name by which the policy caps what somebody may hold.
    pub(super) fn capped(&self) -> Option<&str> {
        match self.blueprint.policy.certificates.identity {
            Identity::None => self.subject(),
            Identity::CommonName
            | Identity::Dns
            | Identity::Email
            | Identity::OrganizationalUnit
            | Identity::Spiffe => self.holder,
        }
    }

    /// Who the token says is asking: text, or a number where the service counts its people.
    pub(super) fn subject(&self) -> Option<&str> {
        let policy = &self.blueprint.policy;
        subject(claim(self.claims()?, &policy.tokens.principal)?, policy.people.principal.is_integer())
    }
}

/// The name that a claim holds; of a service that counts its people, a whole number.
pub(super) fn subject<'b>(json: &'b Json<'_>, number: bool) -> Option<&'b str> {
    match json {
        Json::Text(text) if !number => Some(text),
        Json::Number(_, digits) if number && digits.bytes().all(|octet| octet.is_ascii_digit()) => Some(digits),
        Json::Array(_) | Json::Bool(_) | Json::Null | Json::Number(..) | Json::Object(_) | Json::Text(_) => None,
    }
}

/// A claim by name or JSON pointer; of members with one name the last one.
pub(super) fn claim<'a, 'b>(fields: &'b [Field<'a>], address: &str) -> Option<&'b Json<'a>> {
    let names = pointer::names(address);
    let (name, rest) = names.split_first()?;
    pointer::below(&last(fields, name)?.json, rest)
}

impl<'a> Field<'a> {
    fn new(member: &'a Member) -> Self {
        let Member { name, value } = member;
        let strictly = match value {
            Value::Json(text) => json::parse(text),
            Value::Seconds(seconds) => Some(Json::Number(*seconds as f64, "")),
            Value::Unique => Some(Json::Text("unique".into())),
            Value::Certificates(_) => Some(Json::Array(Vec::new())),
            Value::Confirmation { .. } | Value::Jwk(_) => Some(Json::Object(Vec::new())),
            Value::Long(_) | Value::Nested(_) => Some(Json::Null),
        };
        let unportable = strictly.is_none();
        let widely = || match value {
            Value::Json(text) => json::parse_widely(text),
            Value::Certificates(_)
            | Value::Confirmation { .. }
            | Value::Jwk(_)
            | Value::Long(_)
            | Value::Nested(_)
            | Value::Seconds(_)
            | Value::Unique => None,
        };
        Self { name, value, json: strictly.or_else(widely).unwrap_or(Json::Null), unportable }
    }

    /// Whether the value holds a number that no double can.
    pub(super) fn overflows(&self, now: i64) -> bool {
        /// The largest number up to which every integer is one that every reader of JSON has (RFC 8259 §6).
        const INTEROPERABLE: f64 = 9_007_199_254_740_992.0;
        fn beyond(json: &Json<'_>) -> bool {
            match json {
                Json::Number(number, _) => number.is_nan() || number.abs() > INTEROPERABLE,
                Json::Array(items) => items.iter().any(beyond),
                Json::Object(members) => members.iter().any(|(_, value, _)| beyond(value)),
                Json::Bool(_) | Json::Null | Json::Text(_) => false,
            }
        }
        match self.value {
            Value::Seconds(seconds) => seconds.saturating_add(now).unsigned_abs() > INTEROPERABLE as u64,
            Value::Certificates(_)
            | Value::Confirmation { .. }
            | Value::Json(_)
            | Value::Jwk(_)
            | Value::Long(_)
            | Value::Nested(_)
            | Value::Unique => !self.unportable && beyond(&self.json),
        }
    }
}

/// The last member of a name.
pub(super) fn last<'a, 'b>(fields: &'b [Field<'a>], name: &str) -> Option<&'b Field<'a>> {
    fields.iter().rev().find(|field| field.name == name)
}

/// The last member of a name, when it is a string.
pub(super) fn text<'b>(fields: &'b [Field<'_>], name: &str) -> Option<&'b str> {
    match &last(fields, name)?.json {
        Json::Text(text) => Some(text),
        Json::Array(_) | Json::Bool(_) | Json::Null | Json::Number(..) | Json::Object(_) => None,
    }
}

/// The one name of the leaf that the policy takes for its holder's.
pub(super) fn holder<'a>(chain: Option<&'a ChainSpec>, blueprint: &Blueprint) -> Option<&'a str> {
    let leaf = chain?.certificates.first()?;
    let alone = |mut names: Vec<&'a str>| names.pop().filter(|name| names.is_empty() && !name.is_empty());
    let attributes = |wanted: fn(&SubjectAttribute) -> Option<&str>| leaf.subject_rest.iter().filter_map(wanted);
    match blueprint.policy.certificates.identity {
        Identity::CommonName => {
            let more = attributes(|attribute| match attribute {
                SubjectAttribute::CommonName(text) => Some(text),
                SubjectAttribute::Organization(_) | SubjectAttribute::OrganizationalUnit(_) => None,
            });
            return alone(std::iter::once(leaf.subject.as_str()).chain(more).collect());
        }
        Identity::OrganizationalUnit => {
            return alone(
                attributes(|attribute| match attribute {
                    SubjectAttribute::OrganizationalUnit(text) => Some(text),
                    SubjectAttribute::CommonName(_) | SubjectAttribute::Organization(_) => None,
                })
                .collect(),
            );
        }
        Identity::Dns | Identity::Email | Identity::None | Identity::Spiffe => {}
    }
    // Then there are two, of which one says nothing, or one that says nothing.
    if leaf.extra == Some(Extra::UnreadableName) {
        return None;
    }
    let identity = blueprint.policy.certificates.identity;
    let names = leaf.names.iter().filter_map(|name| match (name, identity) {
        (SubjectName::Dns(text), Identity::Dns)
        | (SubjectName::Email(text), Identity::Email)
        | (SubjectName::Uri(text), Identity::Spiffe | Identity::None) => Some(text.as_str()),
        (SubjectName::Dns(_) | SubjectName::Email(_) | SubjectName::Ip(_) | SubjectName::Uri(_), _) => None,
    });
    alone(names.collect()).filter(|name| matches!(identity, Identity::Dns | Identity::Email) || is_spiffe_id(name))
}

/// Octets of the longest trust domain (SPIFFE-ID §2.1).
const LONGEST_TRUST_DOMAIN: usize = 255;

/// SPIFFE-ID §2: scheme and trust domain in lower case, non-empty path segments, no dot segments, nothing else.
fn is_spiffe_id(uri: &str) -> bool {
    let Some((domain, path)) = uri.strip_prefix("spiffe://").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let domain_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let path_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let good_segment = |segment: &str| !["", ".", ".."].contains(&segment) && segment.bytes().all(path_letter);
    !domain.is_empty()
        && domain.len() <= LONGEST_TRUST_DOMAIN
        && domain.bytes().all(domain_letter)
        && path.split('/').all(good_segment)
}

#[cfg(test)]
mod tests {
    use super::is_spiffe_id;

    #[test]
    fn spiffe_ids_are_read_strictly() {
        assert!(is_spiffe_id("spiffe://example.test/staff/alice"));
        for bad in [
            "SPIFFE://example.test/a",
            "spiffe://Example.test/a",
            "spiffe://example.test",
            "spiffe://example.test/",
            "spiffe://example.test/a/",
            "spiffe://example.test//a",
            "spiffe://example.test/a/../b",
            "spiffe://example.test:443/a",
            "spiffe://example.test/a?b",
            "spiffe://example.test/a%62",
            "https://example.test/a",
            &format!("spiffe://{}/a", "a".repeat(256)),
        ] {
            assert!(!is_spiffe_id(bad), "{bad}");
        }
    }
}
