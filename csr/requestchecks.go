package csr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func checkKind(e evaluation) string {
	switch {
	case !e.Kind.known():
		return fmt.Sprintf("the kind %s is not known", quote(string(e.Kind)))
	case e.Names != nil && !e.Kind.vouched():
		return fmt.Sprintf("a %s has names beside its CSR, which nobody vouches for", e.Kind)
	case e.Names == nil && e.Kind.vouched():
		return fmt.Sprintf("a %s has no names beside its CSR, and nobody vouches for those in it", e.Kind)
	}
	return ""
}

func checkUsages(e evaluation) string {
	for _, usage := range e.Usages {
		if !slices.Contains(knownUsages(), usage) {
			return fmt.Sprintf("the usage %s is not one of %s", quote(usage), list(knownUsages()))
		}
	}
	if len(e.Usages) > 0 && len(e.usages) == 0 {
		return fmt.Sprintf("neither %s nor %s is among the usages", quote(usageServerAuth), quote(usageClientAuth))
	}
	return ""
}

func checkLifetime(e evaluation) string {
	if e.Lifetime == 0 || e.Lifetime >= MinLifetime {
		return ""
	}
	return fmt.Sprintf("the requested lifetime is %s, shorter than %s", e.Lifetime, MinLifetime)
}

func checkTrustDomain(e evaluation) string {
	name := e.id.TrustDomain().Name()
	if len(e.policy.rules) == 0 || slices.Contains(e.policy.trustDomains, name) {
		return ""
	}
	return fmt.Sprintf("the trust domain %s is not one of the policy's: %s", quote(name), list(e.policy.trustDomains))
}

func checkAnyRule(e evaluation) string {
	if len(e.policy.rules) > 0 {
		return ""
	}
	return "the policy is empty: it has no rules, so nothing is signed"
}

// maxListed is the maximum number of items of a policy in one reason.
const maxListed = 8

// list quotes and joins items of a policy.
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
