//! What a strict reader sees of the request as a message.

use std::collections::BTreeSet;

use crate::{Attempt, AuthorizationForm, Framing, HOST, MessageFault, MessageSeen, Protocol, Second};

/// The octets of fields that a server must take at least: what RFC 9112 §3 recommends for a request line.
pub(crate) const SMALL: usize = 8000;

pub(super) fn seen(attempt: &Attempt) -> MessageSeen {
    let request = &attempt.request;
    let carried = attempt.token.as_ref().map(|_| &request.authorization);
    let (mut authority, mut hosts) = request.host.said();
    let http2 = request.protocol.is_http2();
    let mut faults = BTreeSet::new();
    if http2 {
        if authority.is_none() {
            if hosts.len() > 1 {
                faults.insert(MessageFault::Pseudo);
            }
            authority = hosts.into_iter().next();
            hosts = Vec::new();
        }
    } else if request.absolute && authority.is_none() {
        authority = Some(hosts.first().cloned().unwrap_or_else(|| HOST.into()));
    }
    if let Protocol::Http2(form) = request.protocol {
        faults.extend(form.fault());
    }
    match carried {
        Some(AuthorizationForm::CarriageReturn | AuthorizationForm::LineFeed | AuthorizationForm::Nul) => {
            faults.insert(MessageFault::FieldValue);
        }
        Some(AuthorizationForm::Folded) => {
            faults.insert(MessageFault::Fold);
        }
        Some(AuthorizationForm::SpaceBeforeColon) => {
            faults.insert(MessageFault::FieldName);
        }
        Some(AuthorizationForm::Long(kib)) if usize::from(*kib) * 1024 > SMALL => {
            faults.insert(MessageFault::Size);
        }
        _ => {}
    }
    let framing = request.framing;
    faults.extend(framing.faults());
    let old = request.protocol == Protocol::Http10;
    let coded = framing.is_chunked() || framing.faults().contains(&MessageFault::TransferEncoding);
    if old && coded {
        faults.insert(MessageFault::TransferEncodingTooOld);
    }
    let second = framing.has_second().then(|| Second {
        method: "GET".into(),
        path: request.second.clone(),
        hidden: !framing.is_pipelined() || (old && coded),
    });
    let in_body = matches!(carried, Some(AuthorizationForm::BodyToo | AuthorizationForm::FormBody));
    let brought = matches!(framing, Framing::BareLineFeed | Framing::ChunksBeforeContentLength | Framing::Content);
    let token_in_query = matches!(
        carried,
        Some(
            AuthorizationForm::Query
                | AuthorizationForm::QueryEncoded
                | AuthorizationForm::QueryEncodedToo
                | AuthorizationForm::QueryToo
        )
    );
    MessageSeen {
        protocol: request.protocol.plain(),
        server_name: attempt.server_name,
        authority,
        hosts,
        query: request.query.clone(),
        content: in_body || brought || request.body.is_some(),
        faults,
        second,
        token_in_query,
    }
}
