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

// CACerts is the CA bundle of one cluster: the key, the certificates and the CRLs that istiod
// reads. Formatting it prints its name only.
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
	// Key is the key of the intermediate. It must be exportable.
	Key crypto.Signer
	// Chain is the intermediate, followed by its issuers, the root last.
	Chain []*x509.Certificate
	// Roots are the roots that the cluster trusts. The chain ends in one of them. None means the
	// root of the chain alone.
	Roots []*x509.Certificate
	// CRLs are those of all CAs that the proxies of the cluster meet in a chain, or none at all:
	// see [CACerts.WithoutCRL]. New verifies the CRLs of the CAs in the chain.
	CRLs []*x509.RevocationList
}

// timeRules are the rules that a CA bundle breaks only because time passes.
var timeRules = []ca.Rule{ca.RuleExpired, ca.RuleNotYetValid}

// New makes a CA bundle. It checks everything but the validity periods: a bundle that has
// expired can still be read.
//
// The error is a [*ca.RuleError] if the chain or a root breaks a chain rule. CAs above the
// intermediate may break the rules of [ca.Tolerances], because another program may have made
// them: see [CACerts.Tolerated]. Any other error says what is missing, that the key does not
// belong to the intermediate or cannot be exported, or which CRL does not fit.
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

// verify checks the chain, and each root that is not the end of the chain, against the chain
// rules. Nothing outside of the bundle vouches for its roots.
func (c *CACerts) verify() []*ca.Violation {
	found := ca.VerifyIntermediate(c.chain, ca.VerifyOptions{Except: timeRules})
	last := c.chain[len(c.chain)-1]
	if !slices.ContainsFunc(c.roots, last.Equal) {
		found = append(found, &ca.Violation{Rule: ca.RuleTrustedRoot, Cert: last, Detail: "is not among the roots of the CA bundle"})
	}
	for i, root := range c.roots {
		switch {
		case slices.ContainsFunc(c.roots[:i], root.Equal):
			found = append(found, &ca.Violation{Rule: ca.RuleNoDuplicate, Cert: root, Detail: "stands among the roots twice"})
		case !root.Equal(last):
			found = append(found, ca.VerifyIntermediate([]*x509.Certificate{root}, ca.VerifyOptions{Except: timeRules})...)
		}
	}
	return found
}

// tolerate is [ca.Tolerate] for the CAs above the intermediate. The intermediate is made for the
// cluster and can be issued again, so it has to keep all rules.
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

// Tolerated lists the chain rules that CAs above the intermediate break, each with its
// consequence.
func (c *CACerts) Tolerated() []*ca.Violation { return slices.Clone(c.tolerated) }

// Key returns the key of the intermediate.
func (c *CACerts) Key() crypto.Signer { return c.key }

// Certificate returns the certificate of the intermediate. The caller must not change it.
func (c *CACerts) Certificate() *x509.Certificate { return c.chain[0] }

// Chain returns the intermediate and its issuers, the root last.
func (c *CACerts) Chain() []*x509.Certificate { return slices.Clone(c.chain) }

// Roots returns the roots that the cluster trusts.
func (c *CACerts) Roots() []*x509.Certificate { return slices.Clone(c.roots) }

// Format prints the name for every verb, so that formatting never shows the key.
func (c *CACerts) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "secrets.CACerts("+ca.Describe(c.Certificate())+")")
}
