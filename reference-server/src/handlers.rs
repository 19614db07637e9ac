//! The handlers. They run for authorized requests only, and are the only callers of the bank.

use std::error::Error;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http_body_util::LengthLimitError;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::answers;
use crate::audit::Stage;
use crate::authorize::{Authorized, check_owner};
use crate::bank::TransferOrder;
use crate::cause::Cause;
use crate::json;
use crate::server::Server;

/// An answer. A refusal, too, is one: `Err` ends a handler early.
type Answer = Result<Response, Response>;

pub(crate) async fn health(State(server): State<Server>, Extension(authorized): Extension<Authorized>) -> Answer {
    let recorded = server.admit(&authorized.entry).await?;
    server.bank(&recorded).health(&authorized.principal);
    Ok(recorded.answer(answer(json!({ "status": "ok" }))))
}

pub(crate) async fn whoami(State(server): State<Server>, Extension(authorized): Extension<Authorized>) -> Answer {
    let Authorized { principal, entry, .. } = &authorized;
    let recorded = server.admit(entry).await?;
    let note = server.bank(&recorded).whoami(principal);
    Ok(recorded.answer(answer(json!({
        "client_id": principal.client_id,
        "id": principal.id,
        "note": note,
        "scopes": principal.scopes,
    }))))
}

pub(crate) async fn account(State(server): State<Server>, Extension(authorized): Extension<Authorized>) -> Answer {
    let Authorized { principal, object, entry } = &authorized;
    check_owner(&server, principal, object).map_err(|cause| refuse(&server, Stage::Authorization, cause))?;
    let recorded = server.admit(entry).await?;
    let statement = server.bank(&recorded).account(principal, object);
    Ok(recorded.answer(answer(json!({ "account": object, "statement": statement }))))
}

pub(crate) async fn transfer(
    State(server): State<Server>,
    Extension(authorized): Extension<Authorized>,
    request: Request,
) -> Answer {
    let Authorized { principal, entry, .. } = &authorized;
    let (head, body) = request.into_parts();
    let order = read_order(&server, &head.headers, body).await;
    let order = order.map_err(|cause| refuse(&server, Stage::Request, cause))?;
    check_owner(&server, principal, &order.from).map_err(|cause| refuse(&server, Stage::Authorization, cause))?;
    let recorded = server.admit(entry).await?;
    let reference = server.bank(&recorded).transfer(principal, &order);
    Ok(recorded.answer(answer(json!({ "reference": reference }))))
}

pub(crate) async fn user(State(server): State<Server>, Extension(authorized): Extension<Authorized>) -> Answer {
    let Authorized { principal, object, entry } = &authorized;
    let recorded = server.admit(entry).await?;
    let profile = server.bank(&recorded).user(principal, object);
    Ok(recorded.answer(answer(json!({ "profile": profile, "user": object }))))
}

pub(crate) async fn delete_user(State(server): State<Server>, Extension(authorized): Extension<Authorized>) -> Answer {
    let Authorized { principal, object, entry } = &authorized;
    let recorded = server.admit(entry).await?;
    server.bank(&recorded).delete_user(principal, object);
    Ok(recorded.answer(answers::empty(StatusCode::NO_CONTENT)))
}

/// The fallback. The layer in front of it has refused already; should it ever not, this does.
pub(crate) async fn absent(State(server): State<Server>) -> Response {
    server.answers().refuse(Stage::Authorization.refuses(Cause::RouteUnknown))
}

fn refuse(server: &Server, stage: Stage, cause: Cause) -> Response {
    server.answers().refuse(stage.refuses(cause))
}

fn answer(value: Value) -> Response {
    answers::json(StatusCode::OK, &value)
}

async fn read_order(server: &Server, headers: &HeaderMap, body: Body) -> Result<TransferOrder, Cause> {
    let settings = server.settings();
    if !is_json(headers) {
        return Err(Cause::RequestMalformed);
    }
    // The length is announced, so nothing needs to be read to know that it is too much.
    if body.size_hint().lower() > settings.body_limit as u64 {
        return Err(Cause::ContentTooLarge);
    }
    let text = match timeout(settings.body_timeout, to_bytes(body, settings.body_limit)).await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) if is_over_limit(&error) => return Err(Cause::ContentTooLarge),
        Ok(Err(_)) => return Err(Cause::RequestMalformed),
        Err(_) => return Err(Cause::RequestTimeout),
    };
    let object = json::object(&text).ok_or(Cause::RequestMalformed)?;
    serde_json::from_value(Value::Object(object)).map_err(|_| Cause::RequestMalformed)
}

fn is_over_limit(error: &axum::Error) -> bool {
    error.source().is_some_and(|source| source.is::<LengthLimitError>())
}

/// One `Content-Type`, of the type `application/json`; its parameters mean nothing (RFC 8259 §11).
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
