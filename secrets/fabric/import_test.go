package fabric_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// corporate is a root, and an issuing CA for a mesh below it.
type corporate struct {
	root       *ca.Authority
	issuing    *ca.Authority
	issuingKey crypto.Signer
}

func newCorporate(t *testing.T) corporate {
	t.Helper()
	return newCorporateWith(t, catest.Key("issuing"))
}

func newCorporateWith(t *testing.T, key crypto.Signer) corporate {
	t.Helper()
	h := catest.New(t)
	return corporate{h.Root, h.Below(t, h.Root, key, ca.IntermediateOptions{PathLen: 1}), key}
}

func (c corporate) options() fabric.ImportOptions {
	return fabric.ImportOptions{Root: c.root.Certificate(), Issuing: c.issuing.Chain()[:1], Key: c.issuingKey}
}

func TestImport_RootIssues(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	got := catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: h.Root.Certificate(), Key: h.RootKey, TrustDomain: "mesh.example.com"}))(t)
	if got.Issuing != nil || got.KeyPath != f.RootKeyPath() || got.Tolerated != nil || !got.CrossSigns {
		t.Errorf("got %+v", got)
	}
	status := catest.Must(f.Status(t.Context()))(t)
	if diff := cmp.Diff(got.Root, status.Root.Certificate); diff != "" || status.TrustDomain != "mesh.example.com" || status.Issuing != nil {
		t.Errorf("status %+v, root (-imported +read):\n%s", status, diff)
	}
	if made := ensure(t, f, fabric.EnsureOptions{}, "east"); made.RootCreated || made.RootAdopted {
		t.Errorf("the root is not that of the import: %+v", made)
	}
	if chain := catest.Must(f.Bundle(t.Context(), "east"))(t).Chain(); len(chain) != 2 || !chain[1].Equal(h.Root.Certificate()) {
		t.Errorf("the chain has %d certificates", len(chain))
	}
}

func TestImport_IssuingCAIssuesBelowARootWithoutItsKey(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporateWith(t, catest.KeyP384("issuing"))
	got := catest.Must(f.Import(t.Context(), c.options()))(t)
	if got.Issuing == nil || got.Issuing.Subject != ca.Describe(c.issuing.Certificate()) || filepath.Base(got.KeyPath) != "issuing-key.pem" {
		t.Errorf("got %+v", got)
	}
	made := ensure(t, f, fabric.EnsureOptions{}, "east")
	if made.Clusters[0].Certificate.KeyType != ca.P384 {
		t.Errorf("the key is of type %s, want that of the issuing CA", made.Clusters[0].Certificate.KeyType)
	}
	bundle := catest.Must(f.Bundle(t.Context(), "east"))(t)
	want := []*x509.Certificate{bundle.Certificate(), c.issuing.Certificate(), c.root.Certificate()}
	if diff := cmp.Diff(want, bundle.Chain(), catest.Identical()); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(c.root.Chain(), bundle.Roots(), catest.Identical()); diff != "" {
		t.Errorf("roots (-want +got):\n%s", diff)
	}
	status := catest.Must(f.Status(t.Context()))(t)
	if status.Issuing == nil || status.Issuing.Certificate != *got.Issuing || status.Clusters[0].Err != nil {
		t.Errorf("status %+v", status)
	}
	if kept := ensure(t, f, fabric.EnsureOptions{}, "east"); kept.Clusters[0].Action != fabric.Kept {
		t.Errorf("the second time it was %s", kept.Clusters[0].Action)
	}
	if renewed := ensure(t, f, fabric.EnsureOptions{Renew: true}, "east"); renewed.Clusters[0].Action != fabric.Renewed {
		t.Errorf("on request it was %s", renewed.Clusters[0].Action)
	}
}

func TestImport_IssuingCAAndUpstreamShareOneRoot(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporate(t)
	catest.Must(f.Import(t.Context(), c.options()))(t)
	_, o := newUpstream(t, c.root)
	made := ensure(t, f, fabric.EnsureOptions{Upstream: o}, "east")
	if made.RootAdopted || made.RootCreated {
		t.Errorf("got %+v", made)
	}
	if chain := catest.Must(f.Bundle(t.Context(), "east"))(t).Chain(); len(chain) != 2 {
		t.Errorf("the chain has %d certificates, want 2", len(chain))
	}
	ensure(t, f, fabric.EnsureOptions{}, "west")
}

