package fabric_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestSign_UsesOnlyTheKeyOfARequest(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	greedy := csrOf(t, catest.Key("east"), func(r *x509.CertificateRequest) {
		r.Subject = pkix.Name{CommonName: "root", Organization: []string{"Evil"}}
		r.DNSNames = []string{"istiod.istio-system.svc"}
		r.URIs = []*url.URL{{Scheme: "spiffe", Host: "cluster.local", Path: "/ns/a/sa/b"}}
		r.ExtraExtensions = []pkix.Extension{{Id: catest.OIDBasicConstraints, Critical: true, Value: []byte{0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x05}}, {Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
	})
	signed := p.sign(t, greedy, "east")
	here := open(t, newClock())
	fabric.SetGenerateKey(here, fixedKeys("root", "east"))
	ensure(t, here, fabric.EnsureOptions{}, "east")
	got, want := signed.Response.Certificates[0], catest.Must(here.Bundle(t.Context(), "east"))(t).Certificate()
	if diff := cmp.Diff(contents(want), contents(got)); diff != "" {
		t.Errorf("it is not what an intermediate of this fabric is like (-want +got):\n%s", diff)
	}
}

// contents are the fields of a certificate that do not depend on its issuer.
func contents(cert *x509.Certificate) map[string]string {
	all := map[string]string{"subject": cert.Subject.String(), "not after": cert.NotAfter.String(), "key": string(cert.RawSubjectPublicKeyInfo)}
	for _, e := range cert.Extensions {
		if authorityKeyID := (asn1.ObjectIdentifier{2, 5, 29, 35}); !e.Id.Equal(authorityKeyID) {
			all[e.Id.String()] = fmt.Sprintf("%x, critical %t", e.Value, e.Critical)
		}
	}
	return all
}

// fixedKeys gives keys by their names, one after the other.
func fixedKeys(names ...string) func(ca.KeyType) (crypto.Signer, error) {
	return func(ca.KeyType) (crypto.Signer, error) {
		if len(names) == 0 {
			return nil, errors.New("no key is left")
		}
		name := names[0]
		names = names[1:]
		return catest.Key(name), nil
	}
}

func TestSign_PreviewIsWhatIsSigned(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, constrained())
	end := p.Now().Add(90 * day)
	waiting := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{KeyType: ca.P384}))(t)
	var shown fabric.SignPreview
	signed := catest.Must(p.rootDir.Sign(t.Context(), waiting.CSR, fabric.SignOptions{
		NotAfter: end,
		Confirm: func(_ context.Context, preview fabric.SignPreview) error {
			shown = preview
			p.advance(time.Hour) // while the person reads
			return nil
		},
	}))(t)
	status := catest.Must(p.rootDir.Status(t.Context()))(t)
	want := fabric.SignPreview{
		Cluster: "east", Key: waiting.Key, Subject: shown.Subject, NotAfter: end,
		Constraints: &ca.NameConstraints{TrustDomain: "mesh.example.com", DNSNames: constrained().NameConstraints},
		Issuer:      status.Root.Certificate,
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown was (-want +got):\n%s", diff)
	}
	cert := signed.Response.Certificates[0]
	if cert.Subject.CommonName != shown.Subject || !cert.NotAfter.Equal(shown.NotAfter) || signed.Certificate.KeyType != ca.P384 || signed.Key != shown.Key {
		t.Errorf("signed was %+v", signed)
	}
}

func TestSign_PreviewListsOnlyLiveIntermediates(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	others := func() []string {
		t.Helper()
		o := fabric.SignOptions{Cluster: "east", DryRun: true}
		return subjects(catest.Must(f.Sign(t.Context(), csrOf(t, catest.Key("next"), nil), o))(t).Others)
	}
	old := subject(t, f, "east")
	if diff := cmp.Diff([]string{old}, others()); diff != "" {
		t.Errorf("of one intermediate (-want +got):\n%s", diff)
	}
	revoke(t, f, fabric.RevokeOptions{}, "east")
	successor := subject(t, f, "east")
	if diff := cmp.Diff([]string{successor}, others()); diff != "" {
		t.Errorf("while a revocation is pending (-want +got):\n%s", diff)
	}
	finish(t, f, "east")
	if diff := cmp.Diff([]string{successor}, others()); diff != "" {
		t.Errorf("after the revocation (-want +got):\n%s", diff)
	}
}

