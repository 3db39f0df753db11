package e2e_test

import (
	"context"
	"errors"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/signer"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestCrash_KilledControllerLosesNoRequest kills it while each of its workers waits for
// the CA, and deletes some of what it leaves behind.
func TestCrash_KilledControllerLosesNoRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), floodTimeout)
	defer cancel()
	f := startFlood(t, "killed")
	f.come(ctx, t)
	release := f.hold(ctx, t)
	f.signer.Process.Kill()
	release()
	const given = 5
	for _, r := range f.requests.requests(isLeftBehind)[:given] {
		if err := f.cluster.Delete(ctx, requestsPath+"/"+r.Name); err != nil {
			t.Error(err)
		}
	}
	f.signer.Restart(t)
	// What was in flight is asked for again, unless it is deleted: so calls are counted.
	if twice := f.check(ctx, t); twice < workers-given || twice > workers {
		t.Errorf("the CA was asked twice for %d requests, want between %d and %d", twice, workers-given, workers)
	}
}

// TestCrash_RestartedAPIServerLosesNoRequest ends it while the CA answers, and while
// istiod waits as well: which may be the end of that.
func TestCrash_RestartedAPIServerLosesNoRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), floodTimeout)
	defer cancel()
	f := startFlood(t, "restarted")
	i := istiod.Start(t, f.cluster, istiod.Options{RA: &istiod.RA{
		Domain: signer.Domain, Signer: "mesh", Roots: ca.MarshalCertificates(f.corp.root.Certificate()),
	}})
	checkout := workload.New(t, i, workload.Options{Namespace: "shop", ServiceAccount: "checkout", Patience: 20 * time.Second})
	f.come(ctx, t)
	release := f.hold(ctx, t)
	renewed := make(chan error, 1)
	go func() { renewed <- checkout.TryRenew(t) }()
	awaitFor(ctx, t, "istiod", func(context.Context) error {
		if waiting := f.requests.requests(isWaitingForIstiod); len(waiting) == 0 {
			return errors.New("it has no request that waits")
		}
		return nil
	})

	f.cluster.APIServer.Kill()
	release()
	f.cluster.StartAPIServer(t)
	t.Logf("the workload that waited got: %v", <-renewed)
	t.Logf("istiod had died: %t", i.Revive(t))
	checkout.Renew(t)
	f.check(ctx, t)
}

// isLeftBehind tells a request that is approved and has no certificate.
func isLeftBehind(r *certificatesv1.CertificateSigningRequest) bool {
	return condition(r, certificatesv1.CertificateApproved) != nil && len(r.Status.Certificate) == 0
}

// isWaitingForIstiod tells one that istiod made for a workload.
func isWaitingForIstiod(r *certificatesv1.CertificateSigningRequest) bool {
	return r.GenerateName == "csr-workload-" && isLeftBehind(r)
}
