package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log"
	"net/url"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/csr"
)

// newRoot returns the CA. Its key exists only in the memory of the program.
func newRoot() *ca.Authority {
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	root, err := ca.NewRoot(ca.RootOptions{Key: key, Organization: "Example"})
	if err != nil {
		log.Fatal(err)
	}
	return root
}

// newRequest returns the request of a service account for the identity id.
func newRequest(namespace, name, id string) csr.Request {
	uri, err := url.Parse(id)
	if err != nil {
		log.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{uri}}, key)
	if err != nil {
		log.Fatal(err)
	}
	return csr.Request{
		Kind: csr.KindCertificateSigningRequest,
		Requester: csr.Requester{
			Username: "system:serviceaccount:" + namespace + ":" + name,
			Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
		},
		CSR: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
	}
}
