//! What makes a message one: the second request, and which changes cannot be said together.

use super::{Unresolvable, not_applicable};
use crate::{Attempt, AuthorizationForm, Blueprint, Framing, Http2Form, Protocol, Route, Stance};

/// Fields that have mutations of their own.
pub(super) const OWN_FIELDS: [&str; 8] =
    ["authorization", "connection", "content-length", "content-type", "expect", "host", "transfer-encoding", "upgrade"];

/// The path of a route that an anonymous request must not enter: another than the first request's, where there is one.
pub(super) fn second_path(first: &Route, blueprint: &Blueprint) -> String {
    let guarded = |route: &&Route| route.method == "GET" && !route.token_optional();
    let routes = || blueprint.policy.routes.iter().filter(guarded);
    let Some(route) = routes().find(|route| route.id() != first.id()).or_else(|| routes().next()) else {
        return "/".into();
    };
    let object = blueprint.example_object(route, Stance::NoToken.target()).unwrap_or_default();
    route.path_of(&object)
}

/// `Err` when the changes cannot be said together.
pub(super) fn fits(attempt: &Attempt) -> Result<(), Unresolvable> {
    use AuthorizationForm::*;
    let request = &attempt.request;
    let carried = attempt.token.is_some().then_some(&request.authorization);
    let content = matches!(carried, Some(BodyToo | FormBody));
    if content && request.body.is_some() {
        return Err(not_applicable("the route has a body of its own"));
    }
    if matches!(carried, Some(BodyToo | FormBody | Trailer)) && request.framing != Framing::Plain {
        return Err(not_applicable("the token has a framing of its own"));
    }
    if request.body.is_some() && !request.framing.carries_content() {
        return Err(not_applicable("the route has a body of its own"));
    }
    if request.framing == Framing::ExpectContinue && request.body.is_none() {
        return Err(not_applicable("there is no content to expect"));
    }
    if request.framing == Framing::BareLineFeed && matches!(carried, Some(LineFeed)) {
        return Err(not_applicable("an LF inside the token ends its line"));
    }
    if !request.protocol.is_http2() {
        let old = request.protocol == Protocol::Http10;
        if old && matches!(request.framing, Framing::ExpectContinue | Framing::PrematureUpgrade | Framing::WebSocket) {
            return Err(not_applicable("HTTP/1.0 has no such mechanism"));
        }
        if old && matches!(carried, Some(Trailer)) {
            return Err(not_applicable("HTTP/1.0 has no trailers"));
        }
        return Ok(());
    }
    if request.framing != Framing::Plain {
        return Err(not_applicable("HTTP/2 frames its messages itself"));
    }
    if matches!(carried, Some(Folded | Padded)) {
        return Err(not_applicable("HTTP/2 has no lines"));
    }
    if request.absolute && request.host.said().0.is_none() {
        return Err(not_applicable("HTTP/2 has no absolute form"));
    }
    if request.method == "CONNECT" {
        return Err(not_applicable("CONNECT has no path in HTTP/2"));
    }
    let trailing = matches!(carried, Some(Trailer));
    if request.protocol == Protocol::Http2(Http2Form::ContentLength) && (trailing || request.body.is_some() || content)
    {
        return Err(not_applicable("the content has a length of its own"));
    }
    Ok(())
}
