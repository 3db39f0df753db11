package csr_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/csr/internal/corpus"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const corpusDir = "testdata/corpus"

var corpusOnce = sync.OnceValues(func() (map[string]*corpus.Case, error) { return corpus.Read(corpusDir) })

// readCorpus returns the cases by their paths. The cases are shared and must not be changed.
func readCorpus(t testing.TB) map[string]*corpus.Case {
	t.Helper()
	return maps.Clone(catest.Must(corpusOnce())(t))
}

func readPolicies(t testing.TB) map[string]*csr.Policy {
	t.Helper()
	policies := make(map[string]*csr.Policy)
	for name, spec := range readPolicySpecs(t) {
		policies[name] = catest.Must(csr.NewPolicy(*spec))(t)
	}
	return policies
}

func readPolicySpecs(t testing.TB) map[string]*v1alpha1.Policy {
	t.Helper()
	return catest.Must(corpus.ReadPolicies("testdata/policies"))(t)
}

// authority is a CA in this process, with the options that verify its chains.
func authority(t testing.TB) (issuer.Issuer, issuer.ObtainOptions) {
	t.Helper()
	h := catest.New(t)
	return catest.Must(local.New(h.Intermediate, local.Options{Now: catest.Now}))(t), issuer.ObtainOptions{Roots: h.Root.Chain(), Now: catest.Now}
}

// checksOf returns the failed checks, each once.
func checksOf(d csr.Decision) []string {
	var checks []string
	for _, reason := range d.Reasons {
		checks = append(checks, string(reason.Check))
	}
	slices.Sort(checks)
	return slices.Compact(checks)
}

func TestEvaluate_DecidesTheCorpusAsRecorded(t *testing.T) {
	t.Parallel()
	policies := readPolicies(t)
	ca, trusting := authority(t)
	for path, c := range readCorpus(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			decision := policies[c.Policy].Evaluate(catest.Must(c.Request())(t))
			if diff := cmp.Diff(c.RefusedBy, checksOf(decision)); diff != "" {
				t.Errorf("refused by (-want +got):\n%s\n%s", diff, decision.Summary())
			}
			if decision.Allowed() == c.Hostile() {
				t.Fatalf("allowed: %t", decision.Allowed())
			}
			if c.Hostile() {
				return
			}
			if diff := cmp.Diff(c.Grant, shown(decision)); diff != "" {
				t.Errorf("granted (-want +got):\n%s", diff)
			}
			catest.Must(issuer.Obtain(t.Context(), ca, *decision.Grant, trusting))(t)
		})
	}
}

// shown converts a grant to the form of the corpus.
func shown(d csr.Decision) *corpus.Grant {
	g := &corpus.Grant{Rule: d.Rule, DNSNames: d.Grant.DNSNames, Lifetime: duration(d.Grant.Lifetime)}
	if d.Grant.SPIFFEID != (spiffeid.ID{}) {
		g.SPIFFEID = d.Grant.SPIFFEID.String()
	}
	for _, usage := range d.Grant.ExtKeyUsages {
		g.Usages = append(g.Usages, usageNames()[usage])
	}
	return g
}

func TestChecks_EachOwnsACaseThatOnlyItRefuses(t *testing.T) {
	t.Parallel()
	owned := make(map[csr.Check]int)
	for _, c := range readCorpus(t) {
		if len(c.RefusedBy) == 1 {
			owned[csr.Check(c.RefusedBy[0])]++
		}
	}
	for _, info := range csr.Checks() {
		t.Logf("%-22s %d", info.Check, owned[info.Check])
		if owned[info.Check] == 0 || info.Demand == "" || info.Source == "" {
			t.Errorf("%q has no case, no demand or no source", info.Check)
		}
		delete(owned, info.Check)
	}
	if len(owned) > 0 {
		t.Errorf("checks that are not listed: %v", owned)
	}
}

func TestCorpus_IsLargeEnough(t *testing.T) {
	t.Parallel()
	hostile, valid := 0, 0
	for _, c := range readCorpus(t) {
		if c.Hostile() {
			hostile++
		} else {
			valid++
		}
	}
	t.Logf("%d hostile, %d valid", hostile, valid)
	if hostile < 60 || valid < 12 {
		t.Errorf("%d hostile and %d valid cases, want at least 60 and 12", hostile, valid)
	}
}

// The checks are pure: none depends on what another one has found.
func TestChecks_OrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	policies, compared := readPolicies(t), 0
	for path, c := range readCorpus(t) {
		policy, r := policies[c.Policy], catest.Must(c.Request())(t)
		if diff := cmp.Diff(checksOf(policy.Evaluate(r)), checksOf(policy.Reversed()(r))); diff != "" {
			t.Errorf("%s: refused by (-in order +in reverse order):\n%s", path, diff)
		}
		compared++
	}
	if compared < 200 {
		t.Errorf("%d cases", compared)
	}
}

// Generated files are not edited by hand.
func TestCorpus_MatchesItsGenerator(t *testing.T) {
	t.Parallel()
	left := readCorpus(t)
	for _, c := range corpus.Cases() {
		path := filepath.Join(corpusDir, c.File())
		want := catest.Must(c.YAML())(t)
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs; run go run ./csr/internal/mkcorpus csr/testdata/corpus: %v", path, err)
		}
		if left[path] == nil {
			t.Errorf("two cases have the file %s", path)
		}
		delete(left, path)
	}
	for path := range left {
		t.Errorf("%s is not a case of the generator", path)
	}
}
