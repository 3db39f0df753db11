package secrets_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
)

func bundle(t testing.TB, h *catest.Hierarchy) *secrets.CACerts {
	t.Helper()
	return catest.Must(secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: h.Chain()}))(t)
}

// otherRoot is the root of another mesh.
func otherRoot(t testing.TB) *ca.Authority {
	t.Helper()
	return catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
}

func TestFiles_AreThoseThatIstiodReads(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	east, root := h.Intermediate.Certificate(), h.Root.Certificate()
	want := map[string]string{
		"ca-cert.pem":    string(ca.MarshalCertificates(east)),
		"cert-chain.pem": string(ca.MarshalCertificates(east, root)),
		"root-cert.pem":  string(ca.MarshalCertificates(root)),
		"ca-key.pem":     string(catest.Must(ca.MarshalKey(h.IntermediateKey))(t)),
	}
	got := make(map[string]string)
	for name, data := range bundle(t, h).Files() {
		got[name] = string(data)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if len(secrets.FileNames()) != len(got) {
		t.Errorf("FileNames has %v", secrets.FileNames())
	}
}

func TestSecret_IsTheOneThatIstiodReads(t *testing.T) {
	t.Parallel()
	b := bundle(t, catest.New(t))
	got := b.Secret("istio-system")
	if got.Name != "cacerts" || got.Namespace != "istio-system" || got.Type != corev1.SecretTypeOpaque || got.Kind != "Secret" || got.APIVersion != "v1" {
		t.Errorf("the Secret is %s %s/%s of type %s", got.Kind, got.Namespace, got.Name, got.Type)
	}
	if diff := cmp.Diff(b.Files(), got.Data); diff != "" {
		t.Errorf("data (-files +secret):\n%s", diff)
	}
}

func TestNew_Refuses(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	other := otherRoot(t).Certificate()
	tests := map[string]struct {
		options secrets.Options
		want    string
		rule    ca.Rule
	}{
		"no key":               {options: secrets.Options{Chain: h.Chain()}, want: "the key is missing"},
		"no chain":             {options: secrets.Options{Key: h.IntermediateKey}, want: "the chain is missing"},
		"the key of the root":  {options: secrets.Options{Key: h.RootKey, Chain: h.Chain()}, want: "the key does not belong to the certificate of east"},
		"a leaf as CA":         {options: secrets.Options{Key: h.LeafKey, Chain: h.LeafChain()}, want: "is not a CA", rule: ca.RuleIsCA},
		"a chain upside down":  {options: secrets.Options{Key: h.RootKey, Chain: []*x509.Certificate{h.Chain()[1], h.Chain()[0]}}, want: "as its issuer", rule: ca.RuleIssuerName},
		"no root in the chain": {options: secrets.Options{Key: h.IntermediateKey, Chain: h.Chain()[:1]}, want: "is missing", rule: ca.RuleRooted},
		"a root of another mesh": {options: secrets.Options{Key: h.IntermediateKey, Chain: h.Chain(), Roots: []*x509.Certificate{other}},
			want: "is not among the roots of the CA bundle", rule: ca.RuleTrustedRoot},
		"the root twice": {options: secrets.Options{Key: h.IntermediateKey, Chain: h.Chain(), Roots: append(h.Root.Chain(), h.Root.Chain()...)},
			want: "twice", rule: ca.RuleNoDuplicate},
		"an intermediate among the roots": {options: secrets.Options{Key: h.IntermediateKey, Chain: h.Chain(), Roots: h.Chain()},
			want: "issued it and is missing", rule: ca.RuleRooted},
		"a root whose own signature is broken": {options: secrets.Options{Key: h.IntermediateKey, Chain: []*x509.Certificate{h.Chain()[0], catest.BreakSignature(t, h.Chain()[1])}},
			want: "did not sign it", rule: ca.RuleSignature},
		"a key that cannot be exported": {options: secrets.Options{Key: opaque{h.IntermediateKey}, Chain: h.Chain()}, want: "cannot be exported"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := secrets.New(test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got the error %v, want one with %q", err, test.want)
			}
			if test.rule != "" && !errors.Is(err, test.rule) {
				t.Errorf("the error %v is not that of the rule %q", err, test.rule)
			}
		})
	}
}

// opaque is a key in a device.
type opaque struct{ crypto.Signer }

func TestParse_ReadsAnExpiredBundle(t *testing.T) {
	t.Parallel()
	root := catest.Must(ca.NewRoot(ca.RootOptions{
		Key: catest.Key("root"), Organization: "mesh", Now: func() time.Time { return time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) },
	}))(t)
	old := catest.Must(secrets.New(secrets.Options{Key: catest.Key("root"), Chain: root.Chain()}))(t)
	if _, err := secrets.Parse(old.Files()); err != nil {
		t.Errorf("an expired bundle cannot be read: %v", err)
	}
}

func TestParse_KeepsTheOrderOfRoots(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	roots := []*x509.Certificate{otherRoot(t).Certificate(), h.Root.Certificate()}
	b := catest.Must(secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: h.Chain(), Roots: roots}))(t)
	again := catest.Must(secrets.Parse(b.Files()))(t)
	if diff := cmp.Diff(roots, again.Roots(), catest.Identical()); diff != "" {
		t.Errorf("roots (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(h.Chain(), again.Chain(), catest.Identical()); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
	}
}

