package csr

import (
	"crypto/x509"
	"slices"
)

// Usages as Kubernetes writes them (k8s.io/api/certificates/v1, KeyUsage).
const (
	usageDigitalSignature = "digital signature"
	usageKeyEncipherment  = "key encipherment"
	usageServerAuth       = "server auth"
	usageClientAuth       = "client auth"
)

// knownUsages are those that can be requested. The first two have no effect: the profile of
// the CA derives the key usage from the key, with keyEncipherment for RSA and never for an
// elliptic curve (RFC 8813 §3).
func knownUsages() []string {
	return []string{usageDigitalSignature, usageKeyEncipherment, usageServerAuth, usageClientAuth}
}

// authUsages are the extended key usages in a list of usages, each once and always in the
// same order, whatever their order and repetitions in the list.
func authUsages(usages []string) []x509.ExtKeyUsage {
	var auth []x509.ExtKeyUsage
	if slices.Contains(usages, usageServerAuth) {
		auth = append(auth, x509.ExtKeyUsageServerAuth)
	}
	if slices.Contains(usages, usageClientAuth) {
		auth = append(auth, x509.ExtKeyUsageClientAuth)
	}
	return auth
}

func usageName(u x509.ExtKeyUsage) string {
	if u == x509.ExtKeyUsageServerAuth {
		return usageServerAuth
	}
	return usageClientAuth
}
