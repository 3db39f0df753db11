package fabric_test

import (
	"crypto/x509"
	"errors"
	"math/big"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// revokedAbove is a mesh below an issuing CA that the corporate root has revoked.
func revokedAbove(t *testing.T, c *clock) (*fabric.Fabric, corporate) {
	t.Helper()
	f, above := open(t, c), newCorporate(t)
	catest.Must(f.Import(t.Context(), above.options()))(t)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	list := catest.Must(above.root.CRL(ca.CRLOptions{Number: big.NewInt(7), Revoked: []x509.RevocationListEntry{{
		SerialNumber: above.issuing.Certificate().SerialNumber, RevocationTime: c.Now(), ReasonCode: int(mesh.ReasonCACompromise),
	}}}))(t)
	catest.Must(f.ImportCRLs(t.Context(), mesh.Exchange{CRLs: []*x509.RevocationList{list}}, fabric.ImportCRLsOptions{}))(t)
	return f, above
}

func TestEnsure_RefusesToIssueBelowARevokedCA(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, above := revokedAbove(t, c)
	before := tree(t, f.Dir())
	for what, issue := range map[string]func() error{
		"another cluster": func() error {
			_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{})
			return err
		},
		"a renewal": func() error {
			_, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{Renew: true})
			return err
		},
		"a kept cluster": func() error {
			_, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{})
			return err
		},
		"a successor": func() error { return revokes(fabric.RevokeOptions{}, "east")(t, f) },
	} {
		err := issue()
		var revoked *mesh.RevokedError
		if !errors.As(err, &revoked) || revoked.Certificate.Subject != ca.Describe(above.issuing.Certificate()) || revoked.Revocation.Reason != mesh.ReasonCACompromise {
			t.Errorf("%s: got the error %v, want that the issuing CA is revoked", what, err)
		}
		unchanged(t, f.Dir(), before)
	}
}

// A copy of a directory discovers a revocation by an import.
func TestEnsure_RenewsARevokedIntermediate(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	behind := copyOf(t, f, c)
	catest.Must(f.Revoke(t.Context(), []string{"east"}, fabric.RevokeOptions{Now: true}))(t)
	catest.Must(behind.ImportCRLs(t.Context(), catest.Must(f.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{}))(t)
	if got := ensure(t, behind, fabric.EnsureOptions{}, "east").Clusters[0].Action; got != fabric.Renewed {
		t.Errorf("the revoked intermediate is %s, want %s", got, fabric.Renewed)
	}
}

func TestEnsure_RefusesAnUpstreamBelowARevokedCA(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	below := h.Below(t, h.Root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	for name, signer := range map[string]*ca.Authority{"the root": h.Root, "a CA below the root": below} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			_, o := newUpstream(t, signer)
			o.Obtain.Roots = h.Root.Chain()
			ensure(t, f, fabric.EnsureOptions{Upstream: o}, "east")
			list := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(7), Revoked: []x509.RevocationListEntry{{
				SerialNumber: signer.Certificate().SerialNumber, RevocationTime: catest.Now(),
			}}}))(t)
			catest.Must(f.ImportCRLs(t.Context(), mesh.Exchange{CRLs: []*x509.RevocationList{list}}, fabric.ImportCRLsOptions{}))(t)
			_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{Upstream: o})
			if revoked := new(mesh.RevokedError); !errors.As(err, &revoked) || revoked.Certificate.Subject != ca.Describe(signer.Certificate()) {
				t.Errorf("got the error %v, want that %s is revoked", err, name)
			}
		})
	}
}

// No passphrase is requested for a key that is not going to be used.
func TestEnsure_RequestsNoPassphraseIfItRefuses(t *testing.T) {
	t.Parallel()
	f, p := openEncrypted(t)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	p.requirePrompted(t, "root-key.pem")
	retire(t, f, "east", fabric.RetireOptions{})
	if _, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{}); err == nil {
		t.Error("east came back")
	}
	p.requirePrompted(t)
}
