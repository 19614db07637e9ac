//! Which changes mean nothing together: each would undo what another one needs.

use super::{Unresolvable, not_applicable};
use crate::{
    Algorithm, Attempt, AuthorizationForm, ConfirmationOf, CookieForm, Extra, Http2Form, KeyName, Member, PayloadForm,
    Proof, Protocol, Seal, SegmentForm, SegmentName, Segments, SignatureForm, TokenKey, TokenSpec, Transport, Value,
    attempt::message::SMALL,
};

/// Damage needs something to damage.
pub(super) fn token(token: &TokenSpec) -> Result<(), Unresolvable> {
    let ecdsa = matches!(token.seal, Seal::Key(_, Algorithm::ES256));
    if matches!(token.signature, SignatureForm::Der | SignatureForm::HighS) && !ecdsa {
        return Err(not_applicable("the signature is not of ECDSA"));
    }
    let small = matches!(token.seal, Seal::Key(KeyName::Token(_, TokenKey::SmallOrder), _));
    if token.signature == SignatureForm::SZero && small {
        return Err(not_applicable("the signature's S is zero already"));
    }
    let empty = |form: &Option<PayloadForm>| matches!(form, Some(PayloadForm::Text(text)) if text.is_empty());
    for (segment, form) in &token.text {
        let nothing = match segment {
            SegmentName::Header => empty(&token.header_form),
            SegmentName::Claims => empty(&token.payload),
            SegmentName::Signature => token.seal == Seal::Nobody || token.signature == SignatureForm::Stripped,
        };
        let within = matches!(form, SegmentForm::Space | SegmentForm::Tab);
        if nothing && (within || *segment == SegmentName::Signature) {
            return Err(not_applicable("the segment is empty"));
        }
    }
    Ok(())
}

/// Of a certificate that no reader of DER reads there are no parts.
pub(super) fn binding(attempt: &Attempt) -> Result<(), Unresolvable> {
    let leaf = attempt.chain.as_ref().and_then(|chain| chain.certificates.first());
    let claims = attempt.token.iter().flat_map(|token| token.claims.iter().chain(&token.rewritten_claims));
    let of_a_part = |claim: &Member| {
        use ConfirmationOf::*;
        matches!(claim.value, Value::Confirmation { of: LeafJwk | LeafKey | LeafTbs, .. })
    };
    if leaf.is_some_and(|leaf| leaf.extra == Some(Extra::IndefiniteLength)) && claims.clone().any(of_a_part) {
        return Err(not_applicable("nothing can be read of the certificate"));
    }
    Ok(())
}

/// The algorithm over SHA-1 that certificates name is of ECDSA (RFC 3279 §2.2.3). A proof is left out of a record whole.
pub(super) fn chain(attempt: &Attempt) -> Result<(), Unresolvable> {
    let mut certificates = attempt.chain.iter().flat_map(|chain| &chain.certificates);
    if certificates.any(|it| it.extra == Some(Extra::Sha1) && matches!(it.signer, Some(KeyName::Unfit(_)))) {
        return Err(not_applicable("the signature is not of ECDSA"));
    }
    let unproven = attempt.chain.as_ref().is_some_and(|chain| chain.proof == Proof::Absent);
    if unproven && attempt.transport == Transport::Tls13Fragmented {
        return Err(not_applicable("the proof is spread over several records"));
    }
    Ok(())
}

/// A pseudo-header field comes late only where another field comes before it.
pub(super) fn pseudo_late(attempt: &Attempt) -> Result<(), Unresolvable> {
    use AuthorizationForm::*;
    let request = &attempt.request;
    let late = request.protocol == Protocol::Http2(Http2Form::PseudoLate);
    let elsewhere = matches!(request.authorization, Absent | PathParameter | Query | QueryEncoded | Trailer);
    let carried = attempt.token.is_some() && !elsewhere;
    if late && !carried && request.headers.is_empty() && request.body.is_none() {
        return Err(not_applicable("there is no other field"));
    }
    Ok(())
}

/// No token is longer but for what changes make it.
const PLAIN: usize = 1500;
/// About what a chain adds to a header.
const CERTIFICATES: usize = 2000;

/// Each of two long parts may be one that a server must take, while both together are not.
pub(super) fn size(attempt: &Attempt) -> Result<(), Unresolvable> {
    let Some(token) = &attempt.token else { return Ok(()) };
    let member = |member: &Member| match &member.value {
        Value::Certificates(_) => CERTIFICATES,
        Value::Json(text) => text.len(),
        _ => 0,
    };
    let form = |form: &Option<PayloadForm>| match form {
        Some(PayloadForm::Members(count)) => *count as usize * ",\"m100\":0".len(),
        Some(PayloadForm::Prefix(text) | PayloadForm::Suffix(text) | PayloadForm::Text(text)) => text.len(),
        Some(PayloadForm::InvalidUtf8) | None => 0,
    };
    let long = |members: &[Member]| members.iter().map(member).filter(|octets| *octets > 400).sum::<usize>();
    let lists = [&token.header, &token.claims, &token.rewritten_header, &token.rewritten_claims];
    let changed = lists.map(|list| long(list)).iter().sum::<usize>() + form(&token.header_form) + form(&token.payload);
    let signed = PLAIN + changed * 4 / 3;
    // What is encrypted is written in base64url once more.
    let octets = match token.segments {
        Segments::Encrypted | Segments::EncryptedPlain | Segments::EncryptedSlow => signed * 4 / 3,
        _ => signed,
    };
    let field = match &attempt.request.authorization {
        AuthorizationForm::Long(_) => return Ok(()),
        AuthorizationForm::CommaList => 2 * octets,
        AuthorizationForm::Cookie(CookieForm::Oversize) => octets + 5 * 1024,
        _ => octets,
    };
    if field > SMALL {
        return Err(not_applicable("together they are longer than what every server takes"));
    }
    Ok(())
}
