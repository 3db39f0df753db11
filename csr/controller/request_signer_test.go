package controller

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
)

func TestDigest_IsDifferent(t *testing.T) {
	type call struct {
		on activeIssuer
		g  issuer.Request
	}
	first := func() call {
		return call{
			activeIssuer{key: issuerKey{name: "mesh"}, fingerprint: "1"},
			issuer.Request{
				CSR:          []byte("csr"),
				SPIFFEID:     spiffeid.RequireFromString(catest.LeafID),
				DNSNames:     []string{"a.b", "c"},
				ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
				Lifetime:     time.Hour,
			},
		}
	}
	tests := []struct {
		name   string
		change func(*call)
	}{
		{"the issuer", func(q *call) { q.on.key.name = "other" }},
		{"the namespace of the issuer", func(q *call) { q.on.key = issuerKey{"mesh", "mesh"} }},
		{"the state of the issuer", func(q *call) { q.on.fingerprint = "2" }},
		{"the bytes", func(q *call) { q.g.CSR = []byte("other") }},
		{"the identity", func(q *call) { q.g.SPIFFEID = spiffeid.RequireFromString(catest.LeafID + "2") }},
		{"no identity", func(q *call) { q.g.SPIFFEID = spiffeid.ID{} }},
		{"a name", func(q *call) { q.g.DNSNames = []string{"a.b", "d"} }},
		{"one name of two", func(q *call) { q.g.DNSNames = []string{"a.bc"} }},
		{"a comma", func(q *call) { q.g.DNSNames = []string{"a.b,c"} }},
		{"no names", func(q *call) { q.g.DNSNames = nil }},
		{"the usages", func(q *call) { q.g.ExtKeyUsages = q.g.ExtKeyUsages[:1] }},
		{"the order of the usages", func(q *call) {
			q.g.ExtKeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
		}},
		{"the lifetime", func(q *call) { q.g.Lifetime++ }},
		{"where a field ends", func(q *call) { q.on.fingerprint, q.g.CSR = "1c", []byte("sr") }},
	}
	a, same := first(), first()
	if digest(&a.on, a.g) != digest(&same.on, same.g) {
		t.Error("not the same twice")
	}
	seen := map[string]string{digest(&a.on, a.g): "nothing"}
	for _, test := range tests {
		b := first()
		test.change(&b)
		d := digest(&b.on, b.g)
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s give the same", test.name, other)
		}
		seen[d] = test.name
	}
}
