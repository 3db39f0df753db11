package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Backend is the CA of an issuer: exactly one of the fields is set.
type Backend struct {
	// CA signs with a key from a Secret.
	//
	// +optional
	CA *CABackend `json:"ca,omitempty"`
	// Ephemeral signs with a key that exists only in memory; another issuer signs its
	// certificate. If a cluster of the mesh publishes CRLs, set announce: otherwise that
	// cluster rejects the workloads of each new CA.
	//
	// +optional
	Ephemeral *EphemeralBackend `json:"ephemeral,omitempty"`
	// CFSSL requests certificates from cfssl servers.
	//
	// +optional
	CFSSL *CFSSLBackend `json:"cfssl,omitempty"`
}

// CABackend signs with a key from a Secret.
type CABackend struct {
	// SecretName is the name of the Secret. The Secret contains the files of an Istio
	// cacerts Secret (ca-cert.pem, ca-key.pem, cert-chain.pem, root-cert.pem), or tls.crt
	// with the chain, tls.key and, if the trust anchors do not complete the chain, ca.crt.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	SecretName string `json:"secretName"`
}

// EphemeralBackend signs with an intermediate whose key exists only in memory. Each replica
// of the controller has its own intermediate, and a new one after each start.
type EphemeralBackend struct {
	// IssuerRef refers to the issuer that signs the intermediate.
	//
	// +required
	IssuerRef IssuerReference `json:"issuerRef"`
	// CommonName of the intermediate, for example the name of the cluster; a tag is
	// appended.
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
	// Lifetime of the intermediate; it is renewed after two thirds of it. The default is
	// 24h.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	Lifetime metav1.Duration `json:"lifetime,omitzero"`
	// Announce is how long an intermediate is published with its CRL before it signs, in
	// the ConfigMap trustgen-crls in the namespace of the controller. Set it if other
	// clusters of the mesh publish CRLs, since they reject the workloads of an
	// intermediate whose CRL they do not have. They have to import the content of the
	// ConfigMap and distribute it within this time. A new issuer, and a controller that
	// has just started, sign nothing before this time has passed. At least 1m, and at most
	// a quarter of the lifetime; the default is no announcement. Only a
	// TrustClusterIssuer can announce.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	Announce metav1.Duration `json:"announce,omitzero"`
}

// IssuerReference refers to a TrustClusterIssuer, or to a TrustIssuer in the same
// namespace.
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

// CFSSLBackend requests certificates from cfssl servers.
type CFSSLBackend struct {
	// URLs of the servers, with https, in the order in which they are tried.
	//
	// +required
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:Pattern=`^https://`
	URLs []string `json:"urls"`
	// AuthKey refers to the key of a Secret that contains the auth key (HMAC key) of the
	// server, in hexadecimal.
	//
	// +required
	AuthKey KeySelector `json:"authKey"`
	// Profile at the server for workloads.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	Profile string `json:"profile"`
	// IntermediateProfile at the server for intermediates. Without it the issuer rejects
	// requests for them.
	//
	// +optional
	IntermediateProfile string `json:"intermediateProfile,omitempty"`
	// Label selects one of several signers of a server.
	//
	// +optional
	Label string `json:"label,omitempty"`
	// ServerCA verifies the TLS certificates of the servers; the default is the system
	// roots.
	//
	// +optional
	ServerCA *CertificateSource `json:"serverCA,omitempty"`
	// ClientSecretName is the name of a Secret with tls.crt and tls.key for mutual TLS.
	//
	// +optional
	ClientSecretName string `json:"clientSecretName,omitempty"`
	// Intermediates are the CAs between that of the server and the trust anchors, if any:
	// the server returns only its own.
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

// CertificateSource is the source of certificates in PEM: exactly one of the fields is set.
//
// +kubebuilder:validation:XValidation:rule="[has(self.pem), has(self.configMap), has(self.secret)].filter(x, x).size() == 1",message="exactly one of pem, configMap and secret is required"
type CertificateSource struct {
	// PEM is the certificates themselves.
	//
	// +optional
	// +kubebuilder:validation:MinLength=1
	PEM string `json:"pem,omitempty"`
	// ConfigMap refers to a key of a ConfigMap that contains them.
	//
	// +optional
	ConfigMap *KeySelector `json:"configMap,omitempty"`
	// Secret refers to a key of a Secret that contains them.
	//
	// +optional
	Secret *KeySelector `json:"secret,omitempty"`
}

// KeySelector refers to a key of a ConfigMap or Secret.
type KeySelector struct {
	// +required
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
	// +required
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`
}
