#!/bin/bash -eu
# Builds every target into $OUT, with its seeds, dictionary and options. The engines set RUSTFLAGS, SRC, OUT and WORK.
cd "$SRC/gatecrash"
bash fuzz/clusterfuzz-build.sh
