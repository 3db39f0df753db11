package e2e_test

import (
	"strings"
	"testing"

	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// TestRA_PreviousKubernetes is TestRA_IstiodsHoldNoKey for one cluster with the previous version
// of Kubernetes.
func TestRA_PreviousKubernetes(t *testing.T) {
	t.Parallel()
	in := cluster.Start(t, cluster.Options{Name: "older", Kubernetes: cluster.Kubernetes136})
	istiod.Install(t, in)
	version := in.Kubectl(t, "version")
	if !strings.Contains(version, "Server Version: v"+cluster.Kubernetes136+".") {
		t.Fatal(version)
	}
	c := newCorporate(t)
	m := startWithEphemeral(t, c, cfsslserver.Start(t, c.server), in)
	checkout, ledger := m.workload(t, "shop", "checkout"), m.agent(t, "bank", "ledger")
	assertTalk(t, checkout, ledger.Serve(t, checkoutID), checkoutID, ledgerID)
	assertTalk(t, ledger, checkout.Serve(t, ledgerID), ledgerID, checkoutID)
	if trusted := ledger.Roots; len(trusted) != 1 || !trusted[0].Equal(c.root.Certificate()) {
		t.Errorf("a workload trusts %v, want the root alone", subjects(trusted))
	}
}
