package ca

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// WorkloadOptions configure the profile of a workload.
type WorkloadOptions struct {
	// Lifetime applies to requests without an end; zero means
	// [DefaultWorkloadLifetime].
	Lifetime time.Duration
}

// Workload makes the profile of leaves: an X.509-SVID, or a certificate for DNS names, such
// as that of istiod.
func Workload(o WorkloadOptions) (Profile, error) {
	if o.Lifetime < 0 {
		return Profile{}, fmt.Errorf("ca: workload lifetime %s is negative", o.Lifetime)
	}
	return newProfile(o.Lifetime, DefaultWorkloadLifetime, workloadProfile{}), nil
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
		if err := CheckDNSName(name); err != nil {
			return err
		}
	}
	t.DNSNames = slices.Clone(r.DNSNames)
	return nil
}

func leafUsages(requested []x509.ExtKeyUsage) ([]x509.ExtKeyUsage, error) {
	if len(requested) == 0 {
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, nil
	}
	for i, usage := range requested {
		known := usage == x509.ExtKeyUsageServerAuth || usage == x509.ExtKeyUsageClientAuth
		if !known || slices.Contains(requested[:i], usage) {
			return nil, errors.New("the extended key usages of a workload are serverAuth, clientAuth or both")
		}
	}
	return slices.Clone(requested), nil
}
