//! A client over several attempts: it keeps connections open, resumes sessions, and has several requests under way at once.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, pin::pin, task::Poll};

use futures_util::{
    future::{FutureExt as _, LocalBoxFuture},
    stream::{FuturesUnordered, StreamExt as _},
};
use gatecrash_model::{Over, ServerName as Asked, Transport};
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

use super::{
    Depth, Gate, Handshake, Observation, answers, client,
    connection::{self, MOST, PIPE},
    sessions::Client,
    stream::{self, Heard},
};
use crate::{
    world::forge::Wire,
    world::{World, http2},
};

/// One request of a sequence.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// The number of its step.
    pub(crate) number: usize,
    pub(crate) wire: &'a Wire,
    pub(crate) over: Over,
    /// Whether a later step comes over the same connection.
    pub(crate) keep: bool,
    /// Whether a later step listens to its answer.
    pub(crate) stream: Option<Streamed>,
}

/// What kind of answer has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Streamed {
    /// A content that comes piece by piece.
    Content,
    /// Messages of a WebSocket.
    Socket,
}

/// What came of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub(crate) observation: Observation,
    pub(crate) how: How,
}

/// What became of the connection that a request was to come over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum How {
    /// The gate had closed it, and another one was opened.
    Closed,
    /// The gate took its early data.
    Early,
    /// It was a new one.
    #[default]
    Fresh,
    /// The session was offered, and the gate made a full handshake.
    Refused,
    /// The session was resumed.
    Resumed,
    /// It was kept open, and used again.
    Reused,
    /// There was no session to resume: the gate had issued no ticket.
    Ticketless,
    /// It was under way at the same time as another one on the same connection.
    Together,
}

pub(super) struct Open {
    pub(super) stream: TlsStream<DuplexStream>,
    pub(super) http2: bool,
    /// Whether messages of a WebSocket are exchanged.
    pub(super) socket: bool,
    /// What was received so far, of HTTP/2 and of streams.
    pub(super) received: Vec<u8>,
    pub(super) next_stream: u32,
}

/// Connections and clients, by the number of the step with which they began.
pub(crate) struct Sequence<'a> {
    gate: &'a Gate,
    world: &'a World,
    served: FuturesUnordered<LocalBoxFuture<'static, ()>>,
    open: BTreeMap<usize, Open>,
    /// Answers without an end, by the number of their step.
    streams: BTreeMap<usize, Open>,
    /// With which step the connection of each step began.
    began: BTreeMap<usize, usize>,
    clients: BTreeMap<usize, Client>,
}

impl<'a> Sequence<'a> {
    pub(super) fn new(gate: &'a Gate, world: &'a World) -> Self {
        let (open, streams) = (BTreeMap::new(), BTreeMap::new());
        let (began, clients) = (BTreeMap::new(), BTreeMap::new());
        Self { gate, world, served: FuturesUnordered::new(), open, streams, began, clients }
    }

