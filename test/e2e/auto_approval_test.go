package e2e_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/signer"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestAutoApproval_FollowsPolicy lets service accounts request certificates for themselves,
// beside an istiod that approves its own requests.
func TestAutoApproval_FollowsPolicy(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "auto")
	signer.Install(t, c)
	allowRequests(t, c)
	dir := newTrust(t, c.Name)
	applyCA(t, c, dir, c.Name, "mesh")
	root := read(t, filepath.Join(dir, "root-cert.pem"))
	issuer := clusterIssuer("mesh", object{"ca": object{"secretName": "mesh"}, "trustAnchors": object{"pem": string(root)}, "approval": "Auto"})
	policy := issuer["spec"].(object)["policy"].(object)
	policy["rules"] = append(policy["rules"].([]object), object{
		"name": "own", "identities": "Own", "namespaces": []string{"*"}, "serviceAccounts": []string{"*"},
	})
	apply(t, c, issuer)
	signer.Start(t, c)
	ready(t, c, "mesh")
	requests := watchRequests(t, c)
	account := cluster.ServiceAccount{Namespace: "shop", Name: "checkout"}
	c.EnsureServiceAccount(t, account)
	checkout := c.AsServiceAccount(t, account)
	ask := func(t *testing.T, name, id string) *certificatesv1.CertificateSigningRequest {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := create(ctx, checkout, newRequest(name, "mesh", newCSR(t, id))); err != nil {
			t.Fatal(err)
		}
		return mustSettle(ctx, t, requests, name)
	}

	t.Run("a service account requests its own identity", func(t *testing.T) {
		r := ask(t, "own", checkoutID)
		approved := condition(r, certificatesv1.CertificateApproved)
		if approved == nil || approved.Reason != "AllowedByPolicy" || len(r.Status.Certificate) == 0 {
			t.Fatalf("status of the request: %+v", r.Status)
		}
		t.Logf("%s: %s", approved.Reason, approved.Message)
		assertLeaf(t, r, loadCertificate(t, filepath.Join(dir, "root-cert.pem")), checkoutID)
	})
	t.Run("it requests another identity", func(t *testing.T) {
		r := ask(t, "other", ledgerID)
		denied := condition(r, certificatesv1.CertificateDenied)
		if denied == nil || denied.Reason != "NotAllowed" || !strings.Contains(denied.Message, "bank") || len(r.Status.Certificate) > 0 {
			t.Fatalf("status of the request: %+v", r.Status)
		}
		t.Logf("%s: %s", denied.Reason, denied.Message)
	})
	t.Run("istiod approves its own requests", func(t *testing.T) {
		i := istiod.Start(t, c, istiod.Options{RA: &istiod.RA{Domain: signer.Domain, Signer: "mesh", Roots: root, Serving: true}})
		w := workload.New(t, i, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})
		const each, workers = 10, 4
		var working sync.WaitGroup
		for range workers {
			working.Go(func() {
				for range each {
					if err := w.TryRenew(t); err != nil {
						t.Error(err)
					}
				}
			})
		}
		working.Wait()
		ofIstiod := requests.requests(func(r *certificatesv1.CertificateSigningRequest) bool {
			return r.Spec.Username == "system:serviceaccount:istio-system:istiod"
		})
		if len(ofIstiod) < 1+1+each*workers {
			t.Errorf("istiod made %d requests, want one for itself, one for the first certificate of a workload, and %d", len(ofIstiod), each*workers)
		}
		for _, r := range ofIstiod {
			// The controller approves with the reason AllowedByPolicy.
			if approved := condition(r, certificatesv1.CertificateApproved); approved == nil || approved.Reason == "AllowedByPolicy" {
				t.Errorf("approval of %s: %+v, want one of istiod", r.Name, approved)
			}
		}
		t.Logf("%d requests of istiod", len(ofIstiod))
	})
	requests.check(t)
}
