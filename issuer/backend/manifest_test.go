package backend_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const documents = `# An issuer, and the objects that it refers to.
apiVersion: trustgen.io/v1alpha1
kind: TrustClusterIssuer
metadata:
  name: corporate
spec:
  ca: {secretName: root}
  trustAnchors:
    configMap: {name: roots, key: root.pem}
---
apiVersion: v1
kind: Secret
metadata: {name: root}
data: {tls.crt: aGVsbG8=}
stringData: {tls.key: hunter2}
---
# nothing but a comment
---
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "roots"}, "data": {"root.pem": "PEM"}}
`

func TestParseManifest_ReadsAllDocuments(t *testing.T) {
	t.Parallel()
	m := catest.Must(backend.ParseManifest([]byte(documents)))(t)
	secret := catest.Must(m.Secret(t.Context(), "root"))(t)
	roots := catest.Must(m.ConfigMap(t.Context(), "roots"))(t)
	if m.Name != "corporate" || m.Spec.CA.SecretName != "root" || !m.HasSecrets() ||
		string(secret["tls.crt"]) != "hello" || string(secret["tls.key"]) != "hunter2" || roots["root.pem"] != "PEM" {
		t.Errorf("got %s, %+v, %v, %v", m.Name, m.Spec, secret, roots)
	}
	if _, err := m.Upstream(t.Context(), v1alpha1.IssuerReference{Name: "other"}); err == nil {
		t.Error("a manifest has an upstream")
	}
}

func TestParseManifest_Errors(t *testing.T) {
	t.Parallel()
	issuer := func(name string) string {
		return "apiVersion: trustgen.io/v1alpha1\nkind: TrustClusterIssuer\nmetadata: {name: " + name + "}\n"
	}
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: root}\n"
	tests := map[string]struct{ manifest, want string }{
		"nothing":                      {"", "contains no TrustClusterIssuer"},
		"a Secret alone":               {secret, "contains no TrustClusterIssuer"},
		"an issuer without a name":     {issuer(`""`), "document 1: the TrustClusterIssuer has no name"},
		"two issuers":                  {issuer("a") + "---\n" + issuer("b"), "document 2: is a second issuer, b after a"},
		"two Secrets of a name":        {issuer("a") + "---\n" + secret + "---\n" + secret, `document 3: there are two Secrets "root"`},
		"an unknown field":             {issuer("a") + "spec: {polcy: {}}\n", `document 1: error unmarshaling JSON`},
		"a list":                       {"[1, 2]\n", "document 1: is not an object"},
		"a text":                       {"hunter2\n", "document 1: is not an object"},
		"no YAML":                      {"a: [\n", "document 1: "},
		"another kind":                 {"apiVersion: v1\nkind: Pod\n", `document 1: is of kind "Pod" and apiVersion "v1"`},
		"another version":              {"apiVersion: trustgen.io/v9\nkind: TrustClusterIssuer\n", `apiVersion "trustgen.io/v9"`},
		"no kind":                      {"a: b\n", "document 1: is of kind"},
		"a Secret that is not base64":  {secret + "data: {key: hunter2!}\n", "document 1: the Secret is malformed: expected base64"},
		"a Secret with a strange type": {secret + "data: hunter2\n", "document 1: the Secret is malformed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := backend.ParseManifest([]byte(test.manifest))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got the error %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error %v may reveal a secret", err)
			}
		})
	}
}

func TestFormat_DoesNotRevealSecrets(t *testing.T) {
	t.Parallel()
	m := catest.Must(backend.ParseManifest([]byte(documents)))(t)
	encoded := catest.Must(json.Marshal(m))(t)
	for _, text := range append([]string{string(encoded)}, fmt.Sprintf("%v %+v %#v %s %q %x", m, m, m, m, m, m), fmt.Sprintf("%v", *m)) {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
			t.Errorf("printed is %s", text)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(documents))
	f.Add([]byte("kind: Secret\napiVersion: v1\n---\n"))
	f.Add([]byte("- a\n- b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := backend.ParseManifest(data)
		if (m == nil) != (err != nil) {
			t.Errorf("got %v and the error %v", m, err)
		}
		if err == nil && m.Name == "" {
			t.Error("a manifest without an issuer")
		}
	})
}
