#!/usr/bin/env bash
# What coverage feedback buys: time to find each gate from honest seeds alone, with and without it, on one core.
# fuzz/guidance.sh RUNS LIMIT [GATE:TARGET…] writes a table to stdout; fuzz/guidance.txt names gates and targets.
# Without feedback, the same binary keeps no mutant (GATECRASH_FEEDBACK=off): each starts from a seed.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=$1 limit=$2
shift 2
gates=("$@")
[ ${#gates[@]} -gt 0 ] || mapfile -t gates < <(grep -v '^#' fuzz/guidance.txt)
binaries=${BINARIES:-$PWD/target/x86_64-unknown-linux-gnu/release}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo "| gate | target | with feedback: found, median | without: found, median |"
echo "|---|---|---|---|"
for entry in "${gates[@]}"; do
  gate=${entry%%:*} target=${entry##*:}
  rm -rf "${scratch:?}/seeds"
  cargo gatecrash corpus seed --gate "$gate" --target "$target" --controls --out "$scratch/seeds" >/dev/null
  row="| \`$gate\` | \`$target\` |"
  for feedback in on off; do
    found=0 times=()
    for seed in $(seq "$runs"); do
      start=$(date +%s%N)
      status=0
      rm -rf "$scratch/corpus" && mkdir "$scratch/corpus"
      (cd "$scratch" && GATECRASH_GATE=$gate GATECRASH_FEEDBACK=$feedback "$binaries/$target" corpus "seeds/$target" \
        -seed="$seed" -max_total_time="$limit" -max_len=8192 -len_control=0 >"$scratch/log" 2>&1) || status=$?
      if [ "$status" -ne 0 ] && grep -q "^Gatecrash: target" "$scratch/log"; then
        found=$((found + 1))
        times+=($((($(date +%s%N) - start) / 100000000)))
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
