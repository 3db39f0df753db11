package e2e_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/agent"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestAgent_RotatesCertificates checks that the certificates which Istio's own agent gets from
// istiod work in a mesh, before and after a rotation.
func TestAgent_RotatesCertificates(t *testing.T) {
	t.Parallel()
	dir := newTrust(t, "east", "west")
	east, west := startWithTrust(t, dir, "east"), startWithTrust(t, dir, "west")

	checkout := agent.Start(t, east, agent.Options{Namespace: "shop", ServiceAccount: "checkout", TTL: 10 * time.Second})
	ledger := workload.New(t, west, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})
	assertWorks := func(t *testing.T) {
		t.Helper()
		assertIssued(t, checkout.Identity(), dir, "east", checkoutID)
		assertTalk(t, checkout.Identity(), ledger.Serve(t, checkoutID), checkoutID, ledgerID)
		assertTalk(t, ledger.Identity(), checkout.Identity().Serve(t, ledgerID), ledgerID, checkoutID)
	}

	t.Run("its first certificate works", assertWorks)
	first := checkout.Identity().Leaf()
	checkout.Rotated(t)
	t.Run("its rotated certificate works", assertWorks)
	if bytes.Equal(first.RawSubjectPublicKeyInfo, checkout.Identity().Leaf().RawSubjectPublicKeyInfo) {
		t.Error("the agent kept its key, want a new one")
	}
}
