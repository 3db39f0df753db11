#!/usr/bin/env bash
#
# extras.sh DIR puts Istio's CRDs into DIR, as crds.yaml: those of the version
# that go.mod pins.
set -euo pipefail

istio=$(go list -m -f '{{.Dir}}' istio.io/istio)
install -m 644 "$istio/manifests/charts/base/files/crd-all.gen.yaml" "$1/crds.yaml"
