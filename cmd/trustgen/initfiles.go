package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/trustgen/trustgen/ca"
)

// Files that are imported come from other programs: with text around the blocks, as
// openssl writes it, or in DER. What the directory then holds is strict PEM.

// findCertificates reads the certificates of a file.
func findCertificates(data []byte) ([]*x509.Certificate, error) {
	blocks, err := ca.FindPEM(data)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 {
		cert, err := x509.ParseCertificate(data)
		if err != nil {
			return nil, errors.New("is neither a certificate in PEM nor one in DER")
		}
		return []*x509.Certificate{cert}, nil
	}
	var certs []*x509.Certificate
	for i, block := range blocks {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block %d is a %s, expected a CERTIFICATE", i+1, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", i+1, err)
		}
		certs = append(certs, cert)
	}
	return certs, nil
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
