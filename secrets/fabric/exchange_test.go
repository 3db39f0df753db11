package fabric_test

import (
	"bytes"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
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
		"a certificate of junk":        {certs + encode("CERTIFICATE", "junk"), result{}, "PEM block 3 is no good certificate"},
		"a CRL of junk":                {encode("X509 CRL", "junk"), result{}, "PEM block 1 is no good CRL"},
		"a CRL as a certificate":       {encode("CERTIFICATE", string(list.Raw)), result{}, "PEM block 1 is no good certificate"},
		"a block that is cut off":      {certs[:len(certs)-20], result{}, "2 PEM blocks begin, 1 are well formed"},
		"blocks that are joined":       {strings.Replace(certs, "-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----", 1), result{}, "2 PEM blocks begin, 0 are well formed"},
		"two certificates in DER":      {string(h.Leaf.Raw) + string(h.Leaf.Raw), result{}, "is neither PEM"},
		"a bundle of another standard": {encode("PKCS7", "junk"), result{}, "PEM block 1 is a PKCS7, expected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := fabric.ParseExchange([]byte(test.data))
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

// FuzzParseExchange reads whatever an answer or a file of CRLs may hold.
func FuzzParseExchange(f *testing.F) {
	h := catest.New(f)
	list := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(f)
	f.Add(h.Leaf.Raw)
	f.Add(list.Raw)
	f.Add(fabric.Exchange{Certificates: h.LeafChain()}.Marshal())
	f.Add(append(ca.MarshalCRLs(list), ca.MarshalCertificates(h.Chain()...)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := fabric.ParseExchange(data)
		if err != nil {
			return
		}
		text := first.Marshal()
		second, err := fabric.ParseExchange(text)
		if err != nil || !bytes.Equal(second.Marshal(), text) {
			t.Errorf("what was written cannot be read: %v", err)
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
		request := catest.Must(fabric.ParseRequest(csr))(t)
		chain := signed.Answer.Certificates
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
	trusted := signed.Answer.Certificates[1]
	f.Add(signed.Answer.Marshal())
	f.Add(ca.MarshalCertificates(signed.Answer.Certificates[0]))
	f.Add(ca.MarshalCertificates(catest.New(f).Chain()...))
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := fabric.ParseExchange(data)
		if err != nil {
			return
		}
		got, err := beside.Install(t.Context(), answer, fabric.InstallOptions{Root: trusted, DryRun: true})
		if err == nil && (got.Cluster != "east" || got.Certificate.Subject != signed.Certificate.Subject) {
			t.Errorf("installed would be %+v", got)
		}
	})
}
