package ca

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Lifetimes of certificates when nothing else is asked.
const (
	DefaultRootLifetime         = 10 * 365 * 24 * time.Hour
	DefaultIntermediateLifetime = 365 * 24 * time.Hour
	DefaultWorkloadLifetime     = 24 * time.Hour
)

// Backdate is how long before its issuance a certificate becomes valid, for
// verifiers whose clocks are behind.
const Backdate = time.Minute

// Profile fixes all that a certificate holds beside what a [Request] asks. It
// is made by [Intermediate] or [Workload]; the zero Profile issues nothing.
type Profile struct {
	lifetime time.Duration
	shape    shaper
}

// shaper fills in a template, whose serial number, issuer and validity are
// already set.
type shaper interface {
	shape(template, issuer *x509.Certificate, r Request) error
	isLeaf() bool
}

// Request is what the subject of a certificate asks for.
type Request struct {
	// PublicKey is the key to certify. It is the only thing that may come from
	// a CSR.
	PublicKey any
	// CommonName is the name of an intermediate, for example its cluster. A tag
	// from the key identifier is added, and a name over 57 characters is cut to
	// make room for it. Workloads have none.
	CommonName string
	// SPIFFEID is the identity of a workload.
	SPIFFEID spiffeid.ID
	// DNSNames are the names of a workload that has no SPIFFE ID, such as
	// istiod. Names and identity exclude each other.
	DNSNames []string
	// ExtKeyUsages of a workload are ServerAuth, ClientAuth or, when empty, both.
	ExtKeyUsages []x509.ExtKeyUsage
	// NotAfter is the end of the certificate, cut to the second. Zero means the
	// lifetime of the profile, counted from now. It must not lie past the end
	// of the issuer.
	NotAfter time.Time
}

// IntermediateOptions are the choices that an intermediate CA leaves open.
type IntermediateOptions struct {
	// Lifetime of what is issued when the request names no end; zero means
	// [DefaultIntermediateLifetime].
	Lifetime time.Duration
	// Organization is the mesh; empty means the organization of the issuer.
	Organization string
	// PathLen is 0 for a CA that issues leaves, and 1 for an issuing CA that
	// stands between the root and the clusters.
	PathLen int
	// Constraints limit the names that the CA can issue; nil means any.
	Constraints *NameConstraints
}

// NameConstraints are critical permitted subtrees (RFC 5280 §4.2.1.10). They
// hold URIs and DNS names both, since istiod signs its own DNS certificate with
// the CA that signs its workloads. rustls, and so an ambient mesh, refuses every
// chain with a URI constraint. A host also permits its sub-domains.
type NameConstraints struct {
	// TrustDomain becomes the URI constraint: the bare host.
	TrustDomain string
	// DNSNames are the names of istiod's own certificate.
	DNSNames []string
}

// Intermediate makes the profile of a CA below another one.
func Intermediate(o IntermediateOptions) (Profile, error) {
	switch {
	case o.Lifetime < 0:
		return Profile{}, fmt.Errorf("ca: intermediate lifetime %s is negative", o.Lifetime)
	case o.PathLen < 0 || o.PathLen > 1:
		return Profile{}, fmt.Errorf("ca: path length %d of an intermediate, expected 0 or 1", o.PathLen)
	}
	if err := checkName("organization", o.Organization, maxNameLength); o.Organization != "" && err != nil {
		return Profile{}, err
	}
	p := intermediateProfile{organization: o.Organization, pathLen: o.PathLen}
	if o.Constraints != nil {
		if err := o.Constraints.validate(); err != nil {
			return Profile{}, err
		}
		p.constraints = NameConstraints{TrustDomain: o.Constraints.TrustDomain, DNSNames: slices.Clone(o.Constraints.DNSNames)}
	}
	return newProfile(o.Lifetime, DefaultIntermediateLifetime, p), nil
}

// WorkloadOptions are the choices that a workload's certificate leaves open.
type WorkloadOptions struct {
	// Lifetime of what is issued when the request names no end; zero means
	// [DefaultWorkloadLifetime].
	Lifetime time.Duration
}

// Workload makes the profile of leaves: an X.509-SVID, or a certificate for DNS
// names such as istiod's own.
func Workload(o WorkloadOptions) (Profile, error) {
	if o.Lifetime < 0 {
		return Profile{}, fmt.Errorf("ca: workload lifetime %s is negative", o.Lifetime)
	}
	return newProfile(o.Lifetime, DefaultWorkloadLifetime, workloadProfile{}), nil
}

func newProfile(lifetime, byDefault time.Duration, s shaper) Profile {
	if lifetime == 0 {
		lifetime = byDefault
	}
	return Profile{lifetime: lifetime, shape: s}
}

type intermediateProfile struct {
	organization string
	pathLen      int
	constraints  NameConstraints
}

func (intermediateProfile) isLeaf() bool { return false }

