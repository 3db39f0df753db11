package mesh

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
)

// RulePermitsMesh is the rule that the name constraints of a CA from another program permit the
// identities of the mesh and the names of istiod (RFC 5280 §4.2.1.10).
const RulePermitsMesh ca.Rule = "permits-mesh"

// CheckConstraints checks the name constraints of CAs against the identities of a trust domain
// and the names of istiod. No names means the default names of istiod.
func CheckConstraints(chain []*x509.Certificate, trustDomain string, istiod []string) []*ca.Violation {
	if len(istiod) == 0 {
		istiod = secrets.IstiodNames(secrets.DefaultNamespace)
	}
	var found []*ca.Violation
	for _, cert := range chain {
		refuse := func(format string, args ...any) {
			found = append(found, &ca.Violation{Rule: RulePermitsMesh, Cert: cert, Detail: fmt.Sprintf(format, args...)})
		}
		uris, dns := cert.PermittedURIDomains, cert.PermittedDNSDomains
		noURIs, noDNS := cert.ExcludedURIDomains, cert.ExcludedDNSDomains
		if len(uris) > 0 && !anyMatches(trustDomain, uris, matchesHost) || anyMatches(trustDomain, noURIs, matchesDNS) {
			refuse("has name constraints without the identities of the trust domain %s: for URIs, %s", trustDomain, limits(uris, noURIs))
		}
		for _, name := range istiod {
			if len(dns) > 0 && !anyMatches(name, dns, matchesDNS) || anyMatches(name, noDNS, matchesDNS) {
				refuse("has name constraints without %s, a name of istiod's own certificate: for DNS names, %s", name, limits(dns, noDNS))
			}
		}
	}
	return found
}

func anyMatches(name string, subtrees []string, matches func(name, subtree string) bool) bool {
	return slices.ContainsFunc(subtrees, func(subtree string) bool { return matches(name, subtree) })
}

// matchesHost compares a host with a permitted URI constraint: one host, or all hosts below it
// if it has a leading dot. crypto/x509 accepts sub-domains without the dot as well; OpenSSL and
// BoringSSL do not.
func matchesHost(host, subtree string) bool {
	if strings.HasPrefix(subtree, ".") {
		return len(host) > len(subtree) && strings.HasSuffix(strings.ToLower(host), strings.ToLower(subtree))
	}
	return strings.EqualFold(host, subtree)
}

// matchesDNS compares a name with a DNS constraint, which includes the names below it; the empty
// one includes all. For excluded URIs this is the widest reading among verifiers.
func matchesDNS(name, subtree string) bool {
	name, subtree = strings.ToLower(name), strings.ToLower(strings.TrimPrefix(subtree, "."))
	return subtree == "" || name == subtree || strings.HasSuffix(name, "."+subtree)
}

func limits(permitted, excluded []string) string {
	var parts []string
	for what, names := range map[string][]string{"permitted": permitted, "excluded": excluded} {
		if len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%s are %q", what, names))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// LimitsURIs reports whether a CA has name constraints for URIs. ztunnel refuses every workload
// below such a CA.
func LimitsURIs(chain []*x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(cert *x509.Certificate) bool {
		return len(cert.PermittedURIDomains)+len(cert.ExcludedURIDomains) > 0
	})
}
