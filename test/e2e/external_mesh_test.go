package e2e_test

import (
	"crypto"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/agent"
	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/signer"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestRA_IstiodsHoldNoKey: the controller of east signs with an intermediate from a Secret, that
// of west with one that it created in memory, below the same root.
func TestRA_IstiodsHoldNoKey(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	east := startWithSecret(t, c, server, "east")
	west := startWithEphemeral(t, c, server, startCluster(t, "west"))

	checkout, eastern := east.workload(t, "shop", "checkout"), east.agent(t, "shop", "other")
	ledger, western := west.workload(t, "bank", "ledger"), west.agent(t, "bank", "other")
	for _, id := range []*workload.Identity{checkout, eastern, ledger, western} {
		if len(id.Roots) != 1 || !id.Roots[0].Equal(c.root.Certificate()) {
			t.Errorf("%s trusts %v, want the root alone", id.Principal(), subjects(id.Roots))
		}
	}
	for _, client := range []*workload.Identity{checkout, eastern} {
		for _, server := range []*workload.Identity{ledger, western} {
			assertTalk(t, client, server.Serve(t, client.Principal()), client.Principal(), server.Principal())
			assertTalk(t, server, client.Serve(t, server.Principal()), server.Principal(), client.Principal())
		}
	}
	assertNoKeyIn(t, west, ledger.Chain[1].PublicKey, c.issuing.Certificate().PublicKey, c.root.Certificate().PublicKey)
	// The same search finds a key that was written.
	if found := findKeys(t, east.cluster.Data()); !found.has(checkout.Chain[1].PublicKey) {
		t.Errorf("the key of east's CA is not among the %d keys in the files of etcd, which stores its Secret", len(found))
	}
}

// assertNoKeyIn asserts that a cluster and its controller have not written the private keys
// anywhere.
func assertNoKeyIn(t *testing.T, m *external, keys ...crypto.PublicKey) {
	t.Helper()
	found := findKeys(t, m.cluster.Data(), m.signer.Files())
	found.search([]byte(m.signer.Process.Log()))
	for _, key := range keys {
		if found.has(key) {
			t.Errorf("%s: the key of a CA was written to a file or log", m.cluster.Name)
		}
	}
	t.Logf("%s: found %d other private keys", m.cluster.Name, len(found))
}

// external is a cluster whose controller signs instead of istiod.
type external struct {
	cluster *cluster.Cluster
	signer  *signer.Signer
	istiod  *istiod.Istiod
}

// startWithSecret starts a cluster whose CA is a Secret of the program.
func startWithSecret(t *testing.T, c *corporate, server *cfsslserver.Server, name string) *external {
	t.Helper()
	m := &external{cluster: startCluster(t, name)}
	signer.Install(t, m.cluster)
	dir := filepath.Join(t.TempDir(), "trust")
	trustgen(t, "intermediate", "--dir", dir, "--cluster", name, "--not-after", "24h", "--issuer", manifest(t, c, server))
	applyCA(t, m.cluster, dir, name, "cacerts")
	apply(t, m.cluster, clusterIssuer("mesh", object{"ca": object{"secretName": "cacerts"}, "trustAnchors": c.anchors()}))
	m.start(t, c)
	return m
}

// startWithEphemeral starts a cluster whose CA is only in the memory of its controller.
func startWithEphemeral(t *testing.T, c *corporate, server *cfsslserver.Server, in *cluster.Cluster) *external {
	t.Helper()
	m := &external{cluster: in}
	signer.Install(t, in)
	applyCFSSL(t, in, c, server)
	apply(t, in, clusterIssuer("corporate", object{
		"cfssl":              cfsslBackend(server),
		"trustAnchors":       c.anchors(),
		"policy":             object{},
		"allowIntermediates": []object{{"name": "mesh"}},
	}))
	apply(t, in, clusterIssuer("mesh", object{
		"ephemeral":    object{"issuerRef": object{"name": "corporate"}, "commonName": in.Name},
		"trustAnchors": c.anchors(),
	}))
	m.start(t, c)
	return m
}

// start starts the controller and istiod. The issuer mesh must exist.
func (m *external) start(t *testing.T, c *corporate) {
	t.Helper()
	m.signer = signer.Start(t, m.cluster)
	ready(t, m.cluster, "mesh")
	m.istiod = istiod.Start(t, m.cluster, istiod.Options{RA: &istiod.RA{
		Domain: signer.Domain, Signer: "mesh", Roots: ca.MarshalCertificates(c.root.Certificate()), Serving: true,
	}})
}

func (m *external) workload(t *testing.T, namespace, account string) *workload.Identity {
	t.Helper()
	return workload.New(t, m.istiod, workload.Options{Namespace: namespace, ServiceAccount: account}).Identity()
}

func (m *external) agent(t *testing.T, namespace, account string) *workload.Identity {
	t.Helper()
	return agent.Start(t, m.istiod, agent.Options{Namespace: namespace, ServiceAccount: account}).Identity()
}

// anchors are the trust anchors of an issuer: the root alone.
func (c *corporate) anchors() object {
	return object{"pem": string(ca.MarshalCertificates(c.root.Certificate()))}
}

// applyCFSSL applies the objects by which the controller uses the server.
func applyCFSSL(t *testing.T, in *cluster.Cluster, c *corporate, server *cfsslserver.Server) {
	t.Helper()
	for _, o := range cfsslObjects(c, server) {
		o["metadata"].(object)["namespace"] = signer.Namespace
		apply(t, in, o)
	}
}
