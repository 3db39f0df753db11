package fabric

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// CrossSignOptions say whose root is cross-signed: TrustDomain or Next is required.
type CrossSignOptions struct {
	// TrustDomain is that of another mesh, whose root it is. Only identities of that trust domain
	// are accepted from it.
	TrustDomain string
	// AllowSharedTrustDomain accepts another mesh whose root can then mint identities of this one:
	// see [ca.ForeignMesh].
	AllowSharedTrustDomain bool
	// Next says that it is the next root of this mesh: it may mint every identity.
	Next bool
	// NotAfter is that of [ca.CrossSignOptions].
	NotAfter time.Time
	// DryRun checks everything and changes nothing. The certificate of the result is not one that
	// a real run would make.
	DryRun bool
}

// CrossSignResult is a root that the root of this mesh certified.
type CrossSignResult struct {
	Certificate mesh.Summary
	// Cross is the cross-certificate: it stands between the intermediates of the other root and the
	// root of this mesh.
	Cross *x509.Certificate
	// Again reports that there was one already with the same content.
	Again bool
	// WithoutCRL reports that CRLs are published, and that the one of the other root is not here:
	// the CRL bundles stay as they are, and are incomplete until it is imported.
	WithoutCRL bool
}

// CrossSign certifies the root of another mesh, or the next root of this one: see
// [ca.Authority.CrossSign]. It is a known CA of this mesh from then on, so its CRL is needed, and
// those of the CAs below it.
//
// The error is one of [ca.Authority.CrossSign], or one about the key of the root.
func (f *Fabric) CrossSign(ctx context.Context, root *x509.Certificate, o CrossSignOptions) (CrossSignResult, error) {
	switch {
	case root == nil:
		return CrossSignResult{}, errors.New("cross-sign: the root is missing")
	case o.Next == (o.TrustDomain != ""):
		return CrossSignResult{}, errors.New("cross-sign: either the trust domain of another mesh or the next root of this one is required")
	}
	c := &crossSigning{CrossSignOptions: o, root: root}
	if err := f.run(ctx, operation{dryRun: o.DryRun, decide: c.decide, change: c.change}, &passphrases{}); err != nil {
		return CrossSignResult{}, err
	}
	return c.result, nil
}

// crossSigning is one call of CrossSign.
type crossSigning struct {
	CrossSignOptions
	root *x509.Certificate

	mesh   *mesh.Mesh
	before *x509.Certificate // the cross-certificate that there was
	result CrossSignResult
}

func (c *crossSigning) decide(ctx context.Context, d *directory) (needs, error) {
	var err error
	if c.mesh, err = d.mesh(ctx); err != nil {
		return needs{}, err
	}
	if err := c.mesh.CheckForeignRoot(c.root); err != nil {
		return needs{}, err
	}
	c.before = nil
	if bytes.Equal(c.root.RawSubject, c.root.RawIssuer) { // anything else is no root, which signing refuses
		c.before = c.mesh.CrossCertificate(c.root, c.TrustDomain, c.NotAfter)
	}
	return needs{issuerKey: c.before == nil}, nil
}

func (c *crossSigning) change(ctx context.Context, d *directory) error {
	cross := c.before
	if cross == nil {
		signer, err := d.keys.issuer(ctx)
		if err != nil {
			return err
		}
		if cross, err = signer.CrossSign(c.root, c.options()); err != nil {
			return err
		}
		if _, err := c.mesh.Accept("", cross); err != nil {
			return err
		}
	}
	without := c.mesh.PublishCRLs && c.mesh.CA(cross).CRL() == nil
	c.result = CrossSignResult{Certificate: mesh.Summarize(cross), Cross: cross, Again: c.before != nil, WithoutCRL: without}
	return d.writeRecords(c.mesh)
}

func (c *crossSigning) options() ca.CrossSignOptions {
	o := ca.CrossSignOptions{NotAfter: c.NotAfter}
	if !c.Next {
		o.Foreign = &ca.ForeignMesh{TrustDomain: c.TrustDomain, OwnTrustDomain: c.mesh.TrustDomain, AllowSharedTrustDomain: c.AllowSharedTrustDomain}
	}
	return o
}
