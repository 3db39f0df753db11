package issuertest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

func nameCases() []testCase {
	return []testCase{
		{name: "a SPIFFE ID is certified exactly", when: always, run: keepsSPIFFEID},
		{name: "DNS names are certified", when: always, run: keepsDNSNames},
		{name: "a server certificate has only serverAuth", when: always, run: keepsUsage(x509.ExtKeyUsageServerAuth)},
		{name: "a client certificate has only clientAuth", when: always, run: keepsUsage(x509.ExtKeyUsageClientAuth)},
		{name: "a forbidden identity is rejected permanently", when: knowsForbidden, run: refusesForbidden},
		{name: "a response contains every CA below the root", when: always, run: respondsWithChain},
	}
}

// keepsSPIFFEID uses every class of characters in a path (SPIFFE ID §2.2).
func keepsSPIFFEID(ctx context.Context, s *suite) error {
	id, err := s.id("Cart-7.v2_x")
	if err != nil {
		return err
	}
	_, err = s.askFresh(ctx, func(r *issuer.Request) { r.SPIFFEID = id })
	return err
}

func keepsDNSNames(ctx context.Context, s *suite) error {
	_, err := s.askFresh(ctx, func(r *issuer.Request) { r.SPIFFEID, r.DNSNames = spiffeid.ID{}, []string{s.DNSName} })
	return s.seen.judge(dnsNames, s.claims.DNSNames, err)
}

func keepsUsage(usage x509.ExtKeyUsage) func(context.Context, *suite) error {
	return func(ctx context.Context, s *suite) error {
		_, err := s.askFresh(ctx, func(r *issuer.Request) { r.ExtKeyUsages = []x509.ExtKeyUsage{usage} })
		return s.seen.judge(usages, s.claims.Usages, err)
	}
}

func knowsForbidden(s *suite) bool { return s.Forbidden != spiffeid.ID{} }

func refusesForbidden(ctx context.Context, s *suite) error {
	_, err := s.askFresh(ctx, func(r *issuer.Request) { r.SPIFFEID = s.Forbidden })
	switch {
	case err == nil:
		return fmt.Errorf("%s was issued", s.Forbidden)
	case !isA[*issuer.PermanentError](err):
		return fmt.Errorf("the error is not permanent: %w", err)
	}
	return nil
}

// recorder records the response of an issuer.
type recorder struct {
	issuer.Issuer
	response *issuer.Chain
}

func (r *recorder) Issue(ctx context.Context, request issuer.Request) (*issuer.Chain, error) {
	chain, err := r.Issuer.Issue(ctx, request)
	r.response = chain
	return chain, err
}

func respondsWithChain(ctx context.Context, s *suite) error {
	r, err := s.fresh()
	if err != nil {
		return err
	}
	raw := &recorder{Issuer: s.Issuer}
	if _, err := s.askOf(ctx, raw, r); err != nil {
		return err
	}
	chain := raw.response.Certificates
	rooted := chain[len(chain)-1].CheckSignatureFrom(chain[len(chain)-1]) == nil
	s.seen.note(chains, describeChain(len(chain), rooted))
	if s.claims.Chain && !rooted {
		return errors.New("it claims that its chains end with the root, but the last certificate is " + ca.Describe(chain[len(chain)-1]))
	}
	return nil
}

func describeChain(certificates int, rooted bool) string {
	what, between := "leaf", certificates-1
	if rooted {
		between--
	}
	switch {
	case between == 1:
		what += ", 1 CA"
	case between > 1:
		what += fmt.Sprintf(", %d CAs", between)
	}
	if rooted {
		what += ", root"
	}
	return what
}
