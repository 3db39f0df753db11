package csr

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// parseCSR reads the CSR twice: its key and signature as CAs do, with crypto/x509, and all
// else with [readContent], which is stricter.
func (p *parsed) parseCSR(found *findings) {
	if found.add(CheckSize, checkSize(p.CSR)) {
		return
	}
	var err, errX509 error
	if p.der, err = parsePEM(p.CSR); found.add(CheckPEM, err) {
		return
	}
	p.content, err = readContent(p.der)
	p.csr, errX509 = x509.ParseCertificateRequest(p.der)
	switch {
	case err != nil:
		found.add(CheckForm, errors.New("the CSR is malformed: "+quote(err.Error())))
	case errX509 != nil:
		found.add(CheckForm, errors.New("the CSR cannot be read: "+quote(errX509.Error())))
	}
	if p.csr != nil {
		p.keyType, err = parseKey(p.csr.PublicKey)
		found.add(CheckKey, err)
	}
}

func checkSize(text []byte) error {
	if len(text) <= MaxCSRSize {
		return nil
	}
	return fmt.Errorf("the CSR has %d bytes, more than %d", len(text), MaxCSRSize)
}

const pemType = "CERTIFICATE REQUEST"

// parsePEM is stricter than encoding/pem, which skips whatever it cannot read.
func parsePEM(text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	if !bytes.HasPrefix(text, []byte("-----BEGIN "+pemType+"-----")) || bytes.Count(text, []byte("-----BEGIN")) != 1 {
		return nil, errors.New("the CSR is not one PEM block " + pemType + " and nothing else")
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil || len(block.Bytes) == 0:
		return nil, errors.New("the CSR is not PEM")
	case len(block.Headers) > 0:
		return nil, errors.New("the CSR has PEM headers")
	case len(rest) > 0:
		return nil, errors.New("the CSR is followed by something else")
	}
	return block.Bytes, nil
}

// keyTypes are the keys that can be certified, as ca.DescribeKey calls them.
func keyTypes() []string {
	return []string{"P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096"}
}

// minExponent is the least public exponent of RSA (FIPS 186-5 §5.1).
const minExponent = 1<<16 + 1

// parseKey gives the type of a key that can be certified. Only with such a key a signature
// is verified: that of a longer one costs too much.
func parseKey(public any) (string, error) {
	if public == nil {
		return "", fmt.Errorf("the type of the key is not known, expected one of %s", list(keyTypes()))
	}
	keyType := ca.DescribeKey(public)
	if !slices.Contains(keyTypes(), keyType) {
		return "", fmt.Errorf("the key is of type %s, expected one of %s", quote(keyType), list(keyTypes()))
	}
	if key, ok := public.(*rsa.PublicKey); ok && (key.E < minExponent || key.E%2 == 0) {
		return "", fmt.Errorf("the public exponent of the key is %d, expected an odd one of %d or more", key.E, minExponent)
	}
	return keyType, nil
}
