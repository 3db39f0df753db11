package backend_test

import (
	"os"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/backend"
)

func TestParseManifest_Example(t *testing.T) {
	t.Parallel()
	data := catest.Must(os.ReadFile("../../examples/issuer/cfssl.yaml"))(t)
	m := catest.Must(backend.ParseManifest(data))(t)
	if m.Name != "corporate" || m.Spec.CFSSL == nil || !m.HasSecrets() {
		t.Errorf("got %s with %+v", m.Name, m.Spec)
	}
	for _, name := range []string{m.Spec.CFSSL.AuthKey.Name, m.Spec.CFSSL.ClientSecretName} {
		catest.Must(m.Secret(t.Context(), name))(t)
	}
	catest.Must(m.ConfigMap(t.Context(), m.Spec.TrustAnchors.ConfigMap.Name))(t)
}
