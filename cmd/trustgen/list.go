package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

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
		Short: "Show the root and the clusters of a trust directory",
		Example: `  trustgen list

  # For a program
  trustgen list -o json`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type listResult struct {
	TrustDomain string             `json:"trustDomain"`
	Root        *certificateResult `json:"root"`
	Issuing     *certificateResult `json:"issuing,omitempty"`
	Clusters    []listEntry        `json:"clusters"`
}

type listEntry struct {
	Cluster string       `json:"cluster"`
	State   fabric.State `json:"state"`
	Error   string       `json:"error,omitempty"`
	*certificateResult
}

func (c *listCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return &lookError{err}
	}
	status, err := f.Status(cmd.Context())
	if err != nil {
		return &lookError{err}
	}
	return errors.Join(c.print(status), damage(status))
}

func (c *listCommand) print(status fabric.Status) error {
	now := c.Now()
	result := listResult{TrustDomain: status.TrustDomain, Root: newCertificateResult(status.Root), Clusters: []listEntry{}}
	rows := [][]string{
		{"NAME", "KIND", "SUBJECT", "KEY", "NOT AFTER", "DAYS LEFT", "STATE"},
		listRow("-", "root", status.Root, status.Root.State(now), now),
	}
	if status.Issuing != nil {
		result.Issuing = newCertificateResult(*status.Issuing)
		rows = append(rows, listRow("-", "issuing CA", *status.Issuing, status.Issuing.State(now), now))
	}
	for _, cluster := range status.Clusters {
		entry := listEntry{Cluster: cluster.Name, State: cluster.State(now)}
		row := []string{cluster.Name, "intermediate", "", "", "", "", string(entry.State)}
		if cluster.Err != nil {
			entry.Error = cluster.Err.Error()
		} else {
			entry.certificateResult = newCertificateResult(cluster.Certificate)
			row = listRow(cluster.Name, "intermediate", cluster.Certificate, entry.State, now)
		}
		result.Clusters = append(result.Clusters, entry)
		rows = append(rows, row)
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}

func listRow(name, kind string, c fabric.Certificate, state fabric.State, now time.Time) []string {
	days := strconv.Itoa(int(c.NotAfter.Sub(now).Hours() / 24))
	return []string{name, kind, c.Subject, string(c.KeyType), formatTime(c.NotAfter), days, string(state)}
}

// damage is the error of the first damaged cluster, for the hint, and how many
// more there are.
func damage(status fabric.Status) error {
	var first error
	more := 0
	for _, cluster := range status.Clusters {
		switch {
		case cluster.Err == nil:
		case first == nil:
			first = cluster.Err
		default:
			more++
		}
	}
	if more > 0 {
		return fmt.Errorf("%w, and %d more clusters are damaged", first, more)
	}
	return first
}
