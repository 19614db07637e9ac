//! For whom the request is meant (RFC 9110 §7.4, RFC 9112 §3.2).

use gatecrash::model::{HOST, LOCAL_HOST};
use http::{Version, request::Parts, uri::Authority};

use super::Refusal;

/// One authority, and ours.
pub(crate) fn authority(parts: &Parts) -> Result<(), Refusal> {
    let mut hosts = parts.headers.get_all("host").iter();
    let host = hosts.next().map(|host| Authority::try_from(host.as_bytes())).transpose();
    let host = host.map_err(|_| Refusal::Malformed)?;
    let target = parts.uri.authority().cloned();
    let named = target.as_ref().or(host.as_ref());
    let userless = |authority: &Authority| !authority.as_str().contains('@');
    let missing = parts.version == Version::HTTP_11 && host.is_none();
    let differs = target.is_some() && host.is_some() && target != host;
    if missing || differs || hosts.next().is_some() || ![&target, &host].into_iter().flatten().all(userless) {
        return Err(Refusal::Malformed);
    }
    match named {
        None if parts.version == Version::HTTP_10 => Ok(()),
        None => Err(Refusal::Malformed),
        Some(named) if [HOST, LOCAL_HOST].iter().any(|name| named.host().eq_ignore_ascii_case(name)) => Ok(()),
        Some(_) => Err(Refusal::Misdirected),
    }
}
