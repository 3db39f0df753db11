package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Backend is the CA behind an issuer: exactly one of the fields is set.
type Backend struct {
	// CA signs with a key from a Secret.
	//
	// +optional
	CA *CABackend `json:"ca,omitempty"`
	// Ephemeral signs with a key that is born in memory and never stored; another
	// issuer signs its certificate. Where a cluster of the mesh publishes CRLs it must
	// announce its CAs: without that the cluster refuses the workloads of each new one.
	//
	// +optional
	Ephemeral *EphemeralBackend `json:"ephemeral,omitempty"`
	// CFSSL asks a cfssl server.
	//
	// +optional
	CFSSL *CFSSLBackend `json:"cfssl,omitempty"`
}

// CABackend signs with a key from a Secret.
type CABackend struct {
	// SecretName names the Secret. It has the files of an Istio cacerts Secret
	// (ca-cert.pem, ca-key.pem, cert-chain.pem, root-cert.pem), or tls.crt with the
	// chain, tls.key and, if the trust anchors do not complete the chain, ca.crt.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	SecretName string `json:"secretName"`
}

// EphemeralBackend signs with an intermediate that lives in memory. Each replica of the
// controller has one of its own, and a new one whenever it starts.
type EphemeralBackend struct {
	// IssuerRef names the issuer that signs the intermediate.
	//
	// +required
	IssuerRef IssuerReference `json:"issuerRef"`
	// CommonName of the intermediate, for example the cluster; a tag is added.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	CommonName string `json:"commonName"`
	// KeyType of the intermediate: P-256 (the default), P-384, RSA-3072 or RSA-4096.
	//
	// +optional
	// +kubebuilder:validation:Enum=P-256;P-384;RSA-3072;RSA-4096
	KeyType string `json:"keyType,omitempty"`
	// Lifetime of the intermediate; it is renewed after two thirds. The default is
	// 24h.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	Lifetime metav1.Duration `json:"lifetime,omitzero"`
	// Announce is how long an intermediate is public before it signs: in the ConfigMap
	// trustgen-crls, beside the controller, with its CRL. It is for a mesh in which other
	// clusters publish CRLs, since they refuse the workloads of an intermediate whose CRL
	// they do not have. They have to import what is in that ConfigMap, and distribute it,
	// well within this time. An issuer that is new signs nothing until then, and neither
	// does a controller that has just started. At least 1m, and at most a quarter of the
	// lifetime; the default is not to announce. Only a TrustClusterIssuer can.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	Announce metav1.Duration `json:"announce,omitzero"`
}

// IssuerReference names an issuer in the same scope.
type IssuerReference struct {
	// Kind is TrustIssuer or TrustClusterIssuer (the default).
	//
	// +optional
	// +kubebuilder:validation:Enum=TrustIssuer;TrustClusterIssuer
	Kind string `json:"kind,omitempty"`
	// +required
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
}

// CFSSLBackend asks a cfssl server.
type CFSSLBackend struct {
	// URLs of the servers, https, in the order in which they are tried.
	//
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Pattern=`^https://`
	URLs []string `json:"urls"`
	// AuthKey is the server's HMAC key, in hexadecimal, in a Secret.
	//
	// +required
	AuthKey KeySelector `json:"authKey"`
	// Profile at the server for workloads.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	Profile string `json:"profile"`
	// IntermediateProfile at the server for CAs. Without it no CA can be asked for.
	//
	// +optional
	IntermediateProfile string `json:"intermediateProfile,omitempty"`
	// Label selects the signer of a server that has several.
	//
	// +optional
	Label string `json:"label,omitempty"`
	// ServerCA verifies the TLS certificate of the server; the default are the roots
	// of the system.
	//
	// +optional
	ServerCA *CertificateSource `json:"serverCA,omitempty"`
	// ClientSecretName names a Secret with tls.crt and tls.key for mutual TLS.
	//
	// +optional
	ClientSecretName string `json:"clientSecretName,omitempty"`
	// Intermediates are the CAs between that of the server and the trust anchors, if
	// there are any: the server tells only its own.
	//
	// +optional
	Intermediates *CertificateSource `json:"intermediates,omitempty"`
	// Timeout of one request to one server; the default is 10s.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	Timeout metav1.Duration `json:"timeout,omitzero"`
}

// CertificateSource says where certificates in PEM come from: exactly one of the
// fields is set.
//
// +kubebuilder:validation:XValidation:rule="[has(self.pem), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",message="exactly one of pem, configMap and secret is required"
type CertificateSource struct {
	// PEM are the certificates themselves.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	PEM string `json:"pem,omitempty"`
	// ConfigMap has them.
	//
	// +optional
	ConfigMap *KeySelector `json:"configMap,omitempty"`
	// Secret has them.
	//
	// +optional
	Secret *KeySelector `json:"secret,omitempty"`
}

// KeySelector names a key of a ConfigMap or Secret.
type KeySelector struct {
	// +required
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
	// +required
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`
}
