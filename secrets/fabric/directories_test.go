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

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// directories are one that has the root, and one that has the keys of clusters.
type directories struct {
	*clock
	rootDir, clusterDir *fabric.Fabric
}

// newDirectories creates the root.
func newDirectories(t *testing.T, o fabric.RootOptions) *directories {
	t.Helper()
	c := newClock()
	p := &directories{c, open(t, c), open(t, c)}
	catest.Must(p.rootDir.Init(t.Context(), fabric.InitOptions{RootOptions: o}))(t)
	return p
}

func request(t *testing.T, f *fabric.Fabric, cluster string) []byte {
	t.Helper()
	return catest.Must(f.Request(t.Context(), cluster, fabric.RequestOptions{}))(t).CSR
}

func (p *directories) sign(t *testing.T, csr []byte, cluster string) fabric.SignResult {
	t.Helper()
	return catest.Must(p.rootDir.Sign(t.Context(), csr, fabric.SignOptions{Cluster: cluster}))(t)
}

// confirmRoot accepts a root that is new.
func confirmRoot(context.Context, mesh.Summary, string) error { return nil }

func install(t *testing.T, f *fabric.Fabric, response mesh.Exchange) fabric.InstallResult {
	t.Helper()
	return catest.Must(f.Install(t.Context(), response, fabric.InstallOptions{ConfirmRoot: confirmRoot}))(t)
}

// addCluster requests, signs and installs the intermediate of a cluster.
func (p *directories) addCluster(t *testing.T, cluster string) fabric.InstallResult {
	t.Helper()
	return install(t, p.clusterDir, p.sign(t, request(t, p.clusterDir, cluster), cluster).Response)
}

// csrOf is a request by another program.
func csrOf(t testing.TB, key crypto.Signer, change func(*x509.CertificateRequest)) []byte {
	t.Helper()
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "another program"}}
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

func TestInstall_KeyStaysInTheDirectoryOfTheRequest(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, constrained())
	csr := request(t, p.clusterDir, "east")
	key := keysIn(t, p.clusterDir.Dir())["requests/east/ca-key.pem"]
	response := p.sign(t, csr, "east").Response.Marshal()
	got := install(t, p.clusterDir, catest.Must(mesh.ParseExchange(response))(t))
	if got.Cluster != "east" || got.Action != fabric.Created || !got.RootAdopted || got.TrustDomain != "mesh.example.com" {
		t.Errorf("installed is %+v", got)
	}
	bundle := catest.Must(p.clusterDir.Bundle(t.Context(), "east"))(t)
	if !strings.HasPrefix(bundle.Certificate().Subject.CommonName, "east ") {
		t.Errorf("the subject is %s", bundle.Certificate().Subject)
	}
	requireConstrained(t, bundle.Certificate(), constrained())
	if refused := ca.VerifyIntermediate(bundle.Chain(), ca.VerifyOptions{Now: p.Now, Roots: bundle.Roots()}); refused != nil {
		t.Error(refused)
	}
	if _, there := tree(t, p.clusterDir.Dir())["requests/east/request.pem"]; there {
		t.Error("the request still waits")
	}
	want := map[string]string{"clusters/east/ca-key.pem": key, "superseded/requests/east/20260102T030405Z/ca-key.pem": key}
	if diff := cmp.Diff(want, keysIn(t, p.clusterDir.Dir())); diff != "" {
		t.Errorf("keys in the directory of the cluster (-want +got):\n%s", diff)
	}
	if keys := keysIn(t, p.rootDir.Dir()); len(keys) != 1 || keys["root-key.pem"] == "" || keys["root-key.pem"] == key {
		t.Errorf("%d keys in the directory of the root, want that of the root alone", len(keys))
	}
	for what, data := range map[string][]byte{"request": csr, "response": response} {
		if strings.Contains(string(data), "PRIVATE") {
			t.Errorf("the %s holds a key", what)
		}
	}
}

