package cfssl_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

var (
	_ issuer.Issuer             = (*cfssl.Issuer)(nil)
	_ issuer.IntermediateIssuer = (*cfssl.Issuer)(nil)
	_ issuer.Checker            = (*cfssl.Issuer)(nil)
)

// options returns the options of a client of servers.
func options(t testing.TB, servers ...*fake) cfssl.Options {
	t.Helper()
	o := cfssl.Options{
		AuthKey:             catest.Must(cfssl.ParseAuthKey([]byte(authKey)))(t),
		Profile:             "workloads",
		IntermediateProfile: "intermediates",
		RootCAs:             x509.NewCertPool(),
		Timeout:             time.Minute,
		Now:                 catest.Now,
	}
	for _, f := range servers {
		o.URLs = append(o.URLs, f.URL)
		o.RootCAs.AddCert(f.Certificate())
	}
	return o
}

func client(t testing.TB, o cfssl.Options) *cfssl.Issuer {
	t.Helper()
	i := catest.Must(cfssl.New(o))(t)
	t.Cleanup(i.CloseIdleConnections)
	return i
}

func request(t testing.TB) issuer.Request {
	t.Helper()
	return issuer.Request{
		CSR:          csrOf(t, catest.Key("cart"), ""),
		PublicKey:    catest.Key("cart").Public(),
		SPIFFEID:     spiffeid.RequireFromString(catest.LeafID),
		ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		Lifetime:     time.Hour,
	}
}

func intermediateRequest(t testing.TB) issuer.IntermediateRequest {
	t.Helper()
	return issuer.IntermediateRequest{
		CSR:        csrOf(t, catest.Key("west"), "whatever"),
		PublicKey:  catest.Key("west").Public(),
		CommonName: "west",
		Lifetime:   24 * time.Hour,
	}
}

func obtainOptions(h *catest.Hierarchy) issuer.ObtainOptions {
	return issuer.ObtainOptions{Roots: h.Root.Chain(), Now: catest.Now}
}

func TestIssueIntermediate_RejectsAnotherName(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Root, h.RootKey)
	f.change = func(c *x509.Certificate) { c.Subject.CommonName = "west" }
	_, err := client(t, options(t, f)).IssueIntermediate(t.Context(), intermediateRequest(t))
	wantTransient(t, err, `the certificate is for "west", but "west `)
}

func TestObtain_RejectsDeviationsOfTheServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*fake, *cfssl.Options, *issuer.Request)
		want   ca.Rule
	}{
		"an unknown profile is the default one, which lives longer": {
			func(_ *fake, o *cfssl.Options, _ *issuer.Request) { o.Profile = "workload" }, issuer.RuleGrantedEnd,
		},
		"the lifetime that was granted is ignored": {
			func(_ *fake, _ *cfssl.Options, r *issuer.Request) { r.Lifetime = time.Minute }, issuer.RuleGrantedEnd,
		},
		"the subject of the CSR is copied": {
			func(_ *fake, _ *cfssl.Options, r *issuer.Request) { r.CSR = csrOf(t, catest.Key("cart"), "admin") }, issuer.RuleEmptySubject,
		},
		"the key is that of the CSR": {
			func(_ *fake, _ *cfssl.Options, r *issuer.Request) { r.CSR = csrOf(t, catest.Key("other"), "") }, issuer.RuleGrantedKey,
		},
		"a name is added": {
			func(f *fake, _ *cfssl.Options, _ *issuer.Request) {
				f.change = func(c *x509.Certificate) { c.DNSNames = []string{"admin.example.com"} }
			}, issuer.RuleGrantedNames,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := catest.New(t)
			f := start(t, h.Intermediate, h.IntermediateKey)
			o, r := options(t, f), request(t)
			test.change(f, &o, &r)
			_, err := issuer.Obtain(t.Context(), client(t, o), r, obtainOptions(h))
			var response *issuer.ResponseError
			if !errors.As(err, &response) || !errors.Is(err, test.want) {
				t.Errorf("got the error %v, want a ResponseError for %s", err, test.want)
			}
		})
	}
}

func wantPermanent(t testing.TB, name string, err error, reason string) {
	t.Helper()
	var permanent *issuer.PermanentError
	if !errors.As(err, &permanent) || permanent.Reason != reason {
		t.Errorf("%s: got the error %v, want a permanent one with the reason %s", name, err, reason)
	}
}

func wantTransient(t testing.TB, err error, text string) {
	t.Helper()
	var permanent *issuer.PermanentError
	if err == nil || errors.As(err, &permanent) || !strings.Contains(err.Error(), text) {
		t.Errorf("got the error %v, want a transient one with %q", err, text)
	}
}

// authorityOf returns a root with a name and a key.
func authorityOf(t testing.TB, name string, key crypto.Signer) *ca.Authority {
	t.Helper()
	return catest.Must(ca.NewRoot(ca.RootOptions{Key: key, CommonName: name, Organization: catest.Organization, Now: catest.Now}))(t)
}
