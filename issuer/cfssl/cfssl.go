package cfssl

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// MinimumLeft is the remaining lifetime that the CA of a server needs to be healthy.
const MinimumLeft = 10 * time.Minute

// Issuer requests certificates from cfssl servers. It implements [issuer.Issuer],
// [issuer.IntermediateIssuer] and [issuer.Checker], and is safe for concurrent use.
type Issuer struct {
	key           AuthKey
	profiles      map[kind]string
	label         string
	intermediates []*x509.Certificate
	now           func() time.Time
	client        *http.Client
	servers       []*server
	preferred     atomic.Int64 // index of the last server that succeeded
}

// New returns an issuer. It does not connect to a server. Errors name the option.
func New(o Options) (*Issuer, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("cfssl: %w", err)
	}
	i := &Issuer{
		key:           o.AuthKey,
		profiles:      map[kind]string{workload: o.Profile, intermediate: o.IntermediateProfile},
		label:         o.Label,
		intermediates: append([]*x509.Certificate(nil), o.Intermediates...),
		now:           o.Now,
		client:        newClient(o),
	}
	for n, text := range o.URLs {
		base, err := parseURL(text)
		if err != nil {
			return nil, fmt.Errorf("cfssl: option URLs[%d]: %w", n, err)
		}
		i.servers = append(i.servers, newServer(base, i.client, o.Timeout))
	}
	return i, nil
}

// Issue requests a leaf. Its lifetime is that of the profile at the server; r.Lifetime is
// ignored.
func (i *Issuer) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	request, err := i.workloadRequest(r)
	if err != nil {
		return nil, err
	}
	return i.obtain(ctx, workload, request)
}

// IssueIntermediate requests an intermediate. Its common name is r.CommonName with the tag
// of its key, see [ca.TaggedName]. A request with name constraints is rejected.
func (i *Issuer) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	request, err := i.intermediateRequest(r)
	if err != nil {
		return nil, err
	}
	return i.obtain(ctx, intermediate, request)
}

// Check gets the CA for workloads from the servers. It returns an error if no server
// responds, or if the CA of the first one that does is not valid yet or ends within
// [MinimumLeft].
func (i *Issuer) Check(ctx context.Context) error {
	var current *x509.Certificate
	err := i.ask(ctx, func(s *server) (err error) {
		current, err = s.authority(ctx, workload, i.infoRequest(workload), never)
		return err
	})
	if err != nil {
		return err
	}
	switch now := i.now(); {
	case now.Before(current.NotBefore):
		return fmt.Errorf("the CA %s is not valid before %s", ca.Describe(current), format(current.NotBefore))
	case current.NotAfter.Sub(now) < MinimumLeft:
		return fmt.Errorf("the CA %s ends at %s, in less than %s", ca.Describe(current), format(current.NotAfter), MinimumLeft)
	}
	return nil
}

// Certificate returns the certificate of the CA for workloads, as last reported by the
// last server that succeeded, or nil before the first [Issuer.Check]. The caller must not
// modify it.
func (i *Issuer) Certificate() *x509.Certificate {
	return i.servers[i.preferred.Load()].authorities[workload].cert.Load()
}

// CloseIdleConnections closes idle connections. The issuer remains usable.
func (i *Issuer) CloseIdleConnections() { i.client.CloseIdleConnections() }

// Format prints the addresses of the servers for every verb, so that formatting never
// reveals the keys.
func (i *Issuer) Format(f fmt.State, _ rune) {
	names := make([]string, len(i.servers))
	for n, s := range i.servers {
		names[n] = s.String()
	}
	_, _ = io.WriteString(f, "cfssl.Issuer("+strings.Join(names, ", ")+")")
}

func (i *Issuer) obtain(ctx context.Context, k kind, r signRequest) (*issuer.Chain, error) {
	body, err := i.key.authenticate(r)
	if err != nil {
		return nil, err
	}
	var chain *issuer.Chain
	err = i.ask(ctx, func(s *server) error {
		cert, err := s.sign(ctx, k, body)
		if err != nil {
			return err
		}
		if r.Subject != nil && cert.Subject.CommonName != r.Subject.CN {
			return fmt.Errorf("the certificate is for %s, but %q was requested", quote(cert.Subject.CommonName), r.Subject.CN)
		}
		signer, err := i.signerOf(ctx, s, k, cert)
		if err != nil {
			return err
		}
		chain = &issuer.Chain{Certificates: append([]*x509.Certificate{cert}, i.upwards(signer)...)}
		return nil
	})
	return chain, err
}

func format(t time.Time) string { return t.UTC().Format(time.RFC3339) }
