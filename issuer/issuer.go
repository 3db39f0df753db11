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
	// Issue asks for one certificate. It returns an error wrapping *PendingError
	// when asking again later may succeed, and *PermanentError when it never
	// will; any other error is transient. It returns soon after the context ends.
	Issue(ctx context.Context, r Request) (*Chain, error)
}

// IntermediateIssuer signs CAs as well.
type IntermediateIssuer interface {
	// IssueIntermediate asks for one CA. Its errors are those of Issue.
	IssueIntermediate(ctx context.Context, r IntermediateRequest) (*Chain, error)
}

// Checker can tell whether it is able to issue, without issuing.
type Checker interface {
	// Check returns nil if Issue can be expected to succeed.
	Check(ctx context.Context) error
}

// Request is what was granted to a workload: the certificate is to hold exactly
// this.
type Request struct {
	// CSR is the certificate request in DER, for CAs that want one. Only its key
	// counts, which is PublicKey.
	CSR []byte
	// PublicKey is the key of the workload.
	PublicKey crypto.PublicKey
	// SPIFFEID is the identity of the workload; DNSNames are the names of one
	// that has none. They exclude each other.
	SPIFFEID spiffeid.ID
	DNSNames []string
	// ExtKeyUsages are ServerAuth, ClientAuth or both.
	ExtKeyUsages []x509.ExtKeyUsage
	// Lifetime is how long the certificate may be valid from now. It must be
	// positive. A CA that ends before gives less.
	Lifetime time.Duration
}

// IntermediateRequest is what was granted to a CA.
type IntermediateRequest struct {
	// CSR is the certificate request in DER, for CAs that want one. Only its key
	// counts, which is PublicKey.
	CSR []byte
	// PublicKey is the key of the CA.
	PublicKey crypto.PublicKey
	// CommonName is its name; a CA may add to it.
	CommonName string
	// Constraints limit the names that it can issue; nil means any.
	Constraints *ca.NameConstraints
	// Lifetime is how long it may be valid from now. It must be positive.
	Lifetime time.Duration
}

// Chain is a certificate, followed by its issuers in their order. A CA may leave out
// the root; what [Obtain] returns ends with it.
type Chain struct {
	Certificates []*x509.Certificate
}
