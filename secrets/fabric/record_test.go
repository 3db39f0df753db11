package fabric_test

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// recordFile is the name of the record of a CA.
func recordFile(t *testing.T, cert *x509.Certificate) string {
	t.Helper()
	return "authorities/" + catest.Must(ca.KeyID(cert.PublicKey))(t) + ".yaml"
}

// record is the content of a record file.
type record struct {
	Cluster     string `json:"cluster,omitempty"`
	Certificate string `json:"certificate"`
	CRL         string `json:"crl,omitempty"`
}

func readRecord(t *testing.T, f *fabric.Fabric, cert *x509.Certificate) record {
	t.Helper()
	var r record
	if err := yaml.UnmarshalStrict(readFile(t, f, recordFile(t, cert)), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func readFile(t *testing.T, f *fabric.Fabric, name string) []byte {
	t.Helper()
	return catest.Must(os.ReadFile(filepath.Join(f.Dir(), name)))(t)
}

// publish makes a fabric publish CRLs.
func publish(t *testing.T, f *fabric.Fabric) {
	t.Helper()
	refresh(t, f, fabric.RefreshCRLsOptions{})
}

// crlNames are the names of the CAs that have a CRL in the bundle of a cluster, in the order of
// the bundle.
func crlNames(t *testing.T, f *fabric.Fabric, cluster string) []string {
	t.Helper()
	bundle := catest.Must(f.Bundle(t.Context(), cluster))(t)
	if without := bundle.WithoutCRL(); len(without) > 0 {
		t.Errorf("%s: istiod refuses a CA bundle without the CRL of %s", cluster, ca.Describe(without[0]))
	}
	var names []string
	for _, list := range bundle.CRLs() {
		names = append(names, list.Issuer.CommonName)
	}
	return names
}

func subject(t *testing.T, f *fabric.Fabric, cluster string) string {
	t.Helper()
	return catest.Must(f.Bundle(t.Context(), cluster))(t).Certificate().Subject.CommonName
}

func TestEnsure_RecordsEveryCAWithACRLThatLivesAsLong(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	chain := catest.Must(f.Bundle(t.Context(), "east"))(t).Chain()
	for i, cluster := range []string{"east", ""} {
		r := readRecord(t, f, chain[i])
		if diff := cmp.Diff(record{cluster, string(ca.MarshalCertificates(chain[i])), r.CRL}, r); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		list := catest.Must(ca.ParseCRLs([]byte(r.CRL)))(t)[0]
		if err := ca.CheckCRL(list, chain[i], c.Now()); err != nil {
			t.Error(err)
		}
		if !list.NextUpdate.Equal(chain[i].NotAfter) || len(list.RevokedCertificateEntries) > 0 || list.Number.Int64() != c.Now().Unix() {
			t.Errorf("CRL number %d until %s with %d entries", list.Number, list.NextUpdate, len(list.RevokedCertificateEntries))
		}
	}
	if _, err := os.Stat(filepath.Join(f.ClusterPath("east"), "ca-crl.pem")); !os.IsNotExist(err) {
		t.Errorf("ca-crl.pem exists, and nobody requested it: %v", err)
	}
}

func TestEnsure_KeepsEveryCRLBundleComplete(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	root := ensure(t, f, fabric.EnsureOptions{}, "east", "west").Root.Subject
	publish(t, f)
	first := subject(t, f, "east")

	c.advance(time.Hour)
	r := ensure(t, f, fabric.EnsureOptions{NotAfter: c.Now().Add(24 * time.Hour)}, "north", "east")
	if diff := cmp.Diff([]string{"east", "west"}, r.Others); diff != "" || !r.Publishes || r.Remote != nil {
		t.Errorf("remote %q, others (-want +got):\n%s", r.Remote, diff)
	}
	if r := ensure(t, f, fabric.EnsureOptions{}, "east"); r.Publishes {
		t.Error("nothing was issued, and a publication is reported")
	}
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	want := []string{root, subject(t, f, "east"), first, subject(t, f, "north"), subject(t, f, "west")}
	for _, cluster := range []string{"east", "north", "west"} {
		if diff := cmp.Diff(want, crlNames(t, f, cluster)); diff != "" {
			t.Errorf("%s: CRLs (-want +got):\n%s", cluster, diff)
		}
	}

	c.advance(25 * time.Hour) // north has ended
	ensure(t, f, fabric.EnsureOptions{}, "south")
	want = []string{root, subject(t, f, "east"), first, subject(t, f, "south"), subject(t, f, "west")}
	if diff := cmp.Diff(want, crlNames(t, f, "west")); diff != "" {
		t.Errorf("CRLs when a CA has ended (-want +got):\n%s", diff)
	}
}

func TestEnsure_RefusesAnIncompleteCRLBundleUnlessAllowed(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	root := ensure(t, f, fabric.EnsureOptions{}, "east").Root
	publish(t, f)
	rootCert := catest.Must(f.Bundle(t.Context(), "east"))(t).Roots()[0]
	if err := os.Remove(filepath.Join(f.Dir(), recordFile(t, rootCert))); err != nil {
		t.Fatal(err)
	}
	before := tree(t, f.Dir())

	var incomplete *mesh.IncompleteError
	for _, dryRun := range []bool{true, false} {
		_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{DryRun: dryRun})
		if !errors.As(err, &incomplete) {
			t.Fatalf("error %v, want an IncompleteError", err)
		}
		if diff := cmp.Diff([]mesh.MissingCRL{{Subject: root.Subject, NotAfter: root.NotAfter}}, incomplete.Missing); diff != "" {
			t.Errorf("missing (-want +got):\n%s", diff)
		}
		unchanged(t, f.Dir(), before)
	}

	ensure(t, f, fabric.EnsureOptions{Incomplete: true}, "west")
	lists := catest.Must(f.Bundle(t.Context(), "east"))(t).CRLs()
	if len(lists) != 2 {
		t.Errorf("%d CRLs, want those of both clusters", len(lists))
	}
}

func TestLoad_NamesADamagedRecord(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(r, other record) record
		want   string
	}{
		"the certificate is missing": {func(r, _ record) record { r.Certificate = ""; return r }, "certificate: no PEM block"},
		"two certificates":           {func(r, o record) record { r.Certificate += o.Certificate; return r }, "expected those of one key and name"},
		"the record of another CA":   {func(_, o record) record { return o }, "whose key has another name"},
		"the CRL of another CA":      {func(r, o record) record { r.CRL = o.CRL; return r }, "not signed by this CA"},
		"two CRLs":                   {func(r, _ record) record { r.CRL += r.CRL; return r }, "2 CRLs, expected one"},
		"an invalid cluster name":    {func(r, _ record) record { r.Cluster = "../east"; return r }, `cluster name "../east"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east")
			chain := catest.Must(f.Bundle(t.Context(), "east"))(t).Chain()
			publish(t, f)
			file := recordFile(t, chain[0])
			data := catest.Must(yaml.Marshal(tt.change(readRecord(t, f, chain[0]), readRecord(t, f, chain[1]))))(t)
			overwrite(t, filepath.Join(f.Dir(), file), data)
			before := tree(t, f.Dir())

			_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{})
			if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one about %s: %s", err, file, tt.want)
			}
			unchanged(t, f.Dir(), before)
		})
	}
}
