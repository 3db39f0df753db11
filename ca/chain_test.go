package ca_test

import (
	"crypto/x509"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root := h.Root.Certificate()
	// Another key under the name of the root, which a mesh should not have.
	twin := catest.Mutate(t, root, root, catest.Key("twin"), catest.Mutation{Cert: func(c *x509.Certificate) {
		c.PublicKey, c.SubjectKeyId, c.AuthorityKeyId = catest.Key("twin").Public(), []byte("twin"), []byte("twin")
	}})
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t).Certificate()
	tests := map[string]struct{ chain, roots, want certs }{
		"below a root that is given":       {h.Chain()[:1], certs{other, root}, h.Chain()},
		"below one of two of a name":       {h.Chain()[:1], certs{twin, root}, h.Chain()},
		"a leaf, too":                      {h.LeafChain()[:2], certs{root}, h.LeafChain()},
		"with its root":                    {h.Chain(), certs{root}, h.Chain()},
		"with a root that is not given":    {h.Chain(), certs{other}, h.Chain()},
		"below a root that is not given":   {h.Chain()[:1], certs{other}, h.Chain()[:1]},
		"a leaf whose intermediate is not": {h.LeafChain()[:1], certs{root}, h.LeafChain()[:1]},
		"without anything":                 {nil, certs{root}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, ca.Complete(test.chain, test.roots), catest.Identical()); diff != "" {
				t.Errorf("chain (-want +got):\n%s", diff)
			}
		})
	}
}
