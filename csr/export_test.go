package csr

import "slices"

// WithoutSignature is [Policy.Evaluate] without the verification of the signature, for a
// benchmark.
func (p *Policy) WithoutSignature() func(Request) Decision {
	unsigned := slices.DeleteFunc(slices.Clone(checks), func(c check) bool { return c.name == CheckSignature })
	return func(r Request) Decision { return p.evaluate(r, unsigned) }
}
