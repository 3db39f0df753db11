package mesh_test

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestParseExchange_ReadsWhatOtherProgramsWrite(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	list := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(t)
	certs, crl := string(ca.MarshalCertificates(h.Chain()...)), string(ca.MarshalCRLs(list))
	key := string(catest.Must(ca.MarshalKey(catest.Key("other")))(t))
	encode := func(kind, text string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(text)}))
	}
	type count struct{ Certs, CRLs int }
	tests := map[string]struct {
		data    string
		want    count
		wantErr string
	}{
		"certificates":                     {certs, count{2, 0}, ""},
		"a CRL":                            {crl, count{0, 1}, ""},
		"certificates before a CRL":        {certs + crl, count{2, 1}, ""},
		"a CRL before certificates":        {crl + certs, count{2, 1}, ""},
		"text around the blocks":           {"subject=CN = east\n" + certs + "Bag Attributes\n" + crl + "end", count{2, 1}, ""},
		"the same certificate twice":       {certs + certs, count{2, 0}, ""},
		"a certificate in DER":             {string(h.Leaf.Raw), count{1, 0}, ""},
		"a CRL in DER":                     {string(list.Raw), count{0, 1}, ""},
		"an empty file":                    {"", count{}, "is neither PEM nor a certificate or CRL in DER"},
		"text without a block":             {"junk", count{}, "is neither PEM"},
		"a key":                            {certs + key, count{}, "PEM block 3 is a PRIVATE KEY, expected a CERTIFICATE or an X509 CRL"},
		"a certificate block of junk":      {certs + encode("CERTIFICATE", "junk"), count{}, "PEM block 3 is not a valid certificate"},
		"a CRL block of junk":              {encode("X509 CRL", "junk"), count{}, "PEM block 1 is not a valid CRL"},
		"a CRL in a certificate block":     {encode("CERTIFICATE", string(list.Raw)), count{}, "PEM block 1 is not a valid certificate"},
		"a truncated block":                {certs[:len(certs)-20], count{}, "2 PEM blocks begin, 1 are well formed"},
		"blocks without a line end":        {strings.Replace(certs, "-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----", 1), count{}, "2 PEM blocks begin, 0 are well formed"},
		"two certificates in DER":          {string(h.Leaf.Raw) + string(h.Leaf.Raw), count{}, "is neither PEM"},
		"a block of another standard":      {encode("PKCS7", "junk"), count{}, "PEM block 1 is a PKCS7, expected"},
		"a certificate request in its DER": {string(newCSR(t, "east")), count{}, "is a CERTIFICATE REQUEST, expected"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := mesh.ParseExchange([]byte(tt.data))
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if diff := cmp.Diff(tt.want, count{len(e.Certificates), len(e.CRLs)}); err != nil || diff != "" {
				t.Errorf("error %v, count (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestExchange_HasNoCAThatWouldMakeAnotherPlaceIncomplete(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, west, north, old := root.cluster(t, "east"), root.cluster(t, "west"), root.cluster(t, "north"), root.issue(t, "old", "old", 400, ca.IntermediateOptions{})
	before := root.issue(t, "east", "east", 20, ca.IntermediateOptions{}) // another certificate of its key
	rootCRL := root.crl(t, 1, north.cert())
	m := newMesh(contents(root,
		record(t, "", rootCRL, root.cert()),
		record(t, "east", east.crl(t, 1), east.cert(), before.cert()),
		record(t, "west", nil, west.cert()),   // has no CRL here
		record(t, "north", nil, north.cert()), // has none, and is revoked
		record(t, "old", nil, old.cert()),     // has expired
	))
	got := m.Exchange()
	want := mesh.Exchange{Certificates: []*x509.Certificate{root.cert(), east.cert(), before.cert(), north.cert()}}
	if diff := cmp.Diff(untaggedAll(want.Certificates), untaggedAll(got.Certificates)); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
	if len(got.CRLs) != 2 || got.CRLs[0] != rootCRL {
		t.Errorf("%d CRLs, want that of the root and that of east", len(got.CRLs))
	}
	again := catest.Must(mesh.ParseExchange(got.Marshal()))(t)
	if diff := cmp.Diff(got.Certificates, again.Certificates, catest.Identical()); diff != "" || len(again.CRLs) != 2 {
		t.Errorf("%d CRLs, certificates (-written +read):\n%s", len(again.CRLs), diff)
	}
}

func untaggedAll(certs []*x509.Certificate) []string {
	var names []string
	for _, cert := range certs {
		names = append(names, untagged(cert))
	}
	return names
}

// blocksOf are the blocks of a file as encoding/pem finds them, or a file in DER.
func blocksOf(data []byte) map[string]int {
	all := make(map[string]int)
	rest := data
	for block, left := pem.Decode(rest); block != nil; block, left = pem.Decode(rest) {
		all[string(block.Bytes)]++
		rest = left
	}
	if len(all) == 0 {
		all[string(data)]++
	}
	return all
}

// FuzzParseExchange checks that ParseExchange returns every block of a file, a certificate once,
// and nothing else; and that what Marshal writes is read again.
func FuzzParseExchange(f *testing.F) {
	h := catest.New(f)
	list := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(f)
	f.Add(h.Leaf.Raw)
	f.Add(list.Raw)
	f.Add(mesh.Exchange{Certificates: h.LeafChain()}.Marshal())
	f.Add(append(ca.MarshalCRLs(list), ca.MarshalCertificates(h.Chain()...)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := mesh.ParseExchange(data)
		if err != nil {
			return
		}
		want, got := blocksOf(data), make(map[string]int)
		for _, cert := range first.Certificates {
			got[string(cert.Raw)], want[string(cert.Raw)] = 1, min(1, want[string(cert.Raw)])
		}
		for _, list := range first.CRLs {
			got[string(list.Raw)]++
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("blocks (-given +read):\n%s", diff)
		}
		text := first.Marshal()
		if diff := cmp.Diff(got, blocksOf(text)); diff != "" && len(got) > 0 {
			t.Errorf("blocks (-read +written):\n%s", diff)
		}
		if _, err := mesh.ParseExchange(text); err != nil {
			t.Errorf("the written exchange cannot be read: %v", err)
		}
	})
}
