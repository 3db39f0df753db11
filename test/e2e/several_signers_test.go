package e2e_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/agent"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/signer"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestRA_SeveralSigners has one signer for the mesh and istiod, and another for the namespace
// bank, which its workloads select.
func TestRA_SeveralSigners(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "signers")
	requests := watchRequests(t, c)
	signer.Install(t, c)
	dir := newTrust(t, "mesh", "bank")
	root := loadCertificate(t, filepath.Join(dir, "root-cert.pem"))
	anchors := object{"pem": string(ca.MarshalCertificates(root))}
	for name, policy := range map[string]any{"mesh": nil, "bank": object{
		"trustDomains": []string{"cluster.local"},
		"rules": []object{{
			"name": "bank", "requesters": []object{istiodAccount()}, "identities": "Any",
			"namespaces": []string{"bank"}, "serviceAccounts": []string{"*"},
		}},
	}} {
		applyCA(t, c, dir, name, name)
		apply(t, c, clusterIssuer(name, object{"ca": object{"secretName": name}, "trustAnchors": anchors, "policy": policy}))
	}
	signer.Start(t, c)
	ready(t, c, "mesh")
	ready(t, c, "bank")
	i := istiod.Start(t, c, istiod.Options{RA: &istiod.RA{
		Domain: signer.Domain, Signer: "mesh", Others: []string{"bank"}, Roots: ca.MarshalCertificates(root), Serving: true,
	}})
	ofMesh, ofBank := clusterCA(t, dir, "mesh"), clusterCA(t, dir, "bank")

	t.Run("istiod serves with a certificate of the mesh signer", func(t *testing.T) {
		assertServing(t, i, root, ofMesh)
		asked := mustSee(t, requests, func(r *certificatesv1.CertificateSigningRequest) bool {
			return !slices.Contains(r.Spec.Usages, certificatesv1.UsageClientAuth)
		})
		if lifetime := time.Duration(*asked.Spec.ExpirationSeconds) * time.Second; lifetime < 9*365*24*time.Hour {
			t.Errorf("istiod requested %s, want ten years", lifetime)
		}
	})
	checkout := workload.New(t, i, workload.Options{Namespace: "shop", ServiceAccount: "checkout"}).Identity()
	ledger := agent.Start(t, i, agent.Options{Namespace: "bank", ServiceAccount: "ledger", CertSigner: "bank"}).Identity()
	t.Run("workloads of both signers talk", func(t *testing.T) {
		if !checkout.Chain[1].Equal(ofMesh) || !ledger.Chain[1].Equal(ofBank) {
			t.Errorf("the chains are %v and %v", subjects(checkout.Chain), subjects(ledger.Chain))
		}
		assertTalk(t, checkout, ledger.Serve(t, checkoutID), checkoutID, ledgerID)
		assertTalk(t, ledger, checkout.Serve(t, ledgerID), ledgerID, checkoutID)
	})
	t.Run("a pod that selects a signer of another namespace is refused", func(t *testing.T) {
		// The policy allows the agent above, which got its certificate in much less time.
		opts := workload.Options{Namespace: "shop", ServiceAccount: "checkout", CertSigner: "bank", Patience: 5 * time.Second}
		if w, err := workload.Try(t, i, opts); err == nil {
			t.Errorf("the workload got the chain %v", subjects(w.Identity().Chain))
		}
		refused := mustSee(t, requests, func(r *certificatesv1.CertificateSigningRequest) bool {
			return condition(r, certificatesv1.CertificateFailed) != nil
		})
		if len(refused.Status.Certificate) > 0 || refused.Spec.SignerName != signer.Domain+"/bank" {
			t.Fatalf("failed requests: %v, want the refused one", refused)
		}
		why := condition(refused, certificatesv1.CertificateFailed)
		t.Logf("%s: %s", why.Reason, why.Message)
		if why.Reason != "NotAllowed" || !strings.Contains(why.Message, `"shop"`) {
			t.Errorf("the request failed with %s: %s", why.Reason, why.Message)
		}
	})
	requests.check(t)
}

// mustSee waits until one request matches, and fails t on a timeout.
func mustSee(t *testing.T, h *history, fits func(*certificatesv1.CertificateSigningRequest) bool) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	var seen []*certificatesv1.CertificateSigningRequest
	await(t, "the requests", func(context.Context) error {
		if seen = h.requests(fits); len(seen) != 1 {
			return fmt.Errorf("%d match, want one", len(seen))
		}
		return nil
	})
	return seen[0]
}

// clusterCA returns the CA certificate of a cluster of a trust directory.
func clusterCA(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	return loadCertificate(t, filepath.Join(dir, "clusters", name, "ca-cert.pem"))
}

// assertServing asserts that istiod serves with a certificate that issuer signed for its names,
// valid for at most a day.
func assertServing(t *testing.T, i *istiod.Istiod, root, issuer *x509.Certificate) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(root)
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: istiod.ServerName}}
	conn, err := dialer.DialContext(t.Context(), "tcp", i.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	chain := conn.(*tls.Conn).ConnectionState().PeerCertificates
	leaf := chain[0]
	t.Logf("istiod serves as %v, for %s, by %v", leaf.DNSNames, leaf.NotAfter.Sub(leaf.NotBefore), subjects(chain[1:]))
	if len(chain) < 2 || !chain[1].Equal(issuer) {
		t.Errorf("istiod presents %v, want a certificate of %s", subjects(chain), issuer.Subject)
	}
	if len(leaf.URIs) > 0 || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || time.Until(leaf.NotAfter) > 24*time.Hour {
		t.Errorf("istiod's certificate is for %v, for the usages %v and until %s", leaf.URIs, leaf.ExtKeyUsage, leaf.NotAfter)
	}
}
