#!/bin/sh
# Gives clusters what trustgen gives them, with openssl: a folder for each in the
# working folder, with the files that istiod reads.
#
#   openssl.sh root                  makes the root
#   openssl.sh stepwise CLUSTER...   a command each for the key, the CSR and the
#                                    certificate, as Istio's tools/certs does it
#   openssl.sh at_once CLUSTER...    one command for all three, which takes openssl 3
set -eu

config=$(dirname "$0")/openssl.cnf

root() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root-key.pem
	openssl req -config "$config" -extensions root -x509 -key root-key.pem \
		-subj '/O=cluster.local/CN=root' -days 3650 -out root-cert.pem
}

stepwise() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/ca-key.pem"
	openssl req -config "$config" -new -key "$1/ca-key.pem" \
		-subj "/O=cluster.local/CN=$1" -out "$1/ca.csr"
	openssl x509 -req -in "$1/ca.csr" -extfile "$config" -extensions intermediate \
		-CA root-cert.pem -CAkey root-key.pem -set_serial "$(serial)" -days 365 -out "$1/ca-cert.pem"
}

at_once() {
	openssl req -config "$config" -extensions intermediate -x509 \
		-newkey EC -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1/ca-key.pem" \
		-CA root-cert.pem -CAkey root-key.pem -set_serial "$(serial)" \
		-subj "/O=cluster.local/CN=$1" -days 365 -out "$1/ca-cert.pem"
}

serial() {
	echo "0x$(openssl rand -hex 16)"
}

way=$1
shift
if [ "$way" = root ]; then
	root
fi
for cluster; do
	mkdir "$cluster"
	"$way" "$cluster"
	cat "$cluster/ca-cert.pem" root-cert.pem >"$cluster/cert-chain.pem"
	cp root-cert.pem "$cluster/root-cert.pem"
done
