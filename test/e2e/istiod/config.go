package istiod

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// env is the environment of istiod in its pod. Empty names disable the patching of webhooks.
func (i *Istiod) env() []string {
	env := []string{
		"POD_NAMESPACE=" + Namespace,
		"POD_NAME=istiod",
		"SERVICE_ACCOUNT=" + account.Name,
		"CLUSTER_ID=" + i.Cluster.Name,
		"REVISION=default",
		"INJECTION_WEBHOOK_CONFIG_NAME=",
		"VALIDATION_WEBHOOK_CONFIG_NAME=",
		"PILOT_ENABLE_ANALYSIS=false",
	}
	if i.opts.RA != nil {
		env = append(env, i.opts.RA.env()...)
	}
	if i.opts.Namespace != "" {
		// It publishes its root there without leader election.
		env = append(env, "ENABLE_LEADER_ELECTION=false")
	}
	return append(env, i.opts.Env...)
}

func (i *Istiod) meshConfig() string { return filepath.Join(i.dir, "mesh.json") }

// writeFiles writes the files that istiod reads at its start: the configuration of the mesh, and
// its CA if it has one.
func (i *Istiod) writeFiles(t testing.TB) {
	t.Helper()
	mesh := map[string]any{"trustDomain": "cluster.local"}
	if i.opts.Namespace != "" {
		mesh["discoverySelectors"] = []any{
			map[string]any{"matchLabels": map[string]string{"kubernetes.io/metadata.name": i.opts.Namespace}},
		}
	}
	maps.Copy(mesh, i.opts.MeshConfig)
	if i.opts.RA != nil {
		maps.Copy(mesh, i.opts.RA.meshConfig())
		if err := i.opts.RA.mount(i.dir); err != nil {
			t.Fatal(err)
		}
	}
	config, err := json.MarshalIndent(mesh, "", "  ")
	if err != nil {
		t.Fatalf("%s: create the mesh's configuration: %v", i.name(), err)
	}
	if err := os.WriteFile(i.meshConfig(), config, 0o600); err != nil {
		t.Fatal(err)
	}
	if i.opts.CA != nil {
		i.Swap(t, i.opts.CA)
	}
}
