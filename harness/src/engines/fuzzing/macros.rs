//! `fuzz!`: a whole fuzz target. It names `libfuzzer_sys` in the crate that calls it; the harness does not depend on it.

/// A fuzz target for somebody's gate, as the whole of a file below `fuzz_targets/` that begins with `#![no_main]`.
///
/// The crate needs `libfuzzer-sys`. The policy's path is relative to the crate, and the file is embedded, so that the
/// binary needs nothing beside it. `target` names a [`Surface`](crate::attacks::casefile::Surface); without it, `Case`. The second
/// form takes a slice of [`Exhibit`](crate::campaign::specimen::Exhibit)s, of which the environment variable `GATECRASH_GATE` chooses.
///
/// ```no_run
/// #![no_main]
/// # // What `libfuzzer-sys` has of all this.
/// # extern crate self as libfuzzer_sys;
/// # pub mod arbitrary {
/// #     pub type Result<T> = std::result::Result<T, ()>;
/// #     pub struct Unstructured<'a>(&'a [u8]);
/// #     impl<'a> Unstructured<'a> {
/// #         pub fn len(&self) -> usize { self.0.len() }
/// #         pub fn bytes(&mut self, length: usize) -> Result<&'a [u8]> { self.0.get(..length).ok_or(()) }
/// #     }
/// #     pub trait Arbitrary<'a>: Sized {
/// #         fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self>;
/// #     }
/// # }
/// # pub enum Corpus { Keep, Reject }
/// # pub fn fuzzer_mutate(_: &mut [u8], size: usize, _: usize) -> usize { size }
/// # #[macro_export]
/// # macro_rules! fuzz_target {
/// #     (init: $init:expr, |$input:ident: $type:ty| -> $kept:ty $body:block) => {
/// #         pub fn init() { $init }
/// #         pub fn target($input: $type) -> $kept $body
/// #     };
/// # }
/// # #[macro_export]
/// # macro_rules! fuzz_mutator {
/// #     (|$data:ident: $a:ty, $size:ident: $b:ty, $most:ident: $c:ty, $seed:ident: $d:ty| $body:block) => {
/// #         pub fn mutator($data: $a, $size: $b, $most: $c, $seed: $d) -> usize $body
/// #     };
/// # }
/// # #[macro_export]
/// # macro_rules! fuzz_crossover {
/// #     (|$one:ident: $a:ty, $other:ident: $b:ty, $out:ident: $c:ty, $seed:ident: $d:ty| $body:block) => {
/// #         pub fn crossover($one: $a, $other: $b, $out: $c, $seed: $d) -> usize $body
/// #     };
/// # }
/// # mod my_fuzz { pub fn gate(_: &gatecrash::World) -> gatecrash::Gate { gatecrash::Gate::serve(|_io| async {}) } }
/// # fn main() {}
/// gatecrash::fuzz!(my_fuzz::gate, policy = "src/cli/init/gate.toml", target = Claims);
/// ```
#[macro_export]
macro_rules! fuzz {
    ($gate:path, policy = $policy:literal) => {
        $crate::fuzz!($gate, policy = $policy, target = Case);
    };
    ($gate:path, policy = $policy:literal, target = $surface:ident) => {
        $crate::fuzz!($gate, policy = $policy, target = $surface, world = $crate::WorldOptions::default());
    };
    ($gate:path, policy = $policy:literal, target = $surface:ident, world = $world:expr) => {
        $crate::fuzz!(@target $surface, "cargo run --release --features gatecrash/cli --example gatecrash --", {
            let policy = ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", $policy));
            $crate::__internals::exhibit::Exhibit::single($crate::factory!($gate), $policy, policy, $world).map(|it| ::std::vec![it])
        });
    };
    (exhibits = $exhibits:expr, target = $surface:ident) => {
        $crate::fuzz!(@target $surface, "cargo gatecrash", $exhibits);
    };
    (@target $surface:ident, $command:literal, $exhibits:expr) => {
        ::std::thread_local! {
            static FUZZER: ::core::cell::RefCell<$crate::fuzzing::Session> = ::core::cell::RefCell::new(
                $crate::fuzzing::Session::open($crate::fuzzing::Surface::$surface, $exhibits, $command),
            );
        }

        struct Input(::std::vec::Vec<u8>);

        impl<'a> ::libfuzzer_sys::arbitrary::Arbitrary<'a> for Input {
            fn arbitrary(
                bytes: &mut ::libfuzzer_sys::arbitrary::Unstructured<'a>,
            ) -> ::libfuzzer_sys::arbitrary::Result<Self> {
                let length = bytes.len();
                ::core::result::Result::Ok(Self(bytes.bytes(length)?.to_vec()))
            }
        }

        impl ::core::fmt::Debug for Input {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&$crate::fuzzing::TargetInput(&self.0), f)
            }
        }

        ::libfuzzer_sys::fuzz_target!(init: FUZZER.with(|_| ()), |input: Input| -> ::libfuzzer_sys::Corpus {
            match FUZZER.with_borrow_mut(|fuzzer| fuzzer.attempt(&input.0)) {
                true => ::libfuzzer_sys::Corpus::Keep,
                false => ::libfuzzer_sys::Corpus::Reject,
            }
        });

        ::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            FUZZER.with_borrow(|fuzzer| fuzzer.mutate(data, size, max_size, seed, ::libfuzzer_sys::fuzzer_mutate))
        });

        ::libfuzzer_sys::fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
            FUZZER.with_borrow(|fuzzer| fuzzer.cross(one, other, out, seed))
        });
    };
}
