//! A layer for a service behind a proxy: who connects, and what the field with the client's certificate says.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use gatecrash::{
    BoxError, Clock, World,
    gate::tls::client_verifier,
    model::{ForwardedField, ProxyPolicy, VerifiedBy},
};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, UnixTime, pem::PemObject as _},
    server::danger::ClientCertVerifier,
};

use super::{
    Refusal,
    certificate::{Holder, Peer, holder, is_spiffe_id},
    tls::ClientAuth,
};

/// What a service behind a proxy may get wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Reads the field, whoever connects.
    FromAnybody,
    /// Takes the first of several elements.
    FirstElement,
    /// Takes every certificate in the field for one that was verified.
    NotVerified,
    /// Knows the proxy by the beginning of its name.
    ProxyByPrefix,
    /// Splits the text at each semicolon, and takes the first that begins with `URI=`.
    SplitText,
    /// Takes the name that stands beside the certificate.
    TextBeside,
}

/// The layer's state.
pub(crate) struct Front {
    proxy: ProxyPolicy,
    verifier: Arc<dyn ClientCertVerifier>,
    now: Option<u64>,
    habit: Option<Habit>,
}

impl Front {
    pub(crate) fn new(world: &World, habit: Option<Habit>) -> Result<Arc<Self>, BoxError> {
        let proxy = world.policy().proxy.clone().ok_or("the policy has no proxy")?;
        let provider = world.provider(aws_lc_rs::default_provider());
        let now = match world.clock() {
            Clock::Frozen => Some(u64::try_from(world.now())?),
            Clock::System => None,
        };
        Ok(Arc::new(Self { proxy, verifier: client_verifier(world, provider, ClientAuth::Required)?, now, habit }))
    }

    fn has(&self, habit: Habit) -> bool {
        self.habit == Some(habit)
    }

    /// Whether the peer of the connection is the proxy.
    fn trusts(&self, peer: Option<&Peer>) -> bool {
        let name = peer.and_then(|peer| peer.0.first()).and_then(|leaf| holder(leaf).ok()).map(|holder| holder.id);
        match name {
            _ if self.has(Habit::FromAnybody) => true,
            Some(name) if self.has(Habit::ProxyByPrefix) => name.starts_with(&self.proxy.peer),
            Some(name) => name == self.proxy.peer,
            None => false,
        }
    }

    /// Whose certificate the proxy hands on; `None` where it hands on none.
    fn client(&self, headers: &HeaderMap) -> Result<Option<Holder>, Refusal> {
        match self.proxy.field {
            ForwardedField::ClientCert => self.item(headers),
            ForwardedField::ForwardedClientCert => self.element(headers),
        }
    }

    /// RFC 9440 §2: one item, and what is above it.
    fn item(&self, headers: &HeaderMap) -> Result<Option<Holder>, Refusal> {
        let mut fields = headers.get_all("client-cert").iter();
        let field = match (fields.next(), fields.next()) {
            (None, _) => return Ok(None),
            (Some(field), None) => field.to_str().map_err(|_| Refusal::Unauthorized)?,
            (Some(_), Some(_)) => return Err(Refusal::Unauthorized),
        };
        let mut chain = vec![byte_sequence(field)?];
        for line in headers.get_all("client-cert-chain") {
            let line = line.to_str().map_err(|_| Refusal::Unauthorized)?;
            for item in line.split(',') {
                chain.push(byte_sequence(item.trim_matches(' '))?);
            }
        }
        self.verified(&chain).map(Some)
    }

