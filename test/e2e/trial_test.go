package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// A step must work before workloads can rely on a CA.
type step string

// If one of the first three fails, the others do not run.
const (
	starts      step = "starts"       // istiod becomes ready
	serves      step = "serves"       // its own certificate verifies with the root that it publishes
	signs       step = "signs"        // a workload gets a certificate
	lasts       step = "lasts"        // it ends no later than the CAs above it
	talksWithin step = "talks within" // two workloads of the cluster do mutual TLS, by crypto/x509
	boringSSL   step = "BoringSSL"    // BoringSSL accepts the certificate of one with the roots of the other
	rustls      step = "rustls"       // rustls does too
	talksAcross step = "talks across" // one does mutual TLS with a workload of the mesh's other cluster
)

func steps() []step {
	return []step{starts, serves, signs, lasts, talksWithin, boringSSL, rustls, talksAcross}
}

// A trial is the result of the steps for a bundle.
type trial struct {
	bundle bundle
	tried  []step
	failed map[step]error
}

func newTrial(b bundle) *trial { return &trial{bundle: b, failed: make(map[step]error)} }

// record stores the result of a step, and returns whether it worked.
func (tr *trial) record(s step, err error) bool {
	tr.tried = append(tr.tried, s)
	if err != nil {
		tr.failed[s] = err
	}
	return err == nil
}

// check compares the trial with the expected result of the bundle.
func (tr *trial) check(t *testing.T) {
	t.Helper()
	want := tr.bundle.fails
	for _, s := range steps() {
		switch err := tr.failed[s]; {
		case err != nil && !slices.Contains(want, s):
			t.Errorf("%q fails: %v", s, err)
		case err == nil && slices.Contains(want, s):
			t.Errorf("%q: got %q, want it to fail", s, tr.answer(s))
		case err != nil && s == want[0] && !strings.Contains(err.Error(), tr.bundle.because):
			t.Errorf("%q fails, but not because of %q: %v", s, tr.bundle.because, err)
		}
	}
}

// answer is the result of a step; empty if it did not run.
func (tr *trial) answer(s step) string {
	switch {
	case !slices.Contains(tr.tried, s):
		return ""
	case tr.failed[s] != nil:
		return "no"
	default:
		return "yes"
	}
}
