package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Backend is the CA behind an issuer: exactly one of the fields is set.
type Backend struct {
	// CA signs with a key from a Secret.
	CA *CABackend `json:"ca,omitempty"`
	// Ephemeral signs with a key that is born in memory and never stored; another
	// issuer signs its certificate.
	Ephemeral *EphemeralBackend `json:"ephemeral,omitempty"`
	// CFSSL asks a cfssl server.
	CFSSL *CFSSLBackend `json:"cfssl,omitempty"`
}

// CABackend signs with a key from a Secret.
type CABackend struct {
	// SecretName names the Secret. It has the files of an Istio cacerts Secret
	// (ca-cert.pem, ca-key.pem, cert-chain.pem, root-cert.pem), or tls.crt with the
	// chain, tls.key and, if the chain does not end in the root, ca.crt.
	SecretName string `json:"secretName"`
}

// EphemeralBackend signs with an intermediate that lives in memory.
type EphemeralBackend struct {
	// IssuerRef names the issuer that signs the intermediate.
	IssuerRef IssuerReference `json:"issuerRef"`
	// CommonName of the intermediate, for example the cluster; a tag is added.
	CommonName string `json:"commonName"`
	// KeyType of the intermediate: P-256 (the default), P-384, RSA-3072 or RSA-4096.
	KeyType string `json:"keyType,omitempty"`
	// Lifetime of the intermediate; it is renewed after two thirds. The default is
	// 24h.
	Lifetime metav1.Duration `json:"lifetime,omitzero"`
}

// IssuerReference names an issuer in the same scope.
type IssuerReference struct {
	// Kind is TrustIssuer or TrustClusterIssuer (the default).
	Kind string `json:"kind,omitempty"`
	Name string `json:"name"`
}

// CFSSLBackend asks a cfssl server.
type CFSSLBackend struct {
	// URLs of the servers, https, in the order in which they are tried.
	URLs []string `json:"urls"`
	// AuthKey is the server's HMAC key, in hexadecimal.
	AuthKey KeySelector `json:"authKey"`
	// Profile at the server for workloads, and IntermediateProfile for CAs. Without
	// the latter no CA can be asked for.
	Profile             string `json:"profile"`
	IntermediateProfile string `json:"intermediateProfile,omitempty"`
	// Label selects the signer of a server that has several.
	Label string `json:"label,omitempty"`
	// ServerCA verifies the TLS certificate of the server; the default are the roots
	// of the system.
	ServerCA *CertificateSource `json:"serverCA,omitempty"`
	// ClientSecretName names a Secret with tls.crt and tls.key for mutual TLS.
	ClientSecretName string `json:"clientSecretName,omitempty"`
	// Intermediates are the CAs between that of the server and the trust anchors, if
	// there are any: the server tells only its own.
	Intermediates *CertificateSource `json:"intermediates,omitempty"`
	// Timeout of one request to one server; the default is 10s.
	Timeout metav1.Duration `json:"timeout,omitzero"`
}

// CertificateSource says where certificates in PEM come from: exactly one of the
// fields is set.
type CertificateSource struct {
	PEM       string       `json:"pem,omitempty"`
	ConfigMap *KeySelector `json:"configMap,omitempty"`
	Secret    *KeySelector `json:"secret,omitempty"`
}

// KeySelector names a key of a ConfigMap or Secret.
type KeySelector struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}
