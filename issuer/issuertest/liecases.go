package issuertest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// certificates is what a lie makes of an answer.
type certificates = []*x509.Certificate

// lieCases make lies of the backend's true answers: none may be delivered, and none
// is the fault of the request.
func lieCases() []testCase {
	return []testCase{
		lieCase("the certificate of another workload is not delivered", tellOfAnotherWorkload),
		lieCase("a certificate for another key is not delivered", tellOfAnotherKey),
		lieCase("a chain that is upside down is not delivered", told(func(_ *subject, c certificates) (certificates, error) {
			slices.Reverse(c)
			return c, nil
		})),
		lieCase("a chain without its CAs is not delivered", told(func(_ *subject, c certificates) (certificates, error) {
			return c[:1], nil
		})),
		lieCase("a certificate that is there twice is not delivered", told(func(_ *subject, c certificates) (certificates, error) {
			return slices.Insert(c, 0, c[0]), nil
		})),
		lieCase("a chain with a foreign root is not delivered", told(func(s *subject, c certificates) (certificates, error) {
			root, err := foreignRoot(s.Now())
			return append(c, root), err
		})),
		lieCase("the certificate of a CA is not delivered", told(func(s *subject, c certificates) (certificates, error) {
			return ca.Complete(c, s.Roots)[1:], nil
		})),
		lieCase("an empty chain is not delivered", told(func(*subject, certificates) (certificates, error) { return nil, nil })),
		lieCase("an answer that is nothing at all is not delivered", func(context.Context, *liar, issuer.Request) (*issuer.Chain, error) {
			return nil, nil
		}),
	}
}

// liar answers with a lie, and keeps the error if it does not come to that.
type liar struct {
	*subject
	key    crypto.Signer // that of the request
	lie    lie
	failed error
}

// lie answers a request.
type lie func(context.Context, *liar, issuer.Request) (*issuer.Chain, error)

func (l *liar) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	chain, err := l.lie(ctx, l, r)
	l.failed = err
	return chain, err
}

// told changes a true answer.
func told(change func(*subject, certificates) (certificates, error)) lie {
	return func(ctx context.Context, l *liar, r issuer.Request) (*issuer.Chain, error) {
		chain, err := l.Issuer.Issue(ctx, r)
		if err != nil {
			return nil, err
		}
		changed, err := change(l.subject, slices.Clone(chain.Certificates))
		return &issuer.Chain{Certificates: changed}, err
	}
}

func tellOfAnotherWorkload(ctx context.Context, l *liar, r issuer.Request) (*issuer.Chain, error) {
	var err error
	if r.SPIFFEID, err = l.id("another"); err != nil {
		return nil, err
	}
	if r.CSR, err = newCSR(l.key, r); err != nil {
		return nil, err
	}
	return l.Issuer.Issue(ctx, r)
}

func tellOfAnotherKey(ctx context.Context, l *liar, _ issuer.Request) (*issuer.Chain, error) {
	other, err := l.fresh()
	if err != nil {
		return nil, err
	}
	return l.Issuer.Issue(ctx, other)
}

// lieCase forgives a delivery if what was made of the answer is still right: that of
// a root which issues leaves has no CA between to leave out.
func lieCase(name string, tell lie) testCase {
	return testCase{name: name, when: always, run: func(ctx context.Context, s *subject) error {
		key, err := ca.GenerateKey(ca.P256)
		if err != nil {
			return err
		}
		r, err := s.request(key)
		if err != nil {
			return err
		}
		l := &liar{subject: s, key: key, lie: tell}
		_, err = s.askOf(ctx, l, r)
		switch {
		case l.failed != nil:
			return fmt.Errorf("there is no answer to make a lie of: %w", l.failed)
		case err == nil:
			return nil
		}
		return transient(err)
	}}
}

// foreignRoot is a root that nobody trusts.
func foreignRoot(now time.Time) (*x509.Certificate, error) {
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "foreign root"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(10, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
