package ca

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// IntermediateOptions configure the profile of an intermediate.
type IntermediateOptions struct {
	// Lifetime applies to requests without an end; zero means
	// [DefaultIntermediateLifetime].
	Lifetime time.Duration
	// Organization is the name of the mesh; empty means that of the issuer.
	Organization string
	// PathLen is 0 for a CA that issues leaves, and 1 for an issuing CA between the
	// root and the clusters.
	PathLen int
	// Constraints limit the names that the CA can issue; nil means any.
	Constraints *NameConstraints
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
		p.constraints.apply(t)
	}
	return nil
}

// shapeCA sets the fields that all CAs have, without a path length: a root with one could
// not cross-sign another root.
func shapeCA(t *x509.Certificate) {
	t.BasicConstraintsValid = true
	t.IsCA = true
	t.MaxPathLen = -1
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}