func TestSign_DefaultEndIsThatOfThePreview(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	var shown time.Time
	signed := catest.Must(p.rootDir.Sign(t.Context(), request(t, p.clusterDir, "east"), fabric.SignOptions{
		Confirm: func(_ context.Context, preview fabric.SignPreview) error {
			shown = preview.NotAfter
			p.advance(time.Hour)
			return nil
		},
	}))(t)
	if !signed.Certificate.NotAfter.Equal(shown) || !shown.Equal(catest.Now().Add(year)) {
		t.Errorf("it ends at %s, shown was %s", signed.Certificate.NotAfter, shown)
	}
}

func TestSign_RefusesWithoutConfirmation(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	csr, before, no := request(t, p.clusterDir, "east"), tree(t, p.rootDir.Dir()), errors.New("no")
	_, err := p.rootDir.Sign(t.Context(), csr, fabric.SignOptions{Confirm: func(context.Context, fabric.SignPreview) error { return no }})
	if !errors.Is(err, no) {
		t.Errorf("got the error %v, want that of the person", err)
	}
	unchanged(t, p.rootDir.Dir(), before)
}

func TestSign_RefusesAfterAChangeDuringTheConfirmation(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	var before map[string]string
	_, err := p.rootDir.Sign(t.Context(), request(t, p.clusterDir, "east"), fabric.SignOptions{Confirm: func(context.Context, fabric.SignPreview) error {
		overwrite(t, filepath.Join(p.rootDir.Dir(), "fabric.yaml"), []byte("trustDomain: cluster.local\nnameConstraints: {dnsNames: [istiod.istio-system.svc]}\n"))
		before = tree(t, p.rootDir.Dir())
		return nil
	}})
	if err == nil || !strings.Contains(err.Error(), "has changed since the preview") {
		t.Errorf("got the error %v", err)
	}
	unchanged(t, p.rootDir.Dir(), before)
}

func TestSign_ReturnsTheSameResponseAgain(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	csr := request(t, p.clusterDir, "east")
	first := p.sign(t, csr, "east")
	before := tree(t, p.rootDir.Dir())
	if err := os.Remove(p.rootDir.RootKeyPath()); err != nil {
		t.Fatal(err)
	}
	again := catest.Must(p.rootDir.Sign(t.Context(), csr, fabric.SignOptions{
		Cluster: "east", NotAfter: p.Now().Add(day),
		Confirm: func(context.Context, fabric.SignPreview) error { return errors.New("nothing is signed") },
	}))(t)
	if first.Again || !again.Again || !bytes.Equal(again.Response.Marshal(), first.Response.Marshal()) {
		t.Errorf("again it is %+v", again)
	}
	delete(before, "root-key.pem")
	unchanged(t, p.rootDir.Dir(), before)
}

func TestSign_RequiresTheNameOfTheCluster(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("c", 63)
	yes := func(context.Context, fabric.SignPreview) error { return nil }
	tests := map[string]struct {
		csr     func(t *testing.T, f *fabric.Fabric) []byte
		cluster string
		confirm func(context.Context, fabric.SignPreview) error
		want    string // the cluster, or the error
	}{
		"it was confirmed":                          {ours("east"), "", yes, "east"},
		"it was given":                              {ours("east"), "east", nil, "east"},
		"nobody confirmed it":                       {ours("east"), "", nil, fabric.ErrClusterUnnamed.Error()},
		"another one was given":                     {ours("east"), "west", yes, "the request is for cluster east, not for west"},
		"a request by another program":              {theirs("CN another program"), "east", nil, "east"},
		"a request by another program, no name":     {theirs("CN another program"), "", yes, fabric.ErrClusterUnnamed.Error()},
		"a name with the tag of another key":        {theirs("west 000000"), "", yes, fabric.ErrClusterUnnamed.Error()},
		"a name with the tag of another key, given": {theirs("west 000000"), "east", nil, "east"},
		"an invalid cluster name":                   {ours("east"), "East", nil, `cluster name "East"`},
		"a name that had to be cut":                 {ours(long), "", yes, fabric.ErrClusterUnnamed.Error()},
		"a name that had to be cut, given":          {ours(long), long, nil, long},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDirectories(t, fabric.RootOptions{})
			before := tree(t, p.rootDir.Dir())
			signed, err := p.rootDir.Sign(t.Context(), test.csr(t, p.clusterDir), fabric.SignOptions{Cluster: test.cluster, Confirm: test.confirm})
			if err == nil && signed.Cluster == test.want {
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q and the error %v, want %q", signed.Cluster, err, test.want)
			}
			unchanged(t, p.rootDir.Dir(), before)
		})
	}
}

