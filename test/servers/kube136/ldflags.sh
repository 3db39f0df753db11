#!/usr/bin/env bash
#
# Prints the linker flags that tell the servers which version go.mod pins.
# Without them they say v0.0.0-master, which clients cannot parse.
set -euo pipefail

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
IFS=. read -r major minor _ <<<"${version#v}"
package=k8s.io/component-base/version
echo "-X $package.gitVersion=$version -X $package.gitMajor=$major -X $package.gitMinor=$minor"