    /// Makes requests that are under way at the same time; mostly it is one.
    pub(crate) async fn attempt(&mut self, requests: &[Request<'_>]) -> Vec<Made> {
        let mut made: Vec<Made> = Vec::new();
        let (gate, world) = (self.gate, self.world);
        let together = async {
            made = self.make(requests).await;
            Observation { depth: Some(Depth::Connection), ..Observation::default() }
        };
        let whole = gate.observe(world, together).await;
        if whole.hang || made.len() < requests.len() {
            made = requests.iter().map(|_| Made::default()).collect();
            // What was under way is in no known state.
            self.open.clear();
            self.streams.clear();
            self.served.clear();
        }
        for one in &mut made {
            let Observation { handshake, alert, answer, further, continued, broken, answered_as, .. } =
                std::mem::take(&mut one.observation);
            one.observation = Observation { handshake, alert, answer, further, broken, answered_as, ..whole.clone() };
            one.observation.continued = continued && whole.continued;
            gate.say_who(&mut one.observation);
        }
        made
    }

    /// Listens to the answer of a step, where it has not ended.
    pub(crate) async fn listen(&mut self, of: usize) -> Option<Heard> {
        let mut open = self.streams.remove(&of)?;
        let mut heard = None;
        let (gate, world) = (self.gate, self.world);
        let listening = async {
            heard = Some(drive(&mut self.served, stream::listen(&mut open)).await);
            Observation { depth: Some(Depth::Connection), handshake: Handshake::Accepted, ..Observation::default() }
        };
        let observation = gate.observe(world, listening).await;
        let heard = Heard { observation, ..heard.unwrap_or_default() };
        if !heard.over && !heard.observation.hang {
            self.streams.insert(of, open);
        }
        Some(heard)
    }

    /// Whether the gate is still busy with what has its answer; runs that to its end.
    pub(crate) async fn settle(&mut self) {
        for _ in 0..4 {
            drive(&mut self.served, tokio::task::yield_now()).await;
        }
    }

    /// Ends every connection.
    pub(crate) async fn end(&mut self) {
        let streams = std::mem::take(&mut self.streams);
        for (_, mut open) in std::mem::take(&mut self.open).into_iter().chain(streams) {
            drive(&mut self.served, async move {
                let _ = open.stream.shutdown().await;
            })
            .await;
        }
        let rest = async { while self.served.next().await.is_some() {} };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), rest).await;
    }

    async fn make(&mut self, requests: &[Request<'_>]) -> Vec<Made> {
        let [first, more @ ..] = requests else { return Vec::new() };
        let over_http2 = first.wire.alpn == Some("h2");
        if !more.is_empty() && over_http2 {
            return self.streams(requests).await;
        }
        if !more.is_empty() {
            return self.side_by_side(requests).await;
        }
        let made = match first.over {
            Over::Kept(of) => self.kept(first, of).await,
            _ if first.stream.is_some() => self.begin_stream(first).await,
            _ if first.keep => self.begin(first).await,
            _ => self.alone(first).await,
        };
        vec![made]
    }

    /// One request on a connection of its own, which ends with it.
    async fn alone(&mut self, request: &Request<'_>) -> Made {
        let Some(client) = self.client(request) else { return unconfigured() };
        let io = self.accept();
        let speaking = speak(io, request, &client);
        drive(&mut self.served, speaking).await
    }

    /// Requests on a connection each, all of them begun before any is answered.
    async fn side_by_side(&mut self, requests: &[Request<'_>]) -> Vec<Made> {
        let mut speaking = Vec::new();
        for request in requests {
            let Some(client) = self.client(request) else { return vec![unconfigured(); requests.len()] };
            let io = self.accept();
            speaking.push(async move { speak(io, request, &client).await });
        }
        drive(&mut self.served, futures_util::future::join_all(speaking)).await
    }

    /// Opens a connection that is kept, and makes the first request on it.
    async fn begin(&mut self, request: &Request<'_>) -> Made {
        match self.connect(request).await {
            Err(made) => made,
            Ok((mut open, how)) => {
                let observation = self.say(&mut open, &[request.wire]).await.pop().unwrap_or_default();
                let made = settled(observation, how);
                if made.observation.answer.is_some() {
                    self.began.insert(request.number, request.number);
                    self.keep(request.number, open, [&made.observation]);
                }
                made
            }
        }
    }

    /// Opens a connection for an answer that is listened to later.
    async fn begin_stream(&mut self, request: &Request<'_>) -> Made {
        match self.connect(request).await {
            Err(made) => made,
            Ok((mut open, how)) => {
                open.socket = request.stream == Some(Streamed::Socket);
                let observation = drive(&mut self.served, stream::begin(&mut open, request.wire)).await;
                let made = settled(observation, how);
                if made.observation.answer.as_ref().is_some_and(|answer| answer.status < 300) {
                    self.streams.insert(request.number, open);
                }
                made
            }
        }
    }

    /// A request on a connection that is there; on a new one where the gate has closed it.
    async fn kept(&mut self, request: &Request<'_>, of: usize) -> Made {
        let began = self.began.get(&of).copied().unwrap_or(of);
        if let Some(mut open) = self.open.remove(&began) {
            let observation = self.say(&mut open, &[request.wire]).await.pop().unwrap_or_default();
            if let Some(client) = self.clients.get(&began).cloned() {
                self.clients.insert(request.number, client);
            }
            if observation.answer.is_some() || observation.broken.is_some() {
                self.began.insert(request.number, began);
                if observation.answer.is_some() {
                    self.keep(began, open, [&observation]);
                }
                return settled(observation, How::Reused);
            }
        }
        // Idle connections may be closed at any time (RFC 9112 §9.5): whoever is told so opens another one.
        let client = self.clients.get(&began).cloned();
        let Some(client) = client else { return Made { how: How::Closed, ..unconfigured() } };
        let io = self.accept();
        self.clients.insert(request.number, client.clone());
        let fresh = Request { over: Over::Fresh, ..*request };
        let mut made = drive(&mut self.served, speak(io, &fresh, &client)).await;
        made.how = How::Closed;
        made
    }

    /// Streams of one HTTP/2 connection.
    async fn streams(&mut self, requests: &[Request<'_>]) -> Vec<Made> {
        let Some(first) = requests.first() else { return Vec::new() };
        let known = match first.over {
            Over::Kept(of) => self.began.get(&of).copied().and_then(|began| Some((began, self.open.remove(&began)?))),
            _ => None,
        };
        let (began, mut open, how) = match known {
            Some((began, open)) => (began, open, How::Reused),
            None => match self.connect(first).await {
                Ok((open, how)) => (first.number, open, how),
                Err(made) => return vec![made; requests.len()],
            },
        };
        let wires: Vec<&Wire> = requests.iter().map(|request| request.wire).collect();
        let observations = self.say(&mut open, &wires).await;
        for request in requests {
            self.began.insert(request.number, began);
        }
        self.keep(began, open, &observations);
        let how = |at: usize| if at == 0 { how } else { How::Together };
        observations.into_iter().enumerate().map(|(at, observation)| settled(observation, how(at))).collect()
    }

    /// Keeps a connection open; not one on which an answer without an end was left.
    fn keep<'o>(&mut self, began: usize, open: Open, answers: impl IntoIterator<Item = &'o Observation>) {
        if !answers.into_iter().any(answers::is_endless) {
            self.open.insert(began, open);
        }
    }

    fn accept(&mut self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(PIPE);
        // What panics is heard by whoever watches; the others go on.
        let served = AssertUnwindSafe((self.gate.serve)(far)).catch_unwind().map(|_| ());
        self.served.push(served.boxed_local());
        near
    }

    /// The client of a request: that of the step whose session it resumes, or one of its own.
    fn client(&mut self, request: &Request<'_>) -> Option<Client> {
        let wire = request.wire;
        let client = match request.over {
            Over::Resumed(of) | Over::Early(of) => {
                // A stream of somebody's connection is that client's.
                let known = self.clients.get(&of).or_else(|| self.clients.get(self.began.get(&of)?))?;
                known.with(|config| {
                    config.alpn_protocols = wire.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
                    config.enable_sni = wire.server_name != Asked::Absent;
                    config.enable_early_data = matches!(request.over, Over::Early(_));
                })
            }
            _ => Client::new(client::made(wire, self.world).ok()?),
        };
        self.clients.insert(request.number, client.clone());
        Some(client)
    }

    async fn connect(&mut self, request: &Request<'_>) -> Result<(Open, How), Made> {
        let Some(client) = self.client(request) else { return Err(unconfigured()) };
        let Some(name) = client::server_name(request.wire) else { return Err(unconfigured()) };
        let io = self.accept();
        let tickets = client.tickets.count();
        let connecting = tokio_rustls::TlsConnector::from(client.config).connect(name, io);
        match drive(&mut self.served, connecting).await {
            Err(error) => Err(ended(&error)),
            Ok(stream) => {
                let how = how(&stream, request.over, tickets);
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                Ok((Open { stream, http2, socket: false, received: Vec::new(), next_stream: 1 }, how))
            }
        }
    }

    /// Says requests on an open connection, and reads an answer to each.
    async fn say(&mut self, open: &mut Open, wires: &[&Wire]) -> Vec<Observation> {
        let speaking = async { if open.http2 { say_http2(open, wires).await } else { say_http1(open, wires).await } };
        drive(&mut self.served, speaking).await
    }
}

/// Runs what the client does, and the gate's side of every connection meanwhile.
async fn drive<T>(served: &mut FuturesUnordered<LocalBoxFuture<'static, ()>>, speaking: impl Future<Output = T>) -> T {
    let mut speaking = pin!(speaking);
    std::future::poll_fn(|context| {
        loop {
            if let Poll::Ready(done) = speaking.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            match served.poll_next_unpin(context) {
                Poll::Ready(Some(())) => {}
                Poll::Pending | Poll::Ready(None) => return Poll::Pending,
            }
        }
    })
    .await
}

fn unconfigured() -> Made {
    let broken = Some("the client cannot be configured".into());
    Made { observation: Observation { broken, ..Observation::default() }, how: How::Fresh }
}

fn ended(error: &std::io::Error) -> Made {
    let observation = Observation {
        handshake: connection::ended(Some(error)),
        alert: connection::alert(Some(error)),
        ..Observation::default()
    };
    Made { observation, how: How::Fresh }
}

fn settled(mut observation: Observation, how: How) -> Made {
    if observation.answer.is_some() {
        observation.handshake = Handshake::Accepted;
    } else if observation.handshake == Handshake::None {
        observation.handshake = Handshake::Silent;
    }
    Made { observation, how }
}

/// What became of the session that was offered.
fn how(stream: &TlsStream<DuplexStream>, over: Over, tickets: usize) -> How {
    let connection = stream.get_ref().1;
    match over {
        Over::Early(_) | Over::Resumed(_) if tickets == 0 => How::Ticketless,
        Over::Early(_) if connection.is_early_data_accepted() => How::Early,
        Over::Early(_) | Over::Resumed(_) if connection.handshake_kind() == Some(HandshakeKind::Resumed) => {
            How::Resumed
        }
        Over::Early(_) | Over::Resumed(_) => How::Refused,
        Over::Beside(_) | Over::Fresh | Over::Kept(_) | Over::Stream(_) => How::Fresh,
    }
}

/// One request on a connection of its own.
async fn speak(io: DuplexStream, request: &Request<'_>, client: &Client) -> Made {
    let wire = request.wire;
    let Some(name) = client::server_name(wire) else { return unconfigured() };
    if !matches!(wire.transport, Transport::Tls13 | Transport::Tls13Fragmented) {
        return Made::default();
    }
    let tickets = client.tickets.count();
    let connector = tokio_rustls::TlsConnector::from(client.config.clone());
    let connector = connector.early_data(matches!(request.over, Over::Early(_)));
    let mut stream = match connector.connect(name, io).await {
        Ok(stream) => stream,
        Err(error) => return ended(&error),
    };
    // What may come early is written before the handshake is over.
    let early = matches!(request.over, Over::Early(_)) && tickets > 0;
    let (kind, answered) = if early {
        let _ = stream.write_all(&wire.request).await;
        let _ = stream.flush().await;
        let silent = Wire { request: Vec::new(), ..wire.clone() };
        let answered = connection::exchange(&mut stream, &silent).await;
        (how(&stream, request.over, tickets), answered)
    } else if wire.alpn == Some("h2") && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        let refused = Handshake::Refused("HTTP/2 was not agreed on".into());
        let observation = Observation { handshake: refused, ..Observation::default() };
        return Made { observation, how: how(&stream, request.over, tickets) };
    } else {
        let kind = how(&stream, request.over, tickets);
        (kind, connection::exchange(stream, wire).await)
    };
    let (bytes, error) = answered;
    let mut observation = Observation::default();
    if bytes.is_empty() {
        observation.handshake = connection::ended(error.as_ref());
        observation.alert = connection::alert(error.as_ref());
    } else {
        observation.handshake = Handshake::Accepted;
        answers::read(&bytes, wire, &mut observation);
        if let (None, refused @ Handshake::Refused(_)) = (&observation.answer, connection::ended(error.as_ref())) {
            observation.handshake = refused;
            observation.alert = connection::alert(error.as_ref());
        }
    }
    Made { observation, how: kind }
}

