package fabric

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
)

// RulePermitsMesh is the rule that a CA made elsewhere has no name constraints that the mesh
// could not live with (RFC 5280 §4.2.1.10).
const RulePermitsMesh ca.Rule = "permits-mesh"

// permitsMesh holds the name constraints of CAs against the identities and the names of
// istiod that are going to be below them. No names of istiod means those that it has by
// default.
func permitsMesh(chain []*x509.Certificate, trustDomain string, istiod []string) []*ca.Violation {
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
		if len(uris) > 0 && !anyHolds(trustDomain, uris, hostWithin) || anyHolds(trustDomain, noURIs, dnsWithin) {
			refuse("has name constraints without the identities of the trust domain %s: for URIs, %s", trustDomain, limits(uris, noURIs))
		}
		for _, name := range istiod {
			if len(dns) > 0 && !anyHolds(name, dns, dnsWithin) || anyHolds(name, noDNS, dnsWithin) {
				refuse("has name constraints without %s, a name of istiod's own certificate: for DNS names, %s", name, limits(dns, noDNS))
			}
		}
	}
	return found
}

func anyHolds(name string, subtrees []string, within func(name, subtree string) bool) bool {
	return slices.ContainsFunc(subtrees, func(subtree string) bool { return within(name, subtree) })
}

// hostWithin is for permitted URIs: a constraint is one host, or with a leading dot all
// hosts below it. crypto/x509 takes a host for those below it as well, which OpenSSL and
// BoringSSL do not.
func hostWithin(host, subtree string) bool {
	if strings.HasPrefix(subtree, ".") {
		return len(host) > len(subtree) && strings.HasSuffix(strings.ToLower(host), strings.ToLower(subtree))
	}
	return strings.EqualFold(host, subtree)
}

// dnsWithin is for DNS names: one permits itself and what is below it, and the empty one
// everything. Of excluded URIs it is what the widest reading among verifiers makes of them.
func dnsWithin(name, subtree string) bool {
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

// limitsURIs finds a CA with name constraints for URIs, which no ztunnel takes.
func limitsURIs(chain []*x509.Certificate) bool {
	return slices.ContainsFunc(chain, func(cert *x509.Certificate) bool {
		return len(cert.PermittedURIDomains)+len(cert.ExcludedURIDomains) > 0
	})
}