func TestInstall_WritesTheFilesInTheirModes(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	request(t, p.clusterDir, "west")
	p.addCluster(t, "east")
	files := tree(t, p.clusterDir.Dir())
	if len(files) != 13 {
		t.Errorf("%d files, want version, configuration, root, four of the bundle, two records, two of each request", len(files))
	}
	for name, content := range files {
		mode, _, _ := strings.Cut(content, "\n")
		want := "-rw-r--r--"
		if strings.HasSuffix(name, "key.pem") || strings.HasPrefix(name, ".trustgen") {
			want = "-rw-------"
		}
		if mode != want {
			t.Errorf("%s has mode %s, want %s", name, mode, want)
		}
	}
	info := catest.Must(os.Stat(filepath.Join(p.clusterDir.Dir(), "requests/west")))(t)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of a request has mode %s", info.Mode())
	}
}

func TestInstall_RenewalKeepsTheOldBundle(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	p.addCluster(t, "east")
	old := catest.Must(p.clusterDir.Bundle(t.Context(), "east"))(t)
	waiting := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{}))(t)
	if waiting.Action != fabric.Created || waiting.Current == nil || waiting.Current.Subject != ca.Describe(old.Certificate()) {
		t.Errorf("the request is %+v", waiting)
	}
	if now := catest.Must(p.clusterDir.Bundle(t.Context(), "east"))(t); !now.Certificate().Equal(old.Certificate()) {
		t.Error("the request has changed the CA bundle")
	}
	signed := p.sign(t, waiting.CSR, "east")
	if len(signed.Others) != 1 || signed.Others[0].Subject != ca.Describe(old.Certificate()) {
		t.Errorf("the others are %+v", signed.Others)
	}
	if got := install(t, p.clusterDir, signed.Response); got.Action != fabric.Renewed || got.RootAdopted {
		t.Errorf("installed is %+v", got)
	}
	renewed := catest.Must(p.clusterDir.Bundle(t.Context(), "east"))(t)
	if ca.MatchKey(old.Key(), renewed.Certificate()) || old.Certificate().Subject.String() == renewed.Certificate().Subject.String() {
		t.Error("the key or the name is the old one")
	}
	kept := filepath.Join(p.clusterDir.Dir(), "superseded/clusters/east/20260102T030405Z/ca-cert.pem")
	if data := catest.Must(os.ReadFile(kept))(t); !slices.Equal(data, old.Files()["ca-cert.pem"]) {
		t.Error("the old CA bundle is not kept")
	}
}

func TestInstall_ThreeLevels(t *testing.T) {
	t.Parallel()
	c := newClock()
	p := &directories{c, open(t, c), open(t, c)}
	catest.Must(p.rootDir.Import(t.Context(), newCorporate(t).options()))(t)
	p.addCluster(t, "east")
	if chain := catest.Must(p.clusterDir.Bundle(t.Context(), "east"))(t).Chain(); len(chain) != 3 {
		t.Errorf("the chain has %d certificates, want 3", len(chain))
	}
	if got := catest.Must(p.clusterDir.Status(t.Context()))(t); got.Issuing != nil || got.Clusters[0].Remote {
		t.Errorf("the status in the directory of the cluster is %+v", got)
	}
}

func TestInstall_InTheDirectoryOfTheRoot(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	p.clusterDir = p.rootDir
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	publish(t, p.rootDir)
	if got := p.addCluster(t, "east"); got.RootAdopted || !got.Publishes {
		t.Errorf("installed is %+v", got)
	}
	for _, cluster := range []string{"east", "west"} {
		if names := crlNames(t, p.rootDir, cluster); len(names) != 3 {
			t.Errorf("%s has CRLs of %v", cluster, names)
		}
	}
	status := catest.Must(p.rootDir.Status(t.Context()))(t)
	if len(status.Clusters) != 2 || status.Clusters[0].Remote || len(status.Requests) != 0 {
		t.Errorf("the status is %+v", status)
	}
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "east")
}
