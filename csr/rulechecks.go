package csr

import (
	"fmt"
	"slices"
)

func checkRuleRequester(q question) string {
	if q.rule.isFor(q.requester) {
		return ""
	}
	return "is not for the requester " + describe(q.requester)
}

func checkRuleNames(q question) string {
	switch {
	case q.rule.fits(q.petition):
		return ""
	case q.hosts != nil:
		return "is for SPIFFE IDs, DNS names are asked for"
	}
	return "is for DNS names, a SPIFFE ID is asked for"
}

func checkRuleOwnIdentity(q question) string {
	if q.rule.anyIdentity || q.workload == q.requester {
		return ""
	}
	return fmt.Sprintf("is for the requester's own identity, %s asks for that of %s", describe(q.requester), describe(q.workload))
}

func checkRuleNamespace(q question) string {
	if q.rule.namespaces.covers(q.workload.Namespace) {
		return ""
	}
	return fmt.Sprintf("does not cover the namespace %s", quote(q.workload.Namespace))
}

func checkRuleSystemNamespace(q question) string {
	namespace, covered := q.workload.Namespace, q.rule.namespaces
	if !q.policy.isSystem(namespace) || !covered.all || slices.Contains(covered.names, namespace) {
		return ""
	}
	return fmt.Sprintf("does not have the system namespace %s by name", quote(namespace))
}

func checkRuleServiceAccount(q question) string {
	if q.rule.serviceAccounts.covers(q.workload.Name) {
		return ""
	}
	return fmt.Sprintf("does not cover the service account %s", quote(q.workload.Name))
}

func checkRuleDNSNames(q question) string {
	for _, name := range q.hosts {
		if !slices.Contains(q.rule.dnsNames, name) {
			return fmt.Sprintf("does not have the DNS name %s", quote(name))
		}
	}
	return ""
}

func checkRuleUsages(q question) string {
	for _, usage := range q.usages {
		if !slices.Contains(q.rule.usages, usage) {
			return fmt.Sprintf("does not have the usage %s", quote(usageName(usage)))
		}
	}
	return ""
}

func checkRuleKey(q question) string {
	if q.keyType == "" || slices.Contains(q.rule.keys, q.keyType) {
		return ""
	}
	return fmt.Sprintf("does not have keys of type %s", q.keyType)
}
