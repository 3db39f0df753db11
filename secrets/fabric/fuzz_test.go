package fabric_test

import (
	"crypto/x509"
	"encoding/pem"
	"math/big"
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

func TestAnExchangeIsReadAsOtherProgramsWriteIt(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	list := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(t)
	certs, crl := string(ca.MarshalCertificates(h.Chain()...)), string(ca.MarshalCRLs(list))
	key := string(marshalKey(t))
	encode := func(kind, text string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte(text)}))
	}
	type result struct{ Certs, CRLs int }
	tests := map[string]struct {
		data string
		has  result
		want string // of the error
	}{
		"certificates":                 {certs, result{2, 0}, ""},
		"a CRL":                        {crl, result{0, 1}, ""},
		"both, in this order":          {certs + crl, result{2, 1}, ""},
		"both, in that order":          {crl + certs, result{2, 1}, ""},
		"text around it":               {"subject=CN = east\n" + certs + "Bag Attributes\n" + crl + "end", result{2, 1}, ""},
		"the same certificate twice":   {certs + certs, result{2, 0}, ""},
		"a certificate in DER":         {string(h.Leaf.Raw), result{1, 0}, ""},
		"a CRL in DER":                 {string(list.Raw), result{0, 1}, ""},
		"nothing":                      {"", result{}, "is neither PEM nor a certificate or CRL in DER"},
		"junk":                         {"junk", result{}, "is neither PEM"},
		"a key":                        {certs + key, result{}, "PEM block 3 is a PRIVATE KEY, expected a CERTIFICATE or an X509 CRL"},
		"a certificate of junk":        {certs + encode("CERTIFICATE", "junk"), result{}, "PEM block 3 is not a valid certificate"},
		"a CRL of junk":                {encode("X509 CRL", "junk"), result{}, "PEM block 1 is not a valid CRL"},
		"a CRL as a certificate":       {encode("CERTIFICATE", string(list.Raw)), result{}, "PEM block 1 is not a valid certificate"},
		"a block that is cut off":      {certs[:len(certs)-20], result{}, "2 PEM blocks begin, 1 are well formed"},
		"blocks that are joined":       {strings.Replace(certs, "-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----", 1), result{}, "2 PEM blocks begin, 0 are well formed"},
		"two certificates in DER":      {string(h.Leaf.Raw) + string(h.Leaf.Raw), result{}, "is neither PEM"},
		"a bundle of another standard": {encode("PKCS7", "junk"), result{}, "PEM block 1 is a PKCS7, expected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := mesh.ParseExchange([]byte(test.data))
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got the error %v, want one with %q", err, test.want)
				}
				return
			}
			if diff := cmp.Diff(test.has, result{len(e.Certificates), len(e.CRLs)}); err != nil || diff != "" {
				t.Errorf("got the error %v, (-want +got):\n%s", err, diff)
			}
		})
	}
}

// given are the blocks of a file as encoding/pem finds them, or a file in DER.
func given(data []byte) map[string]int {
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

// FuzzParseExchange reads whatever an answer or a file of CRLs may hold: all of it, certificates
// once, and nothing else.
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
		want, got := given(data), make(map[string]int)
		for _, cert := range first.Certificates {
			got[string(cert.Raw)], want[string(cert.Raw)] = 1, min(1, want[string(cert.Raw)])
		}
		for _, list := range first.CRLs {
			got[string(list.Raw)]++
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read (-given +got):\n%s", diff)
		}
		text := first.Marshal()
		if diff := cmp.Diff(got, given(text)); diff != "" && len(got) > 0 {
			t.Errorf("written (-read +written):\n%s", diff)
		}
		if _, err := mesh.ParseExchange(text); err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		}
	})
}

