# Sourced by the scripts that run targets on stable: `fuzz TARGET ARGUMENT…` runs one, after `build_targets`.
#
# Without instrumentation it is one binary of the profile that the tests have, which takes its target from the environment:
# seeds, mutators, oracle and stories are the same, and nothing but itself is compiled. INSTRUMENTED=1 has `cargo fuzz` build
# every target with coverage counters, as for fuzzing in earnest.
if [ -n "${INSTRUMENTED:-}" ]; then export RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc; fi
build_targets() {
  if [ -z "${INSTRUMENTED:-}" ]; then cargo build --quiet --workspace --bin case; fi
}
fuzz() {
  local target=$1
  shift
  if [ -n "${INSTRUMENTED:-}" ]; then
    cargo fuzz run -s none "$target" "$@"
  else
    [ "${1:-}" != -- ] || shift
    local folders=() flags=() past=
    for argument in "$@"; do
      if [ "$argument" = -- ]; then past=1; elif [ -n "$past" ]; then flags+=("$argument"); else folders+=("$argument"); fi
    done
    mkdir -p "fuzz/artifacts/$target"
    GATECRASH_TARGET=$target target/debug/case -artifact_prefix="fuzz/artifacts/$target/" "${flags[@]}" "${folders[@]}"
  fi
}
