#!/usr/bin/env bash
#
# One root and two clusters, each with a workload; the workloads verify each other. Needs
# trustgen and openssl. It works in a temporary directory and removes it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo "== A root, and an intermediate for each cluster"
trustgen intermediate --quiet --cluster east --cluster west >/dev/null
find trust/clusters -type f | sort

echo "== Their chains lead to the same root"
openssl verify -CAfile trust/root-cert.pem trust/clusters/east/ca-cert.pem trust/clusters/west/ca-cert.pem

# workload CLUSTER NAME signs a certificate as the istiod of the cluster does.
workload() {
	local ca=trust/clusters/$1
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj / -keyout "$2.key" -out "$2.csr" 2>/dev/null
	openssl x509 -req -in "$2.csr" -CA "$ca/ca-cert.pem" -CAkey "$ca/ca-key.pem" -days 1 -out "$2.pem" 2>/dev/null -extfile <(
		echo "basicConstraints = critical, CA:FALSE"
		echo "keyUsage = critical, digitalSignature"
		echo "extendedKeyUsage = serverAuth, clientAuth"
		echo "subjectAltName = critical, URI:spiffe://cluster.local/ns/shop/sa/$2"
	)
}

echo "== A workload of east is accepted in west, and vice versa"
workload east cart
workload west pay
openssl verify -CAfile trust/clusters/west/root-cert.pem -untrusted trust/clusters/east/cert-chain.pem cart.pem
openssl verify -CAfile trust/clusters/east/root-cert.pem -untrusted trust/clusters/west/cert-chain.pem pay.pem

echo "== A cluster with another root rejects it"
trustgen intermediate --quiet --dir stranger --cluster north >/dev/null
openssl verify -CAfile stranger/root-cert.pem -untrusted trust/clusters/east/cert-chain.pem cart.pem 2>/dev/null || echo "cart.pem: rejected"

echo "== East gets a new key; what it signed before is still accepted"
trustgen intermediate --quiet --cluster east --renew >/dev/null
openssl verify -CAfile trust/root-cert.pem -untrusted trust/superseded/clusters/east/*/cert-chain.pem cart.pem
