package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

// ImportOptions are the CAs that a fabric is to be built on.
type ImportOptions struct {
	// Root is the root that the clusters are to trust. It is required.
	Root *x509.Certificate
	// Issuing is the CA below the root that issues the clusters' intermediates, with the
	// CAs between them if there are any. None means that the root does it itself.
	Issuing []*x509.Certificate
	// Key is that of the CA that issues. It is required, and it must be possible to
	// export it.
	Key crypto.Signer
	// TrustDomain of the mesh; empty means [DefaultTrustDomain].
	TrustDomain string
	// NameConstraints are those of [RootOptions].
	NameConstraints []string
	// IstiodNames are the names of istiod's own certificate, which the CAs have to
	// permit if they have name constraints themselves; none means NameConstraints, and
	// if there are none of these either, those of an istiod in its usual namespace.
	IstiodNames []string
	// NewPassword encrypts the key; nil leaves it plain.
	NewPassword Password
	// SamePassword says that the key came encrypted, and NewPassword is what opened
	// it: then it may be short.
	SamePassword bool
	// DryRun checks everything, asks nobody and changes nothing.
	DryRun bool
}

// Imported is what Import took.
type Imported struct {
	Root Certificate
	// Issuing is the CA below the root that issues, nil where the root does.
	Issuing *Certificate
	// KeyPath is the file of its key.
	KeyPath string
	// Tolerated are the chain rules that the CAs break, with what follows from it.
	Tolerated []*ca.Violation
	// CrossSigns reports whether the path length of the root allows it to cross-sign
	// its successor.
	CrossSigns bool
	// LimitsURIs reports whether a CA has name constraints for URIs: ztunnel, and so an
	// ambient mesh, refuses every workload below it, even one that keeps to them.
	LimitsURIs bool
}

// Import makes a fabric of a root, or of an issuing CA below a root, that was made
// elsewhere. They may break what [ca.Tolerances] lists, and nothing else.
//
// A directory that has a root is [ErrRootExists]. The error is a [*ca.RuleError] when a
// CA is of no use, for example of [ca.RulePathLength] when the path lengths leave no
// room for the clusters' intermediates, and [ca.ErrKeyMismatch] when the key is that of
// another certificate. It is of [RulePermitsMesh] when the CAs have name constraints that the
// mesh could not live with.
func (f *Fabric) Import(ctx context.Context, o ImportOptions) (Imported, error) {
	config, err := newConfig(o.TrustDomain, o.NameConstraints)
	if err != nil {
		return Imported{}, err
	}
	chain, imported, err := f.checkImport(o, config)
	if err != nil {
		return Imported{}, err
	}
	fresh := newAsked(o.NewPassword, o.DryRun)
	fresh.mayBeShort = o.SamePassword
	defer fresh.wipe()
	if err := f.askForNewRoot(ctx, fresh, imported.KeyPath); err != nil {
		return Imported{}, err
	}
	return imported, f.change(ctx, o.DryRun, func(c changer) error {
		if err := f.wantNoRoot(c); err != nil {
			return err
		}
		data, err := newKeyFile(ctx, o.Key, fresh, imported.KeyPath)
		if err != nil {
			return err
		}
		defer clear(data)
		name, _ := keyFileOf(chain)
		issuing := chain[:len(chain)-1]
		if len(issuing) > 0 {
			err = c.Write(issuingCertFile, ca.MarshalCertificates(issuing...), store.Public)
		}
		return errors.Join(err, c.Write(name, data, store.Private), f.recordImport(c, o.Key, chain),
			c.Write(rootCertFile, ca.MarshalCertificates(o.Root), store.Public), writeConfig(c, config))
	})
}

// recordImport makes the CAs of the chain known. Only the first one's key is here.
func (f *Fabric) recordImport(c changer, key crypto.Signer, chain []*x509.Certificate) error {
	loaded, _, err := ca.LoadImported(key, chain, f.now)
	if err != nil {
		return err
	}
	issuing, err := f.newAuthority("", loaded)
	if err != nil {
		return err
	}
	err = putAuthority(c, issuing)
	for _, cert := range chain[1:] {
		err = errors.Join(err, putAuthority(c, authorityOf("", cert)))
	}
	return err
}

// checkImport holds the CAs against the chain rules, and the key against the first.
func (f *Fabric) checkImport(o ImportOptions, c config) ([]*x509.Certificate, Imported, error) {
	switch {
	case o.Root == nil:
		return nil, Imported{}, errors.New("import: the root is missing")
	case o.Key == nil:
		return nil, Imported{}, errors.New("import: the key is missing")
	}
	chain := []*x509.Certificate{o.Root}
	if len(o.Issuing) > 0 {
		chain = ca.Complete(o.Issuing, chain)
	}
	refused, tolerated := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: f.now, Below: 1}))
	if last := chain[len(chain)-1]; len(refused) == 0 && !last.Equal(o.Root) {
		refused = append(refused, &ca.Violation{
			Rule: ca.RuleTrustedRoot, Cert: last, Detail: "is not the root that was given, " + ca.Describe(o.Root),
		})
	}
	istiod := o.IstiodNames
	if len(istiod) == 0 {
		istiod = o.NameConstraints
	}
	refused = append(refused, permitsMesh(chain, c.TrustDomain, istiod)...)
	if len(refused) > 0 {
		return nil, Imported{}, &ca.RuleError{Op: "import", Violations: refused}
	}
	if _, _, err := ca.LoadImported(o.Key, chain, f.now); err != nil {
		return nil, Imported{}, err
	}
	name, _ := keyFileOf(chain)
	imported := Imported{Root: describe(o.Root), KeyPath: f.path(name), Tolerated: tolerated, CrossSigns: crossSigns(chain), LimitsURIs: limitsURIs(chain)}
	if len(chain) > 1 {
		issuing := describe(chain[0])
		imported.Issuing = &issuing
	}
	return chain, imported, nil
}

// crossSigns counts what would stand below the root: the cross-certificate, the CAs
// between it and the clusters, and an intermediate.
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
