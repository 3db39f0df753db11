package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"

	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/poll"
	"github.com/trustgen/trustgen/test/e2e/signer"
)

// The number of requests, and of workers of the controller.
const (
	floodSize = 300
	workers   = 8
)

// flood is a cluster in which istiod requests many certificates, signed by a real cfssl.
type flood struct {
	cluster  *cluster.Cluster
	signer   *signer.Signer
	calls    *calls
	requests *history
	corp     *corporate

	asking sync.WaitGroup
}

// floodTimeout is enough for the slowest machine; two idle cores need ten seconds.
const floodTimeout = 2 * time.Minute

// startFlood starts the cluster, without requests.
func startFlood(t *testing.T, name string) *flood {
	t.Helper()
	f := &flood{corp: newCorporate(t), cluster: startCluster(t, name)}
	server := cfsslserver.Start(t, f.corp.server)
	f.calls = countCalls(t, server)
	signer.Install(t, f.cluster)
	allowRequests(t, f.cluster)
	applyCFSSL(t, f.cluster, f.corp, server)
	backend := cfsslBackend(server)
	backend["urls"] = []string{f.calls.url}
	apply(t, f.cluster, clusterIssuer("mesh", object{"cfssl": backend, "trustAnchors": f.corp.anchors()}))
	f.signer = signer.Start(t, f.cluster, fmt.Sprintf("--workers=%d", workers))
	ready(t, f.cluster, "mesh")
	f.requests = watchRequests(t, f.cluster)
	return f
}

// come creates the requests in the background.
func (f *flood) come(ctx context.Context, t *testing.T) {
	t.Helper()
	asker := f.cluster.AsServiceAccount(t, cluster.ServiceAccount{Namespace: istiod.Namespace, Name: "istiod"})
	numbers := make(chan int)
	for range 4 {
		f.asking.Go(func() {
			for n := range numbers {
				if err := f.ask(ctx, t, asker, n); err != nil {
					t.Error(err)
				}
			}
		})
	}
	f.asking.Go(func() {
		defer close(numbers)
		for n := range floodSize {
			numbers <- n
		}
	})
	t.Cleanup(f.asking.Wait)
}

// ask creates an approved request, and retries while the API server is down.
func (f *flood) ask(ctx context.Context, t *testing.T, asker *cluster.Cluster, n int) error {
	csr := newCSR(t, floodID(n))
	return poll.Until(ctx, func(ctx context.Context) error {
		r := newRequest(floodName(n), "mesh", csr)
		if err := create(ctx, asker, r); err != nil || condition(r, certificatesv1.CertificateApproved) != nil {
			return err
		}
		return approve(ctx, f.cluster, r)
	})
}

func floodName(n int) string { return fmt.Sprintf("flood-%03d", n) }

func floodID(n int) string { return fmt.Sprintf("spiffe://cluster.local/ns/shop/sa/cart-%03d", n) }

// signed are the requests of the flood that have a certificate.
func (f *flood) signed() []*certificatesv1.CertificateSigningRequest {
	return f.requests.requests(func(r *certificatesv1.CertificateSigningRequest) bool {
		return strings.HasPrefix(r.Name, "flood-") && len(r.Status.Certificate) > 0
	})
}

// hold waits until a third of the requests is signed and each worker of the controller has
// called the CA. The responses to these calls are held back until release.
func (f *flood) hold(ctx context.Context, t *testing.T) (release func()) {
	t.Helper()
	awaitFor(ctx, t, "a third of the requests", func(context.Context) error {
		if n := len(f.signed()); n < floodSize/3 {
			return fmt.Errorf("%d are signed, want more", n)
		}
		return nil
	})
	f.calls.gate.Lock()
	awaitFor(ctx, t, "the controller", func(context.Context) error {
		if n := f.calls.holding(); n < workers {
			return fmt.Errorf("it waits for %d responses, want %d", n, workers)
		}
		return nil
	})
	t.Logf("%d requests are signed, %d responses are held back", len(f.signed()), workers)
	return f.calls.gate.Unlock
}

// check waits until all requests are created and those that still exist are settled. It asserts
// that each has a certificate, with at most two calls to the CA, and returns how many needed
// two.
func (f *flood) check(ctx context.Context, t *testing.T) (twice int) {
	t.Helper()
	f.asking.Wait()
	exist, begin := 0, time.Now()
	for n := range floodSize {
		var r *certificatesv1.CertificateSigningRequest
		awaitFor(ctx, t, floodName(n), func(context.Context) error {
			if f.requests.isDeleted(floodName(n)) {
				return nil
			}
			if r = f.requests.named(floodName(n)); r == nil || len(r.Status.Certificate) == 0 {
				return errors.New("no certificate yet")
			}
			return nil
		})
		if r == nil {
			continue
		}
		exist++
		assertLeaf(t, r, f.corp.root.Certificate(), floodID(n))
		if failed := condition(r, certificatesv1.CertificateFailed); failed != nil {
			t.Errorf("%s failed: %s", r.Name, failed.Message)
		}
	}
	f.requests.check(t)
	asked := f.calls.byKey(t)
	total := 0
	for _, times := range asked {
		total += times
		if times > 2 {
			t.Errorf("%d calls to the CA for one key, want at most 2", times)
		}
		if times == 2 {
			twice++
		}
	}
	if exist > len(asked) {
		t.Errorf("%d requests were signed, but only %d calls were counted", exist, len(asked))
	}
	t.Logf("%d requests exist and have a certificate, %s later; %d calls to the CA for %d keys, two calls for %d of them", exist, time.Since(begin).Round(time.Millisecond), total, len(asked), twice)
	return twice
}

// awaitFor polls look until it returns nil, and fails t when the context ends.
func awaitFor(ctx context.Context, t *testing.T, what string, look func(context.Context) error) {
	t.Helper()
	if err := poll.Until(ctx, look); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
