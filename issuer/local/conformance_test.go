package local_test

import (
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/issuertest"
	"github.com/trustgen/trustgen/issuer/local"
)

// claims of both issuers of the package.
func claims() issuertest.Capabilities {
	return issuertest.Capabilities{Lifetime: true, Usages: true, DNSNames: true, Chain: true, Check: true}
}

func TestConformance_Issuer(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	issuing := h.Below(t, h.Root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	all := claims()
	all.Intermediates, all.Constraints = true, true
	got := issuertest.Run(t, func(t *testing.T, _ *issuertest.Proxy) issuertest.Backend {
		i := catest.Must(local.New(issuing, local.Options{Now: catest.Now}))(t)
		return issuertest.Backend{Name: "local", Issuer: issuer.Limit(i, issuer.LimitOptions{Concurrency: 8}), Roots: h.Root.Chain(), Now: catest.Now}
	}, all)
	want := issuertest.Report{
		Backend: "local", Lifetime: "kept", Usages: "kept", DNSNames: "kept",
		Chain: "leaf, 1 CA, root", Intermediates: "kept", Constraints: "kept",
	}
	if got != want {
		t.Errorf("the report is\n%s", issuertest.Table(got, want))
	}
}

func TestConformance_Ephemeral(t *testing.T) {
	t.Parallel()
	got := issuertest.Run(t, func(t *testing.T, _ *issuertest.Proxy) issuertest.Backend {
		l := newLife(t)
		l.healthy(t)
		return issuertest.Backend{Name: "ephemeral", Issuer: l, Roots: l.root.Chain(), Now: l.now}
	}, claims())
	want := issuertest.Report{
		Backend: "ephemeral", Lifetime: "kept", Usages: "kept", DNSNames: "kept",
		Chain: "leaf, 1 CA, root", Intermediates: "none", Constraints: "not tried",
	}
	if got != want {
		t.Errorf("the report is\n%s", issuertest.Table(got, want))
	}
}
