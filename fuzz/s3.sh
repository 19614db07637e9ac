#!/usr/bin/env bash
# Starts an S3-compatible server on 127.0.0.1 (moto, from PyPI) and runs the test of two writers against it.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${PORT:-5557} scratch=$(mktemp -d)
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet 'moto[server,s3]==5.2.5'
"$scratch/venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$scratch/log" 2>&1 &
server=$!
trap 'kill $server; rm -rf "$scratch"' EXIT
for _ in $(seq 50); do curl -fs "http://127.0.0.1:$port/" >/dev/null && break; sleep 0.2; done
curl -fsS -X PUT "http://127.0.0.1:$port/gatecrash" >/dev/null
export AWS_ENDPOINT="http://127.0.0.1:$port" AWS_ALLOW_HTTP=true AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test GATECRASH_S3=s3://gatecrash
cargo test -p gatecrash-tests --features cloud two_writers_share_a_bucket -- --ignored --nocapture
