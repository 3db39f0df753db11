#!/usr/bin/env bash
#
# Three places: an offline root, and two clusters that create their own keys. Only
# requests, certificates and CRLs travel. Then the intermediate of east is revoked. Needs
# trustgen and openssl. It works in a temporary directory and removes it.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir root east west mail # the three places, and the files that travel between them

# at PLACE COMMAND... runs trustgen in one of the places.
at() { (cd "$1" && trustgen "${@:2}" --quiet); }

# workload CLUSTER NAME signs a certificate as the istiod of the cluster does.
workload() {
	local ca=$1/trust/clusters/$1
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj / -keyout "$2.key" -out "$2.csr" 2>/dev/null
	openssl x509 -req -in "$2.csr" -CA "$ca/ca-cert.pem" -CAkey "$ca/ca-key.pem" -days 1 -out "$2.pem" 2>/dev/null -extfile <(
		echo "basicConstraints = critical, CA:FALSE"
		echo "keyUsage = critical, digitalSignature"
		echo "extendedKeyUsage = serverAuth, clientAuth"
		echo "subjectAltName = critical, URI:spiffe://cluster.local/ns/shop/sa/$2"
	)
	cp "$ca/cert-chain.pem" "$2-chain.pem"
}

# accepts CLUSTER NAME verifies a workload as a proxy of the cluster does: every CA of its
# chain must have a CRL, and none may be revoked.
accepts() {
	local trust=$1/trust/clusters/$1
	if openssl verify -crl_check_all -CRLfile "$trust/ca-crl.pem" -CAfile "$trust/root-cert.pem" -untrusted "$2-chain.pem" "$2.pem" >/dev/null 2>&1; then
		echo "$1 accepts $2"
	else
		echo "$1 rejects $2"
	fi
}

# share imports the CRLs of each cluster at the root, and those of the mesh in each cluster.
share() {
	local place
	for place in east west; do
		at "$place" crl --with-certificates >mail/"$place".crls
		at root crl import ../mail/"$place".crls >/dev/null
	done
	at root crl --with-certificates >mail/mesh.crls
	for place in east west; do
		at "$place" crl import ../mail/mesh.crls >/dev/null
		at "$place" crl refresh >/dev/null
	done
}

echo "== A root, on a machine outside all clusters"
at root init --no-password >/dev/null
cp root/trust/root-cert.pem mail/

echo "== With files: east requests, the root signs, east installs"
at east request --cluster east --out ../mail/east.csr
at root sign ../mail/east.csr --cluster east --yes --out ../mail/east.pem
at east install ../mail/east.pem --root-cert ../mail/root-cert.pem >/dev/null

echo "== With pipes: west"
at west request --cluster west | at root sign - --cluster west --yes | at west install - --root-cert ../mail/root-cert.pem >/dev/null

echo "== No key has left its directory"
find root east west -name superseded -prune -o -name '*key.pem' -print | sort
grep -l 'PRIVATE KEY' mail/* || echo "mail: none"

echo "== All CRLs go to all clusters"
share
workload east cart
workload west pay
accepts west cart
accepts east pay

echo "== East's key may be stolen: first a successor, while the old one is still valid"
at root revoke --cluster east --reason keyCompromise >/dev/null
at east request --cluster east | at root sign - --cluster east --yes | at east install - >/dev/null
share
accepts west cart
workload east cart-renewed
accepts west cart-renewed

echo "== Then the old one is revoked, in every cluster"
at root revoke --cluster east --finish >/dev/null
share
accepts west cart
accepts east cart
accepts west cart-renewed
accepts east pay
