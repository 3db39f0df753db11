package csr

import (
	"slices"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer"
)

// evaluation is a parsed request under a policy, and under one of its rules where the
// checks are those of a rule. Checks do not change it.
type evaluation struct {
	*parsed
	policy *Policy
	rule   *rule
}

// evaluate parses the request, runs the checks of the request itself, and then finds the
// first rule that allows it. If a rule allows a request that is refused, the reasons are
// those of the request only.
func (p *Policy) evaluate(r Request, ofRequest []check) Decision {
	q, reasons := parse(r)
	e := evaluation{parsed: q, policy: p}
	reasons = append(reasons, e.run(ofRequest)...)
	if !e.complete() {
		return Decision{Reasons: reasons}
	}
	var refusals []Reason
	for i := range p.rules {
		e.rule = &p.rules[i]
		found := e.run(ruleChecks)
		switch {
		case len(found) > 0:
			refusals = append(refusals, found...)
		case len(reasons) > 0:
			return Decision{Reasons: reasons}
		default:
			return Decision{Grant: e.grant(), Rule: e.rule.name}
		}
	}
	return Decision{Reasons: append(reasons, refusals...)}
}

// run runs those checks of a table that apply.
func (e evaluation) run(table []check) []Reason {
	var reasons []Reason
	for i := range table {
		c := &table[i]
		if !c.applies(e) {
			continue
		}
		detail := c.check(e)
		if detail == "" {
			continue
		}
		reason := Reason{Check: c.Check, Detail: detail}
		if e.rule != nil {
			reason.Rule = e.rule.name
		}
		reasons = append(reasons, reason)
	}
	return reasons
}

// grant is what the rule allows of the request.
func (e evaluation) grant() *issuer.Request {
	lifetime := e.Lifetime
	if lifetime == 0 {
		lifetime = e.policy.defaultLifetime
	}
	usages := e.usages
	if len(usages) == 0 {
		usages = e.rule.usages
	}
	return &issuer.Request{
		CSR:          e.der,
		PublicKey:    e.csr.PublicKey,
		SPIFFEID:     e.id,
		DNSNames:     slices.Clone(e.hosts),
		ExtKeyUsages: slices.Clone(usages),
		Lifetime:     min(lifetime, e.rule.maxLifetime),
	}
}

// Conditions for a check to apply.

func always(evaluation) bool         { return true }
func withKey(e evaluation) bool      { return e.keyType != "" }
func withContent(e evaluation) bool  { return e.content != nil && e.Names == nil }
func withSPIFFEID(e evaluation) bool { return e.id != spiffeid.ID{} }

func forRequester(e evaluation) bool { return e.rule.isFor(e.requester) }
func forNames(e evaluation) bool     { return forRequester(e) && e.rule.fits(e.parsed) }
func forIdentity(e evaluation) bool  { return forNames(e) && e.hosts == nil }
func forServer(e evaluation) bool    { return forNames(e) && e.hosts != nil }
