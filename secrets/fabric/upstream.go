package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// ErrNoIntermediates says that an upstream issues no intermediates.
var ErrNoIntermediates = errors.New("this issuer issues no intermediates")

// Upstream is an external CA. The keys of what it issues are made in this directory.
type Upstream struct {
	// Issuer has to be an [issuer.IntermediateIssuer] as well.
	Issuer issuer.Issuer
	// Obtain names the CA, and the roots that its certificates may chain to.
	Obtain issuer.ObtainOptions
}

// trustUpstream is the trust of a directory whose intermediates an upstream issues: they must
// chain to the root of the directory. A directory without a root adopts that of the upstream.
// Found and err are what was read.
func (e *ensuring) trustUpstream(ctx context.Context, found trust, err error) (trust, error) {
	u := e.Upstream
	if _, ok := issuer.As[issuer.IntermediateIssuer](u.Issuer); !ok {
		return trust{}, fmt.Errorf("%s: %w", u.Obtain.Backend, ErrNoIntermediates)
	}
	roots := u.Obtain.Roots
	switch {
	case errors.Is(err, ErrNoRoot) && len(roots) != 1:
		return trust{}, fmt.Errorf("%s has %d trust anchors, expected one: %s has no root to choose by", u.Obtain.Backend, len(roots), e.fabric.Dir())
	case errors.Is(err, ErrNoRoot):
		e.result.RootAdopted = true
		found, err = e.adopt(roots[0])
	case err == nil && !slices.ContainsFunc(roots, found.root().Equal):
		err = fmt.Errorf("%s leads to other roots than %s, %s: its clusters could not trust each other",
			u.Obtain.Backend, e.fabric.path(rootCertFile), ca.Describe(found.root()))
	}
	if err != nil {
		return trust{}, err
	}
	found.issuing = []*x509.Certificate{found.root()} // the CA in the directory, if any, does not issue
	return found, e.checkUpstream(ctx)
}

// checkUpstream asks the upstream in a dry run whether it can issue.
func (e *ensuring) checkUpstream(ctx context.Context) error {
	u := e.Upstream
	checker, ok := issuer.As[issuer.Checker](u.Issuer)
	if !ok || !e.DryRun {
		return nil
	}
	if err := checker.Check(ctx); err != nil {
		return fmt.Errorf("%s: %w", u.Obtain.Backend, err)
	}
	return nil
}

// adopt trusts a root whose key is in another place.
func (e *ensuring) adopt(root *x509.Certificate) (trust, error) {
	settings, err := newSettings(e.Root.TrustDomain, e.Root.NameConstraints)
	if err != nil {
		return trust{}, err
	}
	chain := []*x509.Certificate{root}
	if refused := mesh.CheckConstraints(chain, settings.TrustDomain, e.Root.NameConstraints); len(refused) > 0 {
		return trust{}, &ca.RuleError{Op: "the root of " + e.Upstream.Obtain.Backend, Violations: refused}
	}
	return trust{chain, settings}, nil
}

// upstreamSigner certifies keys by the upstream.
func (e *ensuring) upstreamSigner(i *issuance) (signer, error) {
	upstream, ok := issuer.As[issuer.IntermediateIssuer](e.Upstream.Issuer)
	if !ok {
		return nil, ErrNoIntermediates
	}
	o := e.Upstream.Obtain
	o.Roots = []*x509.Certificate{i.root()}
	return func(ctx context.Context, key crypto.Signer, cluster string) (*ca.Authority, error) {
		csr, err := issuer.CSR(key, cluster)
		if err != nil {
			return nil, err
		}
		chain, err := issuer.ObtainIntermediate(ctx, upstream, issuer.IntermediateRequest{
			CSR:         csr,
			PublicKey:   key.Public(),
			CommonName:  cluster,
			Constraints: i.mesh.Constraints,
			Lifetime:    e.lifetime(i.now),
		}, o)
		if err != nil {
			return nil, err
		}
		if err := i.mesh.CheckUnrevoked(chain.Certificates); err != nil {
			return nil, err
		}
		made, _, err := ca.LoadImported(key, chain.Certificates, i.clock)
		return made, err
	}, nil
}

// lifetime is how long a new intermediate may live. An upstream may give less.
func (e *ensuring) lifetime(now time.Time) time.Duration {
	if e.NotAfter.IsZero() {
		return ca.DefaultIntermediateLifetime
	}
	return e.NotAfter.Sub(now)
}
