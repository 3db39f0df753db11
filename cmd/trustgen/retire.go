package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type retireCommand struct {
	*terminal
	dir      string
	clusters clusterFlag
	reason   reasonFlag
	at       timeFlag
	password passwordFlags
	retire   fabric.RetireOptions
	output   outputFlag
}

func newRetire(t *terminal) *cobra.Command {
	c := &retireCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "retire --cluster NAME",
		Short: "Let a cluster leave the mesh",
		Example: `  # Its workloads are trusted until its intermediate expires
  trustgen retire --cluster east

  # They are refused as soon as the other clusters have the CRL
  trustgen retire --cluster east --revoke`,
		Long: `The files of the cluster go to superseded/. Its intermediates are revoked only with
--revoke: without, whoever has their keys signs identities of the mesh until they
expire. Their CRLs stay in the sets of the others until then.

'trustgen intermediate' gives the cluster another one only with --rejoin.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of the cluster")
	cmd.Flags().BoolVar(&c.retire.Revoke, "revoke", false, "revoke its intermediates")
	addReason(cmd, &c.reason, fabric.ReasonCessationOfOperation)
	addAt(cmd, &c.at)
	addPasswordFile(cmd, &c.password, "the CA's key")
	addIncomplete(cmd, &c.retire.AllowIncomplete)
	addDryRun(cmd, &c.retire.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type retireResult struct {
	Cluster string `json:"cluster"`
	// Left are the intermediates that others still take.
	Left    []*certificateResult `json:"left,omitempty"`
	Revoked []*certificateResult `json:"revoked,omitempty"`
	Missing []missingResult      `json:"missing,omitempty"`
	DryRun  bool                 `json:"dryRun,omitempty"`
}

func (c *retireCommand) run(cmd *cobra.Command, _ []string) error {
	if len(c.clusters) != 1 {
		return &usageError{errors.New("name one cluster with --cluster"), cmd}
	}
	if other := given(cmd, []string{"reason", "at"}); other != "" && !c.retire.Revoke {
		return &usageError{errors.New(other + " is about a revocation: add --revoke"), cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	c.retire.Reason, c.retire.At = c.reason.given(), c.at.Time
	done, err := f.RetireCluster(cmd.Context(), c.clusters[0], c.retire)
	if err != nil {
		return err
	}
	c.tell(done)
	return c.print(done)
}

func (c *retireCommand) tell(done fabric.RetiredCluster) {
	c.warnMissing(done.Missing)
	switch {
	case c.retire.DryRun:
		c.note("dry run: nothing is changed in %s", c.dir)
		return
	case done.Again:
		c.note("%s has left before", c.clusters[0])
	default:
		c.note("%s has left the mesh; what its istiod has in the cluster is not touched", c.clusters[0])
	}
	for _, cert := range done.Left {
		c.warn("NOT REVOKED: %s, valid until %s", cert.Subject, formatTime(cert.NotAfter))
	}
	if done.Began {
		c.noteBegan()
	}
	if len(done.Revoked) > 0 {
		o := c.newOrder(c.dir)
		o.everywhere("hand every cluster the CRL that revokes", o.applyCRLs, done.Others, done.Elsewhere)
	}
}

func (c *retireCommand) print(done fabric.RetiredCluster) error {
	result := retireResult{
		Cluster: c.clusters[0], Left: newCertificateResults(done.Left), Revoked: newCertificateResults(done.Revoked),
		Missing: newMissingResults(done.Missing), DryRun: c.retire.DryRun,
	}
	rows := [][]string{{"CLUSTER", "ACTION", "SUBJECT", "NOT AFTER"}}
	add := func(action string, certs []fabric.Certificate) {
		if c.retire.DryRun {
			action = "would be " + action
		}
		for _, cert := range certs {
			rows = append(rows, []string{c.clusters[0], action, cert.Subject, formatTime(cert.NotAfter)})
		}
	}
	add("retired", done.Left)
	add("revoked", done.Revoked)
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}