func TestImport_WritesTheFilesInTheirModes(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporate(t)
	o := c.options()
	o.Issuing = c.issuing.Chain() // with the root
	catest.Must(f.Import(t.Context(), o))(t)
	modes := make(map[string]string)
	files := tree(t, f.Dir())
	for name, content := range files {
		modes[name], _, _ = strings.Cut(content, "\n")
	}
	want := map[string]string{
		".trustgen/version": "-rw-------",
		"fabric.yaml":       "-rw-r--r--",
		"root-cert.pem":     "-rw-r--r--",
		"issuing-cert.pem":  "-rw-r--r--",
		"issuing-key.pem":   "-rw-------",
	}
	for _, cert := range c.issuing.Chain() {
		want[recordFile(t, cert)] = "-rw-r--r--"
	}
	if diff := cmp.Diff(want, modes); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if n := strings.Count(files["issuing-cert.pem"], "BEGIN CERTIFICATE"); n != 1 {
		t.Errorf("issuing-cert.pem has %d certificates, want the issuing CA alone", n)
	}
}

func TestImport_ToleratesAnOldRoot(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	old := mutated(t, h, func(c *x509.Certificate) { c.KeyUsage, c.MaxPathLen = x509.KeyUsageCertSign, 1 })
	got := catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: old, Key: h.RootKey}))(t)
	if len(got.Tolerated) != 1 || !errors.Is(got.Tolerated[0], ca.RuleCRLSign) || got.CrossSigns {
		t.Errorf("got %+v", got)
	}
	ensure(t, f, fabric.EnsureOptions{}, "east")
	if tolerated := catest.Must(f.Bundle(t.Context(), "east"))(t).Tolerated(); len(tolerated) != 1 {
		t.Errorf("the CA bundle of the cluster tolerates %v", tolerated)
	}
	if status := catest.Must(f.Status(t.Context()))(t); status.Clusters[0].Err != nil {
		t.Error(status.Clusters[0].Err)
	}
}

// mutated is the root of a hierarchy with a change.
func mutated(t *testing.T, h *catest.Hierarchy, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	return catest.Mutate(t, h.Root.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{Cert: change})
}

func TestImport_ChecksPathLengths(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	limited := func(n int) *x509.Certificate {
		return mutated(t, h, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 })
	}
	below := func(root *x509.Certificate, n int) []*x509.Certificate {
		return []*x509.Certificate{catest.Mutate(t, h.Intermediate.Certificate(), root, h.RootKey, catest.Mutation{
			Cert: func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 },
		})}
	}
	tests := map[string]struct {
		root       *x509.Certificate
		issuing    []*x509.Certificate
		good       bool
		crossSigns bool
	}{
		"a root without a path length":          {limited(-1), nil, true, true},
		"a root of 2":                           {limited(2), nil, true, true},
		"a root of 1":                           {limited(1), nil, true, false},
		"a root of 0":                           {limited(0), nil, false, false},
		"an issuing CA of 1, a root without":    {limited(-1), below(limited(-1), 1), true, true},
		"an issuing CA without, a root without": {limited(-1), below(limited(-1), -1), true, true},
		"an issuing CA of 1, a root of 3":       {limited(3), below(limited(3), 1), true, true},
		"an issuing CA of 1, a root of 2":       {limited(2), below(limited(2), 1), true, false},
		"an issuing CA of 1, a root of 1":       {limited(1), below(limited(1), 1), false, false},
		"an issuing CA of 0":                    {limited(-1), below(limited(-1), 0), false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			o := fabric.ImportOptions{Root: test.root, Issuing: test.issuing, Key: h.RootKey}
			if test.issuing != nil {
				o.Key = h.IntermediateKey
			}
			got, err := f.Import(t.Context(), o)
			if test.good != (err == nil) || got.CrossSigns != test.crossSigns {
				t.Fatalf("cross-signs %t, want %t; got the error %v", got.CrossSigns, test.crossSigns, err)
			}
			if !test.good {
				if !errors.Is(err, ca.RulePathLength) {
					t.Errorf("got the error %v, want %q", err, ca.RulePathLength)
				}
				return
			}
			ensure(t, f, fabric.EnsureOptions{}, "east")
		})
	}
}

