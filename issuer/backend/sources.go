package backend

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// trustAnchors reads the roots. An expired root is accepted here: a chain that ends with it
// is rejected.
func (b *builder) trustAnchors(ctx context.Context) ([]*x509.Certificate, error) {
	roots, err := b.certificates(ctx, b.spec.TrustAnchors)
	if err != nil {
		return nil, err
	}
	for i, root := range roots {
		found := ca.VerifyIntermediate([]*x509.Certificate{root}, ca.VerifyOptions{
			Now:    b.Now,
			Except: []ca.Rule{ca.RuleExpired, ca.RuleNotYetValid},
		})
		if len(found) > 0 {
			return nil, &ca.RuleError{Op: fmt.Sprintf("certificate %d", i+1), Violations: found}
		}
	}
	return roots, nil
}

func (b *builder) certificates(ctx context.Context, s v1alpha1.CertificateSource) ([]*x509.Certificate, error) {
	data, err := b.read(ctx, s)
	if err != nil {
		return nil, err
	}
	return ca.ParseCertificates(data)
}

func (b *builder) read(ctx context.Context, s v1alpha1.CertificateSource) ([]byte, error) {
	switch {
	case s.PEM != "" && s.ConfigMap == nil && s.Secret == nil:
		return []byte(s.PEM), nil
	case s.PEM == "" && s.ConfigMap != nil && s.Secret == nil:
		return b.configMapKey(ctx, *s.ConfigMap)
	case s.PEM == "" && s.ConfigMap == nil && s.Secret != nil:
		return b.secretKey(ctx, *s.Secret)
	}
	return nil, errors.New("expected exactly one of pem, configMap and secret")
}

func (b *builder) configMapKey(ctx context.Context, s v1alpha1.KeySelector) ([]byte, error) {
	data, err := b.Sources.ConfigMap(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	text, ok := data[s.Key]
	if !ok {
		return nil, fmt.Errorf("the ConfigMap %q has no key %q", s.Name, s.Key)
	}
	return []byte(text), nil
}

func (b *builder) secretKey(ctx context.Context, s v1alpha1.KeySelector) ([]byte, error) {
	data, err := b.Sources.Secret(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	value, ok := data[s.Key]
	if !ok {
		return nil, fmt.Errorf("the Secret %q has no key %q", s.Name, s.Key)
	}
	return value, nil
}
