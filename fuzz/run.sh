#!/usr/bin/env bash
# One target with AddressSanitizer on nightly, from its corpus: fuzz/run.sh TARGET SECONDS
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc
target=$1 seconds=$2
mkdir -p "fuzz/corpus/$target"
flags=(-max_total_time="$seconds" -max_len=8192 -len_control=0 -timeout=25 -rss_limit_mb=2560)
if [ -f "fuzz/dictionaries/$target.dict" ]; then flags+=(-dict="fuzz/dictionaries/$target.dict"); fi
exec cargo +nightly fuzz run "$target" "fuzz/corpus/$target" -- "${flags[@]}"
