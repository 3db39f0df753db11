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

// isLabel takes a DNS-1123 label: the name of a namespace.
func isLabel(s string) bool { return len(s) <= maxLabel && isPart(s) }

// isSubdomain takes a DNS-1123 subdomain, whose parts Kubernetes does not limit: the
// name of a service account.
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

// accountOf is the service account that a user name stands for.
func accountOf(username string) (v1alpha1.ServiceAccount, bool) {
	rest, ok := strings.CutPrefix(username, usernamePrefix)
	namespace, name, found := strings.Cut(rest, ":")
	return v1alpha1.ServiceAccount{Namespace: namespace, Name: name}, ok && found && isLabel(namespace) && isSubdomain(name)
}

// isSystem says that "*" does not cover a namespace, whatever the policy says.
func isSystem(namespace string) bool {
	return strings.HasPrefix(namespace, "kube-") || namespace == "istio-system" || namespace == "trustgen-system"
}
