package csr_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log"
	"net/url"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// newCSR makes a CSR like those of pilot-agent and ztunnel.
func newCSR(id string) []byte {
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	uri, err := url.Parse(id)
	if err != nil {
		log.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{uri}}, key)
	if err != nil {
		log.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// istiod may request the identity of every workload outside system namespaces.
func Example() {
	policy, err := csr.NewPolicy(v1alpha1.Policy{
		TrustDomains: []string{"cluster.local"},
		Rules: []v1alpha1.PolicyRule{{
			Name:            "istiod",
			Requesters:      []v1alpha1.ServiceAccount{{Namespace: "istio-system", Name: "istiod"}},
			Identities:      v1alpha1.AnyIdentity,
			Namespaces:      []string{"*"},
			ServiceAccounts: []string{"*"},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, id := range []string{
		"spiffe://cluster.local/ns/shop/sa/cart",
		"spiffe://cluster.local/ns/kube-system/sa/default",
	} {
		decision := policy.Evaluate(csr.Request{
			Kind: csr.KindCertificateSigningRequest,
			Requester: csr.Requester{
				Username: "system:serviceaccount:istio-system:istiod",
				Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:istio-system"},
			},
			CSR:      newCSR(id),
			Usages:   []string{"digital signature", "key encipherment", "server auth", "client auth"},
			Lifetime: 48 * time.Hour,
		})
		fmt.Println(decision.Summary())
	}
	// Output:
	// allowed by rule "istiod": spiffe://cluster.local/ns/shop/sa/cart for 24h0m0s
	// refused: rule "istiod": rule-system-namespace: does not have the system namespace "kube-system" by name
}

// The error lists every invalid field of a policy.
func ExampleNewPolicy() {
	_, err := csr.NewPolicy(v1alpha1.Policy{
		TrustDomains: []string{"cluster.local"},
		Rules: []v1alpha1.PolicyRule{{
			Name:            "everybody",
			Identities:      v1alpha1.AnyIdentity,
			Namespaces:      []string{"shop-*"},
			ServiceAccounts: []string{"*"},
		}},
	})
	fmt.Println(err)
	// Output:
	// csr: policy: rules[0].requesters: is missing; a rule for any identity has to list its requesters
	// rules[0].namespaces[0]: "shop-*" is not the name of a namespace
}
