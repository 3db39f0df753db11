package fabric

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"sync"

	"github.com/trustgen/trustgen/ca"
)

// keyTypeLike is the type of new keys below a CA: the same, or where that one has RSA of
// a size that is not made here, another of its kind.
func keyTypeLike(key crypto.PublicKey) (ca.KeyType, error) {
	if _, ok := key.(*rsa.PublicKey); ok && ca.DescribeKey(key) != string(ca.RSA4096) {
		return ca.RSA3072, nil
	}
	return ca.KeyTypeOf(key)
}

// signHere lets the CA in the directory sign, which is the root or an issuing CA below
// it, and makes a root where there is none. Only who issues needs the key.
func (e *ensurance) signHere(ctx context.Context) error {
	made, err := e.findRoot(ctx)
	if err != nil {
		return err
	}
	profile, err := e.config.profile()
	if err != nil {
		return err
	}
	if e.chain, err = e.issuing(made); err != nil {
		return err
	}
	authority := sync.OnceValues(func() (*ca.Authority, error) {
		if made != nil {
			return made, nil
		}
		return e.loadAuthority(ctx, e.changer, e.root, e.old)
	})
	e.sign = func(_ context.Context, key crypto.Signer, cluster string) (*ca.Authority, error) {
		a, err := authority()
		if err != nil {
			return nil, err
		}
		end, err := e.intermediateEnd(a.Certificate(), e.NotAfter)
		if err != nil {
			return nil, err
		}
		draft, err := a.Prepare(profile, ca.Request{PublicKey: key.Public(), CommonName: cluster, NotAfter: end})
		if err != nil {
			return nil, err
		}
		cert, err := a.Issue(draft)
		if err != nil {
			return nil, err
		}
		return a.Below(key, cert)
	}
	return nil
}

// findRoot reads the root, and makes one where there is none.
func (e *ensurance) findRoot(ctx context.Context) (made *ca.Authority, err error) {
	e.root, err = e.readRoot(e.changer)
	if err == nil {
		e.config, err = e.readConfig(e.changer)
		return nil, err
	}
	if !errors.Is(err, ErrNoRoot) {
		return nil, err
	}
	if err := e.wantNoRequests(); err != nil {
		return nil, err
	}
	if e.config, err = newConfig(e.Root.TrustDomain, e.Root.NameConstraints); err != nil {
		return nil, err
	}
	if made, err = e.makeRoot(ctx, e.changer, e.Root, e.fresh); err != nil {
		return nil, err
	}
	e.root, e.rootCreated = made.Certificate(), true
	return made, nil
}

// issuing is the chain of the CA in the directory that issues.
func (e *ensurance) issuing(made *ca.Authority) ([]*x509.Certificate, error) {
	if made != nil {
		return made.Chain(), nil
	}
	return e.readIssuing(e.changer, e.root)
}
