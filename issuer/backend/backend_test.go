package backend_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/cfssl"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// sources resolve the references of test specifications.
type sources struct {
	secrets    map[string]map[string][]byte
	configMaps map[string]map[string]string
	upstream   issuer.IntermediateIssuer
}

func (s *sources) Secret(_ context.Context, name string) (map[string][]byte, error) {
	if data, ok := s.secrets[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("no Secret %q", name)
}

func (s *sources) ConfigMap(_ context.Context, name string) (map[string]string, error) {
	if data, ok := s.configMaps[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("no ConfigMap %q", name)
}

func (s *sources) Upstream(_ context.Context, ref v1alpha1.IssuerReference) (issuer.IntermediateIssuer, error) {
	if s.upstream == nil {
		return nil, fmt.Errorf("no issuer %q", ref.Name)
	}
	return s.upstream, nil
}

const authKey = "00112233445566778899aabbccddeeff"

// newSources has a Secret and a ConfigMap of each kind.
func newSources(t *testing.T, h *catest.Hierarchy) *sources {
	t.Helper()
	key := catest.Must(ca.MarshalKey(h.IntermediateKey))(t)
	rootKey := catest.Must(ca.MarshalKey(h.RootKey))(t)
	leafKey := catest.Must(ca.MarshalKey(h.LeafKey))(t)
	chain, root := ca.MarshalCertificates(h.Chain()...), ca.MarshalCertificates(h.Root.Certificate())
	return &sources{
		secrets: map[string]map[string][]byte{
			"cacerts": {
				"ca-cert.pem": ca.MarshalCertificates(h.Intermediate.Certificate()), "ca-key.pem": key,
				"cert-chain.pem": chain, "root-cert.pem": root,
			},
			"tls":        {"tls.crt": ca.MarshalCertificates(h.Intermediate.Certificate()), "tls.key": key, "ca.crt": root},
			"tls-alone":  {"tls.crt": ca.MarshalCertificates(h.Intermediate.Certificate()), "tls.key": key},
			"root":       {"tls.crt": root, "tls.key": rootKey},
			"wrong-key":  {"tls.crt": root, "tls.key": key},
			"cfssl":      {"auth": []byte(authKey + "\n"), "bad": []byte("hunter2")},
			"client":     {"tls.crt": ca.MarshalCertificates(h.Leaf), "tls.key": leafKey},
			"no-client":  {"tls.crt": []byte("nothing")},
			"root-alone": {"ca.crt": root},
		},
		configMaps: map[string]map[string]string{"roots": {"root.pem": string(root)}},
		upstream:   catest.Must(local.New(h.Root, local.Options{Now: catest.Now}))(t),
	}
}

func inline(h *catest.Hierarchy) v1alpha1.CertificateSource {
	return v1alpha1.CertificateSource{PEM: string(ca.MarshalCertificates(h.Root.Certificate()))}
}

func (s *sources) build(t *testing.T, spec v1alpha1.IssuerSpec) (*backend.Backend, error) {
	t.Helper()
	return backend.New(t.Context(), spec, backend.Options{Name: "mesh", Sources: s, Now: catest.Now})
}

func workload() issuer.Request {
	return issuer.Request{
		PublicKey:    catest.Key("cart").Public(),
		SPIFFEID:     spiffeid.RequireFromString(catest.LeafID),
		ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		Lifetime:     time.Hour,
	}
}

func TestNew_AuthorityFromASecret(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for _, name := range []string{"cacerts", "tls", "tls-alone", "root"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := catest.Must(newSources(t, h).build(t, v1alpha1.IssuerSpec{
				Backend:      v1alpha1.Backend{CA: &v1alpha1.CABackend{SecretName: name}},
				TrustAnchors: inline(h),
			}))(t)
			chain := catest.Must(issuer.Obtain(t.Context(), made.Issuer, workload(), made.Obtain))(t)
			if last := chain.Certificates[len(chain.Certificates)-1]; !last.Equal(h.Root.Certificate()) {
				t.Errorf("the chain ends with %s", ca.Describe(last))
			}
		})
	}
}

func TestNew_TrustAnchorSources(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for name, source := range map[string]v1alpha1.CertificateSource{
		"inline":           inline(h),
		"from a ConfigMap": {ConfigMap: &v1alpha1.KeySelector{Name: "roots", Key: "root.pem"}},
		"from a Secret":    {Secret: &v1alpha1.KeySelector{Name: "root-alone", Key: "ca.crt"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made := catest.Must(newSources(t, h).build(t, v1alpha1.IssuerSpec{
				Backend:      v1alpha1.Backend{CA: &v1alpha1.CABackend{SecretName: "tls"}},
				TrustAnchors: source,
			}))(t)
			if roots := made.Obtain.Roots; len(roots) != 1 || !roots[0].Equal(h.Root.Certificate()) {
				t.Errorf("the roots are %v", roots)
			}
		})
	}
}

