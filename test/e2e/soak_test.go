//go:build soak

package e2e_test

import (
	"context"
	"crypto/x509"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// A mesh renews its intermediates a few times a year, and its workloads twice a
// day. Here both take seconds.
const (
	renewalInterval  = 3 * time.Second
	workloadInterval = 100 * time.Millisecond
	maxRenewals      = 10_000 // regardless of SOAK: each one stays in the trust directory
)

// TestSoak_Renewals checks that renewals accumulate no problems: after any number of them each
// workload gets certificates that verify, and connects to peers with current and with the first
// certificates.
func TestSoak_Renewals(t *testing.T) {
	end := time.Now().Add(soakTime(t))
	dir := newTrust(t, "east", "west")
	east, west := startWithTrust(t, dir, "east"), startWithTrust(t, dir, "west")
	checkout := newLife(t, east, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	ledger := newLife(t, west, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})
	before := [2]int64{memory(east), memory(west)}

	stop := make(chan struct{})
	var lives sync.WaitGroup
	lives.Go(func() { checkout.live(t, stop, ledger) })
	lives.Go(func() { ledger.live(t, stop, checkout) })
	renewals := renewUntil(t, end, dir, map[*istiod.Istiod]*life{east: checkout, west: ledger})
	close(stop)
	lives.Wait()

	if renewals == 0 || checkout.talks == 0 || ledger.talks == 0 {
		t.Error("no renewal and no connection: SOAK is too short")
	}
	t.Logf("%d renewals of each intermediate; %d certificates and %d connections of %s, %d and %d of %s",
		renewals, checkout.certificates, checkout.talks, checkoutID, ledger.certificates, ledger.talks, ledgerID)
	t.Logf("istiod's memory at its peak, before and after: %d and %d MiB in east, %d and %d in west",
		before[0], memory(east), before[1], memory(west))
}

// soakTime is the duration of the test, from the environment.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	took, err := time.ParseDuration(os.Getenv("SOAK"))
	if err != nil {
		t.Fatalf("SOAK does not say how long to run: %v: run `make soak`", err)
	}
	return took
}

// renewUntil renews the intermediates until end, each time as soon as the workloads have
// certificates of the last ones, and returns the number of renewals.
func renewUntil(t *testing.T, end time.Time, dir string, mesh map[*istiod.Istiod]*life) int {
	t.Helper()
	ticker := time.NewTicker(renewalInterval)
	defer ticker.Stop()
	n := 0
	for ; n < maxRenewals && time.Now().Before(end) && !t.Failed(); n++ {
		trustgen(t, "intermediate", "--dir", dir, "--cluster", "east", "--cluster", "west", "--renew")
		made := make(map[*life]*secrets.CACerts)
		for i, life := range mesh {
			made[life] = swapRenewed(t, i, dir)
		}
		for life, bundle := range made {
			await(t, life.Principal(), func(context.Context) error { return issuedWith(life.Identity(), bundle) })
		}
		<-ticker.C
	}
	return n
}

// memory is the peak memory of istiod, in MiB.
func memory(i *istiod.Istiod) int64 { return i.Process.Usage().PeakMemory >> 20 }

// A life is a workload that renews and connects all the time.
type life struct {
	*workload.Workload
	first       *workload.Identity
	now, always *workload.Server // with the current certificate, and with the first one

	certificates, talks int
}

func newLife(t *testing.T, i *istiod.Istiod, opts workload.Options) *life {
	t.Helper()
	w := workload.New(t, i, opts)
	return &life{Workload: w, first: w.Identity(), now: w.Serve(t), always: w.Identity().Serve(t)}
}

// live renews the certificate of the workload and connects to the peer until stop is closed.
func (l *life) live(t *testing.T, stop <-chan struct{}, peer *life) {
	t.Helper()
	ticker := time.NewTicker(workloadInterval)
	defer ticker.Stop()
	for {
		if err := l.TryRenew(t); err != nil {
			t.Error(err)
		}
		l.certificates++
		assertVerifies(t, l.Identity(), l.first.Roots[0])
		for _, client := range []*workload.Identity{l.first, l.Identity()} {
			for _, server := range []*workload.Server{peer.now, peer.always} {
				assertTalk(t, client, server, l.first.Principal(), peer.first.Principal())
				l.talks++
			}
		}
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
	}
}

// assertVerifies asserts that the certificate chains to the root, by the certificates that the
// workload presents.
func assertVerifies(t *testing.T, id *workload.Identity, root *x509.Certificate) {
	t.Helper()
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	for _, cert := range id.Chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err := id.Leaf().Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		t.Errorf("the certificate of %s: %v", id.Principal(), err)
	}
}
