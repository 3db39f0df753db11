package fabric_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// In a directory without records, only the superseded CA bundle identifies a superseded CA.
func TestRevoke_DamagedSupersededBundleIsNoObstacle(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		damaged []string
		missing string
	}{
		"the key":                       {[]string{"ca-key.pem"}, "west "},
		"the chain":                     {[]string{"cert-chain.pem"}, "west "},
		"the chain and the certificate": {[]string{"cert-chain.pem", "ca-cert.pem"}, "the CA in "},
		"chain, certificate and key":    {[]string{"cert-chain.pem", "ca-cert.pem", "ca-key.pem"}, "the CA in "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			c.advance(time.Hour)
			ensure(t, f, fabric.EnsureOptions{Renew: true}, "west")
			if err := os.RemoveAll(filepath.Join(f.Dir(), "authorities")); err != nil {
				t.Fatal(err)
			}
			folders := catest.Must(filepath.Glob(filepath.Join(f.Dir(), "superseded/clusters/west/*")))(t)
			for _, file := range test.damaged {
				overwrite(t, filepath.Join(folders[0], file), []byte("junk"))
			}
			before := tree(t, f.Dir())
			_, err := f.Revoke(t.Context(), []string{"east"}, fabric.RevokeOptions{Now: true})
			if !isA[*mesh.IncompleteError]()(err) || !strings.Contains(err.Error(), test.missing) {
				t.Errorf("got the error %v, want that the CRL of %sis missing", err, test.missing)
			}
			unchanged(t, f.Dir(), before)
			done := revoke(t, f, fabric.RevokeOptions{Now: true, Incomplete: true}, "east")
			if len(done.Missing) != 1 || !strings.HasPrefix(done.Missing[0].String(), test.missing) {
				t.Errorf("missing is %v, want the CRL of %salone", done.Missing, test.missing)
			}
		})
	}
}

func TestRefreshCRLs_IgnoresADamagedSupersededBundleWithARecord(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "west")
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "west")
	folders := catest.Must(filepath.Glob(filepath.Join(f.Dir(), "superseded/clusters/west/*")))(t)
	for _, file := range []string{"cert-chain.pem", "ca-key.pem"} {
		overwrite(t, filepath.Join(folders[0], file), []byte("junk"))
	}
	if done := refresh(t, f, fabric.RefreshCRLsOptions{}); len(done.Missing) > 0 {
		t.Errorf("missing is %v, and the CA has its record", done.Missing)
	}
}
