//! `main!`: the command line for somebody's gate, where it is compiled in.

/// The whole command line for one gate, as `fn main`.
///
/// The policy's path is relative to the crate. `world` gives other [`WorldOptions`](crate::world::WorldOptions), such as the system clock.
///
/// ```no_run
/// fn gate(_: &gatecrash::World) -> gatecrash::Gate {
///     gatecrash::Gate::serve(|_io| async {})
/// }
/// gatecrash::main!(gate, policy = "gate.toml");
/// ```
///
/// The command line is compiled when it is asked for, with the feature `cli`, so that a build of the tests goes without it:
///
/// ```text
/// cargo run --release --features gatecrash/cli --example gatecrash -- --help
/// ```
#[macro_export]
macro_rules! main {
    ($gate:path, policy = $policy:expr) => {
        $crate::main!($gate, policy = $policy, world = $crate::WorldOptions::default());
    };
    ($gate:path, policy = $policy:expr, world = $world:expr) => {
        fn main() -> ::std::process::ExitCode {
            let policy = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($policy);
            let command =
                concat!("cargo run --release --features gatecrash/cli --example ", env!("CARGO_CRATE_NAME"), " --");
            $crate::command_line($crate::factory!($gate), policy, $world, command)
        }
    };
}

/// What `main!` calls in a build without the command line: an error that says how to get it.
#[cfg(not(feature = "cli"))]
#[doc(hidden)]
pub fn command_line(
    _: crate::gate::factory::Factory,
    _: std::path::PathBuf,
    _: crate::world::WorldOptions,
    command: &str,
) -> std::process::ExitCode {
    eprintln!("error: this program was built without its command line; run `{command} --help`");
    std::process::ExitCode::from(2)
}
