package fabric

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// CrossSignOptions say whose root is cross-signed: TrustDomain or Next is required.
type CrossSignOptions struct {
	// TrustDomain is that of another mesh, whose root it is. Only identities of that trust
	// domain are accepted from it.
	TrustDomain string
	// AllowSharedTrustDomain takes another mesh whose root can then mint identities of this
	// one: see [ca.ForeignMesh].
	AllowSharedTrustDomain bool
	// Next says that it is the next root of this mesh: it may mint every identity.
	Next bool
	// NotAfter is that of [ca.CrossSignOptions].
	NotAfter time.Time
	// DryRun checks everything and changes nothing. The certificate of the result is not
	// one that a real run would make.
	DryRun bool
}

// CrossSigned is a root that was certified by the one of this mesh.
type CrossSigned struct {
	Certificate Certificate
	// Cross is the cross-certificate: it stands between the intermediates of the other root
	// and the root of this mesh.
	Cross *x509.Certificate
	// Again reports that there was one already that says the same.
	Again bool
	// WithoutCRL reports that CRLs are published, and that the one of the other root is not
	// here: the sets of the clusters stay as they are, and are not complete until it is
	// imported.
	WithoutCRL bool
}

// CrossSign certifies the root of another mesh, or the next root of this one: see
// [ca.Authority.CrossSign]. It is known as a CA of this mesh from then on, so that its CRL is
// needed, and those of the CAs below it.
//
// The error is one of [ca.Authority.CrossSign], or one about the key of the root.
func (f *Fabric) CrossSign(ctx context.Context, root *x509.Certificate, o CrossSignOptions) (CrossSigned, error) {
	switch {
	case root == nil:
		return CrossSigned{}, errors.New("cross-sign: the root is missing")
	case o.Next == (o.TrustDomain != ""):
		return CrossSigned{}, errors.New("cross-sign: it is the root of another trust domain, or the next one of this mesh")
	}
	var done CrossSigned
	err := f.changeMesh(ctx, meshChange{
		dryRun: o.DryRun,
		issues: func(m *mesh) (bool, error) { return m.crossSignedBefore(root, o) == nil, nil },
		make: func(ctx context.Context, m *mesh) (err error) {
			done, err = m.crossSign(ctx, root, o)
			return err
		},
	})
	if err != nil {
		return CrossSigned{}, err
	}
	return done, nil
}

func (m *mesh) crossSign(ctx context.Context, root *x509.Certificate, o CrossSignOptions) (CrossSigned, error) {
	if err := m.wantForeign(root); err != nil {
		return CrossSigned{}, err
	}
	cross := m.crossSignedBefore(root, o)
	again := cross != nil
	if !again {
		signer, err := m.signer(ctx, m.issuer())
		if err != nil {
			return CrossSigned{}, err
		}
		options := ca.CrossSignOptions{NotAfter: o.NotAfter}
		if !o.Next {
			options.Foreign = &ca.ForeignMesh{TrustDomain: o.TrustDomain, OwnTrustDomain: m.config.TrustDomain, AllowSharedTrustDomain: o.AllowSharedTrustDomain}
		}
		if cross, err = signer.CrossSign(root, options); err != nil {
			return CrossSigned{}, err
		}
		if err := m.know("", cross); err != nil {
			return CrossSigned{}, err
		}
		sortAuthorities(m.all, m.root)
	}
	without := m.config.PublishCRLs && m.known.byKey[keyID(cross)].crl == nil
	return CrossSigned{Certificate: describe(cross), Cross: cross, Again: again, WithoutCRL: without}, m.record()
}

// wantForeign refuses a root with the key of another CA of the mesh, or the name of one.
func (m *mesh) wantForeign(root *x509.Certificate) error {
	for _, a := range m.all {
		if ca.SamePublicKey(a.cert.PublicKey, root.PublicKey) && !bytes.Equal(a.cert.RawSubject, root.RawSubject) {
			return &ca.RuleError{Op: "cross-sign", Violations: []*ca.Violation{{
				Rule: ca.RuleNoDuplicate, Cert: root, Detail: "has the key of " + ca.Describe(a.cert),
			}}}
		}
	}
	return wantOwnName(m.all, root)
}

// crossSignedBefore finds a cross-certificate that says what was asked for.
func (m *mesh) crossSignedBefore(root *x509.Certificate, o CrossSignOptions) *x509.Certificate {
	if !bytes.Equal(root.RawSubject, root.RawIssuer) {
		return nil // it is not a root, which is refused
	}
	a := m.known.byKey[keyID(root)]
	if a == nil || a.cluster != "" {
		return nil
	}
	var permitted []string
	if !o.Next {
		permitted = []string{o.TrustDomain}
	}
	for _, cert := range a.certs {
		if cert.CheckSignatureFrom(m.root) != nil || cert.Equal(m.root) {
			continue
		}
		asked := o.NotAfter.IsZero() || o.NotAfter.UTC().Truncate(time.Second).Equal(cert.NotAfter)
		if asked && cert.NotAfter.After(m.now()) && slices.Equal(cert.PermittedURIDomains, permitted) {
			return cert
		}
	}
	return nil
}
