package issuer_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
)

// fixed returns the same chain for every request.
type fixed []*x509.Certificate

func (f fixed) Issue(context.Context, issuer.Request) (*issuer.Chain, error) {
	return &issuer.Chain{Certificates: f}, nil
}

func (f fixed) IssueIntermediate(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error) {
	return &issuer.Chain{Certificates: f}, nil
}

func bothUsages() []x509.ExtKeyUsage {
	return []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
}

// granted is a request that the leaf of catest's hierarchy matches exactly.
func granted() issuer.Request {
	return issuer.Request{
		PublicKey:    catest.Key("leaf").Public(),
		SPIFFEID:     spiffeid.RequireFromString(catest.LeafID),
		ExtKeyUsages: bothUsages(),
		Lifetime:     ca.DefaultWorkloadLifetime,
	}
}

// grantedCA is the same for the intermediate.
func grantedCA() issuer.IntermediateRequest {
	return issuer.IntermediateRequest{
		PublicKey:  catest.Key("intermediate").Public(),
		CommonName: "east",
		Lifetime:   ca.DefaultIntermediateLifetime,
	}
}

func trusting(h *catest.Hierarchy) issuer.ObtainOptions {
	return issuer.ObtainOptions{Backend: "test", Roots: h.Root.Chain(), Now: catest.Now}
}

// fixture is a response that exactly one rule rejects. It changes either the leaf or the
// intermediate of the hierarchy.
type fixture struct {
	name         string
	rule         ca.Rule
	leaf         func(*x509.Certificate)
	intermediate func(*x509.Certificate)
}

func fixtures() []fixture {
	unknown := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 36}, Critical: true, Value: []byte{0x30, 0x03, 0x80, 0x01, 0x00}}
	return []fixture{
		{name: "a leaf for another key", rule: issuer.RuleGrantedKey, leaf: func(c *x509.Certificate) {
			c.PublicKey = catest.Key("other").Public()
		}},
		{name: "a CA for another key", rule: issuer.RuleGrantedKey, intermediate: func(c *x509.Certificate) {
			c.PublicKey = catest.Key("other").Public()
		}},
		{name: "a leaf that is valid for too long", rule: issuer.RuleGrantedEnd, leaf: func(c *x509.Certificate) {
			c.NotAfter = catest.Now().Add(ca.DefaultWorkloadLifetime + issuer.EndTolerance + time.Second)
		}},
		{name: "a CA that is valid for too long", rule: issuer.RuleGrantedEnd, intermediate: func(c *x509.Certificate) {
			c.NotAfter = catest.Now().Add(ca.DefaultIntermediateLifetime + issuer.EndTolerance + time.Second)
		}},
		{name: "a leaf that became valid too early", rule: issuer.RuleGrantedStart, leaf: func(c *x509.Certificate) {
			c.NotBefore = catest.Now().Add(-issuer.MaxBackdate - time.Second)
		}},
		{name: "an unknown critical extension", rule: issuer.RuleGrantedCritical, leaf: func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{unknown}
		}},
		{name: "another service account", rule: issuer.RuleGrantedNames, leaf: func(c *x509.Certificate) {
			c.URIs[0] = spiffeid.RequireFromString("spiffe://mesh.example.com/ns/shop/sa/admin").URL()
		}},
		{name: "a DNS name instead of a SPIFFE ID", rule: issuer.RuleGrantedNames, leaf: func(c *x509.Certificate) {
			c.URIs, c.DNSNames = nil, []string{"cart"}
		}},
		{name: "the subject of the CSR", rule: issuer.RuleEmptySubject, leaf: func(c *x509.Certificate) {
			c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "cart"}
		}},
		{name: "one usage of two", rule: issuer.RuleGrantedUsages, leaf: func(c *x509.Certificate) {
			c.ExtKeyUsage = c.ExtKeyUsage[:1]
		}},
		{name: "a CA without a path length", rule: issuer.RuleGrantedPathLength, intermediate: func(c *x509.Certificate) {
			c.MaxPathLen, c.MaxPathLenZero = -1, false
		}},
		{name: "a CA with path length 1", rule: issuer.RuleGrantedPathLength, intermediate: func(c *x509.Certificate) {
			c.MaxPathLen, c.MaxPathLenZero = 1, false
		}},
		{name: "a CA with constraints that were not granted", rule: issuer.RuleGrantedConstraints, intermediate: func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.com"}
		}},
	}
}

func (f fixture) obtain(t *testing.T, except ...ca.Rule) error {
	t.Helper()
	h := catest.New(t)
	o := trusting(h)
	o.Except = except
	if f.leaf != nil {
		clone := *h.Leaf
		clone.URIs = slices.Clone(clone.URIs)
		leaf := catest.Mutate(t, &clone, h.Intermediate.Certificate(), h.IntermediateKey, catest.Mutation{Cert: f.leaf})
		_, err := issuer.Obtain(t.Context(), append(fixed{leaf}, h.Chain()...), granted(), o)
		return err
	}
	cert := catest.Mutate(t, h.Intermediate.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{Cert: f.intermediate})
	_, err := issuer.ObtainIntermediate(t.Context(), fixed{cert, h.Root.Certificate()}, grantedCA(), o)
	return err
}

func TestObtain_EachFixtureViolatesOneRule(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			var response *issuer.ResponseError
			if err := f.obtain(t); !errors.As(err, &response) || response.Backend != "test" {
				t.Fatalf("got the error %v, want a ResponseError of test", err)
			}
			for _, v := range response.Violations {
				if v.Rule != f.rule {
					t.Errorf("got the violation %q, want only those of %q", v, f.rule)
				}
			}
			if err := f.obtain(t, f.rule); err != nil {
				t.Errorf("without the rule it is still rejected: %v", err)
			}
		})
	}
}

func TestRules_EachHasAFixture(t *testing.T) {
	t.Parallel()
	covered := map[ca.Rule]bool{issuer.RuleKeyEncipherment: true} // see TestObtain_RemarkIsNotAnError
	for _, f := range fixtures() {
		covered[f.rule] = true
	}
	for _, info := range issuer.Rules() {
		if !covered[info.Rule] || info.Demand == "" || info.Source == "" {
			t.Errorf("%q has no fixture, no demand or no source", info.Rule)
		}
	}
}

func TestObtain_RemarkIsNotAnError(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	leaf := catest.Mutate(t, h.Leaf, h.Intermediate.Certificate(), h.IntermediateKey, catest.Mutation{Cert: func(c *x509.Certificate) {
		c.KeyUsage |= x509.KeyUsageKeyEncipherment
	}})
	var remarks []ca.Rule
	o := trusting(h)
	o.Remark = func(v *ca.Violation) { remarks = append(remarks, v.Rule) }
	if _, err := issuer.Obtain(t.Context(), append(fixed{leaf}, h.Chain()...), granted(), o); err != nil {
		t.Errorf("it is rejected: %v", err)
	}
	if !slices.Equal(remarks, []ca.Rule{issuer.RuleKeyEncipherment}) {
		t.Errorf("the remarks are %v", remarks)
	}
	o.Remark = nil
	if _, err := issuer.Obtain(t.Context(), append(fixed{leaf}, h.Chain()...), granted(), o); err != nil {
		t.Errorf("without Remark it is rejected: %v", err)
	}
}