func TestNew_EphemeralIsCertifiedByItsUpstream(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	made := catest.Must(newSources(t, h).build(t, v1alpha1.IssuerSpec{
		Backend: v1alpha1.Backend{Ephemeral: &v1alpha1.EphemeralBackend{
			IssuerRef: v1alpha1.IssuerReference{Name: "upstream"}, CommonName: "west", KeyType: "P-384",
			Lifetime: metav1.Duration{Duration: 12 * time.Hour},
		}},
		TrustAnchors: inline(h),
	}))(t)
	ephemeral, ok := issuer.As[*local.Ephemeral](made.Issuer)
	if !ok {
		t.Fatalf("the issuer is a %T", made.Issuer)
	}
	if err := ephemeral.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	cert := ephemeral.Certificate()
	if keyType := catest.Must(ca.KeyTypeOf(cert.PublicKey))(t); keyType != ca.P384 || !strings.HasPrefix(cert.Subject.CommonName, "west ") ||
		!cert.NotAfter.Equal(catest.Now().Add(12*time.Hour)) {
		t.Errorf("the CA is %s, %s, until %s", cert.Subject, keyType, cert.NotAfter)
	}
	catest.Must(issuer.Obtain(t.Context(), made.Issuer, workload(), made.Obtain))(t)
}

// announcements counts announced CAs.
type announcements int

func (s *announcements) Announce(context.Context, []*x509.Certificate, *x509.RevocationList) (bool, error) {
	*s++
	return true, nil
}

func TestNew_EphemeralAnnouncesItsCAs(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	spec := v1alpha1.IssuerSpec{
		Backend:      v1alpha1.Backend{Ephemeral: &v1alpha1.EphemeralBackend{CommonName: "west", Announce: metav1.Duration{Duration: 6 * time.Hour}}},
		TrustAnchors: inline(h),
	}
	announced := new(announcements)
	o := backend.Options{Name: "mesh", Sources: newSources(t, h), Now: catest.Now, Announcer: announced}
	made := catest.Must(backend.New(t.Context(), spec, o))(t)
	checker, _ := issuer.As[issuer.Checker](made.Issuer)
	if err := checker.Check(t.Context()); err == nil || *announced != 1 {
		t.Errorf("it announced %d CAs, and Check returns %v", *announced, err)
	}
	spec.Ephemeral.Announce.Duration++
	if _, err := backend.New(t.Context(), spec, o); err == nil || !strings.Contains(err.Error(), "ephemeral: ephemeral CA: announce: 6h0m0.000000001s is longer") {
		t.Errorf("got the error %v, want one about announce", err)
	}
}

func cfsslSpec(h *catest.Hierarchy, change func(*v1alpha1.CFSSLBackend)) v1alpha1.IssuerSpec {
	serverCA, intermediates := inline(h), inline(h)
	c := &v1alpha1.CFSSLBackend{
		URLs:             []string{"https://cfssl.example"},
		AuthKey:          v1alpha1.KeySelector{Name: "cfssl", Key: "auth"},
		Profile:          "workloads",
		ServerCA:         &serverCA,
		Intermediates:    &intermediates,
		ClientSecretName: "client",
	}
	if change != nil {
		change(c)
	}
	return v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{CFSSL: c}, TrustAnchors: inline(h)}
}

func TestNew_CFSSLWithoutAConnection(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	made := catest.Must(newSources(t, h).build(t, cfsslSpec(h, nil)))(t)
	if _, ok := issuer.As[*cfssl.Issuer](made.Issuer); !ok {
		t.Errorf("the issuer is a %T", made.Issuer)
	}
}

func TestNew_AppliesLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := catest.New(t)
		made := catest.Must(newSources(t, h).build(t, v1alpha1.IssuerSpec{
			Backend:      v1alpha1.Backend{CA: &v1alpha1.CABackend{SecretName: "tls"}},
			TrustAnchors: inline(h),
			Limits:       v1alpha1.Limits{RequestsPerSecond: 1, Burst: 1},
		}))(t)
		begin := time.Now()
		for range 3 {
			catest.Must(issuer.Obtain(t.Context(), made.Issuer, workload(), made.Obtain))(t)
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("3 requests took %s, want 2s", took)
		}
	})
}

