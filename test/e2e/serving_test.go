package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// servedBy returns istiod's own certificate, verified with the root alone, as Istio's agent
// does.
func servedBy(t *testing.T, i *istiod.Istiod, root *x509.Certificate) (*x509.Certificate, error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(root)
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: istiod.ServerName, NextProtos: []string{"h2"}}}
	conn, err := dialer.DialContext(t.Context(), "tcp", i.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}
