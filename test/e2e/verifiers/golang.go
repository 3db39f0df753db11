package verifiers

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// Go is crypto/x509, which istiod and grpc-go use.
type Go struct{}

// Name implements [Verifier].
func (Go) Name() string { return "Go " + strings.TrimPrefix(runtime.Version(), "go") }

// Verify implements [Verifier].
func (Go) Verify(_ context.Context, c Connection, side Side) error {
	options := map[Side]x509.VerifyOptions{
		Server: {KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSName: c.ServerName},
		Client: {KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}},
	}[side]
	var err error
	if options.Roots, err = pool(c.Ends[side.Peer()].Roots); err != nil {
		return fmt.Errorf("roots: %w", err)
	}
	if options.Intermediates, err = pool(c.Ends[side].Chain); err != nil {
		return fmt.Errorf("chain: %w", err)
	}
	block, _ := pem.Decode(c.Ends[side].Chain)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("leaf: %w", err)
	}
	if _, err := leaf.Verify(options); err != nil {
		return &Refusal{Reason: err.Error()}
	}
	return nil
}

// pool returns every certificate of a PEM file.
func pool(file []byte) (*x509.CertPool, error) {
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(file) {
		return nil, errors.New("no certificate")
	}
	return p, nil
}
