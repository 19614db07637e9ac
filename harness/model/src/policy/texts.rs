//! Texts of a policy that no service can mean: empty ones, line breaks, white space where a standard has none, names
//! that nobody can have. Each is sent as it stands, so it must be one that can be sent.

use super::{Identity, Policy, RightsForm, Route};

/// Octets of the longest text. Header fields beyond it are refused by common servers, whoever sends them.
const LONGEST: usize = 4096;

impl Policy {
    /// Calls `fault` with the place, what is wrong, and what would be right.
    pub(super) fn text_faults(&self, fault: &mut impl FnMut(String, String, &str)) {
        let mut text = |place: String, text: &str, form: Form| {
            if let Some(wrong) = form.fault(text) {
                fault(place, wrong, form.right());
            }
        };
        if self.tokens.promise("aud").is_checked() && !self.audience.is_empty() {
            text("audience".into(), &self.audience, Form::Value);
        }
        if !self.trust_domain.is_empty() && !self.trust_domain.contains("://") {
            text("trust-domain".into(), &self.trust_domain, Form::Domain);
        }
        let right = match self.tokens.rights.form {
            RightsForm::SpaceSeparated => Form::Scope,
            _ => Form::Value,
        };
        for (i, issuer) in self.issuers.iter().enumerate() {
            text(format!("issuers[{i}].url"), &issuer.url, Form::Word);
            for prefix in issuer.speaks_for.iter().filter(|prefix| prefix.ends_with('/')) {
                text(format!("issuers[{i}].speaks-for"), prefix, Form::Value);
            }
            for scope in &issuer.may_grant {
                text(format!("issuers[{i}].may-grant"), scope, right);
            }
        }
        for (i, entry) in self.may_hold.iter().enumerate() {
            text(format!("may-hold[{i}].prefix"), &entry.prefix, Form::Value);
            for scope in &entry.scopes {
                text(format!("may-hold[{i}].scopes"), scope, right);
            }
        }
        for (i, route) in self.routes.iter().enumerate() {
            let Route { path, scopes, content_type, .. } = route;
            if path.starts_with('/') {
                text(format!("routes[{i}].path"), path, Form::Path);
            }
            for scope in scopes {
                text(format!("routes[{i}].scopes"), scope, right);
            }
            if let Some(content_type) = content_type {
                text(format!("routes[{i}].content-type"), content_type, Form::Field);
            }
        }
        self.prefix_faults(fault);
    }

    /// Prefixes that no name of this service begins with.
    fn prefix_faults(&self, fault: &mut impl FnMut(String, String, &str)) {
        let root = format!("spiffe://{}/", self.trust_domain);
        let fits = |prefix: &str| prefix.starts_with(&root) || (root.starts_with(prefix) && prefix.ends_with('/'));
        let right = format!("every name of this service begins with `{root}`");
        if self.people.principal.0 == "spiffe" {
            for (i, issuer) in self.issuers.iter().enumerate() {
                let unfit =
                    |prefix: &&String| prefix.ends_with('/') && !fits(prefix) && Form::Value.fault(prefix).is_none();
                for prefix in issuer.speaks_for.iter().filter(unfit) {
                    fault(format!("issuers[{i}].speaks-for"), format!("`{prefix}` begins no name"), &right);
                }
            }
        }
        if self.certificates.identity == Identity::Spiffe {
            for (i, entry) in self.may_hold.iter().enumerate() {
                if !fits(&entry.prefix) && Form::Value.fault(&entry.prefix).is_none() {
                    fault(format!("may-hold[{i}].prefix"), format!("`{}` begins no name", entry.prefix), &right);
                }
            }
        }
    }
}

/// What may stand in a text.
#[derive(Clone, Copy)]
enum Form {
    /// A host name.
    Domain,
    /// The value of a header field: printable ASCII (RFC 9110 §5.5).
    Field,
    /// The path of a request, with parameters in braces (RFC 3986 §3.3).
    Path,
    /// A scope token (RFC 6749 §3.3).
    Scope,
    /// The value of a claim: any letters, and spaces.
    Value,
    /// The same without spaces.
    Word,
}

impl Form {
    fn fault(self, text: &str) -> Option<String> {
        if text.trim().is_empty() {
            return Some("is empty".into());
        }
        if text.len() > LONGEST {
            return Some(format!("has {} octets", text.len()));
        }
        let fits = |letter: char| match self {
            Form::Domain => letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_'),
            Form::Field => matches!(letter, ' '..='~'),
            Form::Path => letter.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%{}".contains(letter),
            Form::Scope => matches!(letter, '!' | '#'..='[' | ']'..='~'),
            Form::Value => letter == ' ' || !(letter.is_control() || letter.is_whitespace()),
            Form::Word => !(letter.is_control() || letter.is_whitespace()),
        };
        let letter = text.chars().find(|letter| !fits(*letter))?;
        Some(format!("holds `{}`", letter.escape_debug()))
    }

    fn right(self) -> &'static str {
        match self {
            Form::Domain => "letters, digits, `-`, `.` and `_`, at most 4096 octets",
            Form::Field => "printable ASCII, at most 4096 octets (RFC 9110 §5.5)",
            Form::Path => "what a request can name, other letters percent-encoded, at most 4096 octets (RFC 3986 §3.3)",
            Form::Scope => "printable ASCII without space, `\"` and `\\`, at most 4096 octets (RFC 6749 §3.3)",
            Form::Value => "text in one line, at most 4096 octets",
            Form::Word => "text without white space, at most 4096 octets",
        }
    }
}
