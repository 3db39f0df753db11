package cluster

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/pki"
)

// UserKubeconfig returns the path of a new kubeconfig for a user with this name and these
// groups, by a client certificate.
func (c *Cluster) UserKubeconfig(t testing.TB, name string, groups ...string) string {
	t.Helper()
	return c.writeKubeconfig(t, name, byCertificate(c.newUser(t, name, groups)))
}

// ServiceAccountKubeconfig returns the path of a new kubeconfig with a token of account.
func (c *Cluster) ServiceAccountKubeconfig(t testing.TB, account ServiceAccount) string {
	t.Helper()
	token, err := c.Token(t.Context(), account, issuer)
	if err != nil {
		t.Fatal(err)
	}
	return c.writeKubeconfig(t, account.String(), Object{"token": token})
}

// writeKubeconfig returns the path of a self-contained kubeconfig. It is JSON, which is YAML. It
// replaces an existing file atomically, since others may read it.
func (c *Cluster) writeKubeconfig(t testing.TB, name string, user Object) string {
	t.Helper()
	config, err := json.MarshalIndent(Object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": name,
		"contexts":        []Object{{"name": name, "context": Object{"cluster": c.Name, "user": name}}},
		"clusters": []Object{{
			"name": c.Name, "cluster": Object{"server": c.URL, "certificate-authority-data": c.credentials.ca.PEM()},
		}},
		"users": []Object{{"name": name, "user": user}},
	}, "", "  ")
	if err != nil {
		t.Fatalf("%s: create a kubeconfig for %s: %v", c.Name, name, err)
	}
	path := filepath.Join(c.dir, name+".kubeconfig")
	temporary := path + "." + rand.Text()
	if err := os.WriteFile(temporary, config, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// byCertificate is a user of a kubeconfig with a client certificate.
func byCertificate(c pki.Credential) Object {
	return Object{"client-certificate-data": c.Cert, "client-key-data": c.Key}
}
