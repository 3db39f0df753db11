package cfssl

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cloudflare/cfssl/info"

	"github.com/trustgen/trustgen/ca"
)

// authority is the CA of a server for one kind of request.
type authority struct {
	cert atomic.Pointer[x509.Certificate]
	turn chan struct{} // held during a request to info
}

func newAuthority() *authority { return &authority{turn: make(chan struct{}, 1)} }

// never makes authority ask the server.
func never(*x509.Certificate) bool { return false }

// authority returns the cached CA if enough accepts it, and otherwise the current one of
// the server. Of concurrent callers one calls the server, and the others wait for it.
func (s *server) authority(ctx context.Context, k kind, r info.Req, enough func(*x509.Certificate) bool) (*x509.Certificate, error) {
	a := s.authorities[k]
	if known := a.cert.Load(); known != nil && enough(known) {
		return known, nil
	}
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(s.timeout):
		return nil, fmt.Errorf("wait for a concurrent request for its CA: no response within %s", s.timeout)
	}
	if known := a.cert.Load(); known != nil && enough(known) {
		return known, nil
	}
	current, err := s.info(ctx, r)
	if err != nil {
		return nil, err
	}
	a.cert.Store(current)
	return current, nil
}

// signerOf returns the CA that signed a certificate. It must not have expired.
func (i *Issuer) signerOf(ctx context.Context, s *server, k kind, cert *x509.Certificate) (*x509.Certificate, error) {
	signer, err := s.authority(ctx, k, i.infoRequest(k), func(known *x509.Certificate) bool {
		return signed(known, cert) && i.now().Before(known.NotAfter)
	})
	switch {
	case err != nil:
		return nil, err
	case !signed(signer, cert):
		return nil, fmt.Errorf("its CA %s did not sign the certificate", quote(ca.Describe(signer)))
	case !i.now().Before(signer.NotAfter):
		return nil, fmt.Errorf("its CA %s ended at %s", quote(ca.Describe(signer)), format(signer.NotAfter))
	}
	return signer, nil
}

// upwards returns a CA, followed by the configured intermediates above it.
func (i *Issuer) upwards(authority *x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{authority}
	for range i.intermediates {
		last := chain[len(chain)-1]
		n := slices.IndexFunc(i.intermediates, func(cert *x509.Certificate) bool { return signed(cert, last) })
		if n < 0 || slices.ContainsFunc(chain, i.intermediates[n].Equal) {
			break
		}
		chain = append(chain, i.intermediates[n])
	}
	return chain
}

func signed(parent, child *x509.Certificate) bool {
	return bytes.Equal(parent.RawSubject, child.RawIssuer) && child.CheckSignatureFrom(parent) == nil
}
