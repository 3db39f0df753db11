package csr

import (
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// Lengths of names (RFC 1123 §2.1 with RFC 1035 §2.3.4).
const (
	maxLabel     = 63
	maxSubdomain = 253
)

// isLabel accepts a DNS-1123 label: the name of a namespace.
func isLabel(s string) bool { return len(s) <= maxLabel && isPart(s) }

// isSubdomain accepts a DNS-1123 subdomain: the name of a service account. As in
// Kubernetes, its parts may be longer than a label.
func isSubdomain(s string) bool {
	if len(s) > maxSubdomain {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if !isPart(part) {
			return false
		}
	}
	return true
}

func isPart(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
		case c == '-' && i > 0 && i < len(s)-1:
		default:
			return false
		}
	}
	return s != ""
}

// workloadOf is the service account that a SPIFFE ID of Istio's form names: its path is
// /ns/<namespace>/sa/<name>.
func workloadOf(id spiffeid.ID) (v1alpha1.ServiceAccount, bool) {
	rest, ok := strings.CutPrefix(id.Path(), "/ns/")
	namespace, name, found := strings.Cut(rest, "/sa/")
	return v1alpha1.ServiceAccount{Namespace: namespace, Name: name}, ok && found && isLabel(namespace) && isSubdomain(name)
}

const (
	usernamePrefix  = "system:serviceaccount:"
	serviceAccounts = "system:serviceaccounts"
)

// accountOf parses the user name of a service account.
func accountOf(username string) (v1alpha1.ServiceAccount, bool) {
	rest, ok := strings.CutPrefix(username, usernamePrefix)
	namespace, name, found := strings.Cut(rest, ":")
	return v1alpha1.ServiceAccount{Namespace: namespace, Name: name}, ok && found && isLabel(namespace) && isSubdomain(name)
}

// isSystem reports whether a namespace is a system namespace under every policy: "*" does
// not cover it.
func isSystem(namespace string) bool {
	return strings.HasPrefix(namespace, "kube-") || namespace == "istio-system" || namespace == "trustgen-system"
}
