package secrets_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
)

// FuzzParse checks that the files of a bundle which can be read are read again, and written with
// the same bytes.
func FuzzParse(f *testing.F) {
	h := catest.New(f)
	own := bundle(f, h).Files()
	form := tlsForm(h, own)
	f.Add(own["ca-cert.pem"], own["ca-key.pem"], own["root-cert.pem"], own["cert-chain.pem"], false)
	f.Add(own["ca-cert.pem"], own["ca-key.pem"], own["root-cert.pem"], own["ca-cert.pem"], false)
	f.Add(form["tls.crt"], form["tls.key"], form["ca.crt"], []byte(nil), true)
	f.Fuzz(func(t *testing.T, cert, key, root, chain []byte, isTLS bool) {
		files := map[string][]byte{"ca-cert.pem": cert, "ca-key.pem": key, "root-cert.pem": root, "cert-chain.pem": chain}
		if isTLS {
			files = map[string][]byte{"tls.crt": cert, "tls.key": key, "ca.crt": root}
		}
		first, err := secrets.Parse(files)
		if err != nil {
			return
		}
		second, err := secrets.Parse(first.Files())
		if err != nil {
			t.Fatalf("the written files cannot be read: %v", err)
		}
		if diff := cmp.Diff(first.Files(), second.Files()); diff != "" {
			t.Errorf("the files change from one round to the next (-first +second):\n%s", diff)
		}
		if diff := cmp.Diff(first.Roots(), second.Roots(), catest.Identical()); diff != "" {
			t.Errorf("roots (-first +second):\n%s", diff)
		}
	})
}
