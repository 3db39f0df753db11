package view

import (
	"cmp"
	"io"

	"github.com/trustgen/trustgen/secrets/fabric"
)

// Revoke is the result of revoke.
type Revoke struct {
	Clusters []RevokeCluster `json:"clusters"`
	Missing  []MissingCRL    `json:"missing,omitempty"`
	DryRun   bool            `json:"dryRun,omitempty"`
}

// RevokeCluster is a cluster; its name is empty for a CA above the clusters or of another mesh.
type RevokeCluster struct {
	Cluster   string         `json:"cluster,omitempty"`
	Successor *Certificate   `json:"successor,omitempty"`
	Pending   []*Certificate `json:"pending,omitempty"`
	Revoked   []*Certificate `json:"revoked,omitempty"`

	wouldIssue bool // a successor, were it not for the dry run
}

// NewRevoke is the view of a revocation.
func NewRevoke(done fabric.RevokeResult, dryRun bool) Revoke {
	result := Revoke{Missing: newMissingCRLs(done.Missing), DryRun: dryRun}
	for _, e := range done.Clusters {
		entry := RevokeCluster{Cluster: e.Cluster, Pending: newCertificates(e.Pending), Revoked: newCertificates(e.Revoked)}
		switch {
		case e.Successor == nil:
		case dryRun:
			entry.wouldIssue = true
		default:
			entry.Successor = NewCertificate(*e.Successor)
		}
		result.Clusters = append(result.Clusters, entry)
	}
	return result
}

// Table implements [Result].
func (r Revoke) Table(w io.Writer) error {
	t := table{{"CLUSTER", "ACTION", "SUBJECT", "NOT AFTER"}}
	pending := "not revoked yet"
	if r.DryRun {
		pending = "would be pending"
	}
	for _, e := range r.Clusters {
		if e.wouldIssue {
			t.add(e.Cluster, "would be issued", "", "")
		}
		if e.Successor != nil {
			t.addActions(e.Cluster, "issued", e.Successor)
		}
		t.addActions(e.Cluster, pending, e.Pending...)
		t.addActions(e.Cluster, wouldBe("revoked", r.DryRun), e.Revoked...)
	}
	return t.write(w)
}

func (t *table) addActions(cluster, action string, certs ...*Certificate) {
	for _, c := range certs {
		t.add(cmp.Or(cluster, "-"), action, c.Subject, c.NotAfter)
	}
}

// Retire is the result of retire.
type Retire struct {
	Cluster string `json:"cluster"`
	// Left are the intermediates that stay valid.
	Left    []*Certificate `json:"left,omitempty"`
	Revoked []*Certificate `json:"revoked,omitempty"`
	Missing []MissingCRL   `json:"missing,omitempty"`
	DryRun  bool           `json:"dryRun,omitempty"`
}

// NewRetire is the view of a cluster that leaves.
func NewRetire(cluster string, done fabric.RetireResult, dryRun bool) Retire {
	return Retire{
		Cluster: cluster, Left: newCertificates(done.Left), Revoked: newCertificates(done.Revoked),
		Missing: newMissingCRLs(done.Missing), DryRun: dryRun,
	}
}

// Table implements [Result].
func (r Retire) Table(w io.Writer) error {
	t := table{{"CLUSTER", "ACTION", "SUBJECT", "NOT AFTER"}}
	t.addActions(r.Cluster, wouldBe("retired", r.DryRun), r.Left...)
	t.addActions(r.Cluster, wouldBe("revoked", r.DryRun), r.Revoked...)
	return t.write(w)
}
