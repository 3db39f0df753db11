package csr

import "slices"

// WithoutSignature is [Policy.Evaluate] without the verification of the signature, for a
// benchmark.
func (p *Policy) WithoutSignature() func(Request) Decision {
	unsigned := slices.DeleteFunc(slices.Clone(requestChecks), func(c check) bool { return c.Check == CheckSignature })
	return func(r Request) Decision { return p.evaluate(r, unsigned) }
}

// Reversed is [Policy.Evaluate] with the checks of the request in reverse order.
func (p *Policy) Reversed() func(Request) Decision {
	reversed := slices.Clone(requestChecks)
	slices.Reverse(reversed)
	return func(r Request) Decision { return p.evaluate(r, reversed) }
}
