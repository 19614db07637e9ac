//! Handshakes in progress: so many in all, and so many from one address. Who comes when all places are taken gets the
//! place of the oldest that has not finished: an honest handshake takes milliseconds, one that is held open yields.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    under_way: BTreeMap<u64, (IpAddr, Arc<Notify>)>,
    /// How many each address has.
    by_address: HashMap<IpAddr, usize>,
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
        state.under_way.insert(number, (address, Arc::clone(&yields)));
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
        let oldest = self.under_way.iter().find(|(_, (of, _))| *of == address).map(|(number, _)| *number);
        if let Some(number) = oldest
            && let Some((_, yields)) = self.remove(number)
        {
            yields.notify_one();
        }
    }

    fn remove(&mut self, number: u64) -> Option<(IpAddr, Arc<Notify>)> {
        let (address, yields) = self.under_way.remove(&number)?;
        if let Some(count) = self.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        Some((address, yields))
    }
}

impl Place {
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

    #[test]
    fn addresses_count_as_their_owners() {
        assert_eq!(counted_as(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
        assert_eq!(counted_as(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
