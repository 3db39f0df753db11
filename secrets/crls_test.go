package secrets_test

import (
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
)

func crlOf(t *testing.T, a *ca.Authority, number int64) *x509.RevocationList {
	t.Helper()
	return catest.Must(a.CRL(ca.CRLOptions{Number: big.NewInt(number)}))(t)
}

// withCRLs makes a CA bundle with CRLs.
func withCRLs(h *catest.Hierarchy, lists ...*x509.RevocationList) (*secrets.CACerts, error) {
	return secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: h.Chain(), CRLs: lists})
}

func TestCRLs_AreAFileOfTheBundle(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	// That of another root stands for clusters whose CAs the bundle does not have.
	lists := []*x509.RevocationList{crlOf(t, h.Root, 1), crlOf(t, h.Intermediate, 2), crlOf(t, otherRoot(t), 3)}
	files := catest.Must(withCRLs(h, lists...))(t).Files()
	if diff := cmp.Diff(string(ca.MarshalCRLs(lists...)), string(files[secrets.CACRLFile])); diff != "" {
		t.Errorf("%s (-want +got):\n%s", secrets.CACRLFile, diff)
	}
	var got []string
	for _, list := range catest.Must(secrets.Parse(files))(t).CRLs() {
		got = append(got, list.Number.String())
	}
	if diff := cmp.Diff([]string{"1", "2", "3"}, got); diff != "" {
		t.Errorf("numbers of the CRLs (-want +got):\n%s", diff)
	}
}

func TestWithoutCRL(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root, east := crlOf(t, h.Root, 1), crlOf(t, h.Intermediate, 1)
	tests := map[string]struct {
		lists []*x509.RevocationList
		want  []*x509.Certificate
	}{
		"no CRL at all":               {nil, nil},
		"the CRLs of the whole chain": {[]*x509.RevocationList{east, root}, nil},
		"that of the root alone":      {[]*x509.RevocationList{root}, h.Chain()[:1]},
		"that of the intermediate":    {[]*x509.RevocationList{east}, h.Chain()[1:]},
		"that of another mesh alone":  {[]*x509.RevocationList{crlOf(t, otherRoot(t), 1)}, h.Chain()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := catest.Must(withCRLs(h, tt.lists...))(t).WithoutCRL()
			if diff := cmp.Diff(names(tt.want), names(got)); diff != "" {
				t.Errorf("CAs without a CRL (-want +got):\n%s", diff)
			}
		})
	}
}

func names(certs []*x509.Certificate) (all []string) {
	for _, cert := range certs {
		all = append(all, ca.Describe(cert))
	}
	return all
}

func TestNew_RefusesCRLsThatDoNotFit(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	forged := catest.Must(x509.ParseRevocationList(breakSignature(crlOf(t, h.Root, 1).Raw)))(t)
	tests := map[string]struct {
		lists []*x509.RevocationList
		want  string
	}{
		"two of one CA":      {[]*x509.RevocationList{crlOf(t, h.Root, 1), crlOf(t, h.Root, 2)}, "two CRLs of CN=root"},
		"one that is forged": {[]*x509.RevocationList{forged}, "the CRL is not signed by this CA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := withCRLs(h, tt.lists...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// breakSignature changes the last byte, which is of the signature.
func breakSignature(der []byte) []byte {
	broken := append([]byte(nil), der...)
	broken[len(broken)-1] ^= 1
	return broken
}

func TestParse_RefusesAMalformedFileOfCRLs(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	tests := map[string]struct {
		data []byte
		want string
	}{
		"an empty file":          {nil, "ca-crl.pem: no PEM block"},
		"a certificate":          {ca.MarshalCertificates(h.Root.Certificate()), "ca-crl.pem: PEM block 1 is a CERTIFICATE, expected a X509 CRL"},
		"a comment above a list": {append([]byte("# root\n"), ca.MarshalCRLs(crlOf(t, h.Root, 1))...), "ca-crl.pem: text that is not PEM stands before block 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := bundle(t, h).Files()
			files[secrets.CACRLFile] = tt.data
			if _, err := secrets.Parse(files); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

func TestCRLSecret_HasNoKey(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	lists := []*x509.RevocationList{crlOf(t, h.Root, 1), crlOf(t, h.Intermediate, 2)}
	bundle := catest.Must(withCRLs(h, lists...))(t)
	got := catest.Must(bundle.CRLSecret("mesh"))(t)
	want := bundle.Secret("mesh")
	want.Data = map[string][]byte{secrets.CACRLFile: ca.MarshalCRLs(lists...)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CRLSecret (-want +got):\n%s", diff)
	}
	if _, err := catest.Must(withCRLs(h))(t).CRLSecret("mesh"); !errors.Is(err, secrets.ErrNoCRLs) {
		t.Errorf("without CRLs: got the error %v, want %v", err, secrets.ErrNoCRLs)
	}
}
