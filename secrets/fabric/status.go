package fabric

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// Status is what a directory holds.
type Status struct {
	TrustDomain string
	// Constraints are the name constraints of what is issued, nil if there are none.
	Constraints *ca.NameConstraints
	Root        AboveCA
	// Issuing is the CA below the root that issues; nil if the root does.
	Issuing *AboveCA
	// Clusters are sorted by name. A cluster with a key here and one in another directory stands
	// there twice.
	Clusters []Cluster
	Requests []Request // sorted by cluster
}

// AboveCA is a CA above the clusters.
type AboveCA struct {
	Certificate mesh.Summary
	State       mesh.State
}

// Cluster is a cluster as the directory has it.
type Cluster struct {
	Name        string
	Certificate mesh.Summary
	// State is [mesh.StateDamaged] if Err is set.
	State mesh.State
	// Remote reports that the key of the certificate is in another directory.
	Remote bool
	// Pending are the intermediates whose revocation waits for [Fabric.FinishRevocation].
	Pending []mesh.Summary
	// Err is a [*DamagedError] if the CA bundle cannot be used; there is no certificate then.
	Err error
}

// Request is a request that waits for its signed response.
type Request struct {
	Cluster string
	Key     mesh.PublicKey
	// Err is a [*RequestError] if it cannot be used; there is no key then.
	Err error
}

// Damaged is the error of the first damaged cluster or request, and how many more there are; nil
// if there is none.
func (s Status) Damaged() error {
	var first error
	more := 0
	count := func(err error) {
		switch {
		case err == nil:
		case first == nil:
			first = err
		default:
			more++
		}
	}
	for _, c := range s.Clusters {
		count(c.Err)
	}
	for _, r := range s.Requests {
		count(r.Err)
	}
	if more > 0 {
		return fmt.Errorf("%w, and %d more are damaged", first, more)
	}
	return first
}

// Status reads the root, every cluster, and every request that waits. A damaged one does not hide
// the others. A directory without a root is [ErrNoRoot], with the requests that it has.
func (f *Fabric) Status(ctx context.Context) (Status, error) {
	var status Status
	err := f.view(ctx, func(d *directory) (err error) {
		if status.Requests, err = d.requests(); err != nil {
			return err
		}
		if d.trust, err = d.readTrust(); err != nil {
			return err
		}
		m, err := d.mesh(ctx)
		if err != nil {
			return err
		}
		status.describe(d, m)
		return nil
	})
	return status, err
}

func (s *Status) describe(d *directory, m *mesh.Mesh) {
	above := func(chain []*x509.Certificate) AboveCA { return AboveCA{mesh.Summarize(chain[0]), m.StateOf(chain)} }
	s.TrustDomain, s.Constraints, s.Root = m.TrustDomain, m.Constraints, above([]*x509.Certificate{m.Root})
	if len(m.Issuing) > 1 {
		issuing := above(m.Issuing)
		s.Issuing = &issuing
	}
	for _, name := range m.KnownClusters() {
		s.Clusters = append(s.Clusters, d.describeCluster(m, name)...)
	}
}

// describeCluster is the bundle of a cluster, and its intermediate in another directory.
func (d *directory) describeCluster(m *mesh.Mesh, name string) []Cluster {
	var found []Cluster
	var local *x509.Certificate
	pending := summaries(m.Intermediates(name).Pending)
	if m.IsLocal(name) {
		c := Cluster{Name: name, State: mesh.StateDamaged, Pending: pending}
		var bundle *secrets.CACerts
		if bundle, c.Err = d.readBundle(name, secrets.FileNames()); c.Err == nil {
			local = bundle.Certificate()
			c.Certificate, c.State = mesh.Summarize(local), m.StateOf(bundle.Chain())
		}
		found = append(found, c)
	}
	if a := m.RemoteIntermediate(name, local); a != nil {
		chain := slices.Concat([]*x509.Certificate{a.Certificate()}, m.Issuing)
		found = append(found, Cluster{Name: name, Certificate: a.Summary(), State: m.StateOf(chain), Remote: true, Pending: pending})
	}
	return found
}

func summaries(all []*mesh.CA) []mesh.Summary {
	var found []mesh.Summary
	for _, a := range all {
		found = append(found, a.Summary())
	}
	return found
}

// requests are those that wait.
func (d *directory) requests() ([]Request, error) {
	names, err := d.files.List(requestsFolder)
	if err != nil {
		return nil, err
	}
	var requests []Request
	for _, name := range names {
		q, err := d.readRequest(name)
		if err != nil {
			requests = append(requests, Request{Cluster: name, Err: err})
			continue
		}
		requests = append(requests, Request{Cluster: name, Key: mesh.PublicKeyOf(q.csr)})
	}
	return requests, nil
}
