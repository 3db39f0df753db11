package fabric_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// places are a directory where the root is, and one beside a cluster.
type places struct {
	*clock
	root, beside *fabric.Fabric
}

// newPlaces makes the root.
func newPlaces(t *testing.T, o fabric.RootOptions) *places {
	t.Helper()
	c := newClock()
	p := &places{c, open(t, c), open(t, c)}
	catest.Must(p.root.Init(t.Context(), fabric.InitOptions{RootOptions: o}))(t)
	return p
}

func requested(t *testing.T, f *fabric.Fabric, cluster string) []byte {
	t.Helper()
	return catest.Must(f.Request(t.Context(), cluster, fabric.RequestOptions{}))(t).CSR
}

func (p *places) signed(t *testing.T, csr []byte, cluster string) fabric.SignResult {
	t.Helper()
	return catest.Must(p.root.Sign(t.Context(), csr, fabric.SignOptions{Cluster: cluster}))(t)
}

// trusting takes a root that is new.
func trusting(context.Context, mesh.Summary, string) error { return nil }

func installed(t *testing.T, f *fabric.Fabric, answer mesh.Exchange) fabric.InstallResult {
	t.Helper()
	return catest.Must(f.Install(t.Context(), answer, fabric.InstallOptions{ConfirmRoot: trusting}))(t)
}

// through takes a cluster through the three places.
func (p *places) through(t *testing.T, cluster string) fabric.InstallResult {
	t.Helper()
	return installed(t, p.beside, p.signed(t, requested(t, p.beside, cluster), cluster).Response)
}

// csrOf is a request by another program.
func csrOf(t testing.TB, key crypto.Signer, change func(*x509.CertificateRequest)) []byte {
	t.Helper()
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "made elsewhere"}}
	if change != nil {
		change(template)
	}
	der := catest.Must(x509.CreateCertificateRequest(rand.Reader, template, key))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// keysIn are the private keys of a directory, by their files.
func keysIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	keys := make(map[string]string)
	for name, content := range tree(t, dir) {
		if strings.Contains(content, "PRIVATE KEY") {
			_, keys[name], _ = strings.Cut(content, "\n")
		}
	}
	return keys
}

func TestAKeyIsCertifiedInAnotherPlaceAndDoesNotTravel(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, constrained())
	csr := requested(t, p.beside, "east")
	key := keysIn(t, p.beside.Dir())["requests/east/ca-key.pem"]
	answer := p.signed(t, csr, "east").Response.Marshal()
	got := installed(t, p.beside, catest.Must(mesh.ParseExchange(answer))(t))
	if got.Cluster != "east" || got.Action != fabric.Created || !got.RootAdopted || got.TrustDomain != "mesh.example.com" {
		t.Errorf("installed is %+v", got)
	}
	bundle := catest.Must(p.beside.Bundle(t.Context(), "east"))(t)
	if !strings.HasPrefix(bundle.Certificate().Subject.CommonName, "east ") {
		t.Errorf("the subject is %s", bundle.Certificate().Subject)
	}
	wantConstrained(t, bundle.Certificate(), constrained())
	if refused := ca.VerifyIntermediate(bundle.Chain(), ca.VerifyOptions{Now: p.Now, Roots: bundle.Roots()}); refused != nil {
		t.Error(refused)
	}
	if _, there := tree(t, p.beside.Dir())["requests/east/request.pem"]; there {
		t.Error("the request still waits")
	}
	for name, data := range keysIn(t, p.beside.Dir()) {
		if data != key {
			t.Errorf("%s is another key than that of the request", name)
		}
	}
	for name, data := range keysIn(t, p.root.Dir()) {
		if name != "root-key.pem" || data == key {
			t.Errorf("there is %s where the root is", name)
		}
	}
	for what, data := range map[string][]byte{"request": csr, "answer": answer} {
		if strings.Contains(string(data), "PRIVATE") {
			t.Errorf("the %s holds a key", what)
		}
	}
}

