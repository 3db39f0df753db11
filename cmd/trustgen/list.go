package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type listCommand struct {
	*terminal
	dir    string
	output outputFlag
}

func newList(t *terminal) *cobra.Command {
	c := &listCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the root, the clusters and the requests of a trust directory",
		Example: `  trustgen list

  # For a program
  trustgen list -o json`,
		Long: `The state of a CA is valid, renew-due when less than a third of its life is left,
expired, or damaged. It is revoked where its CRL or that of a CA above says so,
revocation-pending where that was decided, retired where its cluster has left the mesh.

Where a cluster or a request is damaged, the exit code is 1. What has expired or is not to
be trusted any more shows in the state alone.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type listResult struct {
	TrustDomain    string         `json:"trustDomain,omitempty"`
	PermittedNames []string       `json:"permittedNames,omitempty"`
	Root           *listAuthority `json:"root,omitempty"`
	Issuing        *listAuthority `json:"issuing,omitempty"`
	Clusters       []listEntry    `json:"clusters"`
	Requests       []listRequest  `json:"requests,omitempty"`
}

// listAuthority is a CA above the clusters.
type listAuthority struct {
	State fabric.State `json:"state"`
	*certificateResult
}

type listEntry struct {
	Cluster string       `json:"cluster"`
	State   fabric.State `json:"state"`
	// Elsewhere: the key is in another directory.
	Elsewhere bool   `json:"elsewhere,omitempty"`
	Error     string `json:"error,omitempty"`
	*certificateResult
}

// listRequest is a request that waits for its answer.
type listRequest struct {
	Cluster   string     `json:"cluster"`
	PublicKey *publicKey `json:"publicKey,omitempty"`
	Error     string     `json:"error,omitempty"`
}

func (c *listCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return &lookError{err}
	}
	status, err := f.Status(cmd.Context())
	rootless := errors.Is(err, fabric.ErrNoRoot) && len(status.Requests) > 0
	if err != nil && !rootless {
		return &lookError{err}
	}
	return errors.Join(c.print(status, rootless), damage(status))
}

func (c *listCommand) print(status fabric.Status, rootless bool) error {
	result := listResult{TrustDomain: status.TrustDomain, Clusters: []listEntry{}}
	rows := [][]string{{"NAME", "KIND", "SUBJECT", "KEY", "NOT AFTER", "DAYS LEFT", "STATE"}}
	if limits := status.Constraints; limits != nil {
		result.PermittedNames = append([]string{limits.TrustDomain}, limits.DNSNames...)
	}
	if !rootless {
		result.Root = &listAuthority{status.RootState(c.Now()), newCertificateResult(status.Root)}
		rows = append(rows, c.row("-", "root", status.Root, result.Root.State))
	}
	if status.Issuing != nil {
		result.Issuing = &listAuthority{status.IssuingState(c.Now()), newCertificateResult(*status.Issuing)}
		rows = append(rows, c.row("-", "issuing CA", *status.Issuing, result.Issuing.State))
	}
	for _, cluster := range status.Clusters {
		entry, row := c.cluster(cluster)
		result.Clusters = append(result.Clusters, entry)
		rows = append(rows, row)
	}
	for _, request := range status.Requests {
		entry, row := c.request(request)
		result.Requests = append(result.Requests, entry)
		rows = append(rows, row)
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}

func (c *listCommand) cluster(cluster fabric.Cluster) (listEntry, []string) {
	entry := listEntry{Cluster: cluster.Name, State: cluster.State(c.Now()), Elsewhere: cluster.Elsewhere}
	if cluster.Err != nil {
		entry.Error = cluster.Err.Error()
		return entry, []string{cluster.Name, "intermediate", "", "", "", "", string(entry.State)}
	}
	entry.certificateResult = newCertificateResult(cluster.Certificate)
	row := c.row(cluster.Name, "intermediate", cluster.Certificate, entry.State)
	if cluster.Elsewhere {
		row[len(row)-1] += ", key elsewhere"
	}
	return entry, row
}

func (c *listCommand) request(request fabric.Request) (listRequest, []string) {
	if request.Err != nil {
		return listRequest{Cluster: request.Cluster, Error: request.Err.Error()},
			[]string{request.Cluster, "request", "", "", "", "", string(fabric.StateDamaged)}
	}
	entry := listRequest{Cluster: request.Cluster, PublicKey: &publicKey{string(request.Key.Type), request.Key.Fingerprint}}
	return entry, []string{request.Cluster, "request", "", entry.PublicKey.Type, "", "", "waits for its answer"}
}

func (c *listCommand) row(name, kind string, cert fabric.Certificate, state fabric.State) []string {
	days := strconv.Itoa(int(cert.NotAfter.Sub(c.Now()).Hours() / 24))
	return []string{name, kind, cert.Subject, string(cert.KeyType), formatTime(cert.NotAfter), days, string(state)}
}

// damage is the error of the first damaged cluster or request, for the hint, and how
// many more there are.
func damage(status fabric.Status) error {
	var first error
	more := 0
	errs := make([]error, 0, len(status.Clusters)+len(status.Requests))
	for _, cluster := range status.Clusters {
		errs = append(errs, cluster.Err)
	}
	for _, request := range status.Requests {
		errs = append(errs, request.Err)
	}
	for _, err := range errs {
		switch {
		case err == nil:
		case first == nil:
			first = err
		default:
			more++
		}
	}
	if more > 0 {
		return fmt.Errorf("%w, and %d more are damaged", first, more)
	}
	return first
}
