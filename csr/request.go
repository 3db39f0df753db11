package csr

import (
	"slices"
	"time"
)

// MaxCSRSize is how many bytes of PEM are read. A CSR with a key of RSA-4096 and a
// dozen names has 3 KiB.
const MaxCSRSize = 16 << 10

// MaxDNSNames is how many DNS names one certificate can have. istiod has some ten.
const MaxDNSNames = 100

// MinLifetime is the shortest lifetime that can be asked for or be configured. A
// certificate that ends sooner has ended before it is in use.
const MinLifetime = time.Minute

// Kind is the kind of object that a request came as.
type Kind string

// The kinds of requests.
const (
	KindCertificateSigningRequest Kind = "CertificateSigningRequest"
	KindCertificateRequest        Kind = "CertificateRequest"
	KindPodCertificateRequest     Kind = "PodCertificateRequest"
)

// vouched says that the API server knows the names, and does not look at those of the
// CSR.
func (k Kind) vouched() bool { return k == KindPodCertificateRequest }

func (k Kind) known() bool {
	return slices.Contains([]Kind{KindCertificateSigningRequest, KindCertificateRequest, KindPodCertificateRequest}, k)
}

// Request is what somebody asks for. It is not changed.
type Request struct {
	// Kind is what the request came as.
	Kind Kind
	// Requester is who asks, as the API server has authenticated it.
	Requester Requester
	// CSR is one block of PEM, of at most [MaxCSRSize] bytes.
	CSR []byte
	// Names are those that the API server vouches for. A [KindPodCertificateRequest]
	// has them, and its CSR gives its key only: subject, names and extensions of the CSR
	// are not looked at. For the other kinds they are nil, and the names are those of
	// the CSR.
	Names *Names
	// Usages are Kubernetes' strings: "digital signature", "key encipherment", "server
	// auth" and "client auth". None at all asks for the "auth" usages of the rule.
	Usages []string
	// Lifetime is what is asked for, 0 for nothing in particular, and at least
	// [MinLifetime] otherwise. There is no upper limit, since the policy shortens it.
	Lifetime time.Duration
}

// Requester is a user as an API server knows it.
type Requester struct {
	// Username of a service account is system:serviceaccount:<namespace>:<name>.
	Username string
	UID      string
	// Groups of a service account hold system:serviceaccounts and
	// system:serviceaccounts:<namespace>, which the API server adds. An adapter whose
	// API server vouches for the service account in another way adds them itself.
	Groups []string
	Extra  map[string][]string
}

// Names are names as they stand in a certificate.
type Names struct {
	URIs     []string
	DNSNames []string
}
