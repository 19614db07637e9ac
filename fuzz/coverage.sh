#!/usr/bin/env bash
# What a corpus covers of the reference server's authentication code: fuzz/coverage.sh TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
cargo +nightly fuzz coverage "$target" "fuzz/corpus/$target"
host=$(rustc +nightly -vV | sed -n 's/^host: //p')
tools=$(rustc +nightly --print sysroot)/lib/rustlib/$host/bin
binary=$(find target -path "*coverage*/$target" -type f -perm -u+x | head -n 1)
"$tools/llvm-cov" report "$binary" -instr-profile="fuzz/coverage/$target/coverage.profdata" \
  reference-server/src >"fuzz/coverage/$target.txt"
cat "fuzz/coverage/$target.txt"
