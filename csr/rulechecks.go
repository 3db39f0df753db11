package csr

import (
	"fmt"
	"slices"
)

func checkRuleRequester(e evaluation) string {
	if e.rule.isFor(e.requester) {
		return ""
	}
	return "is not for the requester " + describe(e.requester)
}

func checkRuleNames(e evaluation) string {
	switch {
	case e.rule.fits(e.parsed):
		return ""
	case e.hosts != nil:
		return "is for SPIFFE IDs, the request is for DNS names"
	}
	return "is for DNS names, the request is for a SPIFFE ID"
}

func checkRuleOwnIdentity(e evaluation) string {
	if e.rule.anyIdentity || e.workload == e.requester {
		return ""
	}
	return fmt.Sprintf("is for the requester's own identity, but %s requests that of %s", describe(e.requester), describe(e.workload))
}

func checkRuleNamespace(e evaluation) string {
	if e.rule.namespaces.covers(e.workload.Namespace) {
		return ""
	}
	return fmt.Sprintf("does not cover the namespace %s", quote(e.workload.Namespace))
}

func checkRuleSystemNamespace(e evaluation) string {
	namespace, covered := e.workload.Namespace, e.rule.namespaces
	if !e.policy.isSystem(namespace) || !covered.all || slices.Contains(covered.names, namespace) {
		return ""
	}
	return fmt.Sprintf("does not have the system namespace %s by name", quote(namespace))
}

func checkRuleServiceAccount(e evaluation) string {
	if e.rule.serviceAccounts.covers(e.workload.Name) {
		return ""
	}
	return fmt.Sprintf("does not cover the service account %s", quote(e.workload.Name))
}

func checkRuleDNSNames(e evaluation) string {
	for _, name := range e.hosts {
		if !slices.Contains(e.rule.dnsNames, name) {
			return fmt.Sprintf("does not have the DNS name %s", quote(name))
		}
	}
	return ""
}

func checkRuleUsages(e evaluation) string {
	for _, usage := range e.usages {
		if !slices.Contains(e.rule.usages, usage) {
			return fmt.Sprintf("does not have the usage %s", quote(usageName(usage)))
		}
	}
	return ""
}

func checkRuleKey(e evaluation) string {
	if e.keyType == "" || slices.Contains(e.rule.keys, e.keyType) {
		return ""
	}
	return fmt.Sprintf("does not have keys of type %s", e.keyType)
}
