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

// authority is the CA that a server told of last, for one kind of requests.
type authority struct {
	cert atomic.Pointer[x509.Certificate]
	turn chan struct{} // whoever asks the server holds it
}

func newAuthority() *authority { return &authority{turn: make(chan struct{}, 1)} }

// never is for those who want the answer of the server.
func never(*x509.Certificate) bool { return false }

// authority returns the CA that is known if it is good enough, and what the server
// says otherwise. Of those that find it wanting at the same time one asks, and the
// others look at the answer.
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
		return nil, fmt.Errorf("wait for others that ask for its CA: no answer within %s", s.timeout)
	}
	if known := a.cert.Load(); known != nil && enough(known) {
		return known, nil
	}
	told, err := s.info(ctx, r)
	if err != nil {
		return nil, err
	}
	a.cert.Store(told)
	return told, nil
}

// signerOf returns the CA that signed a certificate, which is valid still.
func (i *Issuer) signerOf(ctx context.Context, s *server, k kind, cert *x509.Certificate) (*x509.Certificate, error) {
	signer, err := s.authority(ctx, k, i.infoRequest(k), func(known *x509.Certificate) bool {
		return signed(known, cert) && i.now().Before(known.NotAfter)
	})
	switch {
	case err != nil:
		return nil, err
	case !signed(signer, cert):
		return nil, fmt.Errorf("it tells of the CA %s, which did not sign its certificate", quote(ca.Describe(signer)))
	case !i.now().Before(signer.NotAfter):
		return nil, fmt.Errorf("its CA %s ended at %s", quote(ca.Describe(signer)), format(signer.NotAfter))
	}
	return signer, nil
}

// upwards is a CA, followed by those of the known intermediates that issued it.
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
