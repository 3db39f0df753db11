package view

import (
	"io"

	"github.com/trustgen/trustgen/secrets/fabric"
)

// Intermediate is the result of intermediate.
type Intermediate struct {
	RootCreated bool                  `json:"rootCreated"`
	RootAdopted bool                  `json:"rootAdopted"`
	DryRun      bool                  `json:"dryRun,omitempty"`
	Clusters    []IntermediateCluster `json:"clusters"`
}

// IntermediateCluster is a cluster, with its certificate unless that is still to be issued.
type IntermediateCluster struct {
	Cluster   string        `json:"cluster"`
	Action    fabric.Action `json:"action"`
	Directory string        `json:"directory"`
	*Certificate
}

// NewIntermediate is the view of what Ensure did in a fabric.
func NewIntermediate(f *fabric.Fabric, r fabric.EnsureResult, dryRun bool) Intermediate {
	result := Intermediate{RootCreated: r.RootCreated, RootAdopted: r.RootAdopted, DryRun: dryRun}
	for _, e := range r.Clusters {
		entry := IntermediateCluster{Cluster: e.Cluster, Action: e.Action, Directory: f.ClusterPath(e.Cluster)}
		if !dryRun || e.Action == fabric.Kept {
			entry.Certificate = NewCertificate(e.Certificate)
		}
		result.Clusters = append(result.Clusters, entry)
	}
	return result
}

// Table implements [Result].
func (r Intermediate) Table(w io.Writer) error {
	t := table{{"CLUSTER", "ACTION", "SUBJECT", "KEY", "NOT AFTER", "DIRECTORY"}}
	for _, e := range r.Clusters {
		if e.Certificate == nil {
			t.add(e.Cluster, wouldBe(string(e.Action), true), "", "", "", e.Directory)
		} else {
			t.add(e.Cluster, string(e.Action), e.Subject, e.KeyType, e.NotAfter, e.Directory)
		}
	}
	return t.write(w)
}

// Install is the result of install.
type Install struct {
	Cluster     string        `json:"cluster"`
	Action      fabric.Action `json:"action"`
	Directory   string        `json:"directory"`
	Certificate *Certificate  `json:"certificate"`
	Root        *Certificate  `json:"root"`
	RootAdopted bool          `json:"rootAdopted"`
	Warnings    []Warning     `json:"warnings,omitempty"`
	Revoked     []RevokedCA   `json:"revoked,omitempty"`
	DryRun      bool          `json:"dryRun,omitempty"`
}

// NewInstall is the view of what Install did in a fabric.
func NewInstall(f *fabric.Fabric, i fabric.InstallResult, dryRun bool) Install {
	return Install{
		Cluster: i.Cluster, Action: i.Action, Directory: f.ClusterPath(i.Cluster),
		Certificate: NewCertificate(i.Certificate), Root: NewCertificate(i.Root), RootAdopted: i.RootAdopted,
		Warnings: newWarnings(i.Tolerated), Revoked: newRevokedCAs(i.Revoked), DryRun: dryRun,
	}
}

// Table implements [Result].
func (r Install) Table(w io.Writer) error {
	action := wouldBe(string(r.Action), r.DryRun && r.Action != fabric.Kept)
	t := table{{"CLUSTER", "ACTION", "SUBJECT", "KEY", "NOT AFTER", "DIRECTORY"}}
	t.add(r.Cluster, action, r.Certificate.Subject, r.Certificate.KeyType, r.Certificate.NotAfter, r.Directory)
	return t.write(w)
}
