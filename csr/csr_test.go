package csr_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const cartID = "spiffe://cluster.local/ns/shop/sa/cart"

// ownPolicy lets every workload request its own identity.
func ownPolicy() v1alpha1.Policy {
	return v1alpha1.Policy{
		TrustDomains: []string{"cluster.local"},
		Rules:        []v1alpha1.PolicyRule{ownRule("own")},
	}
}

func ownRule(name string) v1alpha1.PolicyRule {
	return v1alpha1.PolicyRule{
		Name:            name,
		Identities:      v1alpha1.OwnIdentity,
		Namespaces:      []string{"*"},
		ServiceAccounts: []string{"*"},
	}
}

func istiod() v1alpha1.ServiceAccount {
	return v1alpha1.ServiceAccount{Namespace: "istio-system", Name: "istiod"}
}

// requester is a service account as an API server describes it.
func requester(namespace, name string) csr.Requester {
	return csr.Requester{
		Username: "system:serviceaccount:" + namespace + ":" + name,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
	}
}

// cart is the request of a workload for its own identity.
func cart(t testing.TB) csr.Request {
	t.Helper()
	return csr.Request{
		Kind:      csr.KindCertificateSigningRequest,
		Requester: requester("shop", "cart"),
		CSR:       certificateRequest(t, &x509.CertificateRequest{URIs: []*url.URL{catest.Must(url.Parse(cartID))(t)}}),
		Usages:    []string{"digital signature", "server auth", "client auth"},
	}
}

func certificateRequest(t testing.TB, template *x509.CertificateRequest) []byte {
	t.Helper()
	der := catest.Must(x509.CreateCertificateRequest(nil, template, catest.Key("workload")))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func usageNames() map[x509.ExtKeyUsage]string {
	return map[x509.ExtKeyUsage]string{x509.ExtKeyUsageServerAuth: "server auth", x509.ExtKeyUsageClientAuth: "client auth"}
}

// duration writes 24h0m0s as 24h.
func duration(d time.Duration) string {
	return strings.Replace(strings.TrimSuffix(d.String(), "0s"), "h0m", "h", 1)
}
