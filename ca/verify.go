package ca

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"
)

// VerifyOptions configure the verification of a chain.
type VerifyOptions struct {
	// Roots are the trusted roots. Their own signatures are not verified. Without roots,
	// the chain may end with any root, and the rules only check that it is well
	// formed.
	Roots []*x509.Certificate
	// Now is the time of the verification; nil means time.Now.
	Now func() time.Time
	// Except names rules that are not applied.
	Except []Rule
	// Below is the number of CAs that will be issued below the chain. Its path lengths
	// have to allow them.
	Below int
}

// VerifyIntermediate checks a chain of CAs against the chain rules. The CA that issues leaves
// is first, each certificate is followed by its issuer, and the root is last; a root alone
// is a chain as well. It returns every violation, in the order of the chain and then of
// [Rules]. A valid chain has none.
func VerifyIntermediate(chain []*x509.Certificate, o VerifyOptions) []*Violation {
	return newVerification(chain, o, false).run()
}

// VerifyLeaf is [VerifyIntermediate] for a chain that begins with a leaf: the certificate of
// a workload or of istiod.
func VerifyLeaf(chain []*x509.Certificate, o VerifyOptions) []*Violation {
	return newVerification(chain, o, true).run()
}

// verification is a chain under the rules.
type verification struct {
	chain []*x509.Certificate
	roots []*x509.Certificate
	now   time.Time
	leaf  bool // chain[0] is a leaf
	lower int  // CAs that will be issued below the chain
	skip  map[Rule]bool
}

func newVerification(chain []*x509.Certificate, o VerifyOptions, leaf bool) *verification {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	v := &verification{chain: chain, roots: o.Roots, now: now(), leaf: leaf, lower: o.Below, skip: make(map[Rule]bool)}
	for _, rule := range o.Except {
		v.skip[rule] = true
	}
	return v
}

func (v *verification) run() []*Violation {
	if len(v.chain) == 0 {
		return []*Violation{{Rule: RuleRooted, Detail: "the chain is empty"}}
	}
	var all []*Violation
	for i := range v.chain {
		all = append(all, v.at(i)...)
	}
	return all
}

// at applies the rules, or only some of them, to one certificate of the chain.
func (v *verification) at(i int, only ...Rule) []*Violation {
	l := link{verification: v, depth: i, cert: v.chain[i]}
	switch {
	case i+1 < len(v.chain):
		l.issuer = v.chain[i+1]
	case selfIssued(l.cert):
		l.issuer = l.cert
	}
	var found []*Violation
	for _, r := range rules {
		if v.skip[r.name] || !r.scope.covers(l) || len(only) > 0 && !slices.Contains(only, r.name) {
			continue
		}
		if detail := r.check(l); detail != "" {
			found = append(found, &Violation{Rule: r.name, Cert: l.cert, Detail: detail, Consequence: consequence(r.name, l)})
		}
	}
	return found
}

// link is one certificate at its position in the chain.
type link struct {
	*verification
	depth  int
	cert   *x509.Certificate
	issuer *x509.Certificate // the root itself for a root, nil if it is missing
}

func (l link) isLeaf() bool { return l.leaf && l.depth == 0 }
func (l link) isLast() bool { return l.depth == len(l.chain)-1 }

func (l link) isTrustAnchor() bool {
	return l.isLast() && slices.ContainsFunc(l.roots, l.cert.Equal)
}

// below counts the CAs between this certificate and the leaf, as RFC 5280
// §4.2.1.9 counts them for a path length: self-issued ones are free.
func (l link) below() int {
	n := l.lower
	for i, cert := range l.chain[:l.depth] {
		if isLeaf := l.leaf && i == 0; !isLeaf && !selfIssued(cert) {
			n++
		}
	}
	return n
}

func selfIssued(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawSubject, cert.RawIssuer)
}
