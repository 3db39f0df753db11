package e2e_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestIstiod_ExternalReadsSecretAtFirstStart: an istiod outside of its cluster has no mounted
// Secret and fetches it. A changed Secret reaches only an istiod that starts without the files
// of an earlier fetch.
func TestIstiod_ExternalReadsSecretAtFirstStart(t *testing.T) {
	t.Parallel()
	dir := newTrust(t, "east")
	c := startCluster(t, "east")
	applySecret(t, c, dir)
	files := t.TempDir()
	running := startExternal(t, c, files)
	checkout := workload.New(t, running, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	assertIssued(t, checkout.Identity(), dir, "east", checkoutID)
	old := checkout.Identity()

	trustgen(t, "intermediate", "--dir", dir, "--cluster", "east", "--renew")
	applySecret(t, c, dir)
	fresh := workload.New(t, startExternal(t, c, t.TempDir()), workload.Options{Namespace: "shop", ServiceAccount: "other"})

	t.Run("a new istiod uses the renewed intermediate", func(t *testing.T) {
		assertIssued(t, fresh.Identity(), dir, "east", otherID)
	})
	t.Run("a running istiod keeps its intermediate", func(t *testing.T) {
		checkout.Renew(t)
		assertSameIssuer(t, checkout.Identity(), old)
	})
	t.Run("an istiod restarted with the old files keeps them", func(t *testing.T) {
		restarted := workload.New(t, startExternal(t, c, files), workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
		assertSameIssuer(t, restarted.Identity(), old)
	})
	t.Run("workloads of both talk", func(t *testing.T) {
		assertTalk(t, checkout.Identity(), fresh.Serve(t, checkoutID), checkoutID, otherID)
		assertTalk(t, fresh.Identity(), checkout.Serve(t, otherID), otherID, checkoutID)
	})
}

// TestIstiod_PrimaryServesRemoteCluster: workloads of a cluster without an istiod get
// certificates of the program's intermediate from the istiod of another cluster, which has a
// remote secret.
func TestIstiod_PrimaryServesRemoteCluster(t *testing.T) {
	t.Parallel()
	dir := newTrust(t, "primary")
	primary, remote := startWithTrust(t, dir, "primary", "EXTERNAL_ISTIOD=true"), startCluster(t, "remote")
	leaveToPrimary(t, remote, "primary")
	applyRemoteSecret(t, primary.Cluster, remote)

	checkout := workload.New(t, primary, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	ofRemote := workload.Options{Cluster: remote, Namespace: "bank", ServiceAccount: "ledger"}
	ledger := workload.New(t, primary, ofRemote)

	t.Run("a token of the remote cluster gets a certificate", func(t *testing.T) {
		assertIssued(t, ledger.Identity(), dir, "primary", ledgerID)
	})
	t.Run("workloads of both clusters talk", func(t *testing.T) {
		assertTalk(t, checkout.Identity(), ledger.Serve(t, checkoutID), checkoutID, ledgerID)
		assertTalk(t, ledger.Identity(), checkout.Serve(t, ledgerID), ledgerID, checkoutID)
	})
	for _, claim := range []string{"unknown", "primary"} {
		t.Run("the same token is refused with the cluster "+claim, func(t *testing.T) {
			opts := ofRemote
			opts.Cluster = claiming(remote, claim)
			_, err := workload.Try(t, primary, opts)
			if got := status.Code(err); got != codes.Unauthenticated {
				t.Errorf("istiod responds %v, want %v", err, codes.Unauthenticated)
			}
		})
	}
	t.Run("the token is refused after removal of the remote secret", func(t *testing.T) {
		primary.Cluster.Kubectl(t, "delete", "secret", remoteSecret(remote), "-n", istiod.Namespace)
		await(t, "the primary's istiod", func(context.Context) error {
			if got := status.Code(ledger.TryRenew(t)); got != codes.Unauthenticated {
				return fmt.Errorf("istiod responds %v, want %v", got, codes.Unauthenticated)
			}
			return nil
		})
		assertTalk(t, ledger.Identity(), checkout.Serve(t, ledgerID), ledgerID, checkoutID)
	})
}

// startExternal starts an istiod that fetches the Secret and keeps its files in a directory.
func startExternal(t *testing.T, c *cluster.Cluster, files string) *istiod.Istiod {
	t.Helper()
	return istiod.Start(t, c, istiod.Options{Env: []string{"USE_REMOTE_CERTS=true", "ROOT_CA_DIR=" + filepath.Join(files, "cacerts")}})
}

// assertSameIssuer asserts that one intermediate issued both identities.
func assertSameIssuer(t *testing.T, got, want *workload.Identity) {
	t.Helper()
	if !got.Chain[1].Equal(want.Chain[1]) {
		t.Errorf("%s has the chain %v, want that of %v", got.Principal(), subjects(got.Chain), want.Chain[1].Subject)
	}
}

// leaveToPrimary lets the istiod of the primary publish its root in the cluster.
func leaveToPrimary(t *testing.T, c *cluster.Cluster, primary string) {
	t.Helper()
	c.Kubectl(t, "annotate", "namespace", istiod.Namespace, "topology.istio.io/controlPlaneClusters="+primary)
}

// applyRemoteSecret gives the primary access to the remote cluster, as `istioctl
// create-remote-secret` does.
func applyRemoteSecret(t *testing.T, primary, remote *cluster.Cluster) {
	t.Helper()
	account := cluster.ServiceAccount{Namespace: istiod.Namespace, Name: "istiod"}
	kubeconfig := remote.ServiceAccountKubeconfig(t, account)
	primary.Kubectl(t, "create", "secret", "generic", remoteSecret(remote), "-n", istiod.Namespace,
		"--from-file="+remote.Name+"="+kubeconfig)
	primary.Kubectl(t, "label", "secret", remoteSecret(remote), "-n", istiod.Namespace, "istio/multiCluster=true")
}

func remoteSecret(remote *cluster.Cluster) string { return "istio-remote-secret-" + remote.Name }

// claiming returns the cluster under another name, for workloads that claim to be there.
func claiming(c *cluster.Cluster, name string) *cluster.Cluster {
	pretended := *c
	pretended.Name = name
	return &pretended
}
