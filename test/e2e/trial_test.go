package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// A step is something that must work before workloads can rely on a CA.
type step string

// Without one of the first three there is nothing to try further.
const (
	starts      step = "starts"       // istiod becomes ready
	serves      step = "serves"       // its own certificate verifies by the root that it publishes
	signs       step = "signs"        // a workload gets a certificate
	lasts       step = "lasts"        // it ends no later than what it depends on
	talksWithin step = "talks within" // two workloads of the cluster do mutual TLS, by crypto/x509
	boringSSL   step = "BoringSSL"    // takes the certificate of one, given the root of the other
	rustls      step = "rustls"       // so does this one
	talksAcross step = "talks across" // one does mutual TLS with a workload of the mesh's other cluster
)

func steps() []step {
	return []step{starts, serves, signs, lasts, talksWithin, boringSSL, rustls, talksAcross}
}

// A trial is what has become of a bundle.
type trial struct {
	bundle bundle
	tried  []step
	failed map[step]error
}

func newTrial(b bundle) *trial { return &trial{bundle: b, failed: make(map[step]error)} }

// took notes how a step went, and returns whether it worked.
func (tr *trial) took(s step, err error) bool {
	tr.tried = append(tr.tried, s)
	if err != nil {
		tr.failed[s] = err
	}
	return err == nil
}

// check compares the trial with what must become of the bundle.
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

// answer is how a step went; empty where it was not tried.
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
