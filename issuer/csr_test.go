package issuer_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
)

func TestCSR_SubjectIsTheTaggedName(t *testing.T) {
	t.Parallel()
	key := catest.Key("west")
	csr := catest.Must(x509.ParseCertificateRequest(catest.Must(issuer.CSR(key, "west"))(t)))(t)
	if err := csr.CheckSignature(); err != nil {
		t.Error(err)
	}
	if want := catest.Must(ca.TaggedName("west", key.Public()))(t); csr.Subject.CommonName != want || !strings.HasPrefix(want, "west ") {
		t.Errorf("the common name is %q, want %q", csr.Subject.CommonName, want)
	}
	if !ca.SamePublicKey(key.Public(), csr.PublicKey) {
		t.Error("the CSR is for another key")
	}
	if _, err := issuer.CSR(key, ""); err == nil {
		t.Error("an empty common name is accepted")
	}
}
