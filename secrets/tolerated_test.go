package secrets_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
)

// withoutCRLSign is a CA as Istio's own Makefile makes it.
func withoutCRLSign(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }

func TestTolerated_ListsRulesThatTheRootBreaks(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root := catest.Mutate(t, h.Root.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{Cert: withoutCRLSign})
	east := h.Intermediate.Certificate()
	made := catest.Must(secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: []*x509.Certificate{east, root}}))(t)
	for name, bundle := range map[string]*secrets.CACerts{"new": made, "read": catest.Must(secrets.Parse(made.Files()))(t)} {
		if got := bundle.Tolerated(); len(got) != 1 || !errors.Is(got[0], ca.RuleCRLSign) || got[0].Consequence == "" {
			t.Errorf("%s: tolerated is %v, want %q", name, got, ca.RuleCRLSign)
		}
	}
	if got := bundle(t, h).Tolerated(); got != nil {
		t.Errorf("a valid bundle: tolerated is %v", got)
	}
}

func TestTolerated_ListsRulesThatAnotherRootBreaks(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	other := otherRoot(t).Certificate()
	old := catest.Mutate(t, other, other, catest.Key("other"), catest.Mutation{Cert: withoutCRLSign})
	roots := append(h.Root.Chain(), old)
	bundle := catest.Must(secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: h.Chain(), Roots: roots}))(t)
	if got := bundle.Tolerated(); len(got) != 1 || got[0].Cert != old {
		t.Errorf("tolerated is %v", got)
	}
}

func TestNew_RefusesAnIntermediateThatBreaksARule(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root := h.Root.Certificate()
	east := catest.Mutate(t, h.Intermediate.Certificate(), root, h.RootKey, catest.Mutation{Cert: withoutCRLSign})
	for name, chain := range map[string][]*x509.Certificate{
		"below a root":  {east, root},
		"a root itself": {catest.Mutate(t, root, root, h.RootKey, catest.Mutation{Cert: withoutCRLSign})},
	} {
		key := h.IntermediateKey
		if len(chain) == 1 {
			key = h.RootKey
		}
		if _, err := secrets.New(secrets.Options{Key: key, Chain: chain}); !errors.Is(err, ca.RuleCRLSign) {
			t.Errorf("%s: got the error %v, want %q", name, err, ca.RuleCRLSign)
		}
	}
}

func TestFiles_HaveTheCAsBetweenRootAndIntermediate(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	issuing := h.Below(t, h.Root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	east := h.Below(t, issuing, catest.Key("east"), ca.IntermediateOptions{})
	files := catest.Must(secrets.New(secrets.Options{Key: catest.Key("east"), Chain: east.Chain()}))(t).Files()
	want := map[string][]*x509.Certificate{
		secrets.CACertFile:    {east.Certificate()},
		secrets.CertChainFile: {east.Certificate(), issuing.Certificate(), h.Root.Certificate()},
		secrets.RootCertFile:  {h.Root.Certificate()},
	}
	for name, certs := range want {
		if !bytes.Equal(files[name], ca.MarshalCertificates(certs...)) {
			t.Errorf("%s is\n%s", name, files[name])
		}
	}
	catest.Must(secrets.Parse(files))(t)
}
