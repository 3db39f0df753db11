package e2e_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestMesh_ClustersWithOneRootTrustEachOther checks the purpose of the program, with the files
// that the clusters get from it.
func TestMesh_ClustersWithOneRootTrustEachOther(t *testing.T) {
	t.Parallel()
	dir := newTrust(t, "east", "west")
	east, west := startWithTrust(t, dir, "east"), startWithTrust(t, dir, "west")

	checkout := workload.New(t, east, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	ledger := workload.New(t, west, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})

	t.Run("a certificate chains to the root by the intermediate of its cluster", func(t *testing.T) {
		assertIssued(t, checkout.Identity(), dir, "east", checkoutID)
		assertIssued(t, ledger.Identity(), dir, "west", ledgerID)
	})
	t.Run("each serves the other, allowed by SPIFFE ID", func(t *testing.T) {
		assertTalk(t, checkout.Identity(), ledger.Serve(t, checkoutID), checkoutID, ledgerID)
		assertTalk(t, ledger.Identity(), checkout.Serve(t, ledgerID), ledgerID, checkoutID)
	})
	t.Run("each refuses a peer that is not allowed", func(t *testing.T) {
		assertRefused(t, checkout.Identity(), ledger.Serve(t, otherID), workload.ErrClientNotAllowed)
		assertRefused(t, checkout.Identity(), ledger.Serve(t), workload.ErrServerNotAllowed, otherID)
		assertRefused(t, ledger.Identity(), checkout.Serve(t, otherID), workload.ErrClientNotAllowed)
		assertRefused(t, ledger.Identity(), checkout.Serve(t), workload.ErrServerNotAllowed, otherID)
	})
	t.Run("both refuse a cluster with another root", func(t *testing.T) {
		stranger := workload.New(t, startAlone(t, "stranger"), workload.Options{}).Identity()
		for _, w := range []*workload.Workload{checkout, ledger} {
			assertRefused(t, w.Identity(), stranger.Serve(t), workload.ErrServerUntrusted)
			assertRefused(t, stranger.Trusting(w.Identity()), w.Serve(t), workload.ErrClientUntrusted)
		}
	})
}

// assertIssued asserts that istiod issued the identity to principal, with the cluster's CA
// bundle.
func assertIssued(t *testing.T, id *workload.Identity, dir, cluster, principal string) {
	t.Helper()
	intermediate := loadCertificate(t, filepath.Join(dir, "clusters", cluster, "ca-cert.pem"))
	root := loadCertificate(t, filepath.Join(dir, "root-cert.pem"))
	if len(id.Chain) < 3 || !id.Chain[1].Equal(intermediate) || !id.Chain[2].Equal(root) {
		t.Errorf("%s has the chain %v, want a leaf, %s and %s", principal, subjects(id.Chain), intermediate.Subject, root.Subject)
	}
	if len(id.Roots) != 1 || !id.Roots[0].Equal(root) {
		t.Errorf("%s trusts %v, want %s alone", principal, subjects(id.Roots), root.Subject)
	}
	if got := id.Principal(); got != principal {
		t.Errorf("the certificate is for %s, want %s", got, principal)
	}
	if !hasCriticalNames(id.Leaf()) {
		t.Errorf("the certificate of %s has no critical subject alternative name", principal)
	}
}

// hasCriticalNames reports whether the subject alternative name is critical, as it must be if
// the subject is empty (RFC 5280 §4.2.1.6).
func hasCriticalNames(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool {
		return e.Critical && e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17})
	})
}
