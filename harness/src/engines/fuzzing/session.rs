//! The life of a fuzz binary: it starts with a gate or not at all, and ends with what it reached, or with a story.

use super::{Engine, Fuzzer, Story, Surface};
use crate::{attacks::input::InputError, campaign::specimen::Exhibit};

/// A fuzzer as [`fuzz!`](crate::fuzz!) uses it: what goes wrong ends the process.
pub struct Session {
    fuzzer: Fuzzer,
    /// Whether nothing but the seeds is kept, to measure what feedback buys.
    blind: bool,
    /// Whether the seeds are done.
    mutating: std::cell::Cell<bool>,
}

/// Set to `off`, the environment variable that takes the engine's feedback away: no mutant is worth keeping.
pub const FEEDBACK_VARIABLE: &str = "GATECRASH_FEEDBACK";

impl Session {
    /// Ends the process with one clear sentence when there is no gate to fuzz.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// use gatecrash::fuzzing::{Session, Surface};
    /// let mut session = Session::open(Surface::Case, Ok(vec![exhibit]), "cargo run --example gatecrash --");
    /// assert!(!session.attempt(b"no case"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn open(surface: Surface, exhibits: Result<Vec<Exhibit>, InputError>, command: &str) -> Self {
        let opened = exhibits.map_err(|error| error.to_string()).and_then(|exhibits| {
            Fuzzer::of_environment(surface, &exhibits, command).map_err(|error| error.to_string())
        });
        match opened {
            Ok(fuzzer) => {
                let blind = std::env::var(FEEDBACK_VARIABLE).is_ok_and(|value| value == "off");
                Self { fuzzer, blind, mutating: false.into() }
            }
            Err(error) => {
                eprintln!("error: {error}");
                std::process::exit(2);
            }
        }
    }

    /// Whether the input is worth keeping. A finding prints its story and aborts, which is what libFuzzer listens for.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// # use gatecrash::{input::write_case, model::{Case, Person, Stance}};
    /// # use gatecrash::fuzzing::{Session, Surface};
    /// let mut session = Session::open(Surface::Case, Ok(vec![exhibit]), "");
    /// let honest = write_case(&Case::one(Stance::Complete(Person::Alice), "GET /v1/whoami", vec![]));
    /// assert!(session.attempt(honest.as_bytes()));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn attempt(&mut self, input: &[u8]) -> bool {
        match self.fuzzer.attempt(input) {
            Ok(kept) => kept && !(self.blind && self.mutating.get()),
            Err(story) => stop(&story),
        }
    }

    /// Changes the first `size` octets of `data` in place; the new size, at most `max_size`.
    ///
    /// `bytes` is the engine's own mutator.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// # use gatecrash::fuzzing::{Session, Surface};
    /// # fn engine(data: &mut [u8], size: usize, _most: usize) -> usize {
    /// #     data[..size].reverse();
    /// #     size
    /// # }
    /// let session = Session::open(Surface::Case, Ok(vec![exhibit]), "");
    /// let mut data = [0; 4096];
    /// // In place of `engine`, `libfuzzer_sys::fuzzer_mutate`.
    /// let size = session.mutate(&mut data, 0, 4096, 7, engine);
    /// assert!(data[..size].starts_with(b"format = 3"));
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn mutate(&self, data: &mut [u8], size: usize, max_size: usize, seed: u32, bytes: Engine) -> usize {
        self.mutating.set(true);
        self.fuzzer.mutate(data, size, max_size, seed, bytes)
    }

    /// Writes something of both into `out`; its size.
    ///
    /// ```
    /// # let policy = gatecrash::example::policy();
    /// # use gatecrash::example::gate;
    /// # let world = gatecrash::WorldOptions::default();
    /// # let target = gatecrash::campaign::Target { factory: gatecrash::factory!(gate), policy, world };
    /// # let exhibit = gatecrash::__internals::exhibit::Exhibit::own(target);
    /// # use gatecrash::fuzzing::{Session, Surface};
    /// let session = Session::open(Surface::RawHttp, Ok(vec![exhibit]), "");
    /// let mut out = [0; 8];
    /// assert!(session.cross(b"GET / HTTP/1.1\r\n", b"PUT / HTTP/1.0\r\n", &mut out, 7) <= 8);
    /// # Ok::<(), gatecrash::BoxError>(())
    /// ```
    pub fn cross(&self, one: &[u8], other: &[u8], out: &mut [u8], seed: u32) -> usize {
        let made = self.fuzzer.cross(one, other, seed, out.len());
        let size = made.len().min(out.len());
        out[..size].copy_from_slice(&made[..size]);
        size
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        eprintln!("{}", self.fuzzer.reached());
    }
}

fn stop(story: &Story) -> ! {
    eprintln!("{story}");
    std::process::abort();
}
