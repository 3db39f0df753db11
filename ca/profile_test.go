package ca_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"flag"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

// issued is one certificate of each kind that the specification in doc.go has.
type issued struct {
	name   string
	issuer *x509.Certificate
	cert   *x509.Certificate
	want   *x509.Certificate
}

// everyKind issues one of each with keys and serial numbers that are always the
// same.
func everyKind(t *testing.T) []issued {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	h := catest.New(t)
	root, east := h.Root.Certificate(), h.Intermediate.Certificate()
	mesh := []string{catest.Organization}
	caUsage := x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	leaf := func(r ca.Request) *x509.Certificate { return catest.Issue(t, h.Intermediate, workloadProfile(t), r) }
	below := func(o ca.IntermediateOptions) *x509.Certificate {
		return catest.Issue(t, h.Root, catest.Must(ca.Intermediate(o))(t), eastRequest())
	}
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	cart := []*url.URL{{Scheme: "spiffe", Host: "mesh.example.com", Path: "/ns/shop/sa/cart"}}
	constraints := &ca.NameConstraints{TrustDomain: "mesh.example.com", DNSNames: []string{"istiod.istio-system.svc"}}
	kinds := []issued{
		{"root", root, root, &x509.Certificate{
			Subject: pkix.Name{CommonName: "root 2dedb0", Organization: mesh}, NotAfter: catest.Now().Add(ca.DefaultRootLifetime),
			IsCA: true, MaxPathLen: -1, KeyUsage: caUsage,
		}},
		{"intermediate", root, east, &x509.Certificate{
			Subject: pkix.Name{CommonName: "east 5b5c4f", Organization: mesh}, NotAfter: catest.Now().Add(ca.DefaultIntermediateLifetime),
			IsCA: true, MaxPathLenZero: true, KeyUsage: caUsage,
		}},
		{"issuing CA", root, below(ca.IntermediateOptions{PathLen: 1, Organization: "another mesh", Lifetime: time.Hour}), &x509.Certificate{
			Subject: pkix.Name{CommonName: "east 098d20", Organization: []string{"another mesh"}}, NotAfter: catest.Now().Add(time.Hour),
			IsCA: true, MaxPathLen: 1, KeyUsage: caUsage,
		}},
		{"constrained intermediate", root, below(ca.IntermediateOptions{Constraints: constraints}), &x509.Certificate{
			Subject: pkix.Name{CommonName: "east 098d20", Organization: mesh}, NotAfter: catest.Now().Add(ca.DefaultIntermediateLifetime),
			IsCA: true, MaxPathLenZero: true, KeyUsage: caUsage,
			PermittedDNSDomainsCritical: true, PermittedURIDomains: []string{"mesh.example.com"}, PermittedDNSDomains: []string{"istiod.istio-system.svc"},
			ExcludedIPRanges: allAddresses(),
		}},
		{"workload", east, h.Leaf, &x509.Certificate{
			NotAfter: catest.Now().Add(ca.DefaultWorkloadLifetime), MaxPathLen: -1, URIs: cart,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: both,
		}},
		{"server with DNS names", east, leaf(ca.Request{
			PublicKey: catest.KeyP384("istiod").Public(), DNSNames: []string{"istiod.istio-system.svc", "istiod"},
			ExtKeyUsages: both[:1], NotAfter: catest.Now().Add(time.Hour),
		}), &x509.Certificate{
			NotAfter: catest.Now().Add(time.Hour), MaxPathLen: -1, DNSNames: []string{"istiod.istio-system.svc", "istiod"},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: both[:1],
		}},
	}
	next := newRoot(t, "next").Certificate()
	cross := func(o ca.CrossSignOptions) *x509.Certificate {
		return catest.Must(h.Root.CrossSign(next, o))(t)
	}
	return append(kinds, []issued{
		{"cross-certificate", root, cross(ca.CrossSignOptions{}), &x509.Certificate{
			Subject: next.Subject, NotAfter: next.NotAfter, IsCA: true, MaxPathLen: 1, KeyUsage: caUsage,
		}},
		{"cross-certificate of another mesh", root, cross(ca.CrossSignOptions{Foreign: foreign()}), &x509.Certificate{
			Subject: next.Subject, NotAfter: next.NotAfter, IsCA: true, MaxPathLen: 1, KeyUsage: caUsage,
			PermittedDNSDomainsCritical: true, PermittedURIDomains: []string{foreignDomain}, ExcludedDNSDomains: []string{""},
			ExcludedIPRanges: allAddresses(),
		}},
	}...)
}

func allAddresses() []*net.IPNet {
	return []*net.IPNet{
		{IP: net.IP{0, 0, 0, 0}, Mask: net.CIDRMask(0, 32)},
		{IP: make(net.IP, 16), Mask: net.CIDRMask(0, 128)},
	}
}

