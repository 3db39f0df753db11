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

// certificates is what a tamper makes of an answer.
type certificates = []*x509.Certificate

// tamperCases make lies of the backend's true answers: none may be delivered, and none
// is the fault of the request.
func tamperCases() []testCase {
	return []testCase{
		tamperCase("the certificate of another workload is not delivered", substituteWorkload),
		tamperCase("a certificate for another key is not delivered", substituteKey),
		tamperCase("a chain that is upside down is not delivered", tampering(func(_ *suite, c certificates) (certificates, error) {
			slices.Reverse(c)
			return c, nil
		})),
		tamperCase("a chain without its CAs is not delivered", tampering(func(_ *suite, c certificates) (certificates, error) {
			return c[:1], nil
		})),
		tamperCase("a certificate that is there twice is not delivered", tampering(func(_ *suite, c certificates) (certificates, error) {
			return slices.Insert(c, 0, c[0]), nil
		})),
		tamperCase("a chain with a foreign root is not delivered", tampering(func(s *suite, c certificates) (certificates, error) {
			root, err := foreignRoot(s.Now())
			return append(c, root), err
		})),
		tamperCase("the certificate of a CA is not delivered", tampering(func(s *suite, c certificates) (certificates, error) {
			return ca.Complete(c, s.Roots)[1:], nil
		})),
		tamperCase("an empty chain is not delivered", tampering(func(*suite, certificates) (certificates, error) { return nil, nil })),
		tamperCase("an answer that is nothing at all is not delivered", func(context.Context, *tamperer, issuer.Request) (*issuer.Chain, error) {
			return nil, nil
		}),
	}
}

// tamperer answers with a tamper, and keeps the error if it does not come to that.
type tamperer struct {
	*suite
	key    crypto.Signer // that of the request
	tamper tamper
	failed error
}

// tamper answers a request.
type tamper func(context.Context, *tamperer, issuer.Request) (*issuer.Chain, error)

func (l *tamperer) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	chain, err := l.tamper(ctx, l, r)
	l.failed = err
	return chain, err
}

// told changes a true answer.
func tampering(change func(*suite, certificates) (certificates, error)) tamper {
	return func(ctx context.Context, l *tamperer, r issuer.Request) (*issuer.Chain, error) {
		chain, err := l.Issuer.Issue(ctx, r)
		if err != nil {
			return nil, err
		}
		changed, err := change(l.suite, slices.Clone(chain.Certificates))
		return &issuer.Chain{Certificates: changed}, err
	}
}

func substituteWorkload(ctx context.Context, l *tamperer, r issuer.Request) (*issuer.Chain, error) {
	var err error
	if r.SPIFFEID, err = l.id("another"); err != nil {
		return nil, err
	}
	if r.CSR, err = newCSR(l.key, r); err != nil {
		return nil, err
	}
	return l.Issuer.Issue(ctx, r)
}

func substituteKey(ctx context.Context, l *tamperer, _ issuer.Request) (*issuer.Chain, error) {
	other, err := l.fresh()
	if err != nil {
		return nil, err
	}
	return l.Issuer.Issue(ctx, other)
}

// tamperCase forgives a delivery if what was made of the answer is still right: that of
// a root which issues leaves has no CA between to leave out.
func tamperCase(name string, change tamper) testCase {
	return testCase{name: name, when: always, run: func(ctx context.Context, s *suite) error {
		key, err := ca.GenerateKey(ca.P256)
		if err != nil {
			return err
		}
		r, err := s.request(key)
		if err != nil {
			return err
		}
		l := &tamperer{suite: s, key: key, tamper: change}
		_, err = s.askOf(ctx, l, r)
		switch {
		case l.failed != nil:
			return fmt.Errorf("there is no answer to tamper with: %w", l.failed)
		case err == nil:
			return nil
		}
		return requireTransient(err)
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
