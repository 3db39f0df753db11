package issuertest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net/url"
	"sync"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// keys are slow to generate. Each is generated once, when it is first used.
type keys struct {
	rsa2048, rsa3072 func() (crypto.Signer, error)
}

func newKeys() *keys {
	return &keys{
		rsa2048: sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }),
		rsa3072: sync.OnceValues(func() (crypto.Signer, error) { return ca.GenerateKey(ca.RSA3072) }),
	}
}

// newCSR returns the CSR of a workload: with its names, and nothing else.
func newCSR(key crypto.Signer, r issuer.Request, change ...func(*x509.CertificateRequest)) ([]byte, error) {
	template := &x509.CertificateRequest{DNSNames: r.DNSNames}
	if r.SPIFFEID != (spiffeid.ID{}) {
		template.URIs = []*url.URL{r.SPIFFEID.URL()}
	}
	for _, c := range change {
		c(template)
	}
	return x509.CreateCertificateRequest(rand.Reader, template, key)
}
