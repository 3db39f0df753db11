package secrets

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SecretName is the name of the Secret that istiod reads its CA from.
const SecretName = "cacerts"

// DefaultNamespace is where istiod runs, unless it was installed elsewhere.
const DefaultNamespace = "istio-system"

// Secret is the set as the Secret of istiod in a namespace. It holds the key.
func (c *CACerts) Secret(namespace string) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{
			Name:      SecretName,
			Namespace: namespace,
			Labels:    map[string]string{"app.kubernetes.io/managed-by": "trustgen"},
		},
		Type: corev1.SecretTypeOpaque,
		Data: c.Files(),
	}
}
