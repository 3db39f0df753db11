package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// ImportOptions are the CAs that a fabric is built on.
type ImportOptions struct {
	// Root is the root that the clusters trust. It is required.
	Root *x509.Certificate
	// Issuing is the CA below the root that issues the intermediates of the clusters, with the
	// CAs between them if there are any. None means that the root issues.
	Issuing []*x509.Certificate
	// Key is that of the CA that issues. It is required, and must be exportable.
	Key crypto.Signer
	// TrustDomain of the mesh; empty means [DefaultTrustDomain].
	TrustDomain string
	// NameConstraints are those of [RootOptions].
	NameConstraints []string
	// IstiodNames are the names of istiod's own certificate, which the CAs have to permit if
	// they have name constraints themselves. None means NameConstraints; without these either,
	// the names of an istiod in its usual namespace.
	IstiodNames []string
	// NewPassphrase encrypts the key; nil leaves it plain.
	NewPassphrase Passphrase
	// SamePassphrase says that the key was encrypted with the passphrase that NewPassphrase
	// returns. Such a passphrase may be short.
	SamePassphrase bool
	// DryRun checks everything, asks nobody and changes nothing.
	DryRun bool
}

// ImportResult is what Import accepted.
type ImportResult struct {
	Root mesh.Summary
	// Issuing is the CA below the root that issues, nil if the root does.
	Issuing *mesh.Summary
	// KeyPath is the file of its key.
	KeyPath string
	// Tolerated are the chain rules that the CAs break, with the consequences.
	Tolerated []*ca.Violation
	// CrossSigns reports whether the path length of the root allows it to cross-sign its
	// successor.
	CrossSigns bool
	// LimitsURIs reports whether a CA has name constraints for URIs. ztunnel, and so an ambient
	// mesh, refuses every workload below such a CA.
	LimitsURIs bool
}

// Import makes a fabric of a root, or of an issuing CA below a root, from another program. They
// may break the rules that [ca.Tolerances] lists, and no others.
//
// A directory that has a root is [ErrRootExists]. The error is a [*ca.RuleError] for a CA that
// cannot be used, for example of [ca.RulePathLength] if the path lengths leave no room for the
// intermediates, or of [mesh.RulePermitsMesh] if its name constraints exclude the mesh; and
// [ca.ErrKeyMismatch] for the key of another certificate.
func (f *Fabric) Import(ctx context.Context, o ImportOptions) (ImportResult, error) {
	i := &importing{ImportOptions: o}
	err := f.run(ctx, operation{
		dryRun: o.DryRun,
		trust:  i.trust,
		decide: func(context.Context, *directory) (needs, error) { return needs{newKey: i.result.KeyPath}, nil },
		change: i.write,
	}, &passphrases{fresh: prompt{ask: o.NewPassphrase, mayBeShort: o.SamePassphrase}})
	if err != nil {
		return ImportResult{}, err
	}
	return i.result, nil
}

// importing is one call of Import.
type importing struct {
	ImportOptions
	authority *ca.Authority // the CA that issues
	result    ImportResult
}

// trust checks the CAs against the chain rules, and the key against the CA that issues.
func (i *importing) trust(_ context.Context, d *directory) (trust, error) {
	switch {
	case i.Root == nil:
		return trust{}, errors.New("import: the root is missing")
	case i.Key == nil:
		return trust{}, errors.New("import: the key is missing")
	}
	settings, err := newSettings(i.TrustDomain, i.NameConstraints)
	if err != nil {
		return trust{}, err
	}
	chain := []*x509.Certificate{i.Root}
	if len(i.Issuing) > 0 {
		chain = ca.Complete(i.Issuing, chain)
	}
	tolerated, err := i.check(chain, settings, d)
	if err != nil {
		return trust{}, err
	}
	if i.authority, _, err = ca.LoadImported(i.Key, chain, d.clock); err != nil {
		return trust{}, err
	}
	t := trust{chain, settings}
	i.describe(t, tolerated, d)
	return t, d.requireNoRoot()
}

func (i *importing) check(chain []*x509.Certificate, s mesh.Settings, d *directory) (tolerated []*ca.Violation, err error) {
	refused, tolerated := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: d.clock, Below: 1}))
	if last := chain[len(chain)-1]; len(refused) == 0 && !last.Equal(i.Root) {
		refused = append(refused, &ca.Violation{
			Rule: ca.RuleTrustedRoot, Cert: last, Detail: "is not the root that was given, " + ca.Describe(i.Root),
		})
	}
	istiod := i.IstiodNames
	if len(istiod) == 0 {
		istiod = i.NameConstraints
	}
	refused = append(refused, mesh.CheckConstraints(chain, s.TrustDomain, istiod)...)
	if len(refused) > 0 {
		return nil, &ca.RuleError{Op: "import", Violations: refused}
	}
	return tolerated, nil
}

func (i *importing) describe(t trust, tolerated []*ca.Violation, d *directory) {
	d.trust = t // which names the file of the key
	i.result = ImportResult{
		Root: mesh.Summarize(i.Root), KeyPath: d.path(d.issuerKeyFile()), Tolerated: tolerated,
		CrossSigns: crossSigns(t.issuing), LimitsURIs: mesh.LimitsURIs(t.issuing),
	}
	if len(t.issuing) > 1 {
		issuing := mesh.Summarize(t.issuing[0])
		i.result.Issuing = &issuing
	}
}

// write writes the CAs and the key, and signs the first CRL. Of the CAs above only the
// certificates are here.
func (i *importing) write(ctx context.Context, d *directory) error {
	m, err := d.mesh(ctx)
	if err != nil {
		return err
	}
	if err := d.writeNewKey(ctx, d.issuerKeyFile(), i.Key); err != nil {
		return err
	}
	if err := d.writeTrust(); err != nil {
		return err
	}
	if err := signFirst(m.Issuer(), i.authority, d.now); err != nil {
		return err
	}
	return d.writeRecords(m)
}

// crossSigns counts what would stand below the root: the cross-certificate, the CAs between it
// and the clusters, and an intermediate.
func crossSigns(chain []*x509.Certificate) bool {
	root := chain[len(chain)-1:]
	below := len(chain) + 1
	for _, v := range ca.VerifyIntermediate(root, ca.VerifyOptions{Below: below}) {
		if v.Rule == ca.RulePathLength {
			return false
		}
	}
	return true
}
