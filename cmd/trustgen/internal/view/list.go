package view

import (
	"io"
	"strconv"
	"time"

	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// List is the result of list.
type List struct {
	TrustDomain    string        `json:"trustDomain,omitempty"`
	PermittedNames []string      `json:"permittedNames,omitempty"`
	Root           *ListCA       `json:"root,omitempty"`
	Issuing        *ListCA       `json:"issuing,omitempty"`
	Clusters       []ListCluster `json:"clusters"`
	Requests       []ListRequest `json:"requests,omitempty"`
}

// ListCA is a CA above the clusters.
type ListCA struct {
	State mesh.State `json:"state"`
	*Certificate

	daysLeft int
}

// ListCluster is a cluster. A damaged one has an error in place of a certificate.
type ListCluster struct {
	Cluster string     `json:"cluster"`
	State   mesh.State `json:"state"`
	// Remote reports that the key is in another directory.
	Remote bool   `json:"remote,omitempty"`
	Error  string `json:"error,omitempty"`
	*Certificate

	daysLeft int
}

// ListRequest is a request without a response so far. A damaged one has an error.
type ListRequest struct {
	Cluster   string     `json:"cluster"`
	PublicKey *PublicKey `json:"publicKey,omitempty"`
	Error     string     `json:"error,omitempty"`
}

// NewList is the view of a status at a time. A directory with requests may have no root.
func NewList(status fabric.Status, hasRoot bool, now time.Time) List {
	result := List{TrustDomain: status.TrustDomain, Clusters: []ListCluster{}}
	if limits := status.Constraints; limits != nil {
		result.PermittedNames = append([]string{limits.TrustDomain}, limits.DNSNames...)
	}
	if hasRoot {
		result.Root = newListCA(status.Root, now)
	}
	if status.Issuing != nil {
		result.Issuing = newListCA(*status.Issuing, now)
	}
	for _, c := range status.Clusters {
		result.Clusters = append(result.Clusters, newListCluster(c, now))
	}
	for _, r := range status.Requests {
		result.Requests = append(result.Requests, newListRequest(r))
	}
	return result
}

func newListCA(a fabric.AboveCA, now time.Time) *ListCA {
	return &ListCA{a.State, NewCertificate(a.Certificate), daysLeft(a.Certificate, now)}
}

func newListCluster(c fabric.Cluster, now time.Time) ListCluster {
	entry := ListCluster{Cluster: c.Name, State: c.State, Remote: c.Remote}
	if c.Err != nil {
		entry.Error = c.Err.Error()
	} else {
		entry.Certificate, entry.daysLeft = NewCertificate(c.Certificate), daysLeft(c.Certificate, now)
	}
	return entry
}

func newListRequest(r fabric.Request) ListRequest {
	if r.Err != nil {
		return ListRequest{Cluster: r.Cluster, Error: r.Err.Error()}
	}
	return ListRequest{Cluster: r.Cluster, PublicKey: &PublicKey{string(r.Key.Type), r.Key.Fingerprint}}
}

func daysLeft(c mesh.Summary, now time.Time) int { return int(c.NotAfter.Sub(now).Hours() / 24) }

// Table implements [Result].
func (r List) Table(w io.Writer) error {
	t := table{{"NAME", "KIND", "SUBJECT", "KEY", "NOT AFTER", "DAYS LEFT", "STATE"}}
	add := func(name, kind string, c *Certificate, days int, state string) {
		if c == nil {
			t.add(name, kind, "", "", "", "", state)
			return
		}
		t.add(name, kind, c.Subject, c.KeyType, c.NotAfter, strconv.Itoa(days), state)
	}
	if r.Root != nil {
		add("-", "root", r.Root.Certificate, r.Root.daysLeft, string(r.Root.State))
	}
	if r.Issuing != nil {
		add("-", "issuing CA", r.Issuing.Certificate, r.Issuing.daysLeft, string(r.Issuing.State))
	}
	for _, c := range r.Clusters {
		state := string(c.State)
		if c.Remote {
			state += ", remote key"
		}
		add(c.Cluster, "intermediate", c.Certificate, c.daysLeft, state)
	}
	for _, q := range r.Requests {
		if q.PublicKey == nil {
			t.add(q.Cluster, "request", "", "", "", "", string(mesh.StateDamaged))
		} else {
			t.add(q.Cluster, "request", "", q.PublicKey.Type, "", "", "waits for its signed response")
		}
	}
	return t.write(w)
}
