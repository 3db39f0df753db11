package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/signer"
)

// example is the folder with the files of the clusters, relative to the directory in which
// run.sh starts the test-bed.
const example = "../../examples/external-ca"

// startRA starts a cluster whose istiod has no CA: the controller of trustgen signs, with the CA
// of the cluster in the trust directory in dir. The steps are those of the README.md of the
// example.
func startRA(t testing.TB, dir, name string) *member {
	t.Helper()
	c := startCluster(t, dir, name)
	signer.Install(t, c)
	c.KubectlInput(t, trustgen(t, dir, "secret", "--cluster", name, "--namespace", signer.Namespace), "apply", "--server-side", "-f", "-")
	root := filepath.Join(dir, "trust/root-cert.pem")
	c.Kubectl(t, "create", "configmap", "mesh-roots", "-n", signer.Namespace, "--from-file=root-cert.pem="+root)
	c.Kubectl(t, "apply", "--server-side", "-f", filepath.Join(example, "issuer.yaml"), "-f", filepath.Join(example, "istiod-rbac.yaml"))
	signer.Start(t, c)
	c.Kubectl(t, "wait", "--for=condition=Ready", "--timeout=60s", "trustclusterissuer/mesh")
	return &member{istiod: istiod.Start(t, c, istiod.Options{MeshConfig: exampleMesh(t, root), Env: exampleEnv(t)})}
}

// exampleMesh is the configuration of the mesh, with the root inserted.
func exampleMesh(t testing.TB, root string) map[string]any {
	t.Helper()
	pem := bytes.TrimSpace(readFile(t, root))
	indented := bytes.ReplaceAll(pem, []byte("\n"), []byte("\n    "))
	text := bytes.ReplaceAll(readFile(t, filepath.Join(example, "mesh.yaml")), []byte("<trust/root-cert.pem>"), indented)
	var mesh map[string]any
	if err := yaml.Unmarshal(text, &mesh); err != nil {
		t.Fatal(err)
	}
	return mesh
}

func exampleEnv(t testing.TB) []string {
	t.Helper()
	return strings.Fields(string(readFile(t, filepath.Join(example, "istiod.env"))))
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