func TestImport_RefusesAndCreatesNothing(t *testing.T) {
	t.Parallel()
	h, c := catest.New(t), newCorporate(t)
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
	root := h.Root.Certificate()
	tests := map[string]struct {
		options fabric.ImportOptions
		is      error
		want    string
	}{
		"no root":                       {fabric.ImportOptions{Key: h.RootKey}, nil, "the root is missing"},
		"no key":                        {fabric.ImportOptions{Root: root}, nil, "the key is missing"},
		"the key of another":            {fabric.ImportOptions{Root: root, Key: catest.Key("other")}, ca.ErrKeyMismatch, "root 2dedb0"},
		"the key of the root":           {fabric.ImportOptions{Root: root, Issuing: c.options().Issuing, Key: h.RootKey}, ca.ErrKeyMismatch, "east"},
		"a leaf":                        {fabric.ImportOptions{Root: h.Leaf, Key: h.LeafKey}, ca.RuleIsCA, "is not a CA"},
		"an intermediate as root":       {fabric.ImportOptions{Root: h.Intermediate.Certificate(), Key: h.IntermediateKey}, ca.RuleRooted, "is missing"},
		"an issuing CA of another root": {fabric.ImportOptions{Root: other.Certificate(), Issuing: c.options().Issuing, Key: c.issuingKey}, ca.RuleRooted, "is missing"},
		"a chain to another root":       {fabric.ImportOptions{Root: other.Certificate(), Issuing: c.issuing.Chain(), Key: c.issuingKey}, ca.RuleTrustedRoot, "is not the root that was given"},
		"an invalid trust domain":       {fabric.ImportOptions{Root: root, Key: h.RootKey, TrustDomain: "spiffe://x"}, nil, "is not a host"},
		"a key that cannot be exported": {fabric.ImportOptions{Root: root, Key: device{h.RootKey}}, nil, "cannot be exported"},
		"a short passphrase":            {fabric.ImportOptions{Root: root, Key: h.RootKey, NewPassphrase: (&person{answer: "short"}).passphrase}, fabric.ErrPassphraseShort, "root-key.pem"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			_, err := f.Import(t.Context(), test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got the error %v, want %v with %q", err, test.is, test.want)
			}
			if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
				t.Error("the directory is there")
			}
		})
	}
}

// device is a key that cannot be exported.
type device struct{ crypto.Signer }

func TestImport_DoesNotReplaceARoot(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporate(t)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	before := tree(t, f.Dir())
	p := &person{answer: passphrase}
	o := c.options()
	o.NewPassphrase = p.passphrase
	if _, err := f.Import(t.Context(), o); !errors.Is(err, fabric.ErrRootExists) {
		t.Errorf("got the error %v, want ErrRootExists", err)
	}
	p.requirePrompted(t)
	unchanged(t, f.Dir(), before)
}

func TestImport_DryRunChangesNothing(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporate(t)
	p := &person{answer: passphrase}
	o := c.options()
	o.NewPassphrase, o.DryRun = p.passphrase, true
	if got := catest.Must(f.Import(t.Context(), o))(t); got.Issuing == nil {
		t.Errorf("got %+v", got)
	}
	p.requirePrompted(t)
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Error("the directory is there")
	}
}

func TestImport_KeepsAShortPassphraseOfTheKey(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporate(t)
	p := &person{answer: "old"}
	o := c.options()
	o.NewPassphrase, o.SamePassphrase = p.passphrase, true
	catest.Must(f.Import(t.Context(), o))(t)
	p.requirePrompted(t, "issuing-key.pem")
	ensure(t, openWithPassphrase(t, f.Dir(), p), fabric.EnsureOptions{}, "east")
	p.requirePrompted(t, "issuing-key.pem")
}

func TestEnsure_NamesWhatIsMissingOfTheIssuingCA(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lose func(dir string) error
		want string
	}{
		"the key":             {func(dir string) error { return os.Remove(dir + "/issuing-key.pem") }, "issuing-key.pem: the key of the CA that issues is not in this directory"},
		"the certificate":     {func(dir string) error { return os.Remove(dir + "/issuing-cert.pem") }, "root-key.pem: the key of the CA that issues is not in this directory"},
		"a valid certificate": {func(dir string) error { return os.WriteFile(dir+"/issuing-cert.pem", []byte("x"), 0o600) }, "issuing-cert.pem: text that is not PEM"},
		"the root":            {func(dir string) error { return os.Remove(dir + "/root-cert.pem") }, "root-cert.pem is missing, though there is issuing-cert.pem"},
		"the mode of the key": {func(dir string) error { return os.Chmod(dir+"/issuing-key.pem", 0o644) }, "issuing-key.pem has mode 0644"},
	} {
		f, c := open(t, newClock()), newCorporate(t)
		catest.Must(f.Import(t.Context(), c.options()))(t)
		if err := test.lose(f.Dir()); err != nil {
			t.Fatal(err)
		}
		before := tree(t, f.Dir())
		if _, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got the error %v, want one with %q", name, err, test.want)
		}
		unchanged(t, f.Dir(), before)
	}
}
