package mesh_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// issuers are the names of the CAs of CRLs.
func issuers(lists []*x509.RevocationList) []string {
	var names []string
	for _, list := range lists {
		names = append(names, list.Issuer.CommonName[:len(list.Issuer.CommonName)-len(" 123456")])
	}
	return names
}

func TestCRLBundle(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east := root.cluster(t, "east")
	old := root.issue(t, "old", "old", 400, ca.IntermediateOptions{})
	name := ca.Describe(east.cert())
	tests := map[string]struct {
		list    *x509.RevocationList // of east
		revoked bool                 // east
		damaged bool                 // the bundle of another cluster
		want    []string             // whose CRLs are in the bundle
		missing []string
	}{
		"the CRLs of all CAs that have not ended": {east.crl(t, 1), false, false, []string{"root", "east"}, nil},
		"a missing CRL":                              {nil, false, false, []string{"root"}, []string{name + " has no CRL here"}},
		"an expired CRL is kept, and missing":        {east.crlFor(t, 9, day), false, false, []string{"root", "east"}, []string{"the CRL of " + name + " expired at 2025-12-25T03:04:05Z"}},
		"a missing CRL of a revoked CA":              {nil, true, false, []string{"root"}, nil},
		"a CRL of a revoked CA":                      {east.crl(t, 1), true, false, []string{"root", "east"}, nil},
		"an expired CRL of a revoked CA":             {east.crlFor(t, 9, day), true, false, []string{"root", "east"}, nil},
		"a damaged bundle, whose CA nobody can name": {east.crl(t, 1), false, true, []string{"root", "east"}, []string{"the CA in clusters/west has no CRL here, because its certificate cannot be read"}},
	}
	for testName, tt := range tests {
		t.Run(testName, func(t *testing.T) {
			t.Parallel()
			var revoked []*x509.Certificate
			if tt.revoked {
				revoked = east.chain[:1]
			}
			c := contents(root, record(t, "", root.crl(t, 1, revoked...), root.cert()), record(t, "east", tt.list, east.cert()), record(t, "old", nil, old.cert()))
			if tt.damaged {
				c = withBundles(c, mesh.Bundle{Cluster: "west", Path: "clusters/west", Current: true, Damaged: true})
			}
			b := newMesh(c).CRLBundle()
			if diff := cmp.Diff(tt.want, issuers(b.CRLs)); diff != "" {
				t.Errorf("CRLs (-want +got):\n%s", diff)
			}
			var missing []string
			for _, m := range b.Missing {
				missing = append(missing, m.String())
			}
			if diff := cmp.Diff(tt.missing, missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			data, err := b.Marshal(false)
			if incomplete, ok := errors.AsType[*mesh.IncompleteError](err); ok != (len(tt.missing) > 0) || ok && len(incomplete.Missing) != len(tt.missing) {
				t.Errorf("Marshal: error %v, want an IncompleteError: %t", err, len(tt.missing) > 0)
			}
			if err != nil {
				data = catest.Must(b.Marshal(true))(t)
			}
			if diff := cmp.Diff(string(ca.MarshalCRLs(b.CRLs...)), string(data)); diff != "" {
				t.Errorf("PEM (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCRLBundle_DescribesWhatIsMissing(t *testing.T) {
	t.Parallel()
	root, other := newRoot(t, "root"), newRoot(t, "other").cert()
	mute := catest.Mutate(t, other, other, catest.Key("other"), catest.Mutation{Cert: func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }})
	east := root.cluster(t, "east")
	expired := east.crlFor(t, 9, day)
	m := newMesh(contents(root, record(t, "", root.crl(t, 1), root.cert()), record(t, "", nil, mute), record(t, "east", expired, east.cert())))
	want := []mesh.MissingCRL{
		{Subject: ca.Describe(mute), NotAfter: mute.NotAfter, CannotSign: true},
		{Cluster: "east", Subject: ca.Describe(east.cert()), NotAfter: east.cert().NotAfter, Expired: expired.NextUpdate},
	}
	got := m.CRLBundle().Missing
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	text := (&mesh.IncompleteError{Missing: got}).Error()
	if !strings.Contains(text, "has no CRL here, and cannot sign one; the CRL of east") {
		t.Errorf("error %q", text)
	}
}

// large makes a CRL of about a size, in bytes.
func large(t *testing.T, s signer, size int, revoked ...*x509.Certificate) *x509.RevocationList {
	t.Helper()
	filler := pkix.Extension{Id: asn1.ObjectIdentifier{2, 999, 1}, Value: make([]byte, size)}
	der := catest.Must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(day),
		RevokedCertificateEntries: entries(revoked...), ExtraExtensions: []pkix.Extension{filler},
	}, s.cert(), catest.Key(s.key)))(t)
	return catest.Must(x509.ParseRevocationList(der))(t)
}

func TestCRLBundle_ThatIsTooLarge(t *testing.T) {
	t.Parallel()
	const half, whole = 370 << 10, 800 << 10 // in DER: a third more in PEM
	r := newRoles(t)
	tests := map[string]struct {
		issuing, remote int // sizes of the CRLs
		revoked         bool
		want            []string
		wantErr         string
	}{
		"what has room is kept":                         {half, 1, true, []string{"root", "other", "issuing", "east", "east", "west"}, ""},
		"a revoked CA loses its CRL to make room":       {half, half, true, []string{"root", "other", "issuing", "east", "east"}, ""},
		"all CAs of which none is revoked need theirs":  {half, half, false, []string{"root", "other", "issuing", "east", "east", "west"}, "the CRLs of 6 CAs take "},
		"a revoked CA makes room, and it is not enough": {whole, half, true, []string{"root", "other", "issuing", "east", "east"}, "the CRLs of 5 CAs take "},
		"a single CRL that is too large":                {whole, 1, false, []string{"root", "other", "issuing", "east", "east", "west"}, "and a Secret has room for 983040"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var revoked []*x509.Certificate
			if tt.revoked {
				revoked = r.remote.chain[:1]
			}
			m := newMesh(r.contents(t, r.root.crl(t, 1), large(t, r.issuing, tt.issuing, revoked...)))
			m.CA(r.remote.cert()).SetCRL(large(t, r.remote, tt.remote))
			b := m.CRLBundle()
			if diff := cmp.Diff(tt.want, issuers(b.CRLs)); diff != "" {
				t.Errorf("CRLs (-want +got):\n%s", diff)
			}
			if len(b.Missing) > 0 {
				t.Errorf("missing %v", b.Missing)
			}
			if _, err := b.Marshal(true); (err != nil) != (tt.wantErr != "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("Marshal: error %v, want one with %q", err, tt.wantErr)
			}
		})
	}
}

func TestMarshal_RefusesABundleWithoutCRLs(t *testing.T) {
	t.Parallel()
	b := newMesh(contents(newRoot(t, "root"))).CRLBundle()
	if _, err := b.Marshal(true); err == nil || err.Error() != "no CA has a CRL here" {
		t.Errorf("error %v, want that no CA has a CRL", err)
	}
}

func TestMatcher(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	rootCRL, eastCRL, next := root.crl(t, 1), root.cluster(t, "east").crl(t, 1), root.crl(t, 2)
	hasAll := mesh.CRLBundle{CRLs: []*x509.RevocationList{rootCRL, eastCRL}}.Matcher()
	for name, tt := range map[string]struct {
		file []byte
		want bool
	}{
		"the bundle":             {ca.MarshalCRLs(rootCRL, eastCRL), true},
		"another order":          {ca.MarshalCRLs(eastCRL, rootCRL), true},
		"more than the bundle":   {ca.MarshalCRLs(eastCRL, rootCRL, next), true},
		"a CRL less":             {ca.MarshalCRLs(rootCRL), false},
		"another CRL of the CA":  {ca.MarshalCRLs(next, eastCRL), false},
		"no file":                {nil, false},
		"a file that is no CRLs": {[]byte("junk"), false},
	} {
		if got := hasAll(tt.file); got != tt.want {
			t.Errorf("%s: %t, want %t", name, got, tt.want)
		}
	}
}
