package v1alpha1

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Names of the API.
const (
	Group      = "trustgen.io"
	Version    = "v1alpha1"
	APIVersion = Group + "/" + Version

	KindTrustIssuer        = "TrustIssuer"
	KindTrustClusterIssuer = "TrustClusterIssuer"
)

// Signer domains: the signer name of a CertificateSigningRequest is
// trustclusterissuers.trustgen.io/<name> or trustissuers.trustgen.io/<namespace>.<name>.
const (
	ClusterSignerDomain    = "trustclusterissuers." + Group
	NamespacedSignerDomain = "trustissuers." + Group
)

// AddToScheme adds the types to a scheme.
func AddToScheme(s *runtime.Scheme) error {
	version := schema.GroupVersion{Group: Group, Version: Version}
	s.AddKnownTypes(version, &TrustIssuer{}, &TrustIssuerList{}, &TrustClusterIssuer{}, &TrustClusterIssuerList{})
	metav1.AddToGroupVersion(s, version)
	return nil
}
