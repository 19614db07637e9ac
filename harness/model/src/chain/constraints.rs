//! Name constraints over symbols (RFC 5280 §4.2.1.10): which names lie within which subtrees.

use crate::{CertificateSpec, NameConstraint, SubjectName};

/// The form of name that a constraint speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Directory,
    Dns,
    Email,
    Ip,
    Uri,
}

impl NameConstraint {
    /// The base of the subtree.
    pub(crate) fn base(&self) -> &str {
        self.parts().2
    }

    pub(crate) fn base_mut(&mut self) -> &mut String {
        use NameConstraint::*;
        match self {
            ExcludedDirectory(base)
            | ExcludedDns(base)
            | ExcludedEmail(base)
            | ExcludedIp(base)
            | ExcludedUri(base)
            | PermittedDirectory(base)
            | PermittedDns(base)
            | PermittedEmail(base)
            | PermittedIp(base)
            | PermittedUri(base) => base,
        }
    }

    /// Whether the subtree is permitted, what form of name it speaks of, and its base.
    fn parts(&self) -> (bool, Form, &str) {
        match self {
            NameConstraint::ExcludedDirectory(base) => (false, Form::Directory, base),
            NameConstraint::ExcludedDns(base) => (false, Form::Dns, base),
            NameConstraint::ExcludedEmail(base) => (false, Form::Email, base),
            NameConstraint::ExcludedIp(base) => (false, Form::Ip, base),
            NameConstraint::ExcludedUri(base) => (false, Form::Uri, base),
            NameConstraint::PermittedDirectory(base) => (true, Form::Directory, base),
            NameConstraint::PermittedDns(base) => (true, Form::Dns, base),
            NameConstraint::PermittedEmail(base) => (true, Form::Email, base),
            NameConstraint::PermittedIp(base) => (true, Form::Ip, base),
            NameConstraint::PermittedUri(base) => (true, Form::Uri, base),
        }
    }
}

/// Every name of a certificate with its form; the subject counts as a directory name.
fn names(certificate: &CertificateSpec) -> impl Iterator<Item = (Form, &str)> {
    let subject = Some((Form::Directory, certificate.subject.as_str())).filter(|(_, subject)| !subject.is_empty());
    subject.into_iter().chain(certificate.names.iter().map(|name| match name {
        SubjectName::Dns(text) => (Form::Dns, text.as_str()),
        SubjectName::Email(text) => (Form::Email, text.as_str()),
        SubjectName::Ip(text) => (Form::Ip, text.as_str()),
        SubjectName::Uri(text) => (Form::Uri, text.as_str()),
    }))
}

/// Whether some name of the certificate is excluded, or of a constrained form and not permitted.
pub(super) fn violates(certificate: &CertificateSpec, constraints: &[NameConstraint]) -> bool {
    let constraints: Vec<_> = constraints.iter().map(NameConstraint::parts).collect();
    names(certificate).any(|(form, name)| {
        let mut of_form = constraints.iter().filter(|(_, constrained, _)| *constrained == form).peekable();
        let mut permitted = None;
        let excluded = of_form.any(|(permits, _, base)| {
            let within = within(form, name, base);
            if *permits {
                permitted = Some(permitted.unwrap_or(false) || within);
            }
            !permits && within
        });
        excluded || permitted == Some(false)
    })
}

/// Whether a name is of a constrained form that a verifier need not process and may refuse instead.
///
/// DNS names and addresses are left out: every verifier in use processes them. But nothing settles what an excluded host
/// means for a wildcard that covers it, among others.
pub(crate) fn may_be_refused(certificate: &CertificateSpec, constraints: &[NameConstraint]) -> bool {
    let optional = |form: Form| matches!(form, Form::Directory | Form::Email | Form::Uri);
    let refusable = |form: Form, name: &str| {
        constraints.iter().map(NameConstraint::parts).any(|(permits, constrained, base)| {
            constrained == form && (optional(form) || form == Form::Dns && !permits && is_covered(base, name))
        })
    };
    names(certificate).any(|(form, name)| refusable(form, name))
}

/// Whether a wildcard stands for a host, or for one above it.
fn is_covered(host: &str, wildcard: &str) -> bool {
    wildcard.strip_prefix("*.").is_some_and(|domain| host != domain && in_subtree(host, domain))
}

/// Whether a DNS name that is none stands where DNS names are constrained.
pub(crate) fn meets_unreadable(certificate: &CertificateSpec, constraints: &[NameConstraint]) -> bool {
    let constrained = constraints.iter().any(|constraint| constraint.parts().1 == Form::Dns);
    constrained && names(certificate).any(|(form, name)| form == Form::Dns && !is_host_name(name))
}

