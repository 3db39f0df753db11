package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/ca"
	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestIntermediate_FromExternalCA lets a real cfssl sign the intermediates instead of a root in
// the directory. Two istiods accept them.
func TestIntermediate_FromExternalCA(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	dir := filepath.Join(t.TempDir(), "trust")
	trustgen(t, "intermediate", "--dir", dir, "--cluster", "east", "--cluster", "west", "--not-after", "24h",
		"--issuer", manifest(t, c, server))

	east, west := startWithTrust(t, dir, "east"), startWithTrust(t, dir, "west")
	checkout := workload.New(t, east, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	ledger := workload.New(t, west, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})
	assertTalk(t, checkout.Identity(), ledger.Serve(t, checkoutID), checkoutID, ledgerID)
	assertTalk(t, ledger.Identity(), checkout.Serve(t, ledgerID), ledgerID, checkoutID)
	if roots := checkout.Identity().Roots; len(roots) != 1 || !roots[0].Equal(c.root.Certificate()) {
		t.Errorf("a workload trusts %v, want the root of the external CA", subjects(roots))
	}
	if _, err := os.Stat(filepath.Join(dir, "root-key.pem")); !os.IsNotExist(err) {
		t.Errorf("the directory has a root key (%v)", err)
	}
}

// manifest writes an issuer and the objects that it refers to, in JSON, which is YAML.
func manifest(t *testing.T, c *corporate, server *cfsslserver.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "issuer.yaml")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	issuer := object{
		"apiVersion": "trustgen.io/v1alpha1",
		"kind":       "TrustClusterIssuer",
		"metadata":   object{"name": "corporate"},
		"spec": object{
			"cfssl":        cfsslBackend(server),
			"trustAnchors": object{"configMap": object{"name": "roots", "key": "root.pem"}},
		},
	}
	for _, document := range append(cfsslObjects(c, server), issuer) {
		data, err := json.MarshalIndent(document, "", "  ")
		if err == nil {
			_, err = file.WriteString("---\n" + string(data) + "\n")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func cfsslBackend(server *cfsslserver.Server) object {
	return object{
		"urls":                []string{server.URL},
		"profile":             cfsslserver.Workloads,
		"intermediateProfile": cfsslserver.Intermediates,
		"authKey":             object{"name": "cfssl", "key": "auth"},
		"serverCA":            object{"pem": string(server.TLS.PEM())},
		"clientSecretName":    "cfssl-client",
	}
}

// cfsslObjects are the objects to which an issuer with the server refers.
func cfsslObjects(c *corporate, server *cfsslserver.Server) []object {
	return []object{
		{
			"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": "cfssl"},
			"stringData": object{"auth": firstKey + "\n"},
		},
		{
			"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": object{"name": "cfssl-client"},
			"data": object{"tls.crt": server.Client.Cert, "tls.key": server.Client.Key},
		},
		{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": object{"name": "roots"},
			"data": object{"root.pem": string(ca.MarshalCertificates(c.root.Certificate()))},
		},
	}
}
