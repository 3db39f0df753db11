package controller

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"sync"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// issuerKey identifies an issuer. A cluster issuer has no namespace.
type issuerKey struct{ namespace, name string }

func (k issuerKey) user() v1alpha1.IssuerUser {
	if k.namespace == "" {
		return v1alpha1.IssuerUser{Kind: v1alpha1.KindTrustClusterIssuer, Name: k.name}
	}
	return v1alpha1.IssuerUser{Kind: v1alpha1.KindTrustIssuer, Namespace: k.namespace, Name: k.name}
}

// String is the part of a signerName after the domain.
func (k issuerKey) String() string {
	if k.namespace == "" {
		return k.name
	}
	return k.namespace + "." + k.name
}

// signerName is the name that requests have for the issuer.
func (k issuerKey) signerName() string {
	if k.namespace == "" {
		return v1alpha1.ClusterSignerDomain + "/" + k.name
	}
	return v1alpha1.NamespacedSignerDomain + "/" + k.String()
}

// parseSignerName parses a signerName of this controller. A namespace has no dots, the name
// of an issuer may.
func parseSignerName(signer string) (issuerKey, bool) {
	domain, name, _ := strings.Cut(signer, "/")
	if strings.Contains(name, "/") {
		return issuerKey{}, false
	}
	switch domain {
	case v1alpha1.ClusterSignerDomain:
		return issuerKey{name: name}, name != ""
	case v1alpha1.NamespacedSignerDomain:
		if namespace, name, _ := strings.Cut(name, "."); namespace != "" && name != "" {
			return issuerKey{namespace, name}, true
		}
	}
	return issuerKey{}, false
}

// activeIssuer is an issuer that is ready to sign. It is immutable.
type activeIssuer struct {
	key         issuerKey
	fingerprint string // of the specification and the objects that it refers to
	announced   string // the fingerprint of its CA, if that is announced
	policy      *csr.Policy
	backend     *backend.Backend
	chain       v1alpha1.ChainForm
	approval    v1alpha1.Approval
	users       []v1alpha1.IssuerUser
}

// certificate is the certificate of the CA, nil if it is not known.
func (s *activeIssuer) certificate() *x509.Certificate {
	if s == nil {
		return nil
	}
	known, ok := issuer.As[interface{ Certificate() *x509.Certificate }](s.backend.Issuer)
	if !ok {
		return nil
	}
	return known.Certificate()
}

// check checks the health of the CA, if the CA supports that.
func (s *activeIssuer) check(ctx context.Context) error {
	if checker, ok := issuer.As[issuer.Checker](s.backend.Issuer); ok {
		return checker.Check(ctx)
	}
	return nil
}

// reuse returns an issuer that keeps the state of an earlier one, if both have the same
// fingerprint, or its CA, if only that is the same.
func (s *activeIssuer) reuse(earlier *activeIssuer) *activeIssuer {
	switch {
	case earlier == nil:
	case earlier.fingerprint == s.fingerprint:
		return earlier
	case earlier.announced != "" && earlier.announced == s.announced:
		reused := *s
		reused.backend = earlier.backend
		return &reused
	}
	return s
}

// allows reports whether another issuer may obtain its intermediate from this one.
func (s *activeIssuer) allows(user v1alpha1.IssuerUser) bool {
	return slices.ContainsFunc(s.users, func(u v1alpha1.IssuerUser) bool {
		if u.Kind == "" {
			u.Kind = v1alpha1.KindTrustClusterIssuer
		}
		return u == user
	})
}

// registry holds active issuers.
type registry struct {
	mu     sync.RWMutex
	active map[issuerKey]*activeIssuer
}

func newRegistry() *registry { return &registry{active: make(map[issuerKey]*activeIssuer)} }

func (r *registry) load(k issuerKey) *activeIssuer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.active[k]
}

func (r *registry) store(s *activeIssuer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[s.key] = s
}

func (r *registry) remove(k issuerKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.active, k)
}
