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

// ObtainOptions control how a response is checked.
type ObtainOptions struct {
	// Backend is the name of the CA in errors; empty means "the CA".
	Backend string
	// Roots are the trusted roots. At least one is required; none may come from a
	// response.
	Roots []*x509.Certificate
	// AllowSubject permits a subject in the certificate of a workload.
	AllowSubject bool
	// Except names rules that are not applied.
	Except []ca.Rule
	// Remark, if not nil, is called for violations that do not cause a rejection.
	Remark func(*ca.Violation)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Obtain requests a certificate from an issuer and checks that it matches the request and
// leads to a trusted root. The last certificate of the chain is the root. The error is a
// [*ResponseError] if a check fails; other errors are those of the issuer.
func Obtain(ctx context.Context, i Issuer, r Request, o ObtainOptions) (*Chain, error) {
	return obtain(ctx, o, grant{
		key:      r.PublicKey,
		lifetime: r.Lifetime,
		leaf:     &r,
	}, func(ctx context.Context) (*Chain, error) { return i.Issue(ctx, r) })
}

// ObtainIntermediate is [Obtain] for an intermediate CA.
func ObtainIntermediate(ctx context.Context, i IntermediateIssuer, r IntermediateRequest, o ObtainOptions) (*Chain, error) {
	return obtain(ctx, o, grant{
		key:          r.PublicKey,
		lifetime:     r.Lifetime,
		intermediate: &r,
	}, func(ctx context.Context) (*Chain, error) { return i.IssueIntermediate(ctx, r) })
}

// grant is the granted request, for either a leaf or an intermediate.
type grant struct {
	key          crypto.PublicKey
	lifetime     time.Duration
	leaf         *Request
	intermediate *IntermediateRequest
}

func obtain(ctx context.Context, o ObtainOptions, g grant, request func(context.Context) (*Chain, error)) (*Chain, error) {
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
	start := o.Now()
	chain, err := request(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Backend, err)
	}
	if chain == nil || len(chain.Certificates) == 0 {
		return nil, fmt.Errorf("%s: %w", o.Backend, errNoCertificate)
	}
	resp := response{ObtainOptions: o, grant: g, requested: start, chain: ca.Complete(chain.Certificates, o.Roots)}
	if violations := resp.verify(); len(violations) > 0 {
		return nil, &ResponseError{Backend: o.Backend, Violations: violations}
	}
	return &Chain{Certificates: resp.chain}, nil
}

var errNoCertificate = errors.New("the response contains no certificate")

// response is the chain from a CA, with the request that it has to match.
type response struct {
	ObtainOptions
	grant
	requested time.Time
	chain     []*x509.Certificate
}

func (r *response) cert() *x509.Certificate { return r.chain[0] }

// verify applies the chain rules, then the rules about the grant.
func (r *response) verify() []*ca.Violation {
	chainRules := ca.VerifyIntermediate
	if r.leaf != nil {
		chainRules = ca.VerifyLeaf
	}
	found := chainRules(r.chain, ca.VerifyOptions{Roots: r.Roots, Now: r.Now, Except: r.Except})
	for _, rule := range rules {
		if slices.Contains(r.Except, rule.name) || !rule.scope.covers(r) {
			continue
		}
		detail := rule.check(r)
		switch violation := (&ca.Violation{Rule: rule.name, Cert: r.cert(), Detail: detail}); {
		case detail == "":
		case !rule.remark:
			found = append(found, violation)
		case r.Remark != nil:
			r.Remark(violation)
		}
	}
	return found
}
