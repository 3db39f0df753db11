package fabric

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// RevokeCertificatesOptions adjust RevokeCertificates; the zero value is good.
type RevokeCertificatesOptions struct {
	// Reason and At are those of [RevokeOptions].
	Reason *Reason
	At     time.Time
	// AllowIncomplete writes the sets of CRLs even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// RevokeCertificates revokes CAs at once, by the subjects or the fingerprints that [Certificate]
// has. It is for what no cluster has in use: a cross-certificate, or an intermediate that was
// signed and never installed, whose CRL is going to be missing until it expires. From then on
// the fabric publishes CRLs, see [Fabric.RefreshCRLs].
//
// The error is a [*NoCertificateError], an [*AboveError] for the root and the CA that issues, a
// [*ForeignIssuerError], a [*NoSuccessorError] where a cluster of the mesh would be left without
// an intermediate, or one that [Fabric.Revoke] has.
func (f *Fabric) RevokeCertificates(ctx context.Context, names []string, o RevokeCertificatesOptions) (Revocation, error) {
	r := &revoking{RevokeOptions: RevokeOptions{Reason: o.Reason, At: o.At, AllowIncomplete: o.AllowIncomplete, DryRun: o.DryRun}}
	if err := r.check(f.now()); err != nil {
		return Revocation{}, err
	}
	return f.revoke(ctx, r, func(m *mesh) error { return r.planCertificates(m, names) })
}

func (r *revoking) planCertificates(m *mesh, names []string) error {
	var all []*authority
	for _, name := range names {
		a, err := m.findAuthority(name)
		if err != nil {
			return err
		}
		if m.above[a.id()] {
			return &AboveError{Dir: m.Dir(), Certificate: describe(a.cert)}
		}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return errors.New("no certificate is named")
	}
	if err := m.wantIssued(all); err != nil {
		return err
	}
	r.plans = nil
	for _, a := range all {
		if err := m.wantOther(a, all); err != nil {
			return err
		}
		here := a.cluster != "" && slices.Contains(m.clusters, a.cluster)
		r.plans = append(r.plans, &revocationPlan{cluster: a.cluster, here: here, all: []*authority{a}, now: true})
	}
	return nil
}

// NoCertificateError says that no CA, or more than one, is meant of those that can be revoked.
type NoCertificateError struct {
	Dir, Name string
	// Candidates are those whose subjects begin like that: all, where none does.
	Candidates []Certificate
}

func (e *NoCertificateError) Error() string {
	lines := make([]string, len(e.Candidates))
	for i, c := range e.Candidates {
		lines[i] = fmt.Sprintf("%s, SHA-256 %s", c.Subject, c.Fingerprint)
	}
	return fmt.Sprintf("%s: %q is not the subject or the SHA-256 of one CA that can be revoked: %s", e.Dir, e.Name, strings.Join(lines, "; "))
}

// AboveError says that a CA stands above all clusters. To revoke it would end the mesh.
type AboveError struct {
	Dir         string
	Certificate Certificate
}

func (e *AboveError) Error() string {
	return fmt.Sprintf("%s: every cluster is below %s: it cannot be revoked here", e.Dir, e.Certificate.Subject)
}

// findAuthority finds the only CA of that subject or fingerprint that is not revoked.
func (m *mesh) findAuthority(name string) (*authority, error) {
	var all, like, found []*authority
	for _, a := range m.all {
		if a.ended(m.now()) || isRevoked(a, m.all) {
			continue
		}
		if !m.above[a.id()] {
			all = append(all, a)
		}
		if a.isCalled(name) {
			found = append(found, a)
		}
		if name != "" && strings.HasPrefix(ca.Describe(a.cert), name) {
			like = append(like, a)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(like) > 0:
		all = like
	}
	return nil, &NoCertificateError{Dir: m.Dir(), Name: name, Candidates: describeAll(all)}
}

// isCalled compares a name with the subject, and with the fingerprints of all certificates.
func (a *authority) isCalled(name string) bool {
	for _, cert := range a.certs {
		c := describe(cert)
		if c.Subject == name || strings.EqualFold(c.Fingerprint, name) {
			return true
		}
	}
	return false
}

// wantOther expects that the cluster of one that is revoked can do without, if it is in the mesh:
// it has another intermediate, which is in the set that is here, or elsewhere. One whose CRL
// never came here may never have been installed.
func (m *mesh) wantOther(a *authority, revoked []*authority) error {
	live, _, retired := m.intermediates(a.cluster)
	if a.cluster == "" || retired {
		return nil
	}
	for _, other := range live {
		folder, wasHere := m.folders[other.id()]
		superseded := wasHere && folder != clusterFolder(a.cluster)
		if !superseded && other.crl != nil && !slices.Contains(revoked, other) {
			return nil
		}
	}
	return &NoSuccessorError{Dir: m.Dir(), Cluster: a.cluster}
}
