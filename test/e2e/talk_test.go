package e2e_test

import (
	"crypto/x509"
	"errors"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/workload"
)

// The principals of workloads: checkout runs in east, ledger in west.
const (
	checkoutID = "spiffe://cluster.local/ns/shop/sa/checkout"
	ledgerID   = "spiffe://cluster.local/ns/bank/sa/ledger"
	otherID    = "spiffe://cluster.local/ns/shop/sa/other"
)

// assertTalk asserts that the client and the server authenticate each other by mutual TLS, as
// these principals, and exchange data.
func assertTalk(t *testing.T, client *workload.Identity, server *workload.Server, clientID, serverID string) {
	t.Helper()
	conn, err := client.Dial(t.Context(), server, serverID)
	if err != nil {
		t.Errorf("%s talks to %s: %v", clientID, serverID, err)
		return
	}
	defer conn.Close()
	if conn.Client != clientID || conn.Server != serverID {
		t.Errorf("%s talked to %s, want %s and %s", conn.Client, conn.Server, clientID, serverID)
	}
	if err := conn.Echo("how are you?"); err != nil {
		t.Errorf("%s talks to %s: %v", clientID, serverID, err)
	}
}

// assertRefused asserts that one side refuses the other with this error. The client expects a
// server with one of these principals.
func assertRefused(t *testing.T, client *workload.Identity, server *workload.Server, want error, servers ...string) {
	t.Helper()
	conn, err := client.Dial(t.Context(), server, servers...)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("%s dials a server: %v, want: %v", client.Principal(), err, want)
	}
}

func loadCertificate(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(decode(t, file, "CERTIFICATE"))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return cert
}

// subjects are the subjects of certificates, for messages.
func subjects(certs []*x509.Certificate) []string {
	var names []string
	for _, cert := range certs {
		names = append(names, cert.Subject.String())
	}
	return names
}
