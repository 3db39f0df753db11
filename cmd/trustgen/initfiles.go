package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/trustgen/trustgen/ca"
)

// Files that are imported come from other programs: with text around the blocks, as
// openssl writes it, or in DER. What the directory then holds is strict PEM.

// readCertificates reads a file, or a Secret or ConfigMap, with certificates alone.
func (t *terminal) readCertificates(ctx context.Context, name string) ([]*x509.Certificate, error) {
	found, err := t.readExchange(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case len(found.CRLs) > 0:
		return nil, fmt.Errorf("%s: holds a CRL, expected certificates alone", displayName(name))
	}
	return found.Certificates, nil
}

// readRoot reads the only certificate of a file. Whether it is a root is not asked here.
func (t *terminal) readRoot(ctx context.Context, name string) (*x509.Certificate, error) {
	certs, err := t.readCertificates(ctx, name)
	if err == nil && len(certs) != 1 {
		err = fmt.Errorf("%s: %d certificates, expected one root", displayName(name), len(certs))
	}
	if err != nil {
		return nil, err
	}
	return certs[0], nil
}

// findKey cuts the only private key out of a file in PEM. Certificates and the
// parameters that openssl writes before an EC key may stand beside it.
func findKey(data []byte) ([]byte, error) {
	blocks, err := ca.FindPEM(data)
	if err != nil {
		return nil, err
	}
	var found []byte
	for _, block := range blocks {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if found != nil {
			return nil, errors.New("holds more than one private key")
		}
		found = pem.EncodeToMemory(block)
	}
	if found == nil {
		return nil, errors.New("holds no private key in PEM")
	}
	return found, nil
}