async fn say_http1(open: &mut Open, wires: &[&Wire]) -> Vec<Observation> {
    let mut seen = Vec::new();
    for wire in wires {
        let mut observation = Observation::default();
        let kept = wire.kept();
        let said = open.stream.write_all(&kept.as_ref().unwrap_or(wire).request).await;
        let mut error = match said {
            Ok(()) => open.stream.flush().await.err(),
            Err(error) => Some(error),
        };
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        while error.is_none() && bytes.len() < MOST {
            observation = Observation::default();
            answers::read(&bytes, wire, &mut observation);
            if observation.answer.is_some() && observation.broken.is_none() {
                break;
            }
            match open.stream.read(&mut piece).await {
                Ok(0) => break,
                Ok(length) => bytes.extend(&piece[..length]),
                Err(failed) => error = Some(failed),
            }
        }
        if bytes.is_empty() {
            observation.broken = None;
            observation.handshake = connection::ended(error.as_ref());
            observation.alert = connection::alert(error.as_ref());
        }
        seen.push(observation);
    }
    seen
}

async fn say_http2(open: &mut Open, wires: &[&Wire]) -> Vec<Observation> {
    let mut bytes = Vec::new();
    let mut streams = Vec::new();
    for wire in wires {
        let stream = open.next_stream;
        open.next_stream += 2;
        bytes.extend(http2::on_stream(&wire.request, stream, stream == 1));
        streams.push(stream);
    }
    let mut error = match open.stream.write_all(&bytes).await {
        Ok(()) => open.stream.flush().await.err(),
        Err(error) => Some(error),
    };
    let mut piece = [0; 4096];
    // Until when answers without an end are listened to.
    let mut until: Option<Instant> = None;
    let messages = loop {
        let messages: Vec<http2::Message> =
            streams.iter().map(|stream| http2::read_stream(&open.received, *stream)).collect();
        if messages.iter().all(|message| message.over) || error.is_some() || open.received.len() >= MOST {
            break messages;
        }
        let patience = endless(&messages);
        if let Some(patience) = patience {
            let until = *until.get_or_insert_with(|| Instant::now() + patience.longest);
            if Instant::now() >= until {
                break messages;
            }
        }
        let reading = open.stream.read(&mut piece);
        let read = match patience {
            Some(patience) => match tokio::time::timeout(patience.silence, reading).await {
                Ok(read) => read,
                Err(_) => break messages,
            },
            None => reading.await,
        };
        match read {
            Ok(0) => break messages,
            Ok(length) => open.received.extend(&piece[..length]),
            Err(failed) => error = Some(failed),
        }
    };
    let seen = messages.into_iter().map(|message| {
        let mut observation = Observation::default();
        answers::read_message(message, &mut observation);
        if observation.answer.is_none() {
            observation.handshake = connection::ended(error.as_ref());
            observation.alert = connection::alert(error.as_ref());
        }
        observation
    });
    seen.collect()
}

/// How long to listen, where every answer that is not over has no end.
fn endless(messages: &[http2::Message]) -> Option<answers::Patience> {
    let open = messages.iter().filter(|message| !message.over);
    let patience: Option<Vec<answers::Patience>> = open.map(|message| answers::begun(&[], Some(message))).collect();
    patience?.into_iter().max_by_key(|patience| patience.longest)
}
