package ca_test

import (
	"crypto/x509"
	"net"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

func TestNameConstraints_Are(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	want := &ca.NameConstraints{TrustDomain: "mesh.example.com", DNSNames: []string{"istiod.istio-system.svc", "istio-pilot.istio-system.svc"}}
	made := *h.Below(t, h.Root, catest.Key("constrained"), ca.IntermediateOptions{Constraints: want}).Certificate()
	for name, test := range map[string]struct {
		want   *ca.NameConstraints
		change func(*x509.Certificate)
		same   bool
	}{
		"as they were made": {want, func(*x509.Certificate) {}, true},
		"in another order": {want, func(c *x509.Certificate) {
			c.PermittedDNSDomains = []string{"istio-pilot.istio-system.svc", "istiod.istio-system.svc"}
		}, true},
		"none where none are wanted": {nil, func(c *x509.Certificate) { *c = *h.Intermediate.Certificate() }, true},
		"none":                       {want, func(c *x509.Certificate) { *c = *h.Intermediate.Certificate() }, false},
		"some where none are wanted": {nil, func(*x509.Certificate) {}, false},
		"another trust domain":       {want, func(c *x509.Certificate) { c.PermittedURIDomains = []string{"other.example.com"} }, false},
		"one name more": {want, func(c *x509.Certificate) {
			c.PermittedDNSDomains = slices.Concat(c.PermittedDNSDomains, []string{"istiod"})
		}, false},
		"IPv6 is left out": {want, func(c *x509.Certificate) { c.ExcludedIPRanges = c.ExcludedIPRanges[:1] }, false},
		"addresses are permitted": {want, func(c *x509.Certificate) {
			c.PermittedIPRanges = []*net.IPNet{{IP: net.IP{10, 0, 0, 0}, Mask: net.CIDRMask(8, 32)}}
		}, false},
		"a name is excluded":  {want, func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"istiod"} }, false},
		"mail is constrained": {want, func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"example.com"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cert := made
			test.change(&cert)
			if got := test.want.Are(&cert); got != test.same {
				t.Errorf("they are the same: %t, want %t", got, test.same)
			}
		})
	}
}
