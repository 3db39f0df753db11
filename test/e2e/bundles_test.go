package e2e_test

import (
	"fmt"
	"slices"
	"testing"
)

// A bundle is a CA as istiod may find it, and what must become of it.
type bundle struct {
	name    string
	keyType string // of the mesh that it is made from; P-256 if empty
	files   makeFiles
	fails   []step // in their order; none: workloads can rely on it
	because string // part of what the first of them says, in an istiod's log or an error
}

// TestIstiod_AcceptsBundles gives the program's bundles to the real istiod, on which
// workloads must be able to rely, and others, of which it says what each does.
func TestIstiod_AcceptsBundles(t *testing.T) {
	t.Parallel()
	ground := newTrialGround(t)
	found := newFindings()
	t.Cleanup(func() { t.Logf("what istiod takes:\n%s", found.table()) })
	for n, b := range slices.Concat(programsBundles(), unusualBundles(), brokenBundles()) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			trial := ground.try(t, b, fmt.Sprintf("bundle-%d", n))
			found.add(n, trial)
			trial.check(t)
		})
	}
}

// programsBundles are what the program makes, in both forms that istiod reads.
func programsBundles() []bundle {
	var bundles []bundle
	for _, keyType := range keyTypes {
		bundles = append(bundles, bundle{name: keyType, keyType: keyType, files: eastBundle})
	}
	return append(bundles, bundle{name: "P-256 as tls.crt, tls.key and ca.crt", files: tlsForm})
}
