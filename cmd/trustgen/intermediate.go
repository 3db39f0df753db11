package main

import (
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type intermediateCommand struct {
	*terminal
	dir      string
	clusters clusterFlag
	keyType  keyTypeFlag
	end      endFlag
	issuer   issuerFlag
	password passwordFlags
	ensure   fabric.EnsureOptions
	output   outputFlag
}

func newIntermediate(t *terminal) *cobra.Command {
	c := &intermediateCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "intermediate --cluster NAME...",
		Short: "Give each cluster an intermediate CA under the root",
		Example: `  # For two clusters; makes a root first where there is none
  trustgen intermediate --cluster east --cluster west

  # A new key and certificate for a cluster, before the old one is due
  trustgen intermediate --cluster east --renew --not-after 90d

  # From a CA elsewhere: a TrustClusterIssuer, with the Secrets that it names
  trustgen intermediate --cluster east --issuer issuer.yaml

  # What istiod reads, handed to a cluster
  kubectl --context east create secret generic cacerts -n istio-system \
    --from-file=trust/clusters/east/ca-cert.pem --from-file=trust/clusters/east/ca-key.pem \
    --from-file=trust/clusters/east/root-cert.pem --from-file=trust/clusters/east/cert-chain.pem`,
		Long: `A valid intermediate is kept, so the command can run as often as you like. One
that has less than a third of its life left is renewed: with a new key and a new
name, and the old files are kept in superseded/. All clusters are one
transaction: either all of them change or none.

The root issues, or the issuing CA that init imported. Where its key is encrypted,
its passphrase is asked for on a terminal, or read from --password-file. A root that
is made here has a plain key, also on a terminal, unless --password-file is given:
'trustgen init' asks for a passphrase, and 'trustgen init --encrypt' encrypts the key
that there is.

Where fabric.yaml has name constraints, every new intermediate gets them. A cluster
whose key is elsewhere, see 'trustgen request', gets none here unless --renew is given,
one that has left the mesh, see 'trustgen retire', only with --rejoin.

What --not-after asks for is never cut. Without it an intermediate ends with its issuer
where that has less than 365 days left; with less than 24 hours left, nothing is issued.

With --issuer a CA elsewhere signs instead of the root in the directory. Its
answers must lead to that root; a directory that has none trusts the root of the
issuer from then on.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of a cluster: a DNS-1123 label; repeat it for more")
	addKeyType(cmd, &c.keyType, "that of the CA that issues")
	addNotAfter(cmd, &c.end, "365d, or the end of the issuer if that comes before")
	addIssuer(cmd, &c.issuer)
	addPasswordFile(cmd, &c.password, "the CA's key, or of the key of a new root")
	cmd.Flags().BoolVar(&c.ensure.Renew, "renew", false, "renew valid and damaged intermediates as well")
	cmd.Flags().BoolVar(&c.ensure.Rejoin, "rejoin", false, "let a cluster come back that has left the mesh, see 'trustgen retire'")
	addIncomplete(cmd, &c.ensure.AllowIncomplete)
	addDryRun(cmd, &c.ensure.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type intermediateResult struct {
	RootCreated bool                `json:"rootCreated"`
	RootAdopted bool                `json:"rootAdopted"`
	DryRun      bool                `json:"dryRun,omitempty"`
	Clusters    []intermediateEntry `json:"clusters"`
}

type intermediateEntry struct {
	Cluster   string        `json:"cluster"`
	Action    fabric.Action `json:"action"`
	Directory string        `json:"directory"`
	*certificateResult
}

func (c *intermediateCommand) run(cmd *cobra.Command, _ []string) error {
	if len(c.clusters) == 0 {
		return &usageError{errors.New("no cluster is named: --cluster is missing"), cmd}
	}
	if c.issuer == "-" && c.password.file == "-" {
		return &usageError{errors.New("--issuer and --password-file cannot both be stdin"), cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	if c.password.file != "" {
		c.ensure.Root.NewPassword = c.password.choosing(c.terminal)
	}
	if c.ensure.Upstream, err = c.issuer.upstream(cmd.Context(), c.terminal); err != nil {
		return err
	}
	progress := newProgress(c.terminal, len(c.clusters), "clusters")
	c.ensure.KeyType = c.keyType.KeyType
	c.ensure.NotAfter = c.end.from(c.Now())
	c.ensure.Progress = progress.report
	result, err := f.Ensure(cmd.Context(), c.clusters, c.ensure)
	progress.end()
	if err != nil {
		return err
	}
	c.tell(f, result)
	return c.print(f, result)
}

func (c *intermediateCommand) tell(f *fabric.Fabric, r fabric.Result) {
	switch {
	case c.ensure.DryRun && r.RootCreated:
		c.note("dry run: nothing is changed in %s, where a root would be made as well", f.Dir())
	case c.ensure.DryRun:
		c.note("dry run: nothing is changed in %s", f.Dir())
	case r.RootCreated:
		c.rootMade(f, r.Root, c.password.file != "")
	case r.RootAdopted:
		c.note("trusts the root of the issuer from now on: %s, valid until %s", r.Root.Subject, formatTime(r.Root.NotAfter))
	}
	c.warnMissing(r.Missing)
	c.tellOrder(r)
	c.tellKept(r)
	for _, e := range r.Clusters {
		if e.EndsWithIssuer {
			c.noteEnd(e.Cluster, e.Certificate)
		}
	}
}

// noteEnd is for an intermediate that lives for less than it would by default.
func (t *terminal) noteEnd(cluster string, cert fabric.Certificate) {
	t.note("the intermediate of %s ends with its issuer, at %s: there has to be another issuer before", cluster, formatTime(cert.NotAfter))
}

// tellOrder is for a mesh that publishes CRLs: who has any refuses a CA whose CRL it does
// not have.
func (c *intermediateCommand) tellOrder(r fabric.Result) {
	if !r.Publishes || c.ensure.DryRun {
		return
	}
	clusters := rollout{others: r.Others, elsewhere: r.Elsewhere}
	for _, e := range r.Clusters {
		switch e.Action {
		case fabric.Created:
			clusters.created = append(clusters.created, e.Cluster)
		case fabric.Renewed:
			clusters.renewed = append(clusters.renewed, e.Cluster)
		}
	}
	c.newOrder(c.dir).othersFirst(clusters)
}

// tellKept says what the flags do not do for what is kept.
func (c *intermediateCommand) tellKept(r fabric.Result) {
	kept := slices.ContainsFunc(r.Clusters, func(e fabric.Ensured) bool { return e.Action == fabric.Kept })
	if kept && (c.keyType.KeyType != "" || c.end.text != "") {
		c.hint("what is kept does not take --key-type or --not-after; --renew issues it anew")
	}
	for _, e := range r.Clusters {
		if e.OtherConstraints {
			c.warn("%s is kept, and has other name constraints than fabric.yaml: --renew issues it anew", e.Cluster)
		}
	}
}

func (c *intermediateCommand) print(f *fabric.Fabric, r fabric.Result) error {
	result := intermediateResult{RootCreated: r.RootCreated, RootAdopted: r.RootAdopted, DryRun: c.ensure.DryRun}
	rows := [][]string{{"CLUSTER", "ACTION", "SUBJECT", "KEY", "NOT AFTER", "DIRECTORY"}}
	for _, e := range r.Clusters {
		entry := intermediateEntry{Cluster: e.Cluster, Action: e.Action, Directory: f.ClusterPath(e.Cluster)}
		row := []string{e.Cluster, string(e.Action), "", "", "", entry.Directory}
		if c.ensure.DryRun && e.Action != fabric.Kept {
			row[1] = "would be " + row[1]
		} else {
			entry.certificateResult = newCertificateResult(e.Certificate)
			copy(row[2:], []string{entry.Subject, entry.KeyType, entry.NotAfter})
		}
		result.Clusters = append(result.Clusters, entry)
		rows = append(rows, row)
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}
