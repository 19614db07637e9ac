#!/usr/bin/env bash
# Every target for so many seconds on stable, from its corpus: [INSTRUMENTED=1] fuzz/smoke.sh SECONDS [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/.."
source fuzz/binary.sh
seconds=$1
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then mapfile -t targets < <(basename -s .rs fuzz/fuzz_targets/*.rs); fi
build_targets
for target in "${targets[@]}"; do
  mkdir -p "fuzz/corpus/$target"
  flags=(-max_total_time="$seconds" -max_len=8192 -len_control=0 -timeout=25 -rss_limit_mb=2560 -print_final_stats=1)
  if [ -f "fuzz/dictionaries/$target.dict" ]; then flags+=(-dict="fuzz/dictionaries/$target.dict"); fi
  if ! fuzz "$target" "fuzz/corpus/$target" "${flags[@]}" >"/tmp/gatecrash-smoke-$target.log" 2>&1; then
    grep -v '^#[0-9]' "/tmp/gatecrash-smoke-$target.log" | tail -n 80
    echo "target $target has a finding"
    exit 1
  fi
  # The share that reached handshake, token and handler.
  grep -a "^$target: " "/tmp/gatecrash-smoke-$target.log" || { echo "target $target told nothing of what it reached"; exit 1; }
done
