package cfssl_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/cloudflare/cfssl/info"
	"github.com/google/go-cmp/cmp"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

func TestIssue_SendsTheGrant(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	o := options(t, f)
	o.Label = "primary"
	i := client(t, o)
	r := request(t)
	got := catest.Must(issuer.Obtain(t.Context(), i, r, obtainOptions(h)))(t)
	if want := append([]*x509.Certificate{got.Certificates[0]}, h.Chain()...); !cmp.Equal(want, got.Certificates, catest.Identical()) {
		t.Errorf("got a chain of %d certificates, want leaf, intermediate, root", len(got.Certificates))
	}
	r.SPIFFEID, r.DNSNames = spiffeid.ID{}, []string{"istiod.istio-system.svc", "istiod"}
	catest.Must(issuer.Obtain(t.Context(), i, r, obtainOptions(h)))(t)

	csr := pemCSR(r.CSR)
	want := []map[string]any{
		{"certificate_request": csr, "profile": "workloads", "label": "primary", "hosts": []any{catest.LeafID}},
		{"certificate_request": csr, "profile": "workloads", "label": "primary", "hosts": []any{"istiod.istio-system.svc", "istiod"}},
	}
	if diff := cmp.Diff(want, f.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]info.Req{{Label: "primary", Profile: "workloads"}}, f.infos); diff != "" {
		t.Errorf("requests to info (-want +got):\n%s", diff)
	}
}

func TestIssueIntermediate_NameHasTheTagOfTheKey(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Root, h.RootKey)
	r := intermediateRequest(t)
	got := catest.Must(issuer.ObtainIntermediate(t.Context(), client(t, options(t, f)), r, obtainOptions(h)))(t)
	name := catest.Must(ca.TaggedName("west", r.PublicKey))(t)
	if cn := got.Certificates[0].Subject.CommonName; cn != name {
		t.Errorf("the name of the CA is %q, want %q", cn, name)
	}
	want := []map[string]any{{
		"certificate_request": pemCSR(r.CSR), "profile": "intermediates", "label": "",
		"hosts": []any{}, "subject": map[string]any{"CN": name},
	}}
	if diff := cmp.Diff(want, f.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]info.Req{{Profile: "intermediates"}}, f.infos); diff != "" {
		t.Errorf("requests to info (-want +got):\n%s", diff)
	}
}

func TestIssue_RejectsRequestsLocally(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Root, h.RootKey)
	i := client(t, options(t, f))
	without := options(t, f)
	without.IntermediateProfile = ""
	leaf := func(change func(*issuer.Request)) error {
		r := request(t)
		change(&r)
		_, err := i.Issue(t.Context(), r)
		return err
	}
	sub := func(i *cfssl.Issuer, change func(*issuer.IntermediateRequest)) error {
		r := intermediateRequest(t)
		change(&r)
		_, err := i.IssueIntermediate(t.Context(), r)
		return err
	}
	for name, test := range map[string]struct {
		err    error
		reason string
	}{
		"a workload without a CSR":        {leaf(func(r *issuer.Request) { r.CSR = nil }), "MissingCSR"},
		"a workload without a name":       {leaf(func(r *issuer.Request) { r.SPIFFEID = spiffeid.ID{} }), "BadRequest"},
		"a workload with names of a kind": {leaf(func(r *issuer.Request) { r.DNSNames = []string{"istiod"} }), "BadRequest"},
		"a CA without a CSR":              {sub(i, func(r *issuer.IntermediateRequest) { r.CSR = nil }), "MissingCSR"},
		"a CA without a name":             {sub(i, func(r *issuer.IntermediateRequest) { r.CommonName = "" }), "BadRequest"},
		"a CA with name constraints": {sub(i, func(r *issuer.IntermediateRequest) {
			r.Constraints = &ca.NameConstraints{TrustDomain: "mesh.example.com"}
		}), "NotSupported"},
		"a CA without a profile for it": {sub(client(t, without), func(*issuer.IntermediateRequest) {}), "NotSupported"},
	} {
		wantPermanent(t, name, test.err, test.reason)
	}
	if f.count(authsign) > 0 {
		t.Errorf("the server was called %d times", f.count(authsign))
	}
}

func pemCSR(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}
