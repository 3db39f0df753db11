package files

import (
	"math/big"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
)

func TestParseExchange_LeavesOutTheKeysOfObjects(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	list := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t)
	key := catest.Must(ca.MarshalKey(h.IntermediateKey))(t)
	chain := ca.MarshalCertificates(h.Chain()...)
	tests := map[string]any{
		"a Secret of istiod": &corev1.Secret{
			TypeMeta: metav1.TypeMeta{Kind: "Secret"},
			Data:     map[string][]byte{secrets.CertChainFile: chain, secrets.CAKeyFile: key, secrets.CACRLFile: ca.MarshalCRLs(list)},
		},
		"a Secret of cert-manager": &corev1.Secret{
			TypeMeta: metav1.TypeMeta{Kind: "Secret"},
			Data:     map[string][]byte{"tls.crt": chain, "tls.key": key, "list": ca.MarshalCRLs(list)},
		},
		"a Secret that nobody applied yet": &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{Kind: "Secret"},
			Data:       map[string][]byte{secrets.CertChainFile: chain},
			StringData: map[string]string{secrets.CAKeyFile: string(key), secrets.CACRLFile: string(ca.MarshalCRLs(list))},
		},
		"a ConfigMap": &corev1.ConfigMap{
			TypeMeta: metav1.TypeMeta{Kind: "ConfigMap"},
			Data:     map[string]string{"a": string(chain), "b": string(ca.MarshalCRLs(list))},
		},
	}
	for name, object := range tests {
		got, err := parseExchange(catest.Must(yaml.Marshal(object))(t))
		if err != nil || len(got.Certificates) != 2 || len(got.CRLs) != 1 {
			t.Errorf("%s: %d certificates, %d CRLs and the error %v", name, len(got.Certificates), len(got.CRLs), err)
		}
	}
}

// FuzzExchange reads whatever a file may hold.
func FuzzExchange(f *testing.F) {
	h := catest.New(f)
	bundle := catest.Must(secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: h.Chain()}))(f)
	f.Add(ca.MarshalCertificates(h.Chain()...))
	f.Add(h.Root.Certificate().Raw)
	f.Add(catest.Must(yaml.Marshal(bundle.Secret("istio-system")))(f))
	f.Add([]byte(`{"kind":"ConfigMap","data":{"a":"-----BEGIN X509 CRL-----"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseExchange(data)
		if err != nil && len(got.Certificates)+len(got.CRLs) > 0 {
			t.Errorf("it is refused, and something was read: %v", err)
		}
	})
}
