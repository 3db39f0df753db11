package cluster

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"os"
	"path/filepath"
)

// The files that the API server reads.
const (
	caCert            = "ca.crt"
	servingCert       = "serving.crt"
	servingKey        = "serving.key"
	serviceAccountKey = "service-account.key"
)

// pki is what the parties of a cluster prove themselves with.
type pki struct {
	dir   string // of the files above
	ca    *authority
	admin credential
}

// newPKI makes the certificates and keys of a cluster, and its files in dir.
func newPKI(dir string) (*pki, error) {
	ca, err := newAuthority("kubernetes")
	if err != nil {
		return nil, err
	}
	serving, err := ca.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return nil, err
	}
	admin, err := ca.issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, err
	}
	_, accounts, err := newKey()
	if err != nil {
		return nil, err
	}

	p := &pki{dir: dir, ca: ca, admin: admin}
	for name, data := range map[string][]byte{
		caCert:            ca.pem(),
		servingCert:       serving.cert,
		servingKey:        serving.key,
		serviceAccountKey: accounts,
	} {
		if err := os.WriteFile(p.path(name), data, 0o600); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }
