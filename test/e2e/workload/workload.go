// Package workload acts as the workloads of a mesh: it gets certificates as Istio's agent does,
// and connects by mutual TLS as the data plane does.
//
// crypto/x509 verifies peers here. Package verifiers runs BoringSSL and rustls on such chains.
package workload

import (
	"cmp"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// Options selects the identity of a workload and its certificates.
type Options struct {
	Cluster        *cluster.Cluster // the cluster of its istiod if nil
	Namespace      string           // "default" if empty
	ServiceAccount string           // "default" if empty
	TTL            time.Duration    // of its certificates; a day, as for the agent, if zero
	CertSigner     string           // requested from a registration authority; none if empty
	Patience       time.Duration    // how long it waits for a response; longer than istiod does if zero
}

// Workload is a workload with certificates from an istiod.
type Workload struct {
	istiod   *istiod.Istiod
	cluster  *cluster.Cluster
	account  cluster.ServiceAccount
	opts     Options
	identity atomic.Pointer[Identity]
}

// New returns a workload with its first certificate, and fails t on an error. It creates a
// missing service account.
func New(t testing.TB, i *istiod.Istiod, opts Options) *Workload {
	t.Helper()
	w, err := Try(t, i, opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Try is New for a workload that may not get a certificate.
func Try(t testing.TB, i *istiod.Istiod, opts Options) (*Workload, error) {
	t.Helper()
	w := &Workload{
		istiod:  i,
		cluster: cmp.Or(opts.Cluster, i.Cluster),
		account: cluster.ServiceAccount{
			Namespace: cmp.Or(opts.Namespace, "default"),
			Name:      cmp.Or(opts.ServiceAccount, "default"),
		},
		opts: opts,
	}
	w.cluster.EnsureServiceAccount(t, w.account)
	err := w.TryRenew(t)
	return w, err
}

// Identity is the current identity of the workload.
func (w *Workload) Identity() *Identity { return w.identity.Load() }

// Principal is the workload's SPIFFE ID.
func (w *Workload) Principal() string { return w.Identity().Principal() }

// Renew replaces the workload's key, certificate and roots, and fails t on an error. Open
// connections stay open.
func (w *Workload) Renew(t testing.TB) {
	t.Helper()
	if err := w.TryRenew(t); err != nil {
		t.Fatal(err)
	}
}

// TryRenew is Renew for a certificate that may be refused. The workload then keeps its identity.
func (w *Workload) TryRenew(t testing.TB) error {
	t.Helper()
	id, err := w.request(t.Context(), istiod.PublishedRoot(t, w.cluster, w.account.Namespace))
	if err != nil {
		return fmt.Errorf("%s of %s: get a certificate from istiod: %w", w.account, w.cluster.Name, err)
	}
	w.identity.Store(id)
	return nil
}
