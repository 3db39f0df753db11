package workload

import (
	"context"
	"crypto/ecdsa"
	"testing"
	"time"

	security "istio.io/api/security/v1alpha1"

	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// Exchange gets another certificate for the same identity from an istiod. It authenticates with
// its current certificate instead of a token, as agents of virtual machines do.
func (id *Identity) Exchange(t testing.TB, i *istiod.Istiod) (*Identity, error) {
	t.Helper()
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	request, err := id.newRequest(key)
	if err != nil {
		return nil, err
	}
	conn, err := connect(i, istiod.PublishedRoot(t, i.Cluster, istiod.Namespace), id.certificate())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), requestTimeout)
	defer cancel()
	answer, err := security.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, request)
	if err != nil {
		return nil, err
	}
	return identityOf(answer.GetCertChain(), keyPEM)
}

func (id *Identity) newRequest(key *ecdsa.PrivateKey) (*security.IstioCertificateRequest, error) {
	csr, err := newCSR(key, id.Leaf().URIs[0])
	return &security.IstioCertificateRequest{Csr: csr, ValidityDuration: int64(time.Hour.Seconds())}, err
}
