package backend

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

// cfssl creates the issuer for cfssl servers.
func (b *builder) cfssl(ctx context.Context) (issuer.Issuer, error) {
	s := b.spec.CFSSL
	o := cfssl.Options{
		URLs:                s.URLs,
		Profile:             s.Profile,
		IntermediateProfile: s.IntermediateProfile,
		Label:               s.Label,
		Timeout:             s.Timeout.Duration,
		Now:                 b.Now,
	}
	key, err := b.secretKey(ctx, s.AuthKey)
	if err == nil {
		o.AuthKey, err = cfssl.ParseAuthKey(key)
	}
	if err != nil {
		return nil, fmt.Errorf("authKey: %w", err)
	}
	if s.ServerCA != nil {
		certs, err := b.certificates(ctx, *s.ServerCA)
		if err != nil {
			return nil, fmt.Errorf("serverCA: %w", err)
		}
		o.RootCAs = x509.NewCertPool()
		for _, cert := range certs {
			o.RootCAs.AddCert(cert)
		}
	}
	if s.Intermediates != nil {
		if o.Intermediates, err = b.certificates(ctx, *s.Intermediates); err != nil {
			return nil, fmt.Errorf("intermediates: %w", err)
		}
	}
	if s.ClientSecretName != "" {
		if o.ClientCertificate, err = b.clientCertificate(ctx, s.ClientSecretName); err != nil {
			return nil, fmt.Errorf("clientSecretName: %w", err)
		}
	}
	return cfssl.New(o)
}

func (b *builder) clientCertificate(ctx context.Context, name string) (*tls.Certificate, error) {
	data, err := b.Sources.Secret(ctx, name)
	if err != nil {
		return nil, err
	}
	cert, err := tls.X509KeyPair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, fmt.Errorf("the Secret %q: %w", name, err)
	}
	return &cert, nil
}
