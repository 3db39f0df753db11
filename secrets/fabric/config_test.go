package fabric_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// everyVerb is every operation that reads fabric.yaml, by its name.
func everyVerb(t *testing.T, p *directories) map[string]func(*fabric.Fabric) error {
	t.Helper()
	ctx, clusters := t.Context(), []string{"east"}
	signed := p.sign(t, request(t, p.clusterDir, "north"), "north")
	return map[string]func(*fabric.Fabric) error{
		"Status":         func(f *fabric.Fabric) error { _, err := f.Status(ctx); return err },
		"Bundle":         func(f *fabric.Fabric) error { _, err := f.Bundle(ctx, "east"); return err },
		"BundleFindings": func(f *fabric.Fabric) error { _, err := f.BundleFindings(ctx, "east"); return err },
		"CAs":            func(f *fabric.Fabric) error { _, err := f.CAs(ctx, fabric.CAsOptions{}); return err },
		"CRLs":           func(f *fabric.Fabric) error { _, err := f.CRLs(ctx, fabric.CRLsOptions{}); return err },
		"Exchange":       func(f *fabric.Fabric) error { _, err := f.Exchange(ctx); return err },
		"Ensure": func(f *fabric.Fabric) error {
			_, err := f.Ensure(ctx, clusters, fabric.EnsureOptions{Renew: true})
			return err
		},
		"Encrypt": func(f *fabric.Fabric) error {
			_, err := f.Encrypt(ctx, fabric.EncryptOptions{NewPassphrase: (&person{answer: passphrase}).passphrase})
			return err
		},
		"Request": func(f *fabric.Fabric) error { _, err := f.Request(ctx, "south", fabric.RequestOptions{}); return err },
		"Sign": func(f *fabric.Fabric) error {
			_, err := f.Sign(ctx, csrOf(t, catest.Key("south"), nil), fabric.SignOptions{Cluster: "south"})
			return err
		},
		"Install": func(f *fabric.Fabric) error {
			_, err := f.Install(ctx, signed.Response, fabric.InstallOptions{ConfirmRoot: confirmRoot})
			return err
		},
		"Revoke": func(f *fabric.Fabric) error { _, err := f.Revoke(ctx, clusters, fabric.RevokeOptions{}); return err },
		"FinishRevocation": func(f *fabric.Fabric) error {
			_, err := f.FinishRevocation(ctx, clusters, fabric.FinishRevocationOptions{})
			return err
		},
		"RevokeCertificates": func(f *fabric.Fabric) error {
			_, err := f.RevokeCertificates(ctx, []string{"x"}, fabric.RevokeCertificatesOptions{})
			return err
		},
		"Retire":      func(f *fabric.Fabric) error { _, err := f.Retire(ctx, "east", fabric.RetireOptions{}); return err },
		"RefreshCRLs": func(f *fabric.Fabric) error { _, err := f.RefreshCRLs(ctx, fabric.RefreshCRLsOptions{}); return err },
		"ImportCRLs": func(f *fabric.Fabric) error {
			_, err := f.ImportCRLs(ctx, mesh.Exchange{Certificates: signed.Response.Certificates}, fabric.ImportCRLsOptions{})
			return err
		},
		"CrossSign": func(f *fabric.Fabric) error {
			_, err := f.CrossSign(ctx, catest.New(t).Root.Certificate(), fabric.CrossSignOptions{Next: true})
			return err
		},
	}
}

func TestLoad_RefusesANewerLayout(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"the fields are known":           "trustDomain: cluster.local\nversion: 2\n",
		"a field is unknown":             "trustDomain: cluster.local\nversion: 2\nledger: {file: changes.log}\n",
		"a known field has another type": "trustDomain: [cluster.local, other.example]\nversion: 2\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDirectories(t, fabric.RootOptions{})
			ensure(t, p.rootDir, fabric.EnsureOptions{}, "east")
			all := everyVerb(t, p)
			file := filepath.Join(p.rootDir.Dir(), "fabric.yaml")
			overwrite(t, file, []byte(config))
			before := tree(t, p.rootDir.Dir())
			for verb, do := range all {
				err := do(p.rootDir)
				var layout *fabric.LayoutError
				if !errors.As(err, &layout) || layout.Version != 2 || layout.Newest != 1 || layout.File != file {
					t.Errorf("%s: got the error %v, want a LayoutError", verb, err)
				}
			}
			unchanged(t, p.rootDir.Dir(), before)
		})
	}
}

func TestLoad_RefusesAnUnknownFieldOfAKnownLayout(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	overwrite(t, filepath.Join(f.Dir(), "fabric.yaml"), []byte("trustDomain: cluster.local\nversion: 1\nledger: {}\n"))
	if _, err := f.Status(t.Context()); err == nil || errors.As(err, new(*fabric.LayoutError)) || !strings.Contains(err.Error(), "fabric.yaml is damaged") {
		t.Errorf("got the error %v, want that fabric.yaml is damaged", err)
	}
}

func TestLoad_KeepsALayoutWithoutAVersionUntilAVerbChangesIt(t *testing.T) {
	t.Parallel()
	const old = "trustDomain: cluster.local\n"
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	overwrite(t, filepath.Join(f.Dir(), "fabric.yaml"), []byte(old))
	before := tree(t, f.Dir())
	catest.Must(f.Status(t.Context()))(t)
	catest.Must(f.Bundle(t.Context(), "east"))(t)
	catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t)
	catest.Must(f.CRLs(t.Context(), fabric.CRLsOptions{}))(t)
	catest.Must(f.Exchange(t.Context()))(t)
	ensure(t, f, fabric.EnsureOptions{}, "east") // is kept
	exchange(t, f, f)                            // brings nothing
	refresh(t, f, fabric.RefreshCRLsOptions{DryRun: true})
	unchanged(t, f.Dir(), before)

	ensure(t, f, fabric.EnsureOptions{}, "west")
	if got := string(readFile(t, f, "fabric.yaml")); got != old {
		t.Errorf("after another cluster it is %q", got)
	}
	refresh(t, f, fabric.RefreshCRLsOptions{})
	const published = "publishCRLs: true\ntrustDomain: cluster.local\n"
	if got := string(readFile(t, f, "fabric.yaml")); got != published+"version: 1\n" {
		t.Errorf("after the first publication it is %q", got)
	}
	overwrite(t, filepath.Join(f.Dir(), "fabric.yaml"), []byte(published))
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "west")
	refresh(t, f, fabric.RefreshCRLsOptions{})
	if got := string(readFile(t, f, "fabric.yaml")); got != published {
		t.Errorf("with CRLs published before, it is %q", got)
	}
}