func (p intermediateProfile) shape(t, issuer *x509.Certificate, r Request) error {
	if r.SPIFFEID != (spiffeid.ID{}) || len(r.DNSNames) > 0 || len(r.ExtKeyUsages) > 0 {
		return errors.New("an intermediate has no SPIFFE ID, DNS names or extended key usages")
	}
	if _, err := KeyTypeOf(r.PublicKey); err != nil {
		return err
	}
	name, err := commonName(r.CommonName, t.SubjectKeyId)
	if err != nil {
		return err
	}
	t.Subject = pkix.Name{CommonName: name, Organization: issuer.Subject.Organization}
	if p.organization != "" {
		t.Subject.Organization = []string{p.organization}
	}
	shapeCA(t)
	t.MaxPathLen, t.MaxPathLenZero = p.pathLen, p.pathLen == 0
	if p.constraints.TrustDomain != "" {
		t.PermittedDNSDomainsCritical = true
		t.PermittedURIDomains = []string{p.constraints.TrustDomain}
		t.PermittedDNSDomains = p.constraints.DNSNames
	}
	return nil
}

// shapeCA sets what every CA has. There is no path length: a root that is to
// cross-sign another one must not have any.
func shapeCA(t *x509.Certificate) {
	t.BasicConstraintsValid = true
	t.IsCA = true
	t.MaxPathLen = -1
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

type workloadProfile struct{}

func (workloadProfile) isLeaf() bool { return true }

func (workloadProfile) shape(t, _ *x509.Certificate, r Request) error {
	if r.CommonName != "" {
		return errors.New("a workload has no common name")
	}
	if err := supportedLeafKey(r.PublicKey); err != nil {
		return err
	}
	if err := shapeNames(t, r); err != nil {
		return err
	}
	usages, err := leafUsages(r.ExtKeyUsages)
	if err != nil {
		return err
	}
	t.BasicConstraintsValid = true
	t.ExtKeyUsage = usages
	t.KeyUsage = x509.KeyUsageDigitalSignature
	if _, isRSA := r.PublicKey.(*rsa.PublicKey); isRSA {
		t.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	return nil
}

func shapeNames(t *x509.Certificate, r Request) error {
	isSVID := r.SPIFFEID != (spiffeid.ID{})
	switch {
	case isSVID && len(r.DNSNames) > 0:
		return errors.New("a workload has a SPIFFE ID or DNS names, not both")
	case isSVID:
		t.URIs = []*url.URL{r.SPIFFEID.URL()}
		return CheckTrustDomain(r.SPIFFEID.TrustDomain().Name())
	case len(r.DNSNames) == 0:
		return errors.New("a workload needs a SPIFFE ID or DNS names")
	}
	for _, name := range r.DNSNames {
		if err := checkDNSName(name); err != nil {
			return err
		}
	}
	t.DNSNames = slices.Clone(r.DNSNames)
	return nil
}

func leafUsages(asked []x509.ExtKeyUsage) ([]x509.ExtKeyUsage, error) {
	if len(asked) == 0 {
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, nil
	}
	for i, usage := range asked {
		known := usage == x509.ExtKeyUsageServerAuth || usage == x509.ExtKeyUsageClientAuth
		if !known || slices.Contains(asked[:i], usage) {
			return nil, errors.New("the extended key usages of a workload are serverAuth, clientAuth or both")
		}
	}
	return slices.Clone(asked), nil
}

func (c *NameConstraints) validate() error {
	if err := CheckTrustDomain(c.TrustDomain); err != nil {
		return fmt.Errorf("ca: name constraint: %w", err)
	}
	if len(c.DNSNames) == 0 {
		return errors.New("ca: name constraint: DNS names are missing; istiod signs its own certificate for DNS names with the same CA")
	}
	for _, name := range c.DNSNames {
		if err := checkDNSName(name); err != nil {
			return fmt.Errorf("ca: name constraint: %w", err)
		}
	}
	return nil
}

// maxNameLength bounds a common name and an organization: ub-common-name and
// ub-organization-name of RFC 5280 appendix A, in characters.
const maxNameLength = 64

// commonName joins a name and the tag of a key.
func commonName(name string, keyID []byte) (string, error) {
	if err := checkName("common name", name, 0); err != nil {
		return "", err
	}
	suffix := " " + tag(keyID)
	if runes, room := []rune(name), maxNameLength-len(suffix); len(runes) > room {
		name = string(runes[:room])
	}
	return name + suffix, nil
}

// checkName refuses names that people or programs would read differently. A
// limit of zero is none.
func checkName(what, name string, limit int) error {
	switch {
	case name == "":
		return fmt.Errorf("the %s is missing", what)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("the %s %q has characters that cannot be printed", what, name)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("the %s %q begins or ends with a space", what, name)
	case limit > 0 && utf8.RuneCountInString(name) > limit:
		return fmt.Errorf("the %s %q is longer than %d characters", what, name, limit)
	}
	return nil
}

// CheckTrustDomain takes the trust domains that can stand in a certificate. SPIFFE
// takes a few more, such as "." (SPIFFE ID §2.1), that crypto/x509 refuses to read.
func CheckTrustDomain(name string) error {
	domain, err := spiffeid.TrustDomainFromString(name)
	if err != nil || domain.Name() != name || slices.Contains(strings.Split(name, "."), "") {
		return fmt.Errorf("trust domain %q is not a host such as cluster.local", name)
	}
	return nil
}

var dnsName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)

// checkDNSName takes host names in lower case, without wildcards (RFC 1123 §2.1).
func checkDNSName(name string) error {
	if len(name) > 253 || !dnsName.MatchString(name) {
		return fmt.Errorf("%q is not a DNS name in lower case", name)
	}
	return nil
}