    /// Envoy's `x-forwarded-client-cert`: of several elements, the last is the nearest proxy's.
    fn element(&self, headers: &HeaderMap) -> Result<Option<Holder>, Refusal> {
        let lines = headers.get_all("x-forwarded-client-cert").iter().map(|line| line.to_str());
        let text = lines.collect::<Result<Vec<_>, _>>().map_err(|_| Refusal::Unauthorized)?.join(",");
        if text.is_empty() {
            return Ok(None);
        }
        let elements = elements(&text).ok_or(Refusal::Unauthorized)?;
        let element = if self.has(Habit::FirstElement) { elements.first() } else { elements.last() };
        let element = element.ok_or(Refusal::Unauthorized)?;
        let values = |key: &str| -> Vec<&str> {
            let found = element.iter().filter(|(known, _)| known.eq_ignore_ascii_case(key));
            found.map(|(_, value)| value.as_str()).collect()
        };
        let named = match self.habit {
            Some(Habit::SplitText) => text.split(';').find_map(|part| part.strip_prefix("URI=")),
            _ => match values("URI")[..] {
                [name] => Some(name),
                _ => None,
            },
        };
        let named = named.map(|name| name.trim_matches('"').to_string());
        let mut client = match (values("Chain").first(), values("Hash").first()) {
            (Some(chain), _) => self.verified(&certificates(chain)?)?,
            (None, Some(hash)) => {
                let thumbprint = Base64UrlUnpadded::encode_string(&hexadecimal(hash).ok_or(Refusal::Unauthorized)?);
                let id = named.clone().filter(|name| is_spiffe_id(name)).ok_or(Refusal::Unauthorized)?;
                Holder { id, thumbprint }
            }
            (None, None) => return Err(Refusal::Unauthorized),
        };
        if self.has(Habit::TextBeside) {
            client.id = named.ok_or(Refusal::Unauthorized)?;
        }
        Ok(Some(client))
    }

    /// Whose chain it is, once it leads to an anchor.
    fn verified(&self, chain: &[CertificateDer<'static>]) -> Result<Holder, Refusal> {
        let (leaf, above) = chain.split_first().ok_or(Refusal::Unauthorized)?;
        if self.proxy.verified_by == VerifiedBy::Service && !self.has(Habit::NotVerified) {
            let now = match self.now {
                Some(now) => UnixTime::since_unix_epoch(std::time::Duration::from_secs(now)),
                None => UnixTime::now(),
            };
            self.verifier.verify_client_cert(leaf, above, now).map_err(|_| Refusal::Unauthorized)?;
        }
        holder(leaf)
    }
}

/// From anybody but the proxy the field counts for nothing.
pub(crate) async fn behind(State(front): State<Arc<Front>>, mut request: Request, next: Next) -> Response {
    if front.trusts(request.extensions().get::<Peer>()) {
        match front.client(request.headers()) {
            Ok(Some(client)) => {
                request.extensions_mut().insert(client);
            }
            Ok(None) => {}
            Err(refusal) => return refusal.into_response(),
        }
    }
    next.run(request).await
}

/// RFC 8941 §3.3.5.
fn byte_sequence(text: &str) -> Result<CertificateDer<'static>, Refusal> {
    let inner = text.strip_prefix(':').and_then(|text| text.strip_suffix(':')).ok_or(Refusal::Unauthorized)?;
    Base64::decode_vec(inner).map(CertificateDer::from).map_err(|_| Refusal::Unauthorized)
}

/// PEM, percent-encoded.
fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let pem = percent_decode_str(text).decode_utf8().map_err(|_| Refusal::Unauthorized)?;
    let read = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    read.map_err(|_| Refusal::Unauthorized)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

/// Elements of pairs, with what stands in quotes as it is meant.
fn elements(text: &str) -> Option<Vec<Vec<(String, String)>>> {
    let mut all = vec![Vec::new()];
    let (mut key, mut value) = (String::new(), None::<String>);
    let (mut quoted, mut letters) = (false, text.chars());
    loop {
        let letter = letters.next();
        match letter {
            None if quoted => return None,
            None | Some(';' | ',') if !quoted => {
                let pair = (std::mem::take(&mut key).trim().to_string(), value.take().unwrap_or_default());
                all.last_mut()?.push(pair);
                match letter {
                    None => return Some(all),
                    Some(',') => all.push(Vec::new()),
                    Some(_) => {}
                }
            }
            Some('"') => quoted = !quoted,
            Some('\\') if quoted => value.get_or_insert_default().push(letters.next()?),
            Some('=') if value.is_none() => value = Some(String::new()),
            Some(letter) => match &mut value {
                Some(value) => value.push(letter),
                None => key.push(letter),
            },
            None => return None,
        }
    }
}