// FuzzImport gives a directory whatever there may be: only CAs that lead to its root are learned,
// and only CRLs that they signed are taken.
func FuzzImport(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "trust")
	root := catest.Must(fabric.Open(f.Context(), dir, fabric.Options{Now: catest.Now}))(f)
	catest.Must(root.Ensure(f.Context(), []string{"east"}, fabric.EnsureOptions{}))(f)
	copied := catest.Must(fabric.Open(f.Context(), filepath.Join(f.TempDir(), "copy"), fabric.Options{Now: catest.Now}))(f)
	if err := os.CopyFS(copied.Dir(), os.DirFS(dir)); err != nil {
		f.Fatal(err)
	}
	if err := os.Chmod(copied.Dir(), 0o700); err != nil {
		f.Fatal(err)
	}
	catest.Must(root.Ensure(f.Context(), []string{"west"}, fabric.EnsureOptions{}))(f)
	e := catest.Must(root.Exchange(f.Context()))(f)
	f.Add(e.Marshal())
	f.Add(ca.MarshalCRLs(e.CRLs...))
	f.Add(ca.MarshalCertificates(catest.New(f).Chain()...))
	trusted := x509.NewCertPool()
	trusted.AddCert(e.Certificates[0])
	f.Fuzz(func(t *testing.T, data []byte) {
		exchange, err := mesh.ParseExchange(data)
		if err != nil {
			return
		}
		done, err := copied.ImportCRLs(t.Context(), exchange, fabric.ImportCRLsOptions{DryRun: true})
		if err != nil {
			return
		}
		for _, learned := range done.Discovered {
			i := slices.IndexFunc(exchange.Certificates, func(cert *x509.Certificate) bool { return ca.Describe(cert) == learned.Subject })
			if _, err := exchange.Certificates[i].Verify(x509.VerifyOptions{Roots: trusted, CurrentTime: catest.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
				t.Errorf("%s was learned: %v", learned.Subject, err)
			}
		}
		for _, list := range exchange.CRLs {
			signed := func(cert *x509.Certificate) bool { return list.CheckSignatureFrom(cert) == nil }
			taken := func(i mesh.MergedCRL) bool {
				return i.Action == mesh.CRLAccepted && i.Subject == list.Issuer.CommonName
			}
			if slices.ContainsFunc(done.CRLs, taken) && !slices.ContainsFunc(slices.Concat(e.Certificates, exchange.Certificates), signed) {
				t.Errorf("the CRL of %s was taken, and nobody known has signed it", list.Issuer)
			}
		}
	})
}

// FuzzSign holds whatever is signed against the chain rules, and against what was asked for.
func FuzzSign(f *testing.F) {
	key := catest.Key("east")
	block, _ := pem.Decode(csrOf(f, key, nil))
	f.Add(block.Bytes, "east")
	f.Add(csrOf(f, key, nil), "")
	root := catest.Must(fabric.Open(f.Context(), filepath.Join(f.TempDir(), "trust"), fabric.Options{Now: catest.Now}))(f)
	catest.Must(root.Init(f.Context(), fabric.InitOptions{}))(f)
	f.Fuzz(func(t *testing.T, csr []byte, cluster string) {
		signed, err := root.Sign(t.Context(), csr, fabric.SignOptions{Cluster: cluster})
		if err != nil {
			return
		}
		request := catest.Must(mesh.ParseRequest(csr))(t)
		chain := signed.Response.Certificates
		if !ca.SamePublicKey(chain[0].PublicKey, request.PublicKey) || signed.Cluster != cluster {
			t.Errorf("signed is %+v, asked was for %q", signed, cluster)
		}
		if refused := ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: catest.Now, Roots: chain[len(chain)-1:]}); refused != nil || !chain[0].MaxPathLenZero {
			t.Errorf("what was signed breaks the rules: %v", refused)
		}
	})
}

// FuzzInstall gives a request that waits whatever answer there may be: only one for its key,
// which leads to the root, is taken.
func FuzzInstall(f *testing.F) {
	open := func(dir string) *fabric.Fabric {
		return catest.Must(fabric.Open(f.Context(), filepath.Join(f.TempDir(), dir), fabric.Options{Now: catest.Now}))(f)
	}
	root, beside := open("root"), open("beside")
	catest.Must(root.Init(f.Context(), fabric.InitOptions{}))(f)
	csr := catest.Must(beside.Request(f.Context(), "east", fabric.RequestOptions{}))(f).CSR
	signed := catest.Must(root.Sign(f.Context(), csr, fabric.SignOptions{Cluster: "east"}))(f)
	trusted := signed.Response.Certificates[1]
	f.Add(signed.Response.Marshal())
	f.Add(ca.MarshalCertificates(signed.Response.Certificates[0]))
	f.Add(ca.MarshalCertificates(catest.New(f).Chain()...))
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := mesh.ParseExchange(data)
		if err != nil {
			return
		}
		got, err := beside.Install(t.Context(), answer, fabric.InstallOptions{Root: trusted, DryRun: true})
		if err == nil && (got.Cluster != "east" || got.Certificate.Subject != signed.Certificate.Subject) {
			t.Errorf("installed would be %+v", got)
		}
	})
}
