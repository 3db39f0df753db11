package secrets

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
)

// SecretName is the name of the Secret that istiod reads its CA from.
const SecretName = "cacerts"

// DefaultNamespace is where istiod runs, unless it was installed elsewhere.
const DefaultNamespace = "istio-system"

// Secret is the set as the Secret of istiod in a namespace. It holds the key.
func (c *CACerts) Secret(namespace string) *corev1.Secret {
	return newSecret(namespace, c.Files())
}

// CRLSecret is the same Secret with the CRLs of the set alone. Applied by a field manager of
// its own it brings them to a cluster and leaves the CA there as it is: before the cluster
// meets a CA that is new, it has to have the CRL of that one. It holds no key. A set without
// CRLs has nothing to bring, and is an error.
func (c *CACerts) CRLSecret(namespace string) (*corev1.Secret, error) {
	if len(c.crls) == 0 {
		return nil, ErrNoCRLs
	}
	return newSecret(namespace, map[string][]byte{CACRLFile: ca.MarshalCRLs(c.crls...)}), nil
}

// ErrNoCRLs says that a set has no CRLs.
var ErrNoCRLs = errors.New("the set has no CRLs")

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
