package issuer

import (
	"context"
	"crypto"
	"crypto/x509"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
)

// Issuer signs the certificates of workloads.
type Issuer interface {
	// Issue requests one certificate. Its error wraps a *PendingError while the CA is
	// processing the request, and a *PermanentError if it will never be granted; any
	// other error is transient. It returns soon after the context ends.
	Issue(ctx context.Context, r Request) (*Chain, error)
}

// IntermediateIssuer signs the certificates of CAs.
type IntermediateIssuer interface {
	// IssueIntermediate requests the certificate of one CA. Its errors are those of
	// Issuer.Issue.
	IssueIntermediate(ctx context.Context, r IntermediateRequest) (*Chain, error)
}

// Checker reports its health without issuing a certificate.
type Checker interface {
	// Check returns nil if Issue is expected to succeed.
	Check(ctx context.Context) error
}

// Request is what policy granted to a workload. The certificate must match it exactly.
type Request struct {
	// CSR is the certificate request in DER, for CAs that need one. Its key is
	// PublicKey; everything else in it is ignored.
	CSR []byte
	// PublicKey is the key of the workload.
	PublicKey crypto.PublicKey
	// SPIFFEID or DNSNames, not both, are the names in the certificate.
	SPIFFEID spiffeid.ID
	DNSNames []string
	// ExtKeyUsages are ServerAuth, ClientAuth or both.
	ExtKeyUsages []x509.ExtKeyUsage
	// Lifetime is the maximum validity from now. It must be positive. The certificate
	// may expire earlier, with its CA.
	Lifetime time.Duration
}

// IntermediateRequest is what was granted to an intermediate CA.
type IntermediateRequest struct {
	// CSR is the certificate request in DER, for CAs that need one. Its key is
	// PublicKey; everything else in it is ignored.
	CSR []byte
	// PublicKey is the key of the intermediate.
	PublicKey crypto.PublicKey
	// CommonName of the intermediate. The issuer may append to it.
	CommonName string
	// Constraints limit the names that the intermediate may certify; nil means any.
	Constraints *ca.NameConstraints
	// Lifetime is the maximum validity from now. It must be positive.
	Lifetime time.Duration
}

// Chain is a certificate, followed by its issuers in order. A backend may omit the
// root; the chain that [Obtain] returns ends with it.
type Chain struct {
	Certificates []*x509.Certificate
}
