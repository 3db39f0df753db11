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

// issuerKey names an issuer. That of a cluster issuer has no namespace.
type issuerKey struct{ namespace, name string }

func (k issuerKey) user() v1alpha1.IssuerUser {
	if k.namespace == "" {
		return v1alpha1.IssuerUser{Kind: v1alpha1.KindTrustClusterIssuer, Name: k.name}
	}
	return v1alpha1.IssuerUser{Kind: v1alpha1.KindTrustIssuer, Namespace: k.namespace, Name: k.name}
}

// String is how a signerName names it behind its domain.
func (k issuerKey) String() string {
	if k.namespace == "" {
		return k.name
	}
	return k.namespace + "." + k.name
}

// signerName is the one by which requests name the issuer.
func (k issuerKey) signerName() string {
	if k.namespace == "" {
		return v1alpha1.ClusterSignerDomain + "/" + k.name
	}
	return v1alpha1.NamespacedSignerDomain + "/" + k.String()
}

// parseSignerName reads the name of one of our signers. A namespace has no dots, the
// name of an issuer may.
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

// serving is an issuer that signs. It is never changed, only replaced.
type serving struct {
	key         issuerKey
	fingerprint string // of all that it was made from
	announced   string // of what its CA was made from, if that is announced
	policy      *csr.Policy
	backend     *backend.Backend
	chain       v1alpha1.ChainForm
	approval    v1alpha1.Approval
	users       []v1alpha1.IssuerUser
}

// certificate is that of the CA, as far as it is known; else nil.
func (s *serving) certificate() *x509.Certificate {
	if s == nil {
		return nil
	}
	known, ok := issuer.As[interface{ Certificate() *x509.Certificate }](s.backend.Issuer)
	if !ok {
		return nil
	}
	return known.Certificate()
}

// check asks the CA how it is, if that can be asked.
func (s *serving) check(ctx context.Context) error {
	if checker, ok := issuer.As[issuer.Checker](s.backend.Issuer); ok {
		return checker.Check(ctx)
	}
	return nil
}

// keeps is an issuer with the CA of one that is known, if that is what it describes.
func (s *serving) keeps(known *serving) *serving {
	switch {
	case known == nil:
	case known.fingerprint == s.fingerprint:
		return known
	case known.announced != "" && known.announced == s.announced:
		kept := *s
		kept.backend = known.backend
		return &kept
	}
	return s
}

// allows reports whether an issuer may have its intermediate from this one.
func (s *serving) allows(user v1alpha1.IssuerUser) bool {
	return slices.ContainsFunc(s.users, func(u v1alpha1.IssuerUser) bool {
		if u.Kind == "" {
			u.Kind = v1alpha1.KindTrustClusterIssuer
		}
		return u == user
	})
}

// registry holds the issuers that sign.
type registry struct {
	mu      sync.RWMutex
	serving map[issuerKey]*serving
}

func newRegistry() *registry { return &registry{serving: make(map[issuerKey]*serving)} }

func (r *registry) load(k issuerKey) *serving {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.serving[k]
}

func (r *registry) store(s *serving) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.serving[s.key] = s
}

func (r *registry) remove(k issuerKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.serving, k)
}