func TestTheDirectoryBesideAClusterHoldsTheFilesInTheirModes(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	requested(t, p.beside, "west")
	p.through(t, "east")
	for name, content := range tree(t, p.beside.Dir()) {
		mode, _, _ := strings.Cut(content, "\n")
		want := "-rw-r--r--"
		if strings.HasSuffix(name, "key.pem") || strings.HasPrefix(name, ".trustgen") {
			want = "-rw-------"
		}
		if mode != want {
			t.Errorf("%s has mode %s, want %s", name, mode, want)
		}
	}
	info := catest.Must(os.Stat(filepath.Join(p.beside.Dir(), "requests/west")))(t)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of a request has mode %s", info.Mode())
	}
}

func TestARenewalInThreePlacesKeepsTheOldSet(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	p.through(t, "east")
	old := catest.Must(p.beside.Bundle(t.Context(), "east"))(t)
	waiting := catest.Must(p.beside.Request(t.Context(), "east", fabric.RequestOptions{}))(t)
	if waiting.Action != fabric.Created || waiting.Current == nil || waiting.Current.Subject != ca.Describe(old.Certificate()) {
		t.Errorf("the request is %+v", waiting)
	}
	if now := catest.Must(p.beside.Bundle(t.Context(), "east"))(t); !now.Certificate().Equal(old.Certificate()) {
		t.Error("the request has changed the set")
	}
	signed := p.signed(t, waiting.CSR, "east")
	if len(signed.Others) != 1 || signed.Others[0].Subject != ca.Describe(old.Certificate()) {
		t.Errorf("beside it are %+v", signed.Others)
	}
	if got := installed(t, p.beside, signed.Response); got.Action != fabric.Renewed || got.RootAdopted {
		t.Errorf("installed is %+v", got)
	}
	renewed := catest.Must(p.beside.Bundle(t.Context(), "east"))(t)
	if ca.MatchKey(old.Key(), renewed.Certificate()) || old.Certificate().Subject.String() == renewed.Certificate().Subject.String() {
		t.Error("the key or the name is the old one")
	}
	kept := filepath.Join(p.beside.Dir(), "superseded/clusters/east/20260102T030405Z/ca-cert.pem")
	if data := catest.Must(os.ReadFile(kept))(t); !slices.Equal(data, old.Files()["ca-cert.pem"]) {
		t.Error("the old set is not kept")
	}
}

func TestThreeLevelsInThreePlaces(t *testing.T) {
	t.Parallel()
	c := newClock()
	p := &places{c, open(t, c), open(t, c)}
	catest.Must(p.root.Import(t.Context(), newCorporate(t).options()))(t)
	p.through(t, "east")
	if chain := catest.Must(p.beside.Bundle(t.Context(), "east"))(t).Chain(); len(chain) != 3 {
		t.Errorf("the chain has %d certificates, want 3", len(chain))
	}
	if got := catest.Must(p.beside.Status(t.Context()))(t); got.Issuing != nil || got.Clusters[0].Remote {
		t.Errorf("the status beside the cluster is %+v", got)
	}
}

func TestAllPlacesCanBeOne(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	p.beside = p.root
	ensure(t, p.root, fabric.EnsureOptions{}, "west")
	publishing(t, p.root)
	if got := p.through(t, "east"); got.RootAdopted || !got.Publishes {
		t.Errorf("installed is %+v", got)
	}
	for _, cluster := range []string{"east", "west"} {
		if names := crlNames(t, p.root, cluster); len(names) != 3 {
			t.Errorf("%s has CRLs of %v", cluster, names)
		}
	}
	status := catest.Must(p.root.Status(t.Context()))(t)
	if len(status.Clusters) != 2 || status.Clusters[0].Remote || len(status.Requests) != 0 {
		t.Errorf("the status is %+v", status)
	}
	ensure(t, p.root, fabric.EnsureOptions{}, "east")
}
