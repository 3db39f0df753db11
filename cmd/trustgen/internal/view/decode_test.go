package view

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"

	"sigs.k8s.io/yaml"
)

// FuzzDecode reads whatever a file may hold; no private key ever shows.
func FuzzDecode(f *testing.F) {
	h := catest.New(f)
	bundle := catest.Must(secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: h.Chain()}))(f)
	f.Add(ca.MarshalCertificates(h.LeafChain()...))
	f.Add(catest.Must(ca.MarshalKey(h.LeafKey))(f))
	f.Add(catest.Must(yaml.Marshal(bundle.Secret("istio-system")))(f))
	f.Add([]byte(`{"kind":"Secret","stringData":{"a":"-----BEGIN X509 CRL-----"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := decode(data)
		if err == nil && len(items) == 0 {
			t.Error("nothing was found, and that is no error")
		}
		for _, i := range items {
			if i.Kind == "" {
				t.Errorf("an item has no kind: %+v", i)
			}
			i.fields()
		}
	})
}

func TestDecode_EncryptedKeyInAnyForm(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"legacy.pem", "pbes2-sha256.pem", "scrypt.pem"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "ca", "testdata", "keys", name))
		if err != nil {
			t.Fatal(err)
		}
		if items, err := decode(data); err != nil || len(items) != 1 || items[0].Kind != "encrypted private key" {
			t.Errorf("%s: got %+v and the error %v", name, items, err)
		}
	}
}
