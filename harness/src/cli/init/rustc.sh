#!/usr/bin/env bash
# Compiles the harness without coverage counters, so that only the gate and its stack guide the fuzzer: what the forge, the
# mirror and the oracle do says nothing of the gate, and would be most of what libFuzzer has to look at.
# For cargo: RUSTC_WRAPPER=$PWD/fuzz/rustc, or RUSTC_WORKSPACE_WRAPPER where the harness is in the workspace itself. All else
# is passed on as it is.
set -euo pipefail
compiler=$1
shift
harness=no
for argument in "$@"; do
  case $argument in gatecrash | gatecrash_corpus | gatecrash_model) harness=yes ;; esac
done
kept=()
for argument in "$@"; do
  case $harness:$argument in
    yes:-Cpasses=sancov-module | yes:-Cllvm-args=-sanitizer-coverage-*) ;;
    *) kept+=("$argument") ;;
  esac
done
exec "$compiler" "${kept[@]}"