func TestNew_ErrorsNameTheField(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	ca1 := v1alpha1.Backend{CA: &v1alpha1.CABackend{SecretName: "tls"}}
	secret := func(name string) v1alpha1.Backend { return v1alpha1.Backend{CA: &v1alpha1.CABackend{SecretName: name}} }
	ephemeral := func(e v1alpha1.EphemeralBackend) v1alpha1.IssuerSpec {
		return v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{Ephemeral: &e}, TrustAnchors: inline(h)}
	}
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
	tests := map[string]struct {
		spec v1alpha1.IssuerSpec
		want string
		is   error
	}{
		"no backend":                   {v1alpha1.IssuerSpec{TrustAnchors: inline(h)}, "issuer mesh: has 0 backends, expected exactly one of [ca ephemeral cfssl]", nil},
		"two backends":                 {v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{CA: ca1.CA, CFSSL: &v1alpha1.CFSSLBackend{}}, TrustAnchors: inline(h)}, "has 2 backends", nil},
		"no trust anchors":             {v1alpha1.IssuerSpec{Backend: ca1}, "trustAnchors: expected exactly one of pem, configMap and secret", nil},
		"two sources of trust anchors": {v1alpha1.IssuerSpec{Backend: ca1, TrustAnchors: v1alpha1.CertificateSource{PEM: "x", Secret: &v1alpha1.KeySelector{}}}, "trustAnchors: expected exactly one", nil},
		"a trust anchor that is no root": {v1alpha1.IssuerSpec{Backend: ca1, TrustAnchors: v1alpha1.CertificateSource{PEM: string(ca.MarshalCertificates(h.Intermediate.Certificate()))}},
			"trustAnchors: certificate 1", ca.RuleRooted},
		"trust anchors that are not PEM": {v1alpha1.IssuerSpec{Backend: ca1, TrustAnchors: v1alpha1.CertificateSource{PEM: "x"}}, "trustAnchors: ", nil},
		"trust anchors in a key that is not there": {v1alpha1.IssuerSpec{Backend: ca1, TrustAnchors: v1alpha1.CertificateSource{ConfigMap: &v1alpha1.KeySelector{Name: "roots", Key: "x"}}},
			`trustAnchors: the ConfigMap "roots" has no key "x"`, nil},
		"a Secret that is not there":             {v1alpha1.IssuerSpec{Backend: secret("x"), TrustAnchors: inline(h)}, `ca: secretName: no Secret "x"`, nil},
		"a Secret with another key":              {v1alpha1.IssuerSpec{Backend: secret("wrong-key"), TrustAnchors: inline(h)}, `ca: secretName: the Secret "wrong-key": cacerts: the key does not belong`, nil},
		"a Secret with other keys":               {v1alpha1.IssuerSpec{Backend: secret("cfssl"), TrustAnchors: inline(h)}, `the Secret "cfssl": cacerts: cert-chain.pem is missing`, nil},
		"a CA that leads to another root":        {v1alpha1.IssuerSpec{Backend: secret("cacerts"), TrustAnchors: v1alpha1.CertificateSource{PEM: string(ca.MarshalCertificates(other.Certificate()))}}, `the Secret "cacerts"`, ca.RuleTrustedRoot},
		"a negative limit":                       {v1alpha1.IssuerSpec{Backend: ca1, TrustAnchors: inline(h), Limits: v1alpha1.Limits{Burst: -1}}, "limits: a limit is negative", nil},
		"an ephemeral issuer without a name":     {ephemeral(v1alpha1.EphemeralBackend{}), "ephemeral: ", nil},
		"an ephemeral issuer with a strange key": {ephemeral(v1alpha1.EphemeralBackend{CommonName: "west", KeyType: "Ed25519"}), "ephemeral: keyType: ", nil},
		"an ephemeral issuer without an announcer": {ephemeral(v1alpha1.EphemeralBackend{CommonName: "west", Announce: metav1.Duration{Duration: time.Hour}}),
			"ephemeral: announce: only a controller can announce a CA, and only for a TrustClusterIssuer", nil},
		"cfssl without https":                       {cfsslSpec(h, func(c *v1alpha1.CFSSLBackend) { c.URLs = []string{"http://cfssl.example"} }), "cfssl: ", nil},
		"cfssl without a profile":                   {cfsslSpec(h, func(c *v1alpha1.CFSSLBackend) { c.Profile = "" }), "cfssl: ", nil},
		"cfssl with a malformed key":                {cfsslSpec(h, func(c *v1alpha1.CFSSLBackend) { c.AuthKey.Key = "bad" }), "cfssl: authKey: ", nil},
		"cfssl with a malformed client certificate": {cfsslSpec(h, func(c *v1alpha1.CFSSLBackend) { c.ClientSecretName = "no-client" }), `cfssl: clientSecretName: the Secret "no-client"`, nil},
		"cfssl without a server CA":                 {cfsslSpec(h, func(c *v1alpha1.CFSSLBackend) { c.ServerCA.PEM = "" }), "cfssl: serverCA: ", nil},
		"cfssl with malformed intermediates":        {cfsslSpec(h, func(c *v1alpha1.CFSSLBackend) { c.Intermediates.PEM = "x" }), "cfssl: intermediates: ", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newSources(t, h).build(t, test.spec)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "issuer mesh: ") {
				t.Fatalf("got the error %v, want one with %q", err, test.want)
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("the error %v is not that of %v", err, test.is)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error %v reveals the key", err)
			}
		})
	}
}
