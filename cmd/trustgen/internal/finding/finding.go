// Package finding is what crl status and secret report about CAs and CRLs, beside their state.
package finding

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// Effects are what each data plane does where the CRL of a CA is missing or has expired.
type Effects struct{ Envoy, Istiod, Ztunnel string }

// EffectsOf is nil for a CA whose CRL is neither missing nor expired.
func EffectsOf(a fabric.Authority) *Effects {
	e := &Effects{
		Envoy:   "refuses every chain with this CA",
		Istiod:  "does not check the time of CRLs",
		Ztunnel: "ignores it: nothing that this CA issued is revoked",
	}
	switch {
	case !a.CRLState.Lacks():
		return nil
	case a.CRLState == fabric.CRLExpired:
		return e
	case a.Standing == fabric.StandingRoot || a.Standing == fabric.StandingIssuing:
		e.Istiod = "refuses the CA bundle of every cluster, and does not restart with it"
	default:
		e.Istiod = "refuses the CA bundle of the cluster that has this CA, and does not restart with it"
	}
	e.Ztunnel = "accepts the chain: nothing that this CA issued is revoked"
	return e
}

// Of is the first finding among the CAs of a mesh, nil if there is none. CRLs that end before a
// time are findings, unless their CAs end as well; the zero time is none.
func Of(dir string, found fabric.Authorities, until time.Time) error {
	for _, a := range found.All {
		if a.InUse && a.Standing == fabric.StandingRevoked {
			return &RevokedInUseError{dir, a.Cluster, a.Certificate.Subject}
		}
	}
	if !found.Publishes {
		return nil
	}
	if len(found.Missing) > 0 {
		return &fabric.IncompleteError{Dir: dir, Missing: found.Missing}
	}
	if len(found.Behind) > 0 {
		return &BehindError{dir, found.Behind}
	}
	for _, a := range found.All {
		if a.CRL == nil || a.Standing == fabric.StandingRevoked || !a.CRL.NextUpdate.Before(a.Certificate.NotAfter) {
			continue
		}
		if a.CRL.NextUpdate.Before(until) {
			return &EndingCRLError{dir, a.Certificate.Subject, a.CRL.NextUpdate}
		}
	}
	return nil
}

// OfImport is the finding of an import that revokes CAs, where the clusters keep the CRL bundles
// that they have.
func OfImport(dir string, done fabric.ImportedCRLs) error {
	if len(done.Revoked) == 0 || !done.Publishes || done.Written {
		return nil
	}
	return fmt.Errorf("the new revocations are not in effect, since the clusters keep their CRL bundles: %w",
		&fabric.IncompleteError{Dir: dir, Missing: done.Missing})
}

// BehindError is the finding that CRL bundles of clusters have missing entries.
type BehindError struct {
	Dir      string
	Clusters []string
}

func (e *BehindError) Error() string {
	return fmt.Sprintf("%s: %s of cluster %s has missing entries", e.Dir, secrets.CACRLFile, strings.Join(e.Clusters, ", "))
}

// EndingCRLError is the finding that a CRL ends too soon.
type EndingCRLError struct {
	Dir, Subject string
	End          time.Time
}

func (e *EndingCRLError) Error() string {
	return fmt.Sprintf("%s: the CRL of %s ends at %s", e.Dir, e.Subject, term.Time(e.End))
}

// RevokedInUseError is the finding that a CA in use is revoked: the intermediate of a cluster, or
// where that is empty a CA above the clusters.
type RevokedInUseError struct{ Dir, Cluster, Subject string }

func (e *RevokedInUseError) Error() string {
	if e.Cluster == "" {
		return fmt.Sprintf("%s: %s is revoked, and every cluster is below it", e.Dir, e.Subject)
	}
	return fmt.Sprintf("%s: %s is revoked, and is the intermediate of cluster %s", e.Dir, e.Subject, e.Cluster)
}

// AfterRevocation is what a revocation does not prevent.
const AfterRevocation = "istiod does not check CRLs: it still accepts client certificates from a revoked CA. Let only pods of its own cluster reach port 15012 of an istiod"

// RevokedRemotely is the consequence of a revocation that another directory published, empty if
// no chain in use has the CA.
func RevokedRemotely(r fabric.RevokedCA) string {
	switch r.Was {
	case fabric.StandingRoot, fabric.StandingIssuing:
		return "PROXIES WITH THE CRL OF ITS ISSUER REFUSE EVERY CHAIN BELOW IT. Create a new CA in another directory, and move every cluster to it"
	case fabric.StandingCurrent:
		return fmt.Sprintf("it is the CURRENT INTERMEDIATE of cluster %s, whose workloads are refused until it has another one", r.Cluster)
	}
	return ""
}

// Damage is the error of the first damaged cluster or request of a status, with the number of the
// others; nil if there is none.
func Damage(status fabric.Status) error {
	var first error
	more := 0
	add := func(err error) {
		switch {
		case err == nil:
		case first == nil:
			first = err
		default:
			more++
		}
	}
	for _, c := range status.Clusters {
		add(c.Err)
	}
	for _, r := range status.Requests {
		add(r.Err)
	}
	if more > 0 {
		return fmt.Errorf("%w, and %d more are damaged", first, more)
	}
	return first
}

// OfChain are the subjects of the CAs in a chain that are revoked, and whose revocation is pending.
func OfChain(known fabric.Authorities, chain []*x509.Certificate) (revoked, pending []string) {
	for _, cert := range chain {
		sum := sha256.Sum256(cert.Raw)
		for _, a := range known.All {
			if a.Certificate.Fingerprint != hex.EncodeToString(sum[:]) {
				continue
			}
			switch a.Standing {
			case fabric.StandingRevoked:
				revoked = append(revoked, a.Certificate.Subject)
			case fabric.StandingRevocationPending:
				pending = append(pending, a.Certificate.Subject)
			}
		}
	}
	return revoked, pending
}
