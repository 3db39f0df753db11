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
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/issuer"
)

// ErrNoIntermediates says that an upstream issues no intermediates.
var ErrNoIntermediates = errors.New("this issuer issues no intermediates")

// Upstream is a CA elsewhere. The keys of what it issues are made here.
type Upstream struct {
	// Issuer has to be an [issuer.IntermediateIssuer] as well.
	Issuer issuer.Issuer
	// Obtain says what the CA is called and which roots it may lead to.
	Obtain issuer.ObtainOptions
}

// signByUpstream lets a CA elsewhere sign. Its answers must lead to the root in the
// directory, and where there is none, its root becomes that.
func (e *ensurance) signByUpstream(ctx context.Context) error {
	u := e.Upstream
	upstream, ok := issuer.As[issuer.IntermediateIssuer](u.Issuer)
	if !ok {
		return fmt.Errorf("%s: %w", u.Obtain.Backend, ErrNoIntermediates)
	}
	if err := e.anchor(); err != nil {
		return err
	}
	if checker, ok := issuer.As[issuer.Checker](u.Issuer); ok && e.DryRun {
		if err := checker.Check(ctx); err != nil {
			return fmt.Errorf("%s: %w", u.Obtain.Backend, err)
		}
	}
	e.chain = []*x509.Certificate{e.root}
	o := u.Obtain
	o.Roots = []*x509.Certificate{e.root}
	e.sign = func(ctx context.Context, key crypto.Signer, cluster string) (*ca.Authority, error) {
		csr, err := issuer.CSR(key, cluster)
		if err != nil {
			return nil, err
		}
		chain, err := issuer.ObtainIntermediate(ctx, upstream, issuer.IntermediateRequest{
			CSR:         csr,
			PublicKey:   key.Public(),
			CommonName:  cluster,
			Constraints: e.config.constraints(),
			Lifetime:    e.lifetime(),
		}, o)
		if err != nil {
			return nil, err
		}
		known, err := e.known()
		if err != nil {
			return nil, err
		}
		if err := e.wantUnrevoked(chain.Certificates, known); err != nil {
			return nil, err
		}
		made, _, err := ca.LoadImported(key, chain.Certificates, e.now)
		return made, err
	}
	return nil
}

// anchor finds the root of the directory among those of the upstream.
func (e *ensurance) anchor() (err error) {
	roots := e.Upstream.Obtain.Roots
	e.root, err = e.readRoot(e.changer)
	switch {
	case errors.Is(err, ErrNoRoot) && len(roots) != 1:
		return fmt.Errorf("%s has %d trust anchors, expected one: %s has no root to choose by", e.Upstream.Obtain.Backend, len(roots), e.Dir())
	case errors.Is(err, ErrNoRoot):
		e.root, e.rootAdopted = roots[0], true
		return e.adopt(e.root)
	case err != nil:
		return err
	case !slices.ContainsFunc(roots, e.root.Equal):
		return fmt.Errorf("%s leads to other roots than %s, %s: its clusters could not trust each other",
			e.Upstream.Obtain.Backend, e.path(rootCertFile), ca.Describe(e.root))
	}
	e.config, err = e.readConfig(e.changer)
	return err
}

// adopt writes down a root whose key is elsewhere.
func (e *ensurance) adopt(root *x509.Certificate) error {
	config, err := newConfig(e.Root.TrustDomain, e.Root.NameConstraints)
	if err != nil {
		return err
	}
	if refused := permitsMesh([]*x509.Certificate{root}, config.TrustDomain, e.Root.NameConstraints); len(refused) > 0 {
		return &ca.RuleError{Op: "the root of " + e.Upstream.Obtain.Backend, Violations: refused}
	}
	e.config = config
	return errors.Join(
		e.changer.Write(rootCertFile, ca.MarshalCertificates(root), store.Public),
		writeConfig(e.changer, config),
	)
}

// lifetime is how long a new intermediate may live. A CA elsewhere may give less.
func (e *ensurance) lifetime() time.Duration {
	if e.NotAfter.IsZero() {
		return ca.DefaultIntermediateLifetime
	}
	return e.NotAfter.Sub(e.now())
}
