package fabric

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// Certificate is what people want to know of a CA at a glance.
type Certificate struct {
	// Subject is the common name, tag included.
	Subject string
	// KeyType is none of [ca.KeyTypes] where a CA was made elsewhere with another key,
	// for example "RSA-2048".
	KeyType   ca.KeyType
	NotBefore time.Time
	NotAfter  time.Time
	// Fingerprint is the SHA-256 of the certificate in hexadecimal.
	Fingerprint string
}

func describe(cert *x509.Certificate) Certificate {
	sum := sha256.Sum256(cert.Raw)
	return Certificate{
		Subject:     ca.Describe(cert),
		KeyType:     ca.KeyType(ca.DescribeKey(cert.PublicKey)),
		NotBefore:   cert.NotBefore,
		NotAfter:    cert.NotAfter,
		Fingerprint: hex.EncodeToString(sum[:]),
	}
}

// State is how a CA stands.
type State string

// The states of a CA.
const (
	StateValid    State = "valid"
	StateRenewDue State = "renew-due" // less than a third of its life is left
	StateExpired  State = "expired"
	StateDamaged  State = "damaged" // its files cannot be used
)

// The states of a CA that is good no more, whatever the time: those of its [Standing].
const (
	StateRevoked           = State(StandingRevoked)
	StateRevocationPending = State(StandingRevocationPending)
	StateRetired           = State(StandingRetired)
)

// State is [StateValid], [StateRenewDue] or [StateExpired].
func (c Certificate) State(now time.Time) State {
	switch left := c.NotAfter.Sub(now); {
	case left < 0:
		return StateExpired
	case left < c.NotAfter.Sub(c.NotBefore)/3:
		return StateRenewDue
	}
	return StateValid
}

// Cluster is a cluster as the directory has it.
type Cluster struct {
	Name        string
	Certificate Certificate
	// Elsewhere reports that the certificate was signed here, or its CRL came here, and
	// that its key is in another directory.
	Elsewhere bool
	// Standing is that of the certificate: [StandingRevoked] where a CA above it is revoked as well.
	Standing Standing
	// Err is a [*DamagedError] when the set cannot be used; there is no
	// certificate then.
	Err error
}

// State is [StateDamaged], or what the standing makes of the certificate.
func (c Cluster) State(now time.Time) State {
	if c.Err != nil {
		return StateDamaged
	}
	return c.Standing.state(c.Certificate, now)
}

// state says before when a CA ends that it is good no more.
func (s Standing) state(c Certificate, now time.Time) State {
	state := c.State(now)
	if state != StateExpired && slices.Contains([]Standing{StandingRevoked, StandingRevocationPending, StandingRetired}, s) {
		return State(s)
	}
	return state
}

// Status is all that the directory holds.
type Status struct {
	TrustDomain string
	// Constraints are the name constraints of what is issued, nil where there are none.
	Constraints *ca.NameConstraints
	Root        Certificate
	Issuing     *Certificate // the CA below the root that issues; nil where the root does
	Clusters    []Cluster    // sorted by name; one with two keys stands there twice
	Requests    []Request    // sorted by cluster

	rootStanding, issuingStanding Standing
}

// RootState is that of the root.
func (s Status) RootState(now time.Time) State { return s.rootStanding.state(s.Root, now) }

// IssuingState is that of the CA below the root that issues, where there is one.
func (s Status) IssuingState(now time.Time) State { return s.issuingStanding.state(*s.Issuing, now) }

// Request is a request that waits for its answer.
type Request struct {
	Cluster string
	Key     PublicKey
	// Err is a [*RequestError] when it cannot be used; there is no key then.
	Err error
}

