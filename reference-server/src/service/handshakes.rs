//! Handshakes in progress: so many in all, and so many from one address. Who comes when all places are taken gets the
//! place of the oldest that has not finished: an honest handshake takes milliseconds, one that is held open yields. Who
//! has sent no complete ClientHello yields before who has.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// The places.
pub(super) struct Handshakes {
    most: usize,
    most_of_address: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// By the order in which they began.
    under_way: BTreeMap<u64, Handshake>,
    /// How many each address has.
    by_address: HashMap<IpAddr, usize>,
}

/// One handshake in progress.
struct Handshake {
    address: IpAddr,
    yields: Arc<Notify>,
    /// Whether its ClientHello has come.
    greeted: bool,
}

/// A place; it is free when this is dropped.
pub(super) struct Place {
    handshakes: Arc<Handshakes>,
    number: u64,
    yields: Arc<Notify>,
}

impl Handshakes {
    pub(super) fn new(most: usize, most_of_address: usize) -> Arc<Handshakes> {
        Arc::new(Handshakes { most, most_of_address, state: Mutex::default() })
    }

    /// Whether another has to give way for a client at this address.
    pub(super) fn is_full(&self, address: IpAddr) -> bool {
        let state = self.lock();
        let of_address = state.by_address.get(&counted_as(address)).copied().unwrap_or_default();
        of_address >= self.most_of_address || state.under_way.len() >= self.most
    }

    /// A place for a client at this address. Another gives way when there is none.
    pub(super) fn enter(self: &Arc<Handshakes>, address: IpAddr) -> Place {
        let address = counted_as(address);
        let yields = Arc::new(Notify::new());
        let mut state = self.lock();
        if state.by_address.get(&address).is_some_and(|count| *count >= self.most_of_address) {
            state.yield_oldest_of(address);
        } else if state.under_way.len() >= self.most {
            state.yield_oldest();
        }
        let number = state.next;
        state.next += 1;
        state.under_way.insert(number, Handshake { address, yields: Arc::clone(&yields), greeted: false });
        *state.by_address.entry(address).or_default() += 1;
        Place { handshakes: Arc::clone(self), number, yields }
    }

    /// Has one give way, for whoever needs its socket.
    pub(super) fn yield_oldest(&self) {
        self.lock().yield_oldest();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The oldest of the address that has the most: whoever fills all places loses theirs first.
    fn yield_oldest(&mut self) {
        let greedy = self.by_address.iter().max_by_key(|(_, count)| **count).map(|(address, _)| *address);
        if let Some(address) = greedy {
            self.yield_oldest_of(address);
        }
    }

    fn yield_oldest_of(&mut self, address: IpAddr) {
        let of_address = || self.under_way.iter().filter(|(_, handshake)| handshake.address == address);
        let oldest = of_address().find(|(_, handshake)| !handshake.greeted).or_else(|| of_address().next());
        let oldest = oldest.map(|(number, _)| *number);
        if let Some(number) = oldest
            && let Some(handshake) = self.remove(number)
        {
            handshake.yields.notify_one();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Handshake> {
        let handshake = self.under_way.remove(&number)?;
        let address = handshake.address;
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        Some(handshake)
    }
}

impl Place {
    /// A stream that notes when the first record has come in, which is the ClientHello of an honest client.
    pub(super) fn watch<IO>(&self, stream: IO) -> Watched<IO> {
        let greets = Some((Arc::clone(&self.handshakes), self.number));
        Watched { stream, greets, octets: 0, header: [0; HEADER] }
    }

    /// Done when the place has been given to somebody else.
    pub(super) async fn yielded(&self) {
        self.yields.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.handshakes.lock().remove(self.number);
    }
}

/// A stream whose first record is noted.
pub(super) struct Watched<IO> {
    stream: IO,
    greets: Option<(Arc<Handshakes>, u64)>,
    /// How much of the first record has come, and its header.
    octets: usize,
    header: [u8; HEADER],
}

/// Octets of a record's header (RFC 8446 §5.1).
const HEADER: usize = 5;

impl<IO> Watched<IO> {
    /// Notes what came in, until the first record is complete.
    fn hear(&mut self, heard: &[u8]) {
        let missing = HEADER.saturating_sub(self.octets);
        for (place, octet) in self.header[HEADER - missing..].iter_mut().zip(heard) {
            *place = *octet;
        }
        self.octets += heard.len();
        let [_, _, _, high, low] = self.header;
        let length = HEADER + usize::from(u16::from_be_bytes([high, low]));
        if self.octets > HEADER
            && self.octets >= length
            && let Some((handshakes, number)) = self.greets.take()
            && let Some(handshake) = handshakes.lock().under_way.get_mut(&number)
        {
            handshake.greeted = true;
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Watched<IO> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        if self.greets.is_some() {
            self.hear(&into.filled()[before..]);
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Watched<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, octets)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Who has one address of IPv6 has 2^64 of them.
fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::io::AsyncReadExt as _;

    use super::{Handshakes, Place, counted_as};

    /// Whether a place has been given away.
    fn is_gone(place: &Place) -> bool {
        !place.handshakes.lock().under_way.contains_key(&place.number)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_oldest_of_the_greediest_yields() {
        let handshakes = Handshakes::new(5, 3);
        let (honest, greedy) = (address("192.0.2.1"), address("192.0.2.2"));
        let first = handshakes.enter(honest);
        let others = [0; 3].map(|_| handshakes.enter(greedy));
        // The address has its share.
        let fourth = handshakes.enter(greedy);
        assert!(is_gone(&others[0]) && !is_gone(&others[1]) && !is_gone(&first));
        let second = handshakes.enter(honest);
        // All places are taken.
        let third = handshakes.enter(address("192.0.2.3"));
        assert!(is_gone(&others[1]) && !is_gone(&first));
        drop((first, second, third, fourth, others));
        assert!(handshakes.lock().under_way.is_empty() && handshakes.lock().by_address.is_empty());
    }

    #[tokio::test]
    async fn who_has_greeted_yields_last() {
        const HELLO: &[u8] = b"\x16\x03\x01\0\x04\x01\0\0\0";
        let handshakes = Handshakes::new(10, 2);
        let address = address("192.0.2.1");
        let greet = async |place: &Place, octets: &[u8]| {
            let mut watched = place.watch(octets);
            // Octet by octet, as a network may have it.
            let mut octet = [0];
            while watched.read(&mut octet).await.unwrap() > 0 {}
        };
        let honest = handshakes.enter(address);
        greet(&honest, HELLO).await;
        let half = handshakes.enter(address);
        greet(&half, &HELLO[..7]).await;
        let another = handshakes.enter(address);
        assert!(!is_gone(&honest) && is_gone(&half), "half a hello yields, though it is younger");
        greet(&another, HELLO).await;
        let _last = handshakes.enter(address);
        assert!(is_gone(&honest) && !is_gone(&another), "of those that have greeted, the oldest");
    }

    #[test]
    fn addresses_count_as_their_owners() {
        assert_eq!(counted_as(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
        assert_eq!(counted_as(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
