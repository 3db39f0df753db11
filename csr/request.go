package csr

import (
	"slices"
	"time"
)

// MaxCSRSize is the maximum size of a CSR in bytes of PEM. A CSR with a key of RSA-4096 and
// a dozen names has 3 KiB.
const MaxCSRSize = 16 << 10

// MaxDNSNames is the maximum number of DNS names of one certificate. istiod has about ten.
const MaxDNSNames = 100

// MinLifetime is the shortest lifetime that can be requested or configured. A shorter
// certificate would end before it is in use.
const MinLifetime = time.Minute

// Kind is the kind of object that a request came as.
type Kind string

// The kinds of requests.
const (
	KindCertificateSigningRequest Kind = "CertificateSigningRequest"
	KindCertificateRequest        Kind = "CertificateRequest"
	KindPodCertificateRequest     Kind = "PodCertificateRequest"
)

// vouched reports whether the API server vouches for the names of the request, so that
// those in the CSR are ignored.
func (k Kind) vouched() bool { return k == KindPodCertificateRequest }

func (k Kind) known() bool {
	return slices.Contains([]Kind{KindCertificateSigningRequest, KindCertificateRequest, KindPodCertificateRequest}, k)
}

// Request is a request for a certificate. [Policy.Evaluate] does not change it.
type Request struct {
	// Kind is the kind of the object in Kubernetes.
	Kind Kind
	// Requester is the user that the API server has authenticated.
	Requester Requester
	// CSR is one block of PEM, of at most [MaxCSRSize] bytes.
	CSR []byte
	// Names are the names that the API server vouches for, required for a
	// [KindPodCertificateRequest]: of its CSR only the key is used, and subject, names and
	// extensions are ignored. For the other kinds Names is nil, and the names are those in
	// the CSR.
	Names *Names
	// Usages are Kubernetes' strings: "digital signature", "key encipherment", "server
	// auth" and "client auth". A request without usages is granted those of the rule.
	Usages []string
	// Lifetime is the requested lifetime: at least [MinLifetime], or 0 for the default of
	// the policy. It has no upper limit, since the policy shortens it.
	Lifetime time.Duration
}

// Requester is an authenticated user of an API server.
type Requester struct {
	// Username of a service account is system:serviceaccount:<namespace>:<name>.
	Username string
	UID      string
	// Groups of a service account contain system:serviceaccounts and
	// system:serviceaccounts:<namespace>. The API server adds them; an adapter for a kind
	// of object that does not hold groups adds them itself.
	Groups []string
	Extra  map[string][]string
}

// Names are the subject alternative names of a certificate.
type Names struct {
	URIs     []string
	DNSNames []string
}