/// The preferred name syntax (RFC 1034 §3.5) as relaxed for hosts (RFC 1123 §2.1), an asterisk for a first label, and the
/// underscores that many use. The last label is no number, so that no address is a name.
fn is_host_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| letter(byte) || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.strip_prefix("*.").unwrap_or(name).split('.').all(label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

fn within(form: Form, name: &str, base: &str) -> bool {
    match form {
        Form::Directory => name == base,
        Form::Dns => in_subtree(name, base),
        Form::Email => in_mailboxes(name, base),
        Form::Ip => in_range(name, base).unwrap_or(false),
        Form::Uri => {
            let authority = name.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
            on_host(authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default(), base)
        }
    }
}

/// Whether `host` is `base` with zero or more labels added on the left.
fn in_subtree(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    host == base || host.strip_suffix(&base).is_some_and(|labels| labels.ends_with('.'))
}

/// One mailbox, or those of a host or domain. A local part is told from another by case, a host is not (RFC 5321 §2.4).
fn in_mailboxes(mailbox: &str, base: &str) -> bool {
    let parts =
        |mailbox: &str| mailbox.rsplit_once('@').map(|(local, host)| (local.to_owned(), host.to_ascii_lowercase()));
    match parts(base) {
        Some(only) => parts(mailbox) == Some(only),
        None => on_host(mailbox.rsplit('@').next().unwrap_or_default(), base),
    }
}

/// Mailboxes and URIs: the very host, or with a leading dot any host below it.
fn on_host(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    if base.starts_with('.') { host.len() > base.len() && host.ends_with(&base) } else { host == base }
}

/// Whether an IPv4 address lies in `network/bits`; `None` when either cannot be read.
fn in_range(address: &str, range: &str) -> Option<bool> {
    let number = |text: &str| text.parse::<std::net::Ipv4Addr>().ok().map(u32::from);
    let (network, bits) = range.split_once('/')?;
    let mask = u32::MAX.checked_shl(32 - bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?).unwrap_or(0);
    Some(number(address)? & mask == number(network)? & mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyName;

    #[test]
    fn an_address_is_no_host_name() {
        for name in ["alice.staff.test", "ALICE.staff.test", "*.staff.test", "a_b.test", "x"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in ["192.0.2.7", "alice.staff.test.", "", "a..b", "-a.test", "spiffe://a.test/x", "a.*.test"] {
            assert!(!is_host_name(name), "{name}");
        }
    }

    #[test]
    fn a_subtree_holds_whole_labels_only() {
        assert!(in_subtree("a.example.test", "example.test"));
        assert!(in_subtree("EXAMPLE.test", "example.test"));
        assert!(!in_subtree("badexample.test", "example.test"));
    }

    #[test]
    fn a_host_is_itself_and_a_domain_is_what_lies_below() {
        assert!(within(Form::Uri, "spiffe://example.test/staff/a", "example.test"));
        assert!(!within(Form::Uri, "spiffe://a.example.test/staff/a", "example.test"));
        assert!(within(Form::Uri, "spiffe://a.example.test/x", ".example.test"));
        assert!(within(Form::Email, "a@example.test", "example.test"));
        assert!(!within(Form::Email, "a@mail.example.test", "example.test"));
    }

    #[test]
    fn a_mailbox_is_that_mailbox() {
        assert!(within(Form::Email, "a@EXAMPLE.test", "a@example.test"));
        assert!(!within(Form::Email, "A@example.test", "a@example.test"));
        assert!(!within(Form::Email, "b@example.test", "a@example.test"));
        assert!(!within(Form::Email, "a@mail.example.test", "a@example.test"));
    }

    #[test]
    fn a_wildcard_may_stand_for_an_excluded_host() {
        let wildcard = CertificateSpec {
            names: vec![SubjectName::Dns("*.example.test".into())],
            ..CertificateSpec::bare(KeyName::Root)
        };
        let refusable = |base: &str| may_be_refused(&wildcard, &[NameConstraint::ExcludedDns(base.into())]);
        assert!(refusable("a.example.test"));
        assert!(!refusable("example.test"));
        assert!(!refusable("a.example.org"));
        assert!(!may_be_refused(&wildcard, &[NameConstraint::PermittedDns("a.example.test".into())]));
    }

    #[test]
    fn addresses_lie_in_ranges() {
        assert_eq!(in_range("192.0.2.7", "192.0.2.0/24"), Some(true));
        assert_eq!(in_range("192.0.3.7", "192.0.2.0/24"), Some(false));
        assert_eq!(in_range("198.51.100.1", "0.0.0.0/0"), Some(true));
        assert_eq!(in_range("no address", "192.0.2.0/24"), None);
    }
}
