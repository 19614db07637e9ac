//! The shop of RFC 9068 behind Envoy, which verifies client certificates and forwards them in `x-forwarded-client-cert`.

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use gatecrash::World;
use percent_encoding::percent_decode_str;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};

use super::{
    rfc9068_mtls::{self, spiffe_id},
    shop::Peer,
};

pub(super) fn router(world: &World, mistake: bool) -> Router {
    rfc9068_mtls::router(world, false).layer(from_fn_with_state(mistake, behind_envoy))
}

/// Puts the certificate that Envoy forwards in the place of Envoy's own; from anybody else, none.
async fn behind_envoy(State(mistake): State<bool>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().and_then(|peer| peer.0.0.first().cloned());
    let is_envoy = peer.is_some_and(|leaf| spiffe_id(&leaf).as_deref() == Some("spiffe://example.test/proxy"));
    let lines: Vec<&str> =
        request.headers().get_all("x-forwarded-client-cert").iter().filter_map(|line| line.to_str().ok()).collect();
    let client = if is_envoy || mistake { certificate(&lines.join(",")) } else { None };
    request.extensions_mut().insert(ConnectInfo(Peer(client.into_iter().collect())));
    next.run(request).await
}

/// `Cert` of the last element: the one that the nearest proxy wrote.
fn certificate(text: &str) -> Option<CertificateDer<'static>> {
    let element = outside_quotes(text, ',')?.pop()?;
    let pairs = outside_quotes(&element, ';')?;
    let cert = pairs.iter().find_map(|pair| pair.trim_start().strip_prefix("Cert="))?;
    let pem = percent_decode_str(cert.trim_matches('"')).decode_utf8().ok()?;
    CertificateDer::from_pem_slice(pem.as_bytes()).ok()
}

/// The parts of a text between a letter that stands in no quotes; `None` where a quote does not end.
fn outside_quotes(text: &str, between: char) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let (mut quoted, mut letters) = (false, text.chars());
    while let Some(letter) = letters.next() {
        if letter == between && !quoted {
            parts.push(String::new());
            continue;
        }
        let part = parts.last_mut()?;
        part.push(letter);
        match letter {
            '"' => quoted = !quoted,
            '\\' if quoted => part.push(letters.next()?),
            _ => {}
        }
    }
    (!quoted).then_some(parts)
}
