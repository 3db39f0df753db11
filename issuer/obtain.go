package issuer

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// ObtainOptions say what an answer is held against.
type ObtainOptions struct {
	// Backend is what the CA is called in errors; empty means "the CA".
	Backend string
	// Roots are those that an answer may lead to. There must be one, and none may
	// come from the answer.
	Roots []*x509.Certificate
	// AllowSubject lets a certificate of a workload have a subject.
	AllowSubject bool
	// Except names rules that are not applied.
	Except []ca.Rule
	// Remark, if there is one, is told of deviations that do no harm.
	Remark func(*ca.Violation)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Obtain asks an issuer for a certificate, and returns it if it is the one that was
// granted and leads to one of the roots; the root is the last of the chain. A wrong
// answer is a [*ResponseError]; other errors are those of the issuer.
func Obtain(ctx context.Context, i Issuer, r Request, o ObtainOptions) (*Chain, error) {
	return obtain(ctx, o, grant{
		key:      r.PublicKey,
		lifetime: r.Lifetime,
		leaf:     &r,
	}, func(ctx context.Context) (*Chain, error) { return i.Issue(ctx, r) })
}

// ObtainIntermediate is [Obtain] for a CA.
func ObtainIntermediate(ctx context.Context, i IntermediateIssuer, r IntermediateRequest, o ObtainOptions) (*Chain, error) {
	return obtain(ctx, o, grant{
		key:          r.PublicKey,
		lifetime:     r.Lifetime,
		intermediate: &r,
	}, func(ctx context.Context) (*Chain, error) { return i.IssueIntermediate(ctx, r) })
}

// grant is what a certificate is to be: either a leaf or an intermediate.
type grant struct {
	key          crypto.PublicKey
	lifetime     time.Duration
	leaf         *Request
	intermediate *IntermediateRequest
}

func obtain(ctx context.Context, o ObtainOptions, g grant, ask func(context.Context) (*Chain, error)) (*Chain, error) {
	if o.Backend == "" {
		o.Backend = "the CA"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case len(o.Roots) == 0:
		return nil, fmt.Errorf("obtain from %s: no root is trusted", o.Backend)
	case g.key == nil:
		return nil, fmt.Errorf("obtain from %s: the public key is missing", o.Backend)
	case g.lifetime <= 0:
		return nil, fmt.Errorf("obtain from %s: the lifetime %s is not positive", o.Backend, g.lifetime)
	case g.leaf != nil && len(g.leaf.ExtKeyUsages) == 0:
		return nil, fmt.Errorf("obtain from %s: no extended key usage is granted", o.Backend)
	}
	asked := o.Now()
	chain, err := ask(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Backend, err)
	}
	if chain == nil || len(chain.Certificates) == 0 {
		return nil, fmt.Errorf("%s: %w", o.Backend, errNoAnswer)
	}
	a := answer{ObtainOptions: o, grant: g, asked: asked, chain: ca.Complete(chain.Certificates, o.Roots)}
	if violations := a.judge(); len(violations) > 0 {
		return nil, &ResponseError{Backend: o.Backend, Violations: violations}
	}
	return &Chain{Certificates: a.chain}, nil
}

var errNoAnswer = errors.New("no certificate in the answer")

// answer is what a CA said, beside what was granted.
type answer struct {
	ObtainOptions
	grant
	asked time.Time
	chain []*x509.Certificate
}

func (a *answer) cert() *x509.Certificate { return a.chain[0] }

// judge holds the answer against the chain rules, and against the grant.
func (a *answer) judge() []*ca.Violation {
	verify := ca.VerifyIntermediate
	if a.leaf != nil {
		verify = ca.VerifyLeaf
	}
	found := verify(a.chain, ca.VerifyOptions{Roots: a.Roots, Now: a.Now, Except: a.Except})
	for _, r := range rules {
		if slices.Contains(a.Except, r.name) || !r.scope.covers(a) {
			continue
		}
		detail := r.check(a)
		switch violation := (&ca.Violation{Rule: r.name, Cert: a.cert(), Detail: detail}); {
		case detail == "":
		case !r.remark:
			found = append(found, violation)
		case a.Remark != nil:
			a.Remark(violation)
		}
	}
	return found
}
