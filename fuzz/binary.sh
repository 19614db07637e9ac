# Sourced by the scripts that run targets on stable: `fuzz TARGET FOLDER FLAG…` runs one from a folder of inputs, after `build_targets`.
#
# Without instrumentation it is one binary of the profile that the tests have, which takes its target from the environment:
# seeds, mutators, oracle and stories are the same, and nothing but itself is compiled. INSTRUMENTED=1 has `cargo fuzz` build
# every target with coverage counters, as for fuzzing in earnest.
if [ -n "${INSTRUMENTED:-}" ]; then export RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc; fi
build_targets() {
  if [ -z "${INSTRUMENTED:-}" ]; then cargo build --quiet --workspace --bin case; fi
}
fuzz() {
  local target=$1 folder=$2
  shift 2
  if [ -n "${INSTRUMENTED:-}" ]; then
    cargo fuzz run -s none "$target" "$folder" -- "$@"
  else
    mkdir -p "fuzz/artifacts/$target"
    GATECRASH_TARGET=$target target/debug/case -artifact_prefix="fuzz/artifacts/$target/" "$@" "$folder"
  fi
}
