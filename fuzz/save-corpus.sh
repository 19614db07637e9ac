#!/usr/bin/env bash
# Adds fetched corpora (one folder a target) to the branch `corpus`; nothing on it is removed: fuzz/save-corpus.sh DIR
set -euo pipefail
cd "$(dirname "$0")/.."
fetched=$(realpath "$1")
tree=$(mktemp -d)
trap 'git worktree remove --force "$tree" 2>/dev/null || true' EXIT
if git fetch origin corpus; then
  git worktree add --detach "$tree" FETCH_HEAD
else
  git worktree add --detach "$tree"
  git -C "$tree" checkout --orphan corpus
  git -C "$tree" rm -rfq .
fi
mkdir -p "$tree/corpus"
cargo gatecrash corpus merge "$fetched" --out "$tree/corpus"
git -C "$tree" add corpus
git -C "$tree" diff --cached --quiet && exit 0
git -C "$tree" -c user.name=corpus -c user.email=corpus@users.noreply.github.com commit -qm "Corpus of a night"
git -C "$tree" push origin HEAD:corpus
