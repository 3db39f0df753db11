package fabric_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
)

func TestInit_CreatesOneRoot(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	made := catest.Must(f.Init(t.Context(), fabric.InitOptions{}))(t)
	before := tree(t, f.Dir())
	if _, err := f.Init(t.Context(), fabric.InitOptions{}); !errors.Is(err, fabric.ErrRootExists) || !strings.Contains(err.Error(), "root-cert.pem") {
		t.Errorf("got the error %v, want ErrRootExists with the file", err)
	}
	unchanged(t, f.Dir(), before)
	if diff := cmp.Diff(made.Root, catest.Must(f.Status(t.Context()))(t).Root.Certificate); diff != "" {
		t.Errorf("root (-made +read):\n%s", diff)
	}
	if ensure(t, f, fabric.EnsureOptions{}, "east").RootCreated {
		t.Error("Ensure made a second root")
	}
}

func TestInit_EncryptsTheKey(t *testing.T) {
	t.Parallel()
	p := &person{answer: passphrase}
	f := openWithPassphrase(t, filepath.Join(t.TempDir(), "trust"), p)
	o := fabric.InitOptions{RootOptions: fabric.RootOptions{NewPassphrase: p.passphrase}}
	dry := o
	dry.DryRun = true
	catest.Must(f.Init(t.Context(), dry))(t)
	p.requirePrompted(t)
	catest.Must(f.Init(t.Context(), o))(t)
	p.requirePrompted(t, "root-key.pem")
	ensure(t, f, fabric.EnsureOptions{}, "east")
	p.requirePrompted(t, "root-key.pem")
}

func TestInit_RefusesAndCreatesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	for name, o := range map[string]fabric.InitOptions{
		"a trust domain with a scheme": {RootOptions: fabric.RootOptions{TrustDomain: "spiffe://example.com"}},
		"a trust domain in upper case": {RootOptions: fabric.RootOptions{TrustDomain: "Example.com"}},
		"a trust domain with a path":   {RootOptions: fabric.RootOptions{TrustDomain: "example.com/ns"}},
		"an unknown key type":          {RootOptions: fabric.RootOptions{KeyType: "P-521"}},
		"an end that has passed":       {RootOptions: fabric.RootOptions{NotAfter: catest.Now().Add(-day)}},
		"an organization of 65":        {RootOptions: fabric.RootOptions{Organization: strings.Repeat("o", 65)}},
		"a dry run":                    {DryRun: true},
	} {
		if _, err := f.Init(t.Context(), o); (err == nil) != o.DryRun {
			t.Errorf("%s: got the error %v", name, err)
		}
		if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
			t.Fatalf("%s: the directory is there", name)
		}
	}
}
