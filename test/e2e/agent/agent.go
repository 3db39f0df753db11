// Package agent runs Istio's agent for a test: pilot-agent as a plain process without an Envoy.
// It gets certificates from istiod, writes them to files and rotates them.
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

// Options selects the identity and the certificates of an agent.
type Options struct {
	Namespace      string        // "default" if empty
	ServiceAccount string        // "default" if empty
	TTL            time.Duration // of certificates, rotated half way; a day if zero
	CertSigner     string        // requested from a registration authority; none if empty
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

// startTimeout is enough for the slowest machine; two idle cores need half a second.
const startTimeout = time.Minute

// Start starts an agent in the cluster of i. It returns when the agent has written its first
// certificate, and fails t otherwise. It creates a missing service account.
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

// Identity is the identity in the files when Start or Rotated returned.
func (a *Agent) Identity() *workload.Identity { return a.identity }

// Rotated waits until the agent has replaced the certificate of Identity, and fails t after
// another lifetime of it.
func (a *Agent) Rotated(t testing.TB) {
	t.Helper()
	old := a.identity.Leaf()
	ctx, cancel := context.WithDeadline(t.Context(), old.NotAfter.Add(a.opts.TTL))
	defer cancel()
	err := poll.Until(ctx, func(ctx context.Context) error {
		err := a.read(ctx)
		if err == nil && a.identity.Leaf().Equal(old) {
			err = errors.New("the certificate has not changed")
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s-pilot-agent rotates the certificate of %s: %v", a.istiod.Cluster.Name, a.account, err)
	}
}

// read reads the files of the agent.
func (a *Agent) read(context.Context) error {
	id, err := a.load()
	if err == nil {
		a.identity = id
	}
	return err
}
