//! Access tokens by RFC 9068, bound to client certificates by RFC 8705, whose SPIFFE id is the subject.

use axum::Router;
use gatecrash::World;
use serde::Deserialize;

use super::shop::{Caller, Without, claims, keys, reads, shop};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use jsonwebtoken::{Algorithm, Validation, decode_header};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

#[derive(Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iss")]
    _iss: String,
    sub: String,
    client_id: String,
    jti: String,
    iat: f64,
    exp: f64,
    cnf: Confirmation,
    #[serde(default)]
    scope: String,
}

/// The one URI name of a certificate.
pub(super) fn spiffe_id(leaf: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let mut ids = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(Some((*uri).to_string())),
        GeneralName::Invalid(..) => Some(None),
        _ => None,
    });
    let id = ids.next()??;
    (ids.next().is_none() && id.starts_with("spiffe://example.test/")).then_some(id)
}

pub(super) fn router(world: &World, mistake: bool) -> Router {
    router_by(world, std::sync::Arc::new(spiffe_id), mistake)
}

/// The name of a certificate that the token's subject must be.
pub(super) type NameOf = std::sync::Arc<dyn Fn(&[u8]) -> Option<String> + Send + Sync>;

/// The same for certificates that name people in another way.
pub(super) fn router_by(world: &World, name_of: NameOf, mistake: bool) -> Router {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_required_spec_claims(&["aud", "exp", "iss", "nbf", "sub"]);
    validation.leeway = 30;
    validation.validate_nbf = true;
    validation.set_audience(&[world.audience()]);
    validation.set_issuer(&[&world.policy().issuers[0].url]);
    let keys = keys(world);
    shop(
        world,
        Without::default(),
        std::sync::Arc::new(move |token, peer| {
            let header = decode_header(token).ok()?;
            let typ = header.typ?.to_ascii_lowercase();
            if typ != "at+jwt" && typ != "application/at+jwt" {
                return None;
            }
            let claims: Claims = claims(&keys, token, &validation)?;
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?.as_secs_f64();
            let timely = claims.iat <= now + 30.0 && claims.exp - claims.iat <= 3600.0;
            let leaf = peer.first()?;
            let bound = claims.cnf.thumbprint == Base64UrlUnpadded::encode_string(&Sha256::digest(leaf));
            let named = !claims.client_id.is_empty() && !claims.jti.is_empty() && name_of(leaf)? == claims.sub;
            let reads = reads(claims.scope.split(' '));
            (timely && named && (bound || mistake)).then_some(Caller { id: claims.sub, reads })
        }),
    )
}
