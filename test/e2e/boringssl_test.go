package e2e_test

import (
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/verifiers"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// A boringSSLServer judges workloads with the TLS library of Envoy.
type boringSSLServer struct {
	verifier verifiers.Verifier
	serves   verifiers.Workload // of another mesh
}

func newBoringSSLServer(t *testing.T) *boringSSLServer {
	t.Helper()
	s := &boringSSLServer{serves: stranger(t).clusters["east"].workload(t, leafTemplate(verifiers.Server))}
	for _, v := range findVerifiers(t) {
		if libraryOf(v) == byBoringSSL {
			s.verifier = v
		}
	}
	return s
}

// assertSays asserts its opinion of a client, with the roots and CRLs of another workload.
func (s *boringSSLServer) assertSays(t *testing.T, given, client *workload.Identity, want opinion) {
	t.Helper()
	c := verifiers.Connection{ServerName: istiod.ServerName}
	c.Ends[verifiers.Client] = verifiers.Workload{Roots: s.serves.Roots, Chain: concat(client.Chain...), Key: encodeKey(t, client.Key)}
	c.Ends[verifiers.Server] = verifiers.Workload{
		Roots: concat(given.Roots...), CRLs: ca.MarshalCRLs(given.CRLs...), Chain: s.serves.Chain, Key: s.serves.Key,
	}
	got, err := byBoringSSL.said(s.verifier.Verify(t.Context(), c, verifiers.Client), want)
	switch {
	case err != nil:
		t.Errorf("%s cannot judge: %v", s.verifier.Name(), err)
	case got != want:
		t.Errorf("%s about %s: %s, want %s", s.verifier.Name(), client.Principal(), got, want)
	}
}