func ours(cluster string) func(*testing.T, *fabric.Fabric) []byte {
	return func(t *testing.T, f *fabric.Fabric) []byte { return request(t, f, cluster) }
}

func theirs(name string) func(*testing.T, *fabric.Fabric) []byte {
	return func(t *testing.T, _ *fabric.Fabric) []byte {
		return csrOf(t, catest.Key("east"), func(r *x509.CertificateRequest) { r.Subject.CommonName = name })
	}
}

func TestSign_RefusesTheKeyOfAnotherCA(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		prepare func(t *testing.T, p *directories)
		key     string
		want    string
	}{
		"that of the root": {func(*testing.T, *directories) {}, "root", "it is the key of root 2dedb0, which is not an intermediate"},
		"that of another cluster": {func(t *testing.T, p *directories) { p.sign(t, csrOf(t, catest.Key("east"), nil), "west") }, "east",
			"an intermediate of cluster west"},
		"that of another cluster that is here": {func(t *testing.T, p *directories) { ensure(t, p.rootDir, fabric.EnsureOptions{}, "west") }, "here",
			"an intermediate of cluster west"},
		"that of another cluster, superseded": {func(t *testing.T, p *directories) {
			ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
			ensure(t, p.rootDir, fabric.EnsureOptions{Renew: true}, "west")
		}, "here", "an intermediate of cluster west"},
		"one whose intermediate has expired": {func(t *testing.T, p *directories) {
			p.sign(t, csrOf(t, catest.Key("east"), nil), "east")
			p.advance(year + day)
		}, "east", "had it, and expired at 2027-01-02T03:04:05Z"},
		"one whose revocation is pending": {func(t *testing.T, p *directories) {
			p.sign(t, csrOf(t, catest.Key("east"), nil), "east")
			revoke(t, p.rootDir, fabric.RevokeOptions{Incomplete: true}, "east")
		}, "east", "has it, and is revoked"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			p := &directories{c, open(t, c), open(t, c)}
			fabric.SetGenerateKey(p.rootDir, fixedKeys("root", "here", "here too"))
			catest.Must(p.rootDir.Init(t.Context(), fabric.InitOptions{}))(t)
			test.prepare(t, p)
			before := tree(t, p.rootDir.Dir())
			_, err := p.rootDir.Sign(t.Context(), csrOf(t, catest.Key(test.key), nil), fabric.SignOptions{Cluster: "east"})
			if !errors.Is(err, mesh.ErrKeyInUse) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			unchanged(t, p.rootDir.Dir(), before)
		})
	}
}

func TestSign_RetiredClusterRejoinsOnlyOnRequest(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	p.addCluster(t, "east")
	exchange(t, p.clusterDir, p.rootDir)
	retire(t, p.rootDir, "east", fabric.RetireOptions{})
	csr := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{New: true}))(t).CSR
	before := tree(t, p.rootDir.Dir())
	_, err := p.rootDir.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east"})
	if !isA[*mesh.RetiredError]()(err) {
		t.Errorf("got the error %v, want a RetiredError", err)
	}
	unchanged(t, p.rootDir.Dir(), before)
	catest.Must(p.rootDir.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east", Rejoin: true}))(t)
}

func TestSign_ReturnsTheIntermediateOfALocalCluster(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	fabric.SetGenerateKey(f, fixedKeys("root", "east"))
	ensure(t, f, fabric.EnsureOptions{}, "east")
	signed := catest.Must(f.Sign(t.Context(), csrOf(t, catest.Key("east"), nil), fabric.SignOptions{Cluster: "east"}))(t)
	if !signed.Again || !signed.Response.Certificates[0].Equal(catest.Must(f.Bundle(t.Context(), "east"))(t).Certificate()) {
		t.Errorf("signed is %+v", signed)
	}
}

