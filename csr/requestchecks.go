package csr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func checkKind(q question) string {
	switch {
	case !q.Kind.known():
		return fmt.Sprintf("the kind %s is not known", quote(string(q.Kind)))
	case q.Names != nil && !q.Kind.vouched():
		return fmt.Sprintf("a %s has names beside its CSR, which nobody vouches for", q.Kind)
	case q.Names == nil && q.Kind.vouched():
		return fmt.Sprintf("a %s has no names beside its CSR, and nobody vouches for those in it", q.Kind)
	}
	return ""
}

func checkRequester(q question) string {
	account, ok := accountOf(q.Requester.Username)
	if !ok {
		return fmt.Sprintf("the user %s is not a service account, system:serviceaccount:<namespace>:<name>", quote(q.Requester.Username))
	}
	for _, group := range []string{serviceAccounts, serviceAccounts + ":" + account.Namespace} {
		if !slices.Contains(q.Requester.Groups, group) {
			return fmt.Sprintf("the user %s is not in the group %s, so it only has the name of a service account", quote(q.Requester.Username), quote(group))
		}
	}
	q.requester = account
	return ""
}

func checkUsages(q question) string {
	q.usages = authUsages(q.Usages)
	for _, usage := range q.Usages {
		if !slices.Contains(knownUsages(), usage) {
			return fmt.Sprintf("the usage %s is not one of %s", quote(usage), list(knownUsages()))
		}
	}
	if len(q.Usages) > 0 && len(q.usages) == 0 {
		return fmt.Sprintf("neither %s nor %s is among the usages", quote(usageServerAuth), quote(usageClientAuth))
	}
	return ""
}

func checkLifetime(q question) string {
	if q.Lifetime == 0 || q.Lifetime >= MinLifetime {
		return ""
	}
	return fmt.Sprintf("a lifetime of %s is asked for, less than %s", q.Lifetime, MinLifetime)
}

func checkNames(q question) string {
	switch uris, hosts := len(q.names.URIs), len(q.names.DNSNames); {
	case uris == 0 && hosts == 0:
		return "it asks for no name, expected one SPIFFE ID or DNS names"
	case uris > 0 && hosts > 0:
		return fmt.Sprintf("it asks for the URI %s and the DNS name %s together", quote(q.names.URIs[0]), quote(q.names.DNSNames[0]))
	case uris > 1:
		return fmt.Sprintf("it asks for %d URIs, expected one; the first two are %s and %s", uris, quote(q.names.URIs[0]), quote(q.names.URIs[1]))
	case uris == 1:
		q.uri = &q.names.URIs[0]
	default:
		q.dnsNames = q.names.DNSNames
	}
	return ""
}

func checkSPIFFEID(q question) string {
	id, err := spiffeid.FromString(*q.uri)
	switch {
	case err != nil:
		return fmt.Sprintf("the URI %s is not a SPIFFE ID: %s", quote(*q.uri), err)
	case id.String() != *q.uri:
		return fmt.Sprintf("the URI %s is not in the canonical form of a SPIFFE ID", quote(*q.uri))
	}
	q.id = id
	return ""
}

func checkWorkloadPath(q question) string {
	workload, ok := workloadOf(q.id)
	if !ok {
		return fmt.Sprintf("the path %s is not of the form /ns/<namespace>/sa/<service account>", quote(q.id.Path()))
	}
	q.workload = workload
	return ""
}

func checkTrustDomain(q question) string {
	name := q.id.TrustDomain().Name()
	if len(q.policy.rules) == 0 || slices.Contains(q.policy.trustDomains, name) {
		return ""
	}
	return fmt.Sprintf("the trust domain %s is not one of the policy's: %s", quote(name), list(q.policy.trustDomains))
}

func checkDNSNames(q question) string {
	if len(q.dnsNames) > MaxDNSNames {
		return fmt.Sprintf("it asks for %d DNS names, more than %d", len(q.dnsNames), MaxDNSNames)
	}
	for i, name := range q.dnsNames {
		switch {
		case ca.CheckDNSName(name) != nil:
			return fmt.Sprintf("the DNS name %s is not a host name in lower case", quote(name))
		case slices.Contains(q.dnsNames[:i], name):
			return fmt.Sprintf("the DNS name %s stands there twice", quote(name))
		}
	}
	q.hosts = q.dnsNames
	return ""
}

func checkAnyRule(q question) string {
	if len(q.policy.rules) > 0 {
		return ""
	}
	return "the policy is empty: it has no rules, so nothing is signed"
}

// maxListed is how many items of a policy are shown in a reason.
const maxListed = 8

// list quotes the items of a policy.
func list(items []string) string {
	quoted := make([]string, 0, maxListed+1)
	for i, item := range items {
		if i == maxListed {
			quoted = append(quoted, "...")
			break
		}
		quoted = append(quoted, quote(item))
	}
	if len(quoted) == 0 {
		return "none"
	}
	return strings.Join(quoted, ", ")
}

func describe(account v1alpha1.ServiceAccount) string {
	return account.Namespace + "/" + account.Name
}
