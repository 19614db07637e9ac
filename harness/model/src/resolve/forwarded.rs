//! Changes of a certificate that comes in a field of a proxy: which of them mean something, and together with what.

use super::{Start, Unresolvable, not_applicable};
use crate::{
    Attempt, Blueprint, ConfirmationOf, Forwarded, ForwardedField, ForwardedForm, ForwardedKey, Mutation, Peer, Person,
    Proof, SlotStage, SubjectName, Value, VerifiedBy, attempt::message::SMALL,
};

/// About what a certificate takes in a field, without its names.
const CERTIFICATE: usize = 1300;

/// The honest way through the proxy, where the policy has one.
pub(super) fn honest(blueprint: &Blueprint) -> Option<Forwarded> {
    blueprint.policy.proxy.as_ref()?;
    let presented = blueprint.presented_by(Peer::Proxy);
    Some(Forwarded { peer: Peer::Proxy, presented, form: ForwardedForm::Plain })
}

impl Start<'_> {
    pub(super) fn forwarded(&mut self) -> Result<&mut Forwarded, Unresolvable> {
        self.attempt.forwarded.as_mut().ok_or_else(|| not_applicable("the policy has no proxy"))
    }

    /// `Err` when the proxy would keep a change of the certificate from the service.
    pub(super) fn passes_the_proxy(&self, mutation: &Mutation) -> Result<(), Unresolvable> {
        let Some(proxy) = &self.blueprint.policy.proxy else { return Ok(()) };
        let of_names = matches!(mutation, Mutation::CertificateNames { .. } | Mutation::CertificateSubject { .. });
        match mutation.slot().stage {
            SlotStage::Key => Err(not_applicable("the key is proved to the proxy")),
            SlotStage::Chain if proxy.verified_by == VerifiedBy::Proxy && !of_names => {
                Err(not_applicable("the proxy forwards no certificate that it rejects"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn connect(&mut self, peer: Peer) -> Result<(), Unresolvable> {
        let presented = self.blueprint.presented_by(peer);
        let forwarded = self.forwarded()?;
        if peer == Peer::Proxy {
            return Err(not_applicable("the proxy connects already"));
        }
        (forwarded.peer, forwarded.presented) = (peer, presented);
        Ok(())
    }
}

/// `Err` when the field cannot be written so.
pub(super) fn fits(attempt: &Attempt, blueprint: &Blueprint) -> Result<(), Unresolvable> {
    let (Some(forwarded), Some(proxy)) = (&attempt.forwarded, &blueprint.policy.proxy) else { return Ok(()) };
    let form = forwarded.form;
    let Some(chain) = &attempt.chain else {
        return match form {
            ForwardedForm::Plain => Ok(()),
            _ => Err(not_applicable("there is no certificate to forward")),
        };
    };
    if chain.proof != Proof::Genuine {
        return Err(not_applicable("the key is proved to the proxy"));
    }
    let has = |key: ForwardedKey| proxy.field == ForwardedField::ForwardedClientCert && proxy.keys.contains(&key);
    let other_key = match form {
        ForwardedForm::HashOf(_) => Some(ForwardedKey::Hash),
        ForwardedForm::UriOf(_) => Some(ForwardedKey::Uri),
        ForwardedForm::Beside { .. } | ForwardedForm::Cut | ForwardedForm::Joined(_) | ForwardedForm::Plain => None,
    };
    if other_key.is_some_and(|key| !has(key) || !has(ForwardedKey::Cert)) {
        return Err(not_applicable("the field has no such key beside the certificate"));
    }
    let first = matches!(form, ForwardedForm::Beside { genuine_first: true, .. });
    if first && proxy.field == ForwardedField::ForwardedClientCert {
        return Err(not_applicable("a proxy writes its own element last"));
    }
    let leaf = chain.certificates.first();
    let is_of = |person: Person| leaf == Some(&blueprint.leaf(person));
    if form.other().is_some_and(is_of) {
        return Err(not_applicable("it is the same certificate"));
    }
    if form != ForwardedForm::Plain && !Person::ALL.iter().copied().any(is_of) {
        return Err(not_applicable("the field is changed around a certificate that is as it was issued"));
    }
    let carried = forwarded.seen(Some(chain), proxy).1.map_or(0, |chain| chain.certificates.len());
    if carried < chain.certificates.len() {
        let claims = attempt.token.iter().flat_map(|token| token.claims.iter().chain(&token.rewritten_claims));
        let readable = |of: &ConfirmationOf| match of {
            ConfirmationOf::Leaf | ConfirmationOf::Person(_) | ConfirmationOf::Root => true,
            ConfirmationOf::Intermediate => false,
            ConfirmationOf::LeafJwk | ConfirmationOf::LeafKey | ConfirmationOf::LeafPem | ConfirmationOf::LeafTbs => {
                carried > 0
            }
        };
        let mut bound = claims.filter_map(|claim| match &claim.value {
            Value::Confirmation { of, .. } => Some(of),
            _ => None,
        });
        if bound.any(|of| !readable(of)) {
            return Err(not_applicable("the token is bound to what only a field shows that can be read"));
        }
    }
    // Each certificate, and the leaf once more, with its names in text.
    let names = |name: &SubjectName| match name {
        SubjectName::Dns(text) | SubjectName::Email(text) | SubjectName::Ip(text) | SubjectName::Uri(text) => {
            text.len()
        }
    };
    let octets = |at: usize| {
        chain.certificates.get(at).map_or(0, |it| CERTIFICATE + 2 * it.names.iter().map(names).sum::<usize>())
    };
    let other = if form.other().is_some() { 2 * CERTIFICATE } else { 0 };
    if (0..chain.certificates.len()).map(octets).sum::<usize>() + octets(0) + other > SMALL {
        return Err(not_applicable("the field is longer than what every server takes"));
    }
    Ok(())
}