func TestSign_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		harm func(t *testing.T, f *fabric.Fabric)
		end  time.Duration
		is   error
	}{
		"the key is missing":        {func(t *testing.T, f *fabric.Fabric) { overwrite(t, f.RootKeyPath(), nil) }, 0, fabric.ErrKeyMissing},
		"the key is another one":    {func(t *testing.T, f *fabric.Fabric) { overwrite(t, f.RootKeyPath(), marshalKey(t)) }, 0, ca.ErrKeyMismatch},
		"its end is after the root": {func(*testing.T, *fabric.Fabric) {}, 20 * year, ca.RuleWithinIssuer},
		"its end has passed":        {func(*testing.T, *fabric.Fabric) {}, -day, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDirectories(t, fabric.RootOptions{})
			csr := request(t, p.clusterDir, "east")
			test.harm(t, p.rootDir)
			before := tree(t, p.rootDir.Dir())
			for _, dry := range []bool{true, false} {
				o := fabric.SignOptions{Cluster: "east", DryRun: dry}
				if test.end != 0 {
					o.NotAfter = p.Now().Add(test.end)
				}
				if _, err := p.rootDir.Sign(t.Context(), csr, o); err == nil || test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("dry run %t: got the error %v, want %v", dry, err, test.is)
				}
			}
			unchanged(t, p.rootDir.Dir(), before)
		})
	}
	f := open(t, newClock())
	if _, err := f.Sign(t.Context(), csrOf(t, catest.Key("east"), nil), fabric.SignOptions{Cluster: "east"}); !errors.Is(err, fabric.ErrNoRoot) {
		t.Errorf("without a root: got the error %v", err)
	}
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Error("the directory is there")
	}
}

func TestSign_DryRunSignsNothing(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	csr, before := request(t, p.clusterDir, "east"), tree(t, p.rootDir.Dir())
	got := catest.Must(p.rootDir.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east", DryRun: true}))(t)
	if got.Certificate != nil || len(got.Response.Certificates) > 0 || got.Cluster != "east" || got.NotAfter.IsZero() {
		t.Errorf("got %+v", got)
	}
	unchanged(t, p.rootDir.Dir(), before)
}

func TestSign_RequestsThePassphraseAfterTheConfirmation(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, p := openEncrypted(t)
	csr := request(t, open(t, c), "east")
	confirm := func(context.Context, fabric.SignPreview) error {
		p.requirePrompted(t)
		return nil
	}
	catest.Must(f.Sign(t.Context(), csr, fabric.SignOptions{Confirm: confirm}))(t)
	p.requirePrompted(t, "root-key.pem")
	catest.Must(f.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east"}))(t)
	p.requirePrompted(t) // it is given again
	without := reopen(t, f.Dir(), c)
	if _, err := without.Sign(t.Context(), csrOf(t, catest.Key("west"), nil), fabric.SignOptions{Cluster: "west"}); !errors.Is(err, fabric.ErrPassphraseMissing) {
		t.Errorf("without a passphrase: got the error %v", err)
	}
}

func TestSign_RefusesTheNameOfAnotherKey(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	first := catest.Key("first")
	cert := p.sign(t, csrOf(t, first, nil), "east").Response.Certificates[0]
	record := recordFile(t, cert)
	// No two keys with one tag are at hand, so the record of the first is given to another.
	second := catest.Key("second")
	twin := catest.Mutate(t, cert, catest.Must(x509.ParseCertificate(cert.Raw))(t), catest.Key("any"), catest.Mutation{Cert: func(c *x509.Certificate) {
		c.PublicKey = catest.Key("third").Public()
		c.Subject.CommonName = catest.Must(ca.TaggedName("east", second.Public()))(t)
		c.RawSubject = nil
	}})
	overwrite(t, filepath.Join(p.rootDir.Dir(), record), nil)
	name := filepath.Join(p.rootDir.Dir(), recordFile(t, twin))
	text := "cluster: east\ncertificate: |\n  " + strings.ReplaceAll(strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: twin.Raw}))), "\n", "\n  ") + "\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := p.rootDir.Sign(t.Context(), csrOf(t, second, nil), fabric.SignOptions{Cluster: "east"})
	if !errors.Is(err, mesh.ErrKeyInUse) || !strings.Contains(err.Error(), "its tag is that of another key") {
		t.Errorf("got the error %v", err)
	}
}
