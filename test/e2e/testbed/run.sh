#!/usr/bin/env bash
#
# run.sh [mode] builds the servers and the test-bed, and executes the test-bed in its
# own process, so that the test-bed receives Ctrl-C. TRUSTGEN_E2E_BIN is the program
# trustgen; the test-bed is built into the same directory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

TRUSTGEN_E2E_KUBE=$(../servers/build.sh kube)
TRUSTGEN_E2E_ISTIO=$(../servers/build.sh istio)
export TRUSTGEN_E2E_KUBE TRUSTGEN_E2E_ISTIO
testbed=${TRUSTGEN_E2E_BIN%/*}/testbed
go build -o "$testbed" ./testbed
echo "starting two clusters …" >&2
exec "$testbed" "$@"
