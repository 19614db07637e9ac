//! Answers that go on: sockets, events, bodies in pieces.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts as _, Request, WebSocketUpgrade, ws},
    middleware::{Next, from_fn, map_response},
    response::Response,
};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use gatecrash::{
    BoxError, Gate, World,
    campaign::{
        Campaign,
        check::{Finding, FindingKind},
    },
    factory,
    model::Person,
};
use gatecrash_gallery::{bank, bank_with_its_own_loop};
use http::{HeaderValue, StatusCode};

use super::{MANY, SOME, added, answering, attacked_in, clean};

const TICK: Duration = Duration::from_millis(10);

/// A bank behind an accept loop of the harness, or of its own.
type Built = fn(&World, Around) -> Result<Gate, BoxError>;
type Around = Box<dyn FnOnce(Router) -> Router>;

fn ours(world: &World, around: Around) -> Result<Gate, BoxError> {
    bank(world, around)
}

fn its_own(world: &World, around: Around) -> Result<Gate, BoxError> {
    bank_with_its_own_loop(world, around)
}

/// A test for each accept loop: what is built in it, and what must hold of the campaign.
macro_rules! both {
    ($($name:ident: $gate:expr, $random:expr, $holds:expr;)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn behind_our_loop() {
                fn gate(world: &World) -> Result<Gate, BoxError> {
                    $gate(world, ours as Built)
                }
                $holds(&attacked_in(answering(factory!(gate), |_| {}), $random));
            }

            #[test]
            fn behind_its_own_loop() {
                fn gate(world: &World) -> Result<Gate, BoxError> {
                    $gate(world, its_own as Built)
                }
                $holds(&attacked_in(answering(factory!(gate), |_| {}), $random));
            }
        })*
    };
}

both! {
    content_in_pieces: in_pieces, SOME, clean;
    events_that_fall_silent: silent_events, SOME, clean;
    events_without_a_pause: events, SOME, clean;
    records_without_a_pause: records, SOME, clean;
    a_secret_in_pieces: secret_in_pieces, SOME, leaks;
    a_web_socket: echoing, SOME, clean;
    a_web_socket_without_a_pause: ticking, SOME, clean;
    a_web_socket_before_the_guard: open_to_all, MANY, ran;
}

/// A socket for whoever asks `GET /v1/whoami` for one: once the guard has let the request through, or before it was asked.
fn sockets<F: Future<Output = ()> + Send + 'static>(
    (world, built): (&World, Built),
    guarded: bool,
    talk: fn(ws::WebSocket) -> F,
) -> Result<Gate, BoxError> {
    let upgrade = from_fn(move |request: Request, next: Next| async move {
        let (mut parts, body) = request.into_parts();
        let asked = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.ok();
        // Without a guard, wherever the attack is tried.
        let here = parts.uri.path() == "/v1/whoami" || !guarded;
        match asked.filter(|_| here) {
            Some(asked) if !guarded => asked.on_upgrade(talk),
            Some(asked) => match next.run(Request::from_parts(parts, body)).await {
                admitted if admitted.status() == StatusCode::OK => asked.on_upgrade(talk),
                refused => refused,
            },
            None => next.run(Request::from_parts(parts, body)).await,
        }
    });
    built(world, Box::new(|router| router.layer(upgrade)))
}

fn echoing(world: &World, built: Built) -> Result<Gate, BoxError> {
    async fn echo(mut socket: ws::WebSocket) {
        while let Some(Ok(message)) = socket.recv().await {
            let _ = socket.send(message).await;
        }
    }
    sockets((world, built), true, echo)
}

fn ticking(world: &World, built: Built) -> Result<Gate, BoxError> {
    async fn tick(mut socket: ws::WebSocket) {
        while socket.send("tick".into()).await.is_ok() {
            tokio::time::sleep(TICK).await;
        }
    }
    sockets((world, built), true, tick)
}

fn open_to_all(world: &World, built: Built) -> Result<Gate, BoxError> {
    async fn tell(mut socket: ws::WebSocket) {
        gatecrash_witness::hit("GET /v1/whoami", None, None);
        let _ = socket.send("whoever you are".into()).await;
    }
    sockets((world, built), false, tell)
}

/// What runs once the protocol is another one is heard, too.
fn ran(campaign: &Campaign) {
    let ran = |it: &Finding| it.kind == FindingKind::Breach && it.observation.seen.hits.len() == 1;
    assert!(campaign.findings.iter().any(ran), "{:?}", added(campaign));
}

/// What is let in is answered with a stream in place of its content.
fn streaming<S>(
    (world, built): (&World, Built),
    media: &'static str,
    stream: impl Fn(Body) -> S + Clone + Send + Sync + 'static,
) -> Result<Gate, BoxError>
where
    S: Stream<Item = Result<Bytes, axum::Error>> + Send + 'static,
{
    let streamed = move |response: Response| {
        let (mut parts, body) = response.into_parts();
        let body = match parts.status {
            StatusCode::OK => {
                parts.headers.insert("content-type", HeaderValue::from_static(media));
                parts.headers.remove("content-length");
                Body::from_stream(stream(body))
            }
            _ => body,
        };
        std::future::ready(Response::from_parts(parts, body))
    };
    built(world, Box::new(|router| router.layer(map_response(streamed))))
}

/// One piece after the other, with a pause before each.
fn slowly(pieces: impl Stream<Item = Bytes> + Send + 'static) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send {
    pieces.then(|piece| async {
        tokio::time::sleep(TICK).await;
        Ok(piece)
    })
}

fn ticks() -> impl Stream<Item = Bytes> + Send {
    stream::repeat(Bytes::from_static(b"data: tick\n\n"))
}

fn silent_events(world: &World, built: Built) -> Result<Gate, BoxError> {
    streaming((world, built), "text/event-stream", |_| slowly(ticks().take(3)).chain(stream::pending()))
}

fn events(world: &World, built: Built) -> Result<Gate, BoxError> {
    streaming((world, built), "text/event-stream", |_| slowly(ticks()))
}

fn records(world: &World, built: Built) -> Result<Gate, BoxError> {
    streaming((world, built), "application/x-ndjson", |_| slowly(ticks()))
}

fn in_pieces(world: &World, built: Built) -> Result<Gate, BoxError> {
    let whole = |body: Body| slowly(body.into_data_stream().filter_map(async |piece| piece.ok()));
    streaming((world, built), "application/octet-stream", whole)
}

/// The data of one person for everybody, a few octets at a time.
fn secret_in_pieces(world: &World, built: Built) -> Result<Gate, BoxError> {
    let secret = Bytes::from(world.canary(Person::Alice));
    let pieces = move |_| slowly(stream::iter(secret.chunks(5).map(Bytes::copy_from_slice).collect::<Vec<_>>()));
    streaming((world, built), "application/x-ndjson", pieces)
}

fn leaks(campaign: &Campaign) {
    let told = |it: &Finding| it.kind == FindingKind::Unwitnessed && it.seen.contains("the answer holds data of Alice");
    assert!(campaign.findings.iter().any(told), "{:?}", added(campaign));
}
