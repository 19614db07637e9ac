#!/usr/bin/env bash
# Builds targets into $OUT by the conventions of ClusterFuzz: <target>, <target>_seed_corpus.zip, .dict, .options.
# RUSTFLAGS come from the engine. Arguments name targets; all of them without. GATECRASH is the command line, where it is built.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then mapfile -t targets < <(cargo fuzz list); fi
# Seeds are written by the command line, which is no fuzz binary and takes none of the engine's flags.
seeds=${WORK:-target}/seeds
env -u RUSTFLAGS -u CFLAGS -u CXXFLAGS ${GATECRASH:-cargo gatecrash} corpus seed --out "$seeds" >/dev/null
export RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc
if [ ${#targets[@]} -eq 1 ]; then cargo fuzz build -O "${targets[0]}"; else cargo fuzz build -O; fi
for target in "${targets[@]}"; do
  cp "target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
  rm -f "$OUT/${target}_seed_corpus.zip"
  (cd "$seeds/$target" && zip -qr "$OUT/${target}_seed_corpus.zip" .)
  {
    echo "[libfuzzer]"
    echo "max_len = 8192"
    echo "len_control = 0"
    echo "timeout = 25"
    echo "rss_limit_mb = 2560"
    if [ -f "fuzz/dictionaries/$target.dict" ]; then
      cp "fuzz/dictionaries/$target.dict" "$OUT/"
      echo "dict = $target.dict"
    fi
  } >"$OUT/$target.options"
done
