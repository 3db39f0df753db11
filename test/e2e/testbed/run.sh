#!/usr/bin/env bash
#
# run.sh [mode] builds what the test-bed needs and becomes the test-bed, so that
# Ctrl-C is its own. TRUSTGEN_E2E_BIN is the program trustgen; the test-bed is built
# beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

TRUSTGEN_E2E_KUBE=$(../servers/build.sh kube)
TRUSTGEN_E2E_ISTIO=$(../servers/build.sh istio)
export TRUSTGEN_E2E_KUBE TRUSTGEN_E2E_ISTIO
testbed=${TRUSTGEN_E2E_BIN%/*}/testbed
go build -o "$testbed" ./testbed
echo "starting two clusters …" >&2
exec "$testbed" "$@"
