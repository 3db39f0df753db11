package backend

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
	"github.com/trustgen/trustgen/secrets"
)

// authority creates the issuer that signs with a key from a Secret.
func (b *builder) authority(ctx context.Context) (issuer.Issuer, error) {
	name := b.spec.CA.SecretName
	data, err := b.Sources.Secret(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("secretName: %w", err)
	}
	bundle, err := secrets.Parse(b.withRoots(data))
	if err != nil {
		return nil, fmt.Errorf("secretName: the Secret %q: %w", name, err)
	}
	chain := bundle.Chain()
	if found := ca.VerifyIntermediate(chain, ca.VerifyOptions{Roots: b.obtain.Roots, Now: b.Now}); len(found) > 0 {
		return nil, &ca.RuleError{Op: fmt.Sprintf("secretName: the Secret %q", name), Violations: found}
	}
	authority, err := ca.Load(bundle.Key(), chain, b.Now)
	if err != nil {
		return nil, fmt.Errorf("secretName: the Secret %q: %w", name, err)
	}
	return local.New(authority, local.Options{Now: b.Now})
}

// withRoots adds the trust anchors to a Secret of type kubernetes.io/tls without roots.
func (b *builder) withRoots(data map[string][]byte) map[string][]byte {
	_, isTLS := data[corev1.TLSCertKey]
	_, hasRoots := data[corev1.ServiceAccountRootCAKey]
	if !isTLS || hasRoots {
		return data
	}
	completed := maps.Clone(data)
	completed[corev1.ServiceAccountRootCAKey] = ca.MarshalCertificates(b.obtain.Roots...)
	return completed
}

// ephemeral creates the issuer whose key exists only in memory.
func (b *builder) ephemeral(ctx context.Context) (issuer.Issuer, error) {
	s := b.spec.Ephemeral
	upstream, err := b.Sources.Upstream(ctx, s.IssuerRef)
	if err != nil {
		return nil, fmt.Errorf("issuerRef: %w", err)
	}
	keyType := ca.P256
	if s.KeyType != "" {
		if keyType, err = ca.ParseKeyType(s.KeyType); err != nil {
			return nil, fmt.Errorf("keyType: %w", err)
		}
	}
	if s.Announce.Duration != 0 && b.Announcer == nil {
		return nil, fmt.Errorf("announce: only a controller can announce a CA, and only for a %s", v1alpha1.KindTrustClusterIssuer)
	}
	obtain := b.obtain
	obtain.Backend = s.IssuerRef.Name
	return local.NewEphemeral(local.EphemeralOptions{
		Upstream:   upstream,
		Obtain:     obtain,
		CommonName: s.CommonName,
		KeyType:    keyType,
		Lifetime:   s.Lifetime.Duration,
		Announce:   s.Announce.Duration,
		Announcer:  b.Announcer,
		Now:        b.Now,
	})
}
