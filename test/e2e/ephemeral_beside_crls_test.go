package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestEphemeral_BesideClusterWithCRLs: east publishes CRLs; the controller of west creates its
// own CAs below the same issuing CA.
func TestEphemeral_BesideClusterWithCRLs(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	east := startRevocable(t, c.newTrust(t, "east"), "east")
	trustgen(t, "crl", "import", "--dir", east.dir, c.rootCRL(t))
	trustgen(t, "crl", "refresh", "--dir", east.dir)
	east.takes(t)
	boringSSL := newBoringSSLServer(t)

	t.Run("east refuses workloads of a CA whose CRL it does not have", func(t *testing.T) {
		west := startWithEphemeral(t, c, server, startCluster(t, "west"))
		ledger := west.workload(t, "bank", "ledger")
		assertRefuses(t, east.peer(t), ledger, workload.ErrNoCRL)
		boringSSL.assertSays(t, east.peer(t), ledger, noCRL)
		_, err := east.peer(t).Dial(t.Context(), ledger.Serve(t))
		if name := ledger.Chain[1].Subject.String(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("east reports %v, want the name of %s", err, name)
		}
		assertAllTalk(t, ledger, east.workload.Identity()) // neither checks CRLs
	})
	t.Run("east accepts them after an import of that CRL", func(t *testing.T) {
		west, ledger := startEphemeral(t, c, server)
		assertRefuses(t, east.peer(t), ledger, workload.ErrNoCRL)
		trustgen(t, "crl", "import", "--dir", east.dir, exchangeFile(t, west))
		east.takes(t)
		assertAllTalk(t, east.peer(t), ledger)
		boringSSL.assertSays(t, east.peer(t), ledger, accepted)
	})
}

// startEphemeral creates a CA as a controller embedded in another program does, and a workload
// below it.
func startEphemeral(t *testing.T, c *corporate, server *cfsslserver.Server) (*local.Ephemeral, *workload.Identity) {
	t.Helper()
	west, err := local.NewEphemeral(local.EphemeralOptions{
		Upstream:   newIssuer(t, options(t, firstKey, server)),
		Obtain:     issuer.ObtainOptions{Roots: c.root.Chain()},
		CommonName: "west",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := west.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, key := request(t), newKey(t)
	r.CSR, r.PublicKey = nil, key.Public()
	chain, err := issuer.Obtain(t.Context(), west, r, issuer.ObtainOptions{Roots: c.root.Chain()})
	if err != nil {
		t.Fatal(err)
	}
	return west, &workload.Identity{Chain: chain.Certificates, Roots: c.root.Chain(), Key: key}
}

// exchangeFile returns the path of a file with the CA's certificates and CRL.
func exchangeFile(t *testing.T, e *local.Ephemeral) string {
	t.Helper()
	list, err := e.CRL()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "west.pem")
	data := slices.Concat(ca.MarshalCertificates(e.Chain()...), encode("X509 CRL", list.Raw))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
