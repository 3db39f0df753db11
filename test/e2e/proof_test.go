package e2e_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/verifiers"
)

var keyTypes = []string{"P-256", "P-384", "RSA-3072", "RSA-4096"}

// A proof is a chain on which all verifiers must agree.
type proof struct {
	name    string
	issuer  func(t *testing.T, m *mesh, cluster string) *authority
	expired bool
	refused *regexp.Regexp // expected reasons; nil if all verifiers accept the chain
}

// refusal is a pattern of reasons. It also matches the error that deno returns for almost
// everything, without the reason of rustls. Each refused chain differs from an accepted one in a
// single point, so the refusal is due to that.
func refusal(reasons string) *regexp.Regexp {
	return regexp.MustCompile("(?i)" + reasons + "|UNABLE_TO_VERIFY_LEAF_SIGNATURE")
}

var proofs = []proof{
	{
		name:   "leaf of a cluster",
		issuer: func(_ *testing.T, m *mesh, cluster string) *authority { return m.clusters[cluster] },
	},
	{
		name: "leaf below two intermediates",
		issuer: func(t *testing.T, m *mesh, _ string) *authority {
			return m.root.subordinate(t, intermediateTemplate(1)).subordinate(t, intermediateTemplate(0))
		},
	},
	{
		name:    "leaf of another root",
		issuer:  func(_ *testing.T, m *mesh, cluster string) *authority { return m.stranger.clusters[cluster] },
		refused: refusal(`self.signed.cert|issuer is unknown|unknown authority`),
	},
	{
		name:    "expired leaf",
		issuer:  func(_ *testing.T, m *mesh, cluster string) *authority { return m.clusters[cluster] },
		expired: true,
		refused: refusal(`expired`),
	},
	{
		name: "leaf beyond path length 0",
		issuer: func(t *testing.T, m *mesh, cluster string) *authority {
			return m.clusters[cluster].subordinate(t, intermediateTemplate(0))
		},
		refused: refusal(`path.length|signer's constraints`),
	},
}

// TestVerifiers_Mesh runs independent verifiers on the certificates of the program, for each key
// type.
func TestVerifiers_Mesh(t *testing.T) {
	judges := findVerifiers(t)
	answers := newAnswers()
	t.Cleanup(func() { t.Logf("results of the verifiers:\n%s", answers.table(judges)) })

	for _, keyType := range keyTypes {
		t.Run(keyType, func(t *testing.T) {
			t.Parallel()
			m := newMesh(t, keyType, "east", "west")
			m.stranger = newMesh(t, keyType, "east", "west")
			for _, p := range proofs {
				t.Run(p.name, func(t *testing.T) { p.run(t, m, judges, answers) })
			}
			for name, a := range m.authorities() {
				t.Run(name, func(t *testing.T) { proveAuthority(t, a, judges) })
			}
		})
	}
}

// run runs every verifier on the chain of the server and on that of the client.
func (p proof) run(t *testing.T, m *mesh, judges []verifiers.Verifier, answers *answers) {
	for _, side := range verifiers.Sides() {
		c := p.connection(t, m, side)
		for _, judge := range judges {
			t.Run(side.String()+"/"+judge.Name(), func(t *testing.T) {
				err := judge.Verify(t.Context(), c, side)
				answers.add(question{judge.Name(), m.keyType, p.name, side}, err)
				p.check(t, err)
			})
		}
	}
}

// connection is a connection between a server in west and a client in east. One side presents
// the chain of the proof; everything else is valid.
func (p proof) connection(t *testing.T, m *mesh, side verifiers.Side) verifiers.Connection {
	t.Helper()
	c := verifiers.Connection{ServerName: istiod.ServerName}
	for end, cluster := range map[verifiers.Side]string{verifiers.Server: "west", verifiers.Client: "east"} {
		issuer, template := m.clusters[cluster], leafTemplate(end)
		if end == side {
			issuer = p.issuer(t, m, cluster)
			if p.expired {
				template.NotAfter = time.Now().Add(-time.Second)
			}
		}
		c.Ends[end] = issuer.workload(t, template)
		c.Ends[end].Roots = m.clusters[cluster].roots
	}
	return c
}

// check compares the result of a verifier with the expected one.
func (p proof) check(t *testing.T, err error) {
	t.Helper()
	var r *verifiers.Refusal
	switch {
	case p.refused == nil && err != nil:
		t.Errorf("got %v, want acceptance", err)
	case p.refused != nil && !errors.As(err, &r):
		t.Errorf("got %v, want a refusal", err)
	case p.refused != nil && !p.refused.MatchString(r.Reason):
		t.Errorf("got a refusal because of %q, want a reason that matches %q", r.Reason, p.refused)
	}
}

// findVerifiers finds all verifiers, bun and deno where make e2e installs them. A missing
// verifier fails the test.
func findVerifiers(t *testing.T) []verifiers.Verifier {
	t.Helper()
	found, err := verifiers.Find(t.Context(), "verifiers/node_modules")
	if err != nil {
		t.Fatalf("missing verifiers:\n%v", err)
	}
	return found
}
