package files

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// ReadExchange reads the certificates and CRLs of files, or of Secrets and ConfigMaps, whose keys it
// leaves out.
func ReadExchange(ctx context.Context, t *term.Terminal, names ...string) (mesh.Exchange, error) {
	var all mesh.Exchange
	for _, name := range names {
		data, err := t.Read(ctx, name)
		if err != nil {
			return mesh.Exchange{}, err
		}
		e, err := parseExchange(data)
		if err != nil {
			return mesh.Exchange{}, fmt.Errorf("%s: %w", term.InputName(name), err)
		}
		all.Certificates = append(all.Certificates, e.Certificates...)
		all.CRLs = append(all.CRLs, e.CRLs...)
	}
	return all, nil
}

// ReadCertificates is ReadExchange for a file without CRLs.
func ReadCertificates(ctx context.Context, t *term.Terminal, name string) ([]*x509.Certificate, error) {
	found, err := ReadExchange(ctx, t, name)
	switch {
	case err != nil:
		return nil, err
	case len(found.CRLs) > 0:
		return nil, fmt.Errorf("%s: has a CRL, expected certificates only", term.InputName(name))
	}
	return found.Certificates, nil
}

// ReadRoot reads the only certificate of a file. It does not check that it is a root.
func ReadRoot(ctx context.Context, t *term.Terminal, name string) (*x509.Certificate, error) {
	certs, err := ReadCertificates(ctx, t, name)
	if err == nil && len(certs) != 1 {
		err = fmt.Errorf("%s: %d certificates, expected one root", term.InputName(name), len(certs))
	}
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}

func parseExchange(data []byte) (mesh.Exchange, error) {
	entries, err := publicEntries(data)
	switch {
	case err != nil:
		return mesh.Exchange{}, err
	case entries == nil:
		return mesh.ParseExchange(data)
	}
	var all mesh.Exchange
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e, err := mesh.ParseExchange(entries[name])
		if err != nil {
			return mesh.Exchange{}, fmt.Errorf("%s: %w", name, err)
		}
		all.Certificates = append(all.Certificates, e.Certificates...)
		all.CRLs = append(all.CRLs, e.CRLs...)
	}
	return all, nil
}

// publicEntries are the entries of a Secret or a ConfigMap without its keys.
func publicEntries(data []byte) (map[string][]byte, error) {
	entries, err := Entries(data)
	for _, name := range []string{secrets.CAKeyFile, corev1.TLSPrivateKeyKey} {
		delete(entries, name)
	}
	return entries, err
}