// Status reads the root, every cluster, and every request that waits. A damaged one does
// not hide the others. A directory without a root is [ErrNoRoot], but for requests.
func (f *Fabric) Status(ctx context.Context) (Status, error) {
	var status Status
	err := f.store.View(ctx, func(s *store.Snapshot) (err error) {
		if status.Requests, err = f.pending(s); err != nil {
			return err
		}
		m, err := f.newMesh(ctx, rehearsal{s}, &asked{})
		if err != nil {
			return err
		}
		m.report(&status)
		return nil
	})
	return status, err
}

func (m *mesh) report(status *Status) {
	status.TrustDomain, status.Constraints = m.config.TrustDomain, m.config.constraints()
	status.Root, status.rootStanding = describe(m.root), m.standingOf([]*x509.Certificate{m.root})
	if len(m.issuing) > 1 {
		below := describe(m.issuing[0])
		status.Issuing, status.issuingStanding = &below, m.standingOf(m.issuing)
	}
	status.Clusters = m.describeClusters()
}

// describeClusters are those that have a set here, and those whose key is elsewhere.
func (m *mesh) describeClusters() []Cluster {
	newest := m.newestToShow()
	var clusters []Cluster
	for _, name := range m.clusters {
		c := m.inspect(name)
		clusters = append(clusters, c)
		if a := newest[name]; a != nil && (c.Err != nil || !a.cert.NotBefore.After(c.Certificate.NotBefore)) {
			delete(newest, name)
		}
	}
	for name, a := range newest {
		chain := slices.Concat([]*x509.Certificate{a.cert}, m.issuing)
		clusters = append(clusters, Cluster{Name: name, Certificate: describe(a.cert), Elsewhere: true, Standing: m.standingOf(chain)})
	}
	slices.SortStableFunc(clusters, func(a, b Cluster) int { return strings.Compare(a.Name, b.Name) })
	return clusters
}

// newestToShow is the newest intermediate of each cluster of the mesh, a good one if it has any.
func (m *mesh) newestToShow() map[string]*authority {
	newest := newestOf(m.all)
	for _, a := range m.all { // the newest first
		if a.cluster != "" && newest[a.cluster] == nil && a.retired.IsZero() && !a.ended(m.now()) {
			newest[a.cluster] = a
		}
	}
	return newest
}

// standingOf is that of the CA at the end of a chain, which is revoked if one above it is.
func (m *mesh) standingOf(chain []*x509.Certificate) Standing {
	if m.wantUnrevoked(chain, m.all) != nil {
		return StandingRevoked
	}
	standing, _ := m.standing(m.known.byKey[keyID(chain[0])])
	return standing
}

// pending are the requests that wait.
func (f *Fabric) pending(r reader) ([]Request, error) {
	names, err := r.List(requestsFolder)
	if err != nil {
		return nil, err
	}
	var requests []Request
	for _, name := range names {
		q, err := f.readRequest(r, name)
		if err != nil {
			requests = append(requests, Request{Cluster: name, Err: err})
			continue
		}
		requests = append(requests, Request{Cluster: name, Key: describeKey(q.csr)})
	}
	return requests, nil
}

func (m *mesh) inspect(name string) Cluster {
	bundle, err := m.readCluster(m.c, name)
	if err == nil {
		err = m.checkRoot(bundle, m.root, name)
	}
	if err != nil {
		return Cluster{Name: name, Err: err}
	}
	return Cluster{Name: name, Certificate: describe(bundle.Certificate()), Standing: m.standingOf(bundle.Chain())}
}

// checkRoot refuses a set that leads to another root than that of the fabric.
func (f *Fabric) checkRoot(bundle *secrets.CACerts, root *x509.Certificate, cluster string) error {
	chain := bundle.Chain()
	if last := chain[len(chain)-1]; !last.Equal(root) {
		return &DamagedError{
			Dir:     f.Dir(),
			Cluster: cluster,
			Err:     &ca.Violation{Rule: ca.RuleTrustedRoot, Cert: last, Detail: "is not the root of this fabric, " + ca.Describe(root)},
		}
	}
	return nil
}
