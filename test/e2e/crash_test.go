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

// TestCrash_KilledControllerLosesNoRequest kills the controller while each of its workers waits
// for the CA, and deletes some of the pending requests.
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
	// The controller repeats the calls that were in flight, unless their request was deleted.
	if twice := f.check(ctx, t); twice < workers-given || twice > workers {
		t.Errorf("%d requests took two calls to the CA, want between %d and %d", twice, workers-given, workers)
	}
}

// TestCrash_RestartedAPIServerLosesNoRequest restarts the API server while calls to the CA are
// in flight and istiod waits for a certificate, which may end istiod.
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
			return errors.New("istiod has no pending request")
		}
		return nil
	})

	f.cluster.APIServer.Kill()
	release()
	f.cluster.StartAPIServer(t)
	t.Logf("result of the pending renewal: %v", <-renewed)
	t.Logf("istiod ended: %t", i.Revive(t))
	checkout.Renew(t)
	f.check(ctx, t)
}

// isLeftBehind reports whether a request is approved and has no certificate.
func isLeftBehind(r *certificatesv1.CertificateSigningRequest) bool {
	return condition(r, certificatesv1.CertificateApproved) != nil && len(r.Status.Certificate) == 0
}

// isWaitingForIstiod reports whether istiod made the request for a workload and it has no
// certificate.
func isWaitingForIstiod(r *certificatesv1.CertificateSigningRequest) bool {
	return r.GenerateName == "csr-workload-" && isLeftBehind(r)
}
