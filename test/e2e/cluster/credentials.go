package cluster

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"path/filepath"

	"github.com/trustgen/trustgen/test/e2e/pki"
)

// The files that the API server reads.
const (
	caCert            = "ca.crt"
	servingCert       = "serving.crt"
	servingKey        = "serving.key"
	serviceAccountKey = "service-account.key"
)

// credentials are the certificates and keys of the parties of a cluster.
type credentials struct {
	dir   string // of the files above
	ca    *pki.Authority
	admin pki.Credential
}

// newCredentials creates the certificates and keys of a cluster, and its files in dir.
func newCredentials(dir string) (*credentials, error) {
	ca, err := pki.New("kubernetes")
	if err != nil {
		return nil, err
	}
	serving, err := ca.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return nil, err
	}
	admin, err := ca.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, err
	}
	_, accounts, err := pki.NewKey()
	if err != nil {
		return nil, err
	}

	p := &credentials{dir: dir, ca: ca, admin: admin}
	for name, data := range map[string][]byte{
		caCert:            ca.PEM(),
		servingCert:       serving.Cert,
		servingKey:        serving.Key,
		serviceAccountKey: accounts,
	} {
		if err := os.WriteFile(p.path(name), data, 0o600); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *credentials) path(name string) string { return filepath.Join(p.dir, name) }
