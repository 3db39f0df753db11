// Package workload plays the workloads of a mesh: it gets certificates as
// Istio's agent does, and does mutual TLS as the data plane does.
//
// What judges a peer here is crypto/x509; what BoringSSL and rustls say to the
// same chains is a matter of package verifiers.
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

// Options is who a workload is and what it asks for.
type Options struct {
	Cluster        *cluster.Cluster // where it runs; where its istiod does if nil
	Namespace      string           // "default" if empty
	ServiceAccount string           // "default" if empty
	TTL            time.Duration    // of its certificates; a day, as the agent's, if zero
	CertSigner     string           // that it names to a registration authority; none if empty
	Patience       time.Duration    // how long it waits for an answer; longer than istiod does if zero
}

// Workload is one that has its certificates from an istiod.
type Workload struct {
	istiod   *istiod.Istiod
	cluster  *cluster.Cluster
	account  cluster.ServiceAccount
	opts     Options
	identity atomic.Pointer[Identity]
}

// New returns a workload with its first certificate, or fails t. Its service
// account is made where it is not there.
func New(t testing.TB, i *istiod.Istiod, opts Options) *Workload {
	t.Helper()
	w, err := Try(t, i, opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Try is New for a workload that may be refused a certificate.
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

// Identity is what the workload has now.
func (w *Workload) Identity() *Identity { return w.identity.Load() }

// Principal is the workload's SPIFFE ID.
func (w *Workload) Principal() string { return w.Identity().Principal() }

// Renew replaces the workload's key, certificate and roots, or fails t.
// Connections that are open stay open.
func (w *Workload) Renew(t testing.TB) {
	t.Helper()
	if err := w.TryRenew(t); err != nil {
		t.Fatal(err)
	}
}

// TryRenew is Renew where a certificate may be refused. The workload then
// keeps what it has.
func (w *Workload) TryRenew(t testing.TB) error {
	t.Helper()
	id, err := w.request(t.Context(), istiod.PublishedRoot(t, w.cluster, w.account.Namespace))
	if err != nil {
		return fmt.Errorf("%s of %s: get a certificate from istiod: %w", w.account, w.cluster.Name, err)
	}
	w.identity.Store(id)
	return nil
}
