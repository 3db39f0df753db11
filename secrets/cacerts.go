package secrets

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// CACerts is the CA of one cluster as istiod reads it. It prints as its name
// only.
type CACerts struct {
	key    crypto.Signer
	keyPEM []byte
	chain  []*x509.Certificate // the intermediate first, the root last
	roots  []*x509.Certificate
	crls   []*x509.RevocationList

	tolerated []*ca.Violation
}

// Options are the parts of a [CACerts].
type Options struct {
	// Key is the intermediate's key. It must be possible to export it.
	Key crypto.Signer
	// Chain is the intermediate, followed by its issuers, the root last.
	Chain []*x509.Certificate
	// Roots are those that the cluster trusts; the chain ends in one of them.
	// None means the root of the chain alone.
	Roots []*x509.Certificate
	// CRLs are those of all CAs that the proxies of the cluster meet, or none at all: see
	// [CACerts.WithoutCRL]. Those of the CAs in the chain have to be signed by them.
	CRLs []*x509.RevocationList
}

// timeless are the rules that a set of files breaks merely by growing old.
var timeless = []ca.Rule{ca.RuleExpired, ca.RuleNotYetValid}

// New puts a set together. The error is a [*ca.RuleError] when the chain or a root
// breaks a chain rule. Those above the intermediate may break what [ca.Tolerances] lists,
// since they may have been made elsewhere: see [CACerts.Tolerated].
func New(o Options) (*CACerts, error) {
	switch {
	case o.Key == nil:
		return nil, errors.New("cacerts: the key is missing")
	case len(o.Chain) == 0:
		return nil, errors.New("cacerts: the chain is missing")
	}
	c := &CACerts{key: o.Key, chain: slices.Clone(o.Chain), roots: slices.Clone(o.Roots), crls: slices.Clone(o.CRLs)}
	if len(c.roots) == 0 {
		c.roots = c.chain[len(c.chain)-1:]
	}
	var refused []*ca.Violation
	if refused, c.tolerated = c.tolerate(c.verify()); len(refused) > 0 {
		return nil, &ca.RuleError{Op: "cacerts", Violations: refused}
	}
	if !ca.MatchKey(o.Key, c.chain[0]) {
		return nil, fmt.Errorf("cacerts: the key does not belong to the certificate of %s", ca.Describe(c.chain[0]))
	}
	if err := c.checkCRLs(); err != nil {
		return nil, err
	}
	var err error
	if c.keyPEM, err = ca.MarshalKey(o.Key); err != nil {
		return nil, fmt.Errorf("cacerts: %w", err)
	}
	return c, nil
}

// verify holds the chain against the chain rules, and each root that the chain
// does not already end in. The roots come with the set: nobody vouches for them.
func (c *CACerts) verify() []*ca.Violation {
	found := ca.VerifyIntermediate(c.chain, ca.VerifyOptions{Except: timeless})
	last := c.chain[len(c.chain)-1]
	if !slices.ContainsFunc(c.roots, last.Equal) {
		found = append(found, &ca.Violation{Rule: ca.RuleTrustedRoot, Cert: last, Detail: "is not among the roots of the set"})
	}
	for i, root := range c.roots {
		switch {
		case slices.ContainsFunc(c.roots[:i], root.Equal):
			found = append(found, &ca.Violation{Rule: ca.RuleNoDuplicate, Cert: root, Detail: "stands among the roots twice"})
		case !root.Equal(last):
			found = append(found, ca.VerifyIntermediate([]*x509.Certificate{root}, ca.VerifyOptions{Except: timeless})...)
		}
	}
	return found
}

// tolerate is [ca.Tolerate] for all but the intermediate: that one is made for the
// cluster, and can be made anew.
func (c *CACerts) tolerate(found []*ca.Violation) (refused, tolerated []*ca.Violation) {
	for _, v := range found {
		if v.Consequence == "" || v.Cert == c.chain[0] {
			refused = append(refused, v)
		} else {
			tolerated = append(tolerated, v)
		}
	}
	return refused, tolerated
}

// Tolerated are the chain rules that a CA above the intermediate breaks, with what
// follows from it.
func (c *CACerts) Tolerated() []*ca.Violation { return slices.Clone(c.tolerated) }

// Key is the key of the intermediate.
func (c *CACerts) Key() crypto.Signer { return c.key }

// Certificate is the intermediate. It must not be changed.
func (c *CACerts) Certificate() *x509.Certificate { return c.chain[0] }

// Chain is the intermediate and its issuers, the root last.
func (c *CACerts) Chain() []*x509.Certificate { return slices.Clone(c.chain) }

// Roots are the roots that the cluster trusts.
func (c *CACerts) Roots() []*x509.Certificate { return slices.Clone(c.roots) }

// Format prints the name, whatever the verb, so that no way of printing shows the
// key.
func (c *CACerts) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "secrets.CACerts("+ca.Describe(c.Certificate())+")")
}