func TestCACerts_ResultsAreCopies(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	b := bundle(t, h)
	before := b.Files()
	clear(b.Chain())
	clear(b.Roots())
	for _, data := range b.Files() {
		clear(data)
	}
	if diff := cmp.Diff(before, b.Files()); diff != "" {
		t.Errorf("changing a result changes the bundle (-before +after):\n%s", diff)
	}
}

func TestFormat_NeverPrintsTheKey(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	want := "secrets.CACerts(" + h.Intermediate.Certificate().Subject.CommonName + ")"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if got := fmt.Sprintf(verb, bundle(t, h)); got != want {
			t.Errorf("%s prints %q, want %q", verb, got, want)
		}
	}
}

// tlsForm is a CA bundle as cert-manager writes it.
func tlsForm(h *catest.Hierarchy, files map[string][]byte) map[string][]byte {
	return map[string][]byte{
		"tls.crt": ca.MarshalCertificates(h.Intermediate.Certificate()),
		"tls.key": files[secrets.CAKeyFile],
		"ca.crt":  files[secrets.RootCertFile],
	}
}

func TestParse_ReadsEveryFormThatIstiodReads(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	files := bundle(t, h).Files()
	with := func(change func(map[string][]byte)) map[string][]byte {
		changed := maps.Clone(files)
		change(changed)
		return changed
	}
	both := maps.Clone(files)
	maps.Copy(both, tlsForm(h, files))
	both[secrets.CAKeyFile] = []byte("not read")
	for name, form := range map[string]map[string][]byte{
		"our own files":                     files,
		"the tls.crt form":                  tlsForm(h, files),
		"both forms, of which tls.crt wins": both,
		"a chain that stops below the root": with(func(f map[string][]byte) { f[secrets.CertChainFile] = f[secrets.CACertFile] }),
		"files that istiod ignores":         with(func(f map[string][]byte) { f["README"] = []byte("hello") }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := secrets.Parse(form)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(files, got.Files()); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParse_NamesTheFileInItsErrors(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	files := bundle(t, h).Files()
	tests := map[string]struct {
		change func(map[string][]byte)
		want   string
	}{
		"nothing":                        {func(f map[string][]byte) { clear(f) }, "cert-chain.pem is missing"},
		"no ca-cert.pem":                 {func(f map[string][]byte) { delete(f, "ca-cert.pem") }, "ca-cert.pem is missing"},
		"no ca-key.pem":                  {func(f map[string][]byte) { delete(f, "ca-key.pem") }, "ca-key.pem is missing"},
		"no root-cert.pem":               {func(f map[string][]byte) { delete(f, "root-cert.pem") }, "root-cert.pem is missing"},
		"an empty cert-chain.pem":        {func(f map[string][]byte) { f["cert-chain.pem"] = nil }, "cert-chain.pem: no PEM block"},
		"a key as ca-cert.pem":           {func(f map[string][]byte) { f["ca-cert.pem"] = f["ca-key.pem"] }, "ca-cert.pem: PEM block 1 is a PRIVATE KEY, expected a CERTIFICATE"},
		"a certificate as ca-key.pem":    {func(f map[string][]byte) { f["ca-key.pem"] = f["ca-cert.pem"] }, "ca-key.pem: the PEM block is a CERTIFICATE, expected a PRIVATE KEY"},
		"the whole chain as ca-cert.pem": {func(f map[string][]byte) { f["ca-cert.pem"] = f["cert-chain.pem"] }, "ca-cert.pem: 2 certificates, expected the intermediate alone"},
		"the root as ca-cert.pem":        {func(f map[string][]byte) { f["ca-cert.pem"] = f["root-cert.pem"] }, "cert-chain.pem: begins with east"},
		"the root first in the chain": {func(f map[string][]byte) {
			f["cert-chain.pem"] = append(bytes.Clone(f["root-cert.pem"]), f["ca-cert.pem"]...)
		}, "cert-chain.pem: begins with root"},
		"a root that did not issue it":  {func(f map[string][]byte) { f["root-cert.pem"] = ca.MarshalCertificates(otherRoot(t).Certificate()) }, "trusted-root"},
		"a key of another certificate":  {func(f map[string][]byte) { f["ca-key.pem"] = catest.Must(ca.MarshalKey(h.RootKey))(t) }, "the key does not belong to the certificate of east"},
		"junk after the key":            {func(f map[string][]byte) { f["ca-key.pem"] = append(bytes.Clone(f["ca-key.pem"]), "junk"...) }, "ca-key.pem: text that is not PEM"},
		"a tls.crt without its tls.key": {func(f map[string][]byte) { f["tls.crt"] = f["ca-cert.pem"]; f["ca.crt"] = f["root-cert.pem"] }, "tls.key is missing"},
		"a tls.crt without its ca.crt":  {func(f map[string][]byte) { f["tls.crt"] = f["ca-cert.pem"] }, "ca.crt is missing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := maps.Clone(files)
			test.change(changed)
			if _, err := secrets.Parse(changed); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
}
