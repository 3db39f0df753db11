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

// certificates is a chain that a case changes.
type certificates = []*x509.Certificate

// tamperCases change the responses of the backend. [issuer.Obtain] has to reject them all,
// with a transient error.
func tamperCases() []testCase {
	return []testCase{
		tamperCase("the certificate of another workload is rejected", substituteWorkload),
		tamperCase("a certificate for another key is rejected", substituteKey),
		tamperCase("a reversed chain is rejected", changeChain(func(_ *suite, c certificates) (certificates, error) {
			slices.Reverse(c)
			return c, nil
		})),
		tamperCase("a chain without its CAs is rejected", changeChain(func(_ *suite, c certificates) (certificates, error) {
			return c[:1], nil
		})),
		tamperCase("a duplicate certificate is rejected", changeChain(func(_ *suite, c certificates) (certificates, error) {
			return slices.Insert(c, 0, c[0]), nil
		})),
		tamperCase("a chain with a foreign root is rejected", changeChain(func(s *suite, c certificates) (certificates, error) {
			root, err := foreignRoot(s.Now())
			return append(c, root), err
		})),
		tamperCase("the certificate of a CA is rejected", changeChain(func(s *suite, c certificates) (certificates, error) {
			return ca.Complete(c, s.Roots)[1:], nil
		})),
		tamperCase("an empty chain is rejected", changeChain(func(*suite, certificates) (certificates, error) { return nil, nil })),
		tamperCase("a nil chain is rejected", func(context.Context, *tamperer, issuer.Request) (*issuer.Chain, error) {
			return nil, nil
		}),
	}
}

// tamperer is an issuer that returns a changed response of the backend.
type tamperer struct {
	*suite
	key    crypto.Signer // of the request
	tamper tamper
	failed error // of the backend
}

// tamper responds to a request.
type tamper func(context.Context, *tamperer, issuer.Request) (*issuer.Chain, error)

func (t *tamperer) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	chain, err := t.tamper(ctx, t, r)
	t.failed = err
	return chain, err
}

// changeChain changes the chain for the request.
func changeChain(change func(*suite, certificates) (certificates, error)) tamper {
	return func(ctx context.Context, t *tamperer, r issuer.Request) (*issuer.Chain, error) {
		chain, err := t.Issuer.Issue(ctx, r)
		if err != nil {
			return nil, err
		}
		changed, err := change(t.suite, slices.Clone(chain.Certificates))
		return &issuer.Chain{Certificates: changed}, err
	}
}

func substituteWorkload(ctx context.Context, t *tamperer, r issuer.Request) (*issuer.Chain, error) {
	var err error
	if r.SPIFFEID, err = t.id("another"); err != nil {
		return nil, err
	}
	if r.CSR, err = newCSR(t.key, r); err != nil {
		return nil, err
	}
	return t.Issuer.Issue(ctx, r)
}

func substituteKey(ctx context.Context, t *tamperer, _ issuer.Request) (*issuer.Chain, error) {
	other, err := t.fresh()
	if err != nil {
		return nil, err
	}
	return t.Issuer.Issue(ctx, other)
}

// tamperCase accepts a certificate if the changed chain is still valid: a root that issues
// leaves has no CA between that could be left out.
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
		t := &tamperer{suite: s, key: key, tamper: change}
		_, err = s.askOf(ctx, t, r)
		switch {
		case t.failed != nil:
			return fmt.Errorf("there is no response to tamper with: %w", t.failed)
		case err == nil:
			return nil
		}
		return requireTransient(err)
	}}
}

// foreignRoot returns a root that is not trusted.
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
