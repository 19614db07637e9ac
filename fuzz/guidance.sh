#!/usr/bin/env bash
# What coverage feedback buys: time to find each gate from honest seeds alone, with and without it, on one core.
# fuzz/guidance.sh RUNS LIMIT [GATE:TARGET…] writes a table to stdout; fuzz/guidance.txt names gates and targets.
# LIMIT and times are seconds of processor time, which a busy machine changes little. Without feedback, the same binary
# keeps no mutant (GATECRASH_FEEDBACK=off): each starts from a seed.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=$1 limit=$2
shift 2
gates=("$@")
[ ${#gates[@]} -gt 0 ] || mapfile -t gates < <(grep -v '^#' fuzz/guidance.txt)
binaries=${BINARIES:-$PWD/target/x86_64-unknown-linux-gnu/release}
command=${GATECRASH:-cargo gatecrash}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
TIMEFORMAT='%U %S'

# One run: prints the processor time in tenths of a second, and succeeds when a finding was told.
attempt() {
  rm -rf "$scratch/corpus" && mkdir "$scratch/corpus"
  # The limit ends the process, which libFuzzer's own limit of wall time would do too early on a busy machine.
  { time (cd "$scratch" && ulimit -t "$limit" && ulimit -c 0 && GATECRASH_GATE=$1 GATECRASH_FEEDBACK=$3 "$binaries/$2" \
    corpus "seeds/$2" -seed="$4" -max_len=8192 -len_control=0 >log 2>&1) || true; } 2>"$scratch/time"
  tail -n 1 "$scratch/time" | awk '{ printf "%d\n", ($1 + $2) * 10 }'
  grep -q "^Gatecrash: target" "$scratch/log"
}

echo "| gate | target | with feedback: found, median | without: found, median |"
echo "|---|---|---|---|"
for entry in "${gates[@]}"; do
  gate=${entry%%:*} target=${entry##*:}
  rm -rf "${scratch:?}/seeds"
  $command corpus seed --gate "$gate" --target "$target" --controls --out "$scratch/seeds" >/dev/null
  row="| \`$gate\` | \`$target\` |"
  for feedback in on off; do
    found=0 times=()
    for seed in $(seq "$runs"); do
      if tenths=$(attempt "$gate" "$target" "$feedback" "$seed"); then
        found=$((found + 1))
        times+=("$tenths")
      fi
    done
    if [ "$found" -gt 0 ]; then
      median=$(printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((found + 1) / 2))p")
      row+=" $found of $runs, $((median / 10)).$((median % 10)) s |"
    else
      row+=" 0 of $runs |"
    fi
  done
  echo "$row"
done
