package csr

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// maxLifetime is the maximum that a policy can configure: the default lifetime of a root.
const maxLifetime = ca.DefaultRootLifetime

// maxRuleName is the maximum length of the name of a rule in bytes.
const maxRuleName = 63

// validation collects the errors of a policy.
type validation struct {
	errs  []error
	names []string // of the rules so far
}

func (v *validation) add(path, format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf("%s: "+format, append([]any{path}, args...)...))
}

func (v *validation) err() error {
	if len(v.errs) == 0 {
		return nil
	}
	return fmt.Errorf("csr: policy: %w", errors.Join(v.errs...))
}

// at is the path of an item.
func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func (v *validation) policy(spec *v1alpha1.Policy) {
	for i, domain := range spec.TrustDomains {
		if err := ca.CheckTrustDomain(domain); err != nil {
			v.add(at("trustDomains", i), "%w", err)
		}
	}
	isIdentityRule := func(r v1alpha1.PolicyRule) bool { return r.Identities != "" }
	if len(spec.TrustDomains) == 0 && slices.ContainsFunc(spec.Rules, isIdentityRule) {
		v.add("trustDomains", "is missing; a rule for identities needs one")
	}
	v.each("systemNamespaces", spec.SystemNamespaces, isLabel, "the name of a namespace")
}

func (v *validation) rule(path string, spec *v1alpha1.PolicyRule) rule {
	v.name(path+".name", spec.Name)
	for i, account := range spec.Requesters {
		requester := at(path+".requesters", i)
		v.is(requester+".namespace", account.Namespace, isLabel, "the name of a namespace")
		v.is(requester+".name", account.Name, isSubdomain, "the name of a service account")
	}
	switch {
	case spec.Identities != "" && len(spec.DNSNames) > 0:
		v.add(path, "has both identities and dnsNames, expected one of them")
	case spec.Identities != "":
		v.identityRule(path, spec)
	case len(spec.DNSNames) > 0:
		v.serverRule(path, spec)
	default:
		v.add(path, "has neither identities nor dnsNames, expected one of them")
	}
	v.each(path+".keys", spec.Keys, oneOf(keyTypes()), "one of "+list(keyTypes()))
	return seal(spec, v.lifetime(path+".maxLifetime", spec.MaxLifetime.Duration, DefaultMaxLifetime))
}

func (v *validation) name(path, name string) {
	switch {
	case name == "":
		v.add(path, "is missing")
	case len(name) > maxRuleName:
		v.add(path, "%s is longer than %d bytes", quote(name), maxRuleName)
	case slices.Contains(v.names, name):
		v.add(path, "%s is the name of another rule", quote(name))
	}
	v.names = append(v.names, name)
}

func (v *validation) identityRule(path string, spec *v1alpha1.PolicyRule) {
	switch {
	case spec.Identities != v1alpha1.OwnIdentity && spec.Identities != v1alpha1.AnyIdentity:
		v.add(path+".identities", "%s is neither %s nor %s", quote(string(spec.Identities)), v1alpha1.OwnIdentity, v1alpha1.AnyIdentity)
	case spec.Identities == v1alpha1.AnyIdentity && len(spec.Requesters) == 0:
		v.add(path+".requesters", "is missing; a rule for any identity has to list its requesters")
	}
	v.covered(path+".namespaces", spec.Namespaces, isLabel, "the name of a namespace")
	v.covered(path+".serviceAccounts", spec.ServiceAccounts, isSubdomain, "the name of a service account")
	auth := []string{usageServerAuth, usageClientAuth}
	v.each(path+".usages", spec.Usages, oneOf(auth), "one of "+list(auth))
}

func (v *validation) serverRule(path string, spec *v1alpha1.PolicyRule) {
	if len(spec.Requesters) == 0 {
		v.add(path+".requesters", "is missing; a rule for DNS names has to list its requesters")
	}
	if len(spec.Namespaces) > 0 {
		v.add(path+".namespaces", "cannot be combined with dnsNames")
	}
	if len(spec.ServiceAccounts) > 0 {
		v.add(path+".serviceAccounts", "cannot be combined with dnsNames")
	}
	v.each(path+".dnsNames", spec.DNSNames, func(s string) bool { return ca.CheckDNSName(s) == nil }, "a host name in lower case")
	v.each(path+".usages", spec.Usages, oneOf([]string{usageServerAuth}), quote(usageServerAuth)+", the only one for DNS names")
}

// lifetime is the given lifetime, or the default.
func (v *validation) lifetime(path string, given, byDefault time.Duration) time.Duration {
	switch {
	case given == 0:
		return byDefault
	case given < MinLifetime || given > maxLifetime:
		v.add(path, "%s is not between %s and %s", given, MinLifetime, maxLifetime)
	}
	return given
}

func (v *validation) each(path string, values []string, valid func(string) bool, what string) {
	for i, value := range values {
		v.is(at(path, i), value, valid, what)
	}
}

func (v *validation) is(path, value string, valid func(string) bool, what string) {
	if !valid(value) {
		v.add(path, "%s is not %s", quote(value), what)
	}
}

func (v *validation) covered(path string, names []string, valid func(string) bool, what string) {
	if len(names) == 0 {
		v.add(path, "is missing; %q means all", everything)
	}
	v.each(path, names, func(s string) bool { return s == everything || valid(s) }, what)
}

func oneOf(allowed []string) func(string) bool {
	return func(s string) bool { return slices.Contains(allowed, s) }
}
