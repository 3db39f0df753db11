#!/usr/bin/env bash
#
# run.sh [flag…] runs the end-to-end tests with these flags of go test. It prints a
# table of the servers: time until ready, peak memory, and how they ended.
# TRUSTGEN_E2E_BIN is the program under test.
#
# E2E_LOGS is the directory for the logs of the servers. The default is a temporary
# directory, which is removed if all tests pass.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

TRUSTGEN_E2E_KUBE=$(../servers/build.sh kube)
TRUSTGEN_E2E_KUBE136=$(../servers/build.sh kube136)
TRUSTGEN_E2E_ISTIO=$(../servers/build.sh istio)
TRUSTGEN_E2E_CFSSL=$(../servers/build.sh cfssl)
export TRUSTGEN_E2E_KUBE TRUSTGEN_E2E_KUBE136 TRUSTGEN_E2E_ISTIO TRUSTGEN_E2E_CFSSL
kept=${E2E_LOGS:-}
export E2E_LOGS=${kept:-$(mktemp -d "${TMPDIR:-/tmp}/trustgen-e2e.XXXXXX")}

status=0
go test -race -count=1 -timeout 12m "$@" ./... || status=$?

if [[ -f $E2E_LOGS/usage.tsv ]]; then
	awk -F '\t' '
		BEGIN { printf "\n%-28s %9s %9s  %-20s %s\n", "SERVER", "READY", "MEMORY", "END", "TEST" }
		{ printf "%-28s %6d ms %5d MiB  %-20s %s\n", $2, $3, $4, $5, $1 }
	' "$E2E_LOGS/usage.tsv"
fi
if ((status)); then
	echo "the servers' logs are in $E2E_LOGS" >&2
elif [[ -z $kept ]]; then
	rm -rf "$E2E_LOGS"
fi
exit "$status"
