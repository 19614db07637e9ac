#!/usr/bin/env bash
# A planted gate must make the real fuzz binary exit non-zero, with the story printed; from honest inputs alone.
# [INSTRUMENTED=1] fuzz/planted.sh [GATE TARGET]
set -euo pipefail
cd "$(dirname "$0")/.."
source fuzz/binary.sh
gate=${1:-signature-ignored} target=${2:-claims}
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
cargo gatecrash corpus seed --gate "$gate" --target "$target" --controls --out "$seeds" >/dev/null
status=0
build_targets
GATECRASH_GATE=$gate fuzz "$target" "$seeds/$target" \
  -max_total_time=120 -max_len=8192 -len_control=0 -seed=1 >"$seeds/log" 2>&1 || status=$?
if [ "$status" -eq 0 ]; then
  echo "target $target found nothing at gate $gate within 120 s"
  exit 1
fi
for line in "Gatecrash: target \`$target\`, gate \`$gate\`" "rule " "fix " "CWE-" "cargo gatecrash replay" "cargo fuzz run -s none $target"; do
  grep -qF -- "$line" "$seeds/log" || { tail -n 60 "$seeds/log"; echo "the story lacks: $line"; exit 1; }
done
sed -n '/^Gatecrash: target/,/^format/p' "$seeds/log" | head -n 20
echo "found, with exit status $status"
