//! For whom a request is meant: one authority, and one that the server's certificate names (RFC 9110 §7.4).

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Version};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::cause::Cause;

/// The DNS names of the server's certificate.
pub(crate) fn names(chain: &[CertificateDer<'static>]) -> Vec<String> {
    let Some(Ok((_, leaf))) = chain.first().map(|leaf| X509Certificate::from_der(leaf)) else {
        return Vec::new();
    };
    let Ok(Some(names)) = leaf.subject_alternative_name() else {
        return Vec::new();
    };
    let dns = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    dns.collect()
}

/// One `Host` at most, no other than the target's authority, and a name of ours. The port is not looked at: a server
/// does not know which one its clients connected to.
pub(crate) fn check(request: &Request, names: &[String]) -> Result<(), Cause> {
    let mut lines = request.headers().get_all(HOST).iter();
    let host = lines.next().map(parse).transpose()?;
    if lines.next().is_some() || (host.is_none() && request.version() == Version::HTTP_11) {
        return Err(Cause::HostMalformed);
    }
    let target = request.uri().authority().cloned();
    if target.as_ref().is_some_and(|target| target.as_str().contains('@')) {
        return Err(Cause::HostMalformed);
    }
    if let (Some(target), Some(host)) = (&target, &host)
        && target != host
    {
        return Err(Cause::HostMalformed);
    }
    match target.or(host) {
        // HTTP/1.0 need not say whom it means (RFC 9112 §3.2).
        None if request.version() < Version::HTTP_11 => Ok(()),
        None => Err(Cause::HostMalformed),
        Some(authority) if names.iter().any(|name| covers(name, authority.host())) => Ok(()),
        Some(_) => Err(Cause::Misdirected),
    }
}

/// `uri-host [":" port]`, without a user's name (RFC 9110 §4.2.4).
fn parse(value: &HeaderValue) -> Result<Authority, Cause> {
    let authority = Authority::try_from(value.as_bytes()).map_err(|_| Cause::HostMalformed)?;
    if authority.as_str().contains('@') { Err(Cause::HostMalformed) } else { Ok(authority) }
}

/// Whether a name of a certificate covers a host (RFC 9525 §6.3): `*` stands for the whole first label.
fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
        None => name.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::check;
    use crate::cause::Cause;

    fn judge(uri: &str, hosts: &[&str]) -> Result<(), Cause> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        check(&request.body(Body::empty()).unwrap(), &["api.example".to_owned(), "*.b.example".to_owned()])
    }

    #[test]
    fn one_authority_and_it_is_ours() {
        for host in ["api.example", "API.example", "api.example:443", "a.b.example"] {
            assert_eq!(judge("/", &[host]), Ok(()), "{host}");
        }
        assert_eq!(judge("https://api.example/", &["api.example"]), Ok(()));
        for host in ["other.example", "127.0.0.1", "api.example.attacker.example", "a.a.b.example", "b.example"] {
            assert_eq!(judge("/", &[host]), Err(Cause::Misdirected), "{host}");
        }
        for hosts in [&[][..], &["api.example", "api.example"], &[""], &["alice@api.example"]] {
            assert_eq!(judge("/", hosts), Err(Cause::HostMalformed), "{hosts:?}");
        }
        assert_eq!(judge("https://other.example/", &["api.example"]), Err(Cause::HostMalformed));
    }
}
