package cluster

import "testing"

// Secret returns the data of a Secret from the API server.
func (c *Cluster) Secret(t testing.TB, namespace, name string) map[string][]byte {
	t.Helper()
	var secret struct{ Data map[string][]byte }
	if err := c.Get(t.Context(), "/api/v1/namespaces/"+namespace+"/secrets/"+name, &secret); err != nil {
		t.Fatal(err)
	}
	return secret.Data
}
