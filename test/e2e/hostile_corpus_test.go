package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/signer"
)

// TestCorpus_HostileRequestsFail creates every request of the corpus in a real API server, as
// its requester, and approves it. The valid ones take the same way and are signed, so the way
// leads to the signer.
func TestCorpus_HostileRequestsFail(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{Name: "corpus"})
	signer.Install(t, c)
	allowRequests(t, c)
	applyPolicies(t, c)
	signer.Start(t, c)
	requests := watchRequests(t, c)
	hostile, valid := readCorpus(t, "hostile"), readCorpus(t, "valid")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	pose(ctx, t, c, append(slices.Clone(hostile), valid...))

	for _, p := range valid {
		if p.made(t) {
			r, err := requests.settled(ctx, p.name)
			if err != nil || len(r.Status.Certificate) == 0 {
				t.Errorf("%s: %v, want a certificate: %+v", p.Title, err, r)
			}
		}
	}
	came := 0
	for _, p := range hostile {
		if p.made(t) {
			came++
			p.check(t, mustSettle(ctx, t, requests, p.name))
		}
	}
	if came < 100 {
		t.Errorf("only %d hostile requests reached the controller", came)
	}
	t.Logf("hostile:\n%s", tally(hostile))
	t.Logf("valid:\n%s", tally(valid))
	requests.check(t)
}

// check asserts that a hostile request failed, by the expected check.
func (p *posed) check(t *testing.T, r *certificatesv1.CertificateSigningRequest) {
	t.Helper()
	if len(r.Status.Certificate) > 0 {
		t.Errorf("%s: was signed", p.Title)
	}
	if !slices.Equal(inAnyOrder(r.Spec.Groups), inAnyOrder(p.Requester.Groups)) || r.Spec.Username != p.Requester.Username {
		t.Errorf("%s: the requester is %q of %q, want %q", p.Title, r.Spec.Username, r.Spec.Groups, p.Requester)
	}
	failed := condition(r, certificatesv1.CertificateFailed)
	if failed == nil {
		t.Errorf("%s: did not fail: %+v", p.Title, r.Status.Conditions)
		return
	}
	for _, check := range p.RefusedBy {
		if !strings.Contains(failed.Message, check+": ") {
			t.Errorf("%s: want the check %s in the message %q", p.Title, check, failed.Message)
		}
	}
}

// made reports whether the object exists. It accepts no other error of the API server than that
// the request is invalid.
func (p *posed) made(t *testing.T) bool {
	t.Helper()
	refused, ok := errors.AsType[*cluster.StatusError](p.err)
	if p.err != nil && (!ok || refused.Code != http.StatusUnprocessableEntity) {
		t.Errorf("%s: %v", p.Title, p.err)
	}
	return p.name != "" && p.err == nil
}

// inAnyOrder returns sorted groups without the one that the API server adds.
func inAnyOrder(groups []string) []string {
	return slices.Sorted(func(yield func(string) bool) {
		for _, group := range groups {
			if group != "system:authenticated" && !yield(group) {
				return
			}
		}
	})
}

// applyPolicies applies an issuer for each policy. All share a CA.
func applyPolicies(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	dir := newTrust(t, c.Name)
	applyCA(t, c, dir, c.Name, "ca")
	files, err := filepath.Glob(filepath.Join(testdata, "policies", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		policy := object{}
		if err := yaml.Unmarshal(read(t, file), &policy); err != nil {
			t.Fatal(err)
		}
		apply(t, c, clusterIssuer(strings.TrimSuffix(filepath.Base(file), ".yaml"), object{
			"ca": object{"secretName": "ca"}, "trustAnchors": object{"pem": string(read(t, filepath.Join(dir, "root-cert.pem")))}, "policy": policy,
		}))
	}
}
