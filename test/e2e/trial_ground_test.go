package e2e_test

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/verifiers"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// A trialGround is a cluster with an istiod for each bundle. Each istiod publishes its root in
// one namespace, which has its workloads.
type trialGround struct {
	cluster *cluster.Cluster
	judges  map[step]verifiers.Verifier
	server  verifiers.Workload // of another mesh, the identity of the judges
}

func newTrialGround(t *testing.T) *trialGround {
	t.Helper()
	g := &trialGround{cluster: startCluster(t, "east"), judges: make(map[step]verifiers.Verifier)}
	for _, judge := range findVerifiers(t) {
		g.judges[step(libraryOf(judge))] = judge
	}
	g.server = stranger(t).clusters["east"].workload(t, leafTemplate(verifiers.Server))
	return g
}

// try starts an istiod with the bundle, and runs the steps.
func (g *trialGround) try(t *testing.T, b bundle, namespace string) *trial {
	t.Helper()
	m, tr := newMesh(t, cmp.Or(b.keyType, "P-256"), "east", "west"), newTrial(b)
	i, err := g.start(t, b.files(t, m), namespace)
	if !tr.record(starts, err) || !tr.record(serves, verifyServing(t, i, namespace)) {
		return tr
	}
	w, err := workload.Try(t, i, workload.Options{Namespace: namespace, ServiceAccount: "client"})
	if !tr.record(signs, err) {
		return tr
	}
	client := w.Identity()
	server := workload.New(t, i, workload.Options{Namespace: namespace, ServiceAccount: "server"}).Identity()
	west := m.workload(t)
	tr.record(lasts, outlived(client))
	tr.record(talksWithin, converse(t, client, server))
	tr.record(boringSSL, g.judge(t, boringSSL, client, server))
	tr.record(rustls, g.judge(t, rustls, client, server))
	tr.record(talksAcross, errors.Join(converse(t, client, west), converse(t, west, server)))
	return tr
}

// start starts an istiod that serves one namespace only, and publishes its root there without
// leader election.
func (g *trialGround) start(t *testing.T, ca bundleFiles, namespace string) (*istiod.Istiod, error) {
	t.Helper()
	g.cluster.EnsureServiceAccount(t, cluster.ServiceAccount{Namespace: namespace, Name: "default"})
	i, err := istiod.Try(t, g.cluster, istiod.Options{CA: ca, Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("%w; its log:\n%s", err, i.Process.Log())
	}
	return i, nil
}

// verifyServing verifies istiod's own certificate as its clients do.
func verifyServing(t *testing.T, i *istiod.Istiod, namespace string) error {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(istiod.PublishedRoot(t, i.Cluster, namespace)) {
		return errors.New("istiod publishes no root")
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: istiod.ServerName, NextProtos: []string{"h2"}}}
	conn, err := dialer.DialContext(t.Context(), "tcp", i.Address)
	if err == nil {
		conn.Close()
	}
	return err
}

// judge lets a library verify the chain of client with the roots of server.
func (g *trialGround) judge(t *testing.T, library step, client, server *workload.Identity) error {
	t.Helper()
	c := verifiers.Connection{ServerName: istiod.ServerName}
	c.Ends[verifiers.Client] = verifiers.Workload{Roots: g.server.Roots, Chain: concat(client.Chain...), Key: encodeKey(t, client.Key)}
	c.Ends[verifiers.Server] = verifiers.Workload{Roots: concat(server.Roots...), Chain: g.server.Chain, Key: g.server.Key}
	err := g.judges[library].Verify(t.Context(), c, verifiers.Client)
	if refusal := (*verifiers.Refusal)(nil); err != nil && !errors.As(err, &refusal) {
		t.Fatal(err)
	}
	return err
}

// workload is a workload of cluster west, with a certificate as its istiod would issue it.
func (m *mesh) workload(t *testing.T) *workload.Identity {
	t.Helper()
	w := m.clusters["west"].workload(t, leafTemplate(verifiers.Client))
	id, err := workload.NewIdentity(w.Chain, w.Key, w.Roots)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// outlived returns an error if the certificate of the workload outlives one of its CAs.
func outlived(id *workload.Identity) error {
	for _, cert := range slices.Concat(id.Chain[1:], id.Roots) {
		if cert.NotAfter.Before(id.Leaf().NotAfter) {
			return fmt.Errorf("the certificate ends at %v, after %s: %v", id.Leaf().NotAfter, cert.Subject, cert.NotAfter)
		}
	}
	return nil
}

// converse returns an error unless both authenticate each other by mutual TLS.
func converse(t *testing.T, client, server *workload.Identity) error {
	t.Helper()
	conn, err := client.Dial(t.Context(), server.Serve(t, client.Principal()), server.Principal())
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Echo("how are you?")
}
