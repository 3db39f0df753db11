package e2e_test

import (
	"fmt"
	"slices"
	"testing"
)

// A bundle is a CA bundle as istiod may find it, and the expected result.
type bundle struct {
	name    string
	keyType string // of the mesh that it is made from; P-256 if empty
	files   makeFiles
	fails   []step // in order; empty if workloads can rely on the bundle
	because string // part of the first failure: the log of istiod, or an error
}

// TestIstiod_AcceptsBundles gives CA bundles to a real istiod. With those of the program
// workloads must connect. For every other bundle the table says which step fails.
func TestIstiod_AcceptsBundles(t *testing.T) {
	t.Parallel()
	ground := newTrialGround(t)
	found := newFindings()
	t.Cleanup(func() { t.Logf("CA bundles and how far istiod and workloads get with them:\n%s", found.table()) })
	for n, b := range slices.Concat(programsBundles(), unusualBundles(), brokenBundles()) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			trial := ground.try(t, b, fmt.Sprintf("bundle-%d", n))
			found.add(n, trial)
			trial.check(t)
		})
	}
}

// programsBundles are the CA bundles of the program, in both forms that istiod reads.
func programsBundles() []bundle {
	var bundles []bundle
	for _, keyType := range keyTypes {
		bundles = append(bundles, bundle{name: keyType, keyType: keyType, files: eastBundle})
	}
	return append(bundles, bundle{name: "P-256 as tls.crt, tls.key and ca.crt", files: tlsForm})
}
