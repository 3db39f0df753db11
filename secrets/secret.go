package secrets

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
)

// SecretName is the name of the Secret from which istiod reads its CA.
const SecretName = "cacerts"

// DefaultNamespace is the namespace in which istiod runs by default.
const DefaultNamespace = "istio-system"

// Secret returns the CA bundle as the Secret that istiod reads in its namespace. It holds the key.
func (c *CACerts) Secret(namespace string) *corev1.Secret {
	return newSecret(namespace, c.Files())
}

// CRLSecret returns the same Secret with the CRLs alone. It holds no key. A cluster needs the CRL
// of a new CA before it meets that CA: apply this Secret with a field manager of its own, and the
// cluster gets the CRLs and keeps its CA. The error of a bundle without CRLs is [ErrNoCRLs].
func (c *CACerts) CRLSecret(namespace string) (*corev1.Secret, error) {
	if len(c.crls) == 0 {
		return nil, ErrNoCRLs
	}
	return newSecret(namespace, map[string][]byte{CACRLFile: ca.MarshalCRLs(c.crls...)}), nil
}

// ErrNoCRLs says that a CA bundle has no CRLs.
var ErrNoCRLs = errors.New("the CA bundle has no CRLs")

func newSecret(namespace string, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      SecretName,
			Namespace: namespace,
			Labels:    map[string]string{"app.kubernetes.io/managed-by": "trustgen"},
		},
		Type: corev1.SecretTypeOpaque,
		Data: data,
	}
}
