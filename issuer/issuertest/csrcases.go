package issuertest

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// csrCases have a CSR that differs from the request. A backend may reject such a request,
// or use only the key of the CSR.
func csrCases() []testCase {
	return []testCase{
		{name: "foreign names in a CSR are not certified", when: always, run: withCSR(addForeignNames)},
		{name: "a subject in a CSR is not certified", when: always, run: withCSR(addSubject)},
		{name: "a CSR for a CA certificate does not give one", when: always, run: signsNoCA},
		{name: "a CSR with another key does not change the granted key", when: always, run: distrustsKey},
		{name: "a malformed CSR does not change the certificate", when: always, run: survivesGarbage},
		{name: "a request without a CSR is granted or rejected permanently", when: always, run: withoutCSR},
	}
}

func withCSR(change func(*x509.CertificateRequest)) func(context.Context, *suite) error {
	return func(ctx context.Context, s *suite) error { return fatalOnly(s.askWithCSR(ctx, change)) }
}

// askWithCSR makes a request whose CSR differs from it.
func (s *suite) askWithCSR(ctx context.Context, change func(*x509.CertificateRequest)) error {
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return err
	}
	r, err := s.request(key)
	if err != nil {
		return err
	}
	if r.CSR, err = newCSR(key, r, change); err != nil {
		return err
	}
	_, err = s.ask(ctx, r)
	return err
}

func addForeignNames(r *x509.CertificateRequest) {
	r.URIs = append(r.URIs, &url.URL{Scheme: "spiffe", Host: "foreign.example.com", Path: "/ns/admin/sa/root"})
	r.DNSNames = append(r.DNSNames, "foreign.example.com")
	r.EmailAddresses = append(r.EmailAddresses, "admin@foreign.example.com")
	r.IPAddresses = append(r.IPAddresses, net.IPv4(192, 0, 2, 1))
}

func addSubject(r *x509.CertificateRequest) {
	r.Subject = pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}
}

// addCA adds basicConstraints CA:TRUE and keyUsage keyCertSign.
func addCA(r *x509.CertificateRequest) {
	r.ExtraExtensions = append(r.ExtraExtensions,
		pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: []byte{0x30, 0x03, 0x01, 0x01, 0xff}},
		pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{0x03, 0x02, 0x02, 0x04}})
}

// signsNoCA fails although Obtain rejects the certificate: the CA certificate exists, and
// whoever finds it can use it.
func signsNoCA(ctx context.Context, s *suite) error {
	err := s.askWithCSR(ctx, addCA)
	if errors.Is(err, ca.RuleLeafNotCA) {
		return fmt.Errorf("it signed a CA: %w", err)
	}
	return fatalOnly(err)
}

func distrustsKey(ctx context.Context, s *suite) error {
	r, err := s.fresh()
	if err != nil {
		return err
	}
	other, err := s.fresh()
	if err != nil {
		return err
	}
	r.CSR = other.CSR
	_, err = s.ask(ctx, r)
	return fatalOnly(err)
}

func survivesGarbage(ctx context.Context, s *suite) error {
	r, err := s.fresh()
	if err != nil {
		return err
	}
	r.CSR = r.CSR[:len(r.CSR)/2]
	_, err = s.ask(ctx, r)
	return fatalOnly(err)
}

func withoutCSR(ctx context.Context, s *suite) error {
	r, err := s.fresh()
	if err != nil {
		return err
	}
	r.CSR = nil
	_, err = s.ask(ctx, r)
	if s.claims.NeedsCSR && err != nil && !isA[*issuer.PermanentError](err) {
		return fmt.Errorf("the error is not permanent, but a retry cannot succeed: %w", err)
	}
	if s.claims.NeedsCSR {
		return nil
	}
	return err
}
