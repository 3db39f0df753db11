// Package agent runs Istio's agent for a test: pilot-agent as a plain process,
// without an Envoy, which gets certificates from istiod, writes them to files
// and rotates them.
package agent

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/poll"
	"github.com/trustgen/trustgen/test/e2e/process"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// Options is for whom an agent gets certificates.
type Options struct {
	Namespace      string        // "default" if empty
	ServiceAccount string        // "default" if empty
	TTL            time.Duration // of certificates, which it rotates half way; a day if zero
	CertSigner     string        // that it names to a registration authority; none if empty
}

// Agent is a running pilot-agent, which ends with its test.
type Agent struct {
	Process *process.Process

	istiod   *istiod.Istiod
	account  cluster.ServiceAccount
	opts     Options
	dir      string // its working directory
	identity *workload.Identity
}

// startTimeout is for the slowest machine; two idle cores need half a second.
const startTimeout = time.Minute

// Start starts an agent in the cluster of i and returns when it has written
// its first certificate, or fails t. Its service account is made where it is
// not there.
func Start(t testing.TB, i *istiod.Istiod, opts Options) *Agent {
	t.Helper()
	a := &Agent{
		istiod: i,
		account: cluster.ServiceAccount{
			Namespace: cmp.Or(opts.Namespace, "default"),
			Name:      cmp.Or(opts.ServiceAccount, "default"),
		},
		opts: opts,
		dir:  process.Directory(t),
	}
	i.Cluster.EnsureServiceAccount(t, a.account)
	a.mount(t)
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	var err error
	if a.Process, err = process.StartReady(ctx, t, func() process.Spec { return a.spec(t) }, a.read); err != nil {
		t.Fatal(err)
	}
	return a
}

// Identity is what the agent had written when Start or Rotated returned.
func (a *Agent) Identity() *workload.Identity { return a.identity }

// Rotated returns when the agent has replaced the certificate that Identity
// returns, or fails t after another lifetime of it.
func (a *Agent) Rotated(t testing.TB) {
	t.Helper()
	old := a.identity.Leaf()
	ctx, cancel := context.WithDeadline(t.Context(), old.NotAfter.Add(a.opts.TTL))
	defer cancel()
	err := poll.Until(ctx, func(ctx context.Context) error {
		err := a.read(ctx)
		if err == nil && a.identity.Leaf().Equal(old) {
			err = errors.New("it is the certificate of before")
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s-pilot-agent rotates the certificate of %s: %v", a.istiod.Cluster.Name, a.account, err)
	}
}

// read reads what the agent has written.
func (a *Agent) read(context.Context) error {
	id, err := a.load()
	if err == nil {
		a.identity = id
	}
	return err
}
