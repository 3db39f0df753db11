package workload

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// clientConfig verifies a server by its chain and its principal, since workloads have no DNS
// names.
func (id *Identity) clientConfig(servers allowed) *tls.Config {
	return &tls.Config{
		Certificates:       []tls.Certificate{id.certificate()},
		InsecureSkipVerify: true, // no DNS names; VerifyConnection verifies the chain
		VerifyConnection: func(state tls.ConnectionState) error {
			principal, err := id.verifyServer(state.PeerCertificates)
			if err != nil {
				return fmt.Errorf("%w: %w", ErrServerUntrusted, err)
			}
			if err := servers.check(principal); err != nil {
				return fmt.Errorf("%w: %w", ErrServerNotAllowed, err)
			}
			return nil
		},
	}
}

// serverConfig requires a client certificate.
func (id *Identity) serverConfig() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{id.certificate()},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    id.rootPool(),
		VerifyConnection: func(state tls.ConnectionState) error {
			return id.checkRevocation(state.VerifiedChains)
		},
	}
}

// verifyServer verifies the chain of a server, and returns its principal.
func (id *Identity) verifyServer(chain []*x509.Certificate) (string, error) {
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	verified, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         id.rootPool(),
		Intermediates: intermediates,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err == nil {
		err = id.checkRevocation(verified)
	}
	if err != nil {
		return "", err
	}
	return principalOf(chain[0])
}

func (id *Identity) certificate() tls.Certificate {
	cert := tls.Certificate{PrivateKey: id.Key}
	for _, c := range id.Chain {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert
}

func (id *Identity) rootPool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, root := range id.Roots {
		pool.AddCert(root)
	}
	return pool
}