func TestIssue_FieldsAreAsSpecified(t *testing.T) {
	for _, i := range everyKind(t) {
		t.Run(i.name, func(t *testing.T) {
			i.want.Version = 3
			i.want.SignatureAlgorithm = x509.ECDSAWithSHA256
			i.want.PublicKeyAlgorithm = x509.ECDSA
			i.want.Issuer = i.issuer.Subject
			i.want.NotBefore = catest.Now().Add(-time.Minute)
			i.want.BasicConstraintsValid = true
			if diff := cmp.Diff(*i.want, *i.cert, catest.ByContent()); diff != "" {
				t.Errorf("certificate (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(i.issuer.SubjectKeyId, i.cert.AuthorityKeyId); diff != "" {
				t.Errorf("authority key identifier (-want +got):\n%s", diff)
			}
			if len(i.cert.SubjectKeyId) != 20 {
				t.Errorf("the subject key identifier %x has not 160 bits", i.cert.SubjectKeyId)
			}
		})
	}
}

// criticality is that of RFC 5280 and of doc.go, by extension.
var criticality = map[string]bool{
	"2.5.29.14": false, // subjectKeyIdentifier
	"2.5.29.35": false, // authorityKeyIdentifier
	"2.5.29.37": false, // extKeyUsage
	"2.5.29.15": true,  // keyUsage
	"2.5.29.17": true,  // subjectAltName
	"2.5.29.19": true,  // basicConstraints
	"2.5.29.30": true,  // nameConstraints
}

func TestIssue_ExtensionsAreAsSpecified(t *testing.T) {
	for _, i := range everyKind(t) {
		t.Run(i.name, func(t *testing.T) {
			for _, e := range i.cert.Extensions {
				critical, known := criticality[e.Id.String()]
				if !known || critical != e.Critical {
					t.Errorf("extension %s: critical %t, specified %t, known %t", e.Id, e.Critical, critical, known)
				}
			}
		})
	}
}

var update = flag.Bool("update", false, "write the goldens again")

func TestIssue_Goldens(t *testing.T) {
	for _, i := range everyKind(t) {
		t.Run(i.name, func(t *testing.T) {
			golden := filepath.Join("testdata", strings.ReplaceAll(i.name, " ", "-")+".golden")
			got := catest.Dump(i.cert)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want := string(catest.Must(os.ReadFile(golden))(t))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func TestIssue_KeyUsageOfAnRSAKey(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	r := cartRequest()
	r.PublicKey = caKey(t, ca.RSA3072).Public()
	want := x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	if got := catest.Issue(t, h.Intermediate, workloadProfile(t), r).KeyUsage; got != want {
		t.Errorf("the key usage is %d, want %d", got, want)
	}
}

func TestIssue_SerialNumbersAreRandom(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	seen, longest := make(map[string]bool), 0
	for range 64 {
		serial := catest.Issue(t, h.Intermediate, workloadProfile(t), cartRequest()).SerialNumber
		if seen[serial.String()] || serial.Sign() <= 0 || serial.BitLen() > 128 {
			t.Fatalf("the serial number %x is not a new positive one of 128 bits", serial)
		}
		seen[serial.String()] = true
		longest = max(longest, serial.BitLen())
	}
	if longest < 120 {
		t.Errorf("the longest of 64 serial numbers has %d bits", longest)
	}
}

func TestIssue_CutsALongName(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	tests := map[string]struct{ name, want string }{
		"57 characters":            {strings.Repeat("c", 57), strings.Repeat("c", 57) + " 098d20"},
		"a cluster of 63":          {strings.Repeat("c", 63), strings.Repeat("c", 57) + " 098d20"},
		"characters, not octets":   {strings.Repeat("ü", 63), strings.Repeat("ü", 57) + " 098d20"},
		"a name with inner spaces": {"my east", "my east 098d20"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := eastRequest()
			r.CommonName = test.name
			got := catest.Issue(t, h.Root, intermediateProfile(t), r).Subject.CommonName
			if got != test.want || utf8.RuneCountInString(got) > 64 {
				t.Errorf("the common name is %q, want %q", got, test.want)
			}
		})
	}
}

func TestProfiles_CheckTheirOptions(t *testing.T) {
	t.Parallel()
	dns := []string{"istiod.istio-system.svc"}
	tests := map[string]struct {
		options ca.IntermediateOptions
		want    string
	}{
		"a negative lifetime":              {ca.IntermediateOptions{Lifetime: -1}, "is negative"},
		"a path length of two":             {ca.IntermediateOptions{PathLen: 2}, "path length 2"},
		"a negative path length":           {ca.IntermediateOptions{PathLen: -1}, "path length -1"},
		"an organization of many letters":  {ca.IntermediateOptions{Organization: strings.Repeat("o", 65)}, "longer than 64"},
		"a SPIFFE ID as constraint":        {ca.IntermediateOptions{Constraints: &ca.NameConstraints{TrustDomain: "spiffe://a.example", DNSNames: dns}}, "is not a host"},
		"a path in a constraint":           {ca.IntermediateOptions{Constraints: &ca.NameConstraints{TrustDomain: "a.example/ns", DNSNames: dns}}, "is not a host"},
		"a constraint for an address":      {ca.IntermediateOptions{Constraints: &ca.NameConstraints{TrustDomain: "10.0.0.1", DNSNames: []string{"istiod"}}}, "is an IP address"},
		"a constraint without DNS names":   {ca.IntermediateOptions{Constraints: &ca.NameConstraints{TrustDomain: "a.example"}}, "DNS names are missing"},
		"a constraint with a bad DNS name": {ca.IntermediateOptions{Constraints: &ca.NameConstraints{TrustDomain: "a.example", DNSNames: []string{"a_b"}}}, `"a_b" is not a DNS name`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ca.Intermediate(test.options); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
	if _, err := ca.Workload(ca.WorkloadOptions{Lifetime: -1}); err == nil {
		t.Error("a workload's negative lifetime is accepted")
	}
}
