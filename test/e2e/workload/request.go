package workload

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"
	security "istio.io/api/security/v1alpha1"

	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// request gets an identity from istiod, verified by root.
//
// The workload trusts the last element of the response, as Istio's agent does
// (security/pkg/nodeagent/cache/secretcache.go).
func (w *Workload) request(ctx context.Context, root []byte) (*Identity, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	csr, err := w.newCSR(key)
	if err != nil {
		return nil, err
	}
	chain, err := w.createCertificate(ctx, root, csr)
	if err != nil {
		return nil, err
	}
	return identityOf(chain, keyPEM)
}

// identityOf makes an identity of the elements of a response of istiod.
func identityOf(chain []string, key []byte) (*Identity, error) {
	if len(chain) < 2 {
		return nil, fmt.Errorf("the response has %d elements, want at least a certificate and a root", len(chain))
	}
	return NewIdentity([]byte(strings.Join(chain, "")), key, []byte(chain[len(chain)-1]))
}

// requestTimeout is longer than the minute that istiod waits for a signer.
const requestTimeout = 90 * time.Second

// createCertificate sends the CSR with a token of the service account, and returns the elements
// of the response.
func (w *Workload) createCertificate(ctx context.Context, root []byte, csr string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(w.opts.Patience, requestTimeout))
	defer cancel()
	token, err := w.cluster.Token(ctx, w.account, istiod.Audience)
	if err != nil {
		return nil, err
	}
	conn, err := connect(w.istiod, root)
	if err != nil {
		return nil, err
	}
	defer conn.Close()

	ttl := cmp.Or(w.opts.TTL, 24*time.Hour)
	request := &security.IstioCertificateRequest{Csr: csr, ValidityDuration: int64(ttl.Seconds())}
	if w.opts.CertSigner != "" {
		request.Metadata = &structpb.Struct{Fields: map[string]*structpb.Value{
			"CertSigner": structpb.NewStringValue(w.opts.CertSigner),
		}}
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token, "clusterid", w.cluster.Name)
	answer, err := security.NewIstioCertificateServiceClient(conn).CreateCertificate(ctx, request)
	return answer.GetCertChain(), err
}

// connect connects to istiod, verified by root, with these client certificates.
func connect(i *istiod.Istiod, root []byte, show ...tls.Certificate) (*grpc.ClientConn, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		return nil, errors.New("the root that istiod publishes is not a certificate")
	}
	return grpc.NewClient(i.Address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		RootCAs: roots, ServerName: istiod.ServerName, Certificates: show,
	})))
}

// newCSR requests the SPIFFE ID of the service account. istiod uses the identity of the token.
func (w *Workload) newCSR(key *ecdsa.PrivateKey) (string, error) {
	return newCSR(key, &url.URL{Scheme: "spiffe", Host: "cluster.local", Path: "/ns/" + w.account.Namespace + "/sa/" + w.account.Name})
}

func newCSR(key *ecdsa.PrivateKey, id *url.URL) (string, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{id}}, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

// newKey returns a P-256 key, and the same in PEM.
func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}
