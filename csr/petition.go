package csr

import (
	"crypto/x509"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// petition is a request, with what the checks have established so far. What is zero is
// not known, and whoever needs it is silent.
type petition struct {
	Request
	policy    *Policy
	requester v1alpha1.ServiceAccount
	der       []byte
	csr       *x509.CertificateRequest
	content   *content
	keyType   string   // set if the key is good
	names     *Names   // those of the CSR, or those beside it
	uri       *string  // one of the three is set if names are of one kind:
	dnsNames  []string // what is asked for,
	id        spiffeid.ID
	workload  v1alpha1.ServiceAccount // whom the SPIFFE ID names
	hosts     []string                // or the DNS names, when they are good
	usages    []x509.ExtKeyUsage      // those that are asked for, in the order of a grant
}

// settled says that rules can be asked: it is known who asks, and for which names.
func (p *petition) settled() bool {
	return p.requester != v1alpha1.ServiceAccount{} && (p.workload != v1alpha1.ServiceAccount{} || p.hosts != nil)
}

// question is a petition as a whole, or under one rule.
type question struct {
	*petition
	rule *rule
}

// ask makes the checks of one table whose scope the question is in.
func (q question) ask(table []check) []Reason {
	var reasons []Reason
	for i := range table {
		c := &table[i]
		if !c.scope(q) {
			continue
		}
		detail := c.check(q)
		if detail == "" {
			continue
		}
		reason := Reason{Check: c.name, Detail: detail}
		if q.rule != nil {
			reason.Rule = q.rule.name
		}
		reasons = append(reasons, reason)
	}
	return reasons
}

// Scopes of checks.

func ofRequest(q question) bool  { return q.rule == nil }
func ofSized(q question) bool    { return q.rule == nil && len(q.CSR) <= MaxCSRSize }
func ofDER(q question) bool      { return q.rule == nil && q.der != nil }
func ofCSR(q question) bool      { return q.rule == nil && q.csr != nil }
func ofKey(q question) bool      { return q.rule == nil && q.keyType != "" }
func ofContent(q question) bool  { return q.rule == nil && q.content != nil && q.Names == nil }
func ofNames(q question) bool    { return q.rule == nil && q.names != nil }
func ofIdentity(q question) bool { return q.rule == nil && q.uri != nil }
func ofSPIFFEID(q question) bool { return q.rule == nil && q.id != spiffeid.ID{} }
func ofServer(q question) bool   { return q.rule == nil && q.dnsNames != nil }

func ofRule(q question) bool           { return q.rule != nil }
func ofRequestersRule(q question) bool { return q.rule != nil && q.rule.isFor(q.requester) }
func ofFittingRule(q question) bool    { return ofRequestersRule(q) && q.rule.fits(q.petition) }
func ofIdentityRule(q question) bool   { return ofFittingRule(q) && q.hosts == nil }
func ofServerRule(q question) bool     { return ofFittingRule(q) && q.hosts != nil }
