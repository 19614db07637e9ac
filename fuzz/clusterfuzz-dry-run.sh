#!/usr/bin/env bash
# What the distributed engines do, without Docker: build.sh with their flags, then every binary away from home, on a
# read-only directory, with an empty environment. Arguments name targets; all of them without.
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
fail() { echo "dry run: $*" >&2; exit 1; }
command -v zip >/dev/null || fail "needs zip"
command -v unzip >/dev/null || fail "needs unzip"

export SRC=$scratch/src OUT=$scratch/out WORK=$scratch/work
mkdir -p "$SRC" "$OUT" "$WORK" "$scratch/seeds"
ln -s "$root" "$SRC/gatecrash"
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then mapfile -t targets < <(cd "$root" && cargo fuzz list); fi

echo "== build.sh with the engines' flags"
export RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cdebuginfo=1 -Cforce-frame-pointers"
export RUSTUP_TOOLCHAIN=nightly
if [ $# -eq 0 ]; then
  bash "$root/.clusterfuzzlite/build.sh"
else
  (cd "$SRC/gatecrash" && for target in "${targets[@]}"; do bash fuzz/clusterfuzz-build.sh "$target"; done)
fi
unset RUSTFLAGS

echo "== names, dictionaries, options"
away=$scratch/away
mv "$OUT" "$away"
for target in "${targets[@]}"; do
  [ -x "$away/$target" ] || fail "there is no $target"
  [[ $target =~ ^[a-z0-9_]+$ ]] || fail "$target is no name that the engines take"
  unzip -qo "$away/${target}_seed_corpus.zip" -d "$scratch/seeds/$target" || fail "$target has no seeds"
  grep -q '^\[libfuzzer\]$' "$away/$target.options" || fail "$target has no options"
  if grep -q '^dict' "$away/$target.options"; then
    [ -f "$away/$target.dict" ] || fail "$target has no dictionary"
    grep -vqE '^(#.*|"([^"\\]|\\["\\]|\\x[0-9A-F]{2})+")?$' "$away/$target.dict" && fail "$target.dict has a broken line"
  fi
  # Nothing that the runner's image lacks.
  ldd "$away/$target" | grep -E 'not found|libstd-|libssl|libcrypto' && fail "$target is linked with more than the system's libraries"
done

echo "== every binary on its seeds, and on four random runs"
chmod -R a-w "$away"
for target in "${targets[@]}"; do
  for run in "-runs=0 $scratch/seeds/$target" "-runs=4"; do
    # shellcheck disable=SC2086
    (cd "$away" && env -i "./$target" -timeout=25 -rss_limit_mb=2560 -max_len=8192 -len_control=0 -seed=1 $run) \
      >"$scratch/$target.log" 2>&1 || { tail -n 40 "$scratch/$target.log"; fail "$target fails with $run"; }
  done
  grep "^$target: " "$scratch/$target.log" || fail "$target told nothing of what it reached"
done

if [ "${COVERAGE:-1}" = 1 ]; then
  echo "== the coverage build"
  (cd "$root/fuzz" && RUSTFLAGS="-Cinstrument-coverage --cfg fuzzing" CARGO_TARGET_DIR="${COVERAGE_TARGET:-$root/target/coverage-build}" \
    cargo build --bins)
fi
echo "The dry run passes: ${#targets[@]} targets."
