package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type revokeCommand struct {
	*terminal
	dir      string
	clusters clusterFlag
	reason   reasonFlag
	at       timeFlag
	finish   bool
	keyType  keyTypeFlag
	end      endFlag
	password passwordFlags
	revoke   fabric.RevokeOptions
	output   outputFlag
}

func newRevoke(t *terminal) *cobra.Command {
	c := &revokeCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "revoke --cluster NAME...",
		Short: "Revoke the intermediate CAs of a cluster, without an outage",
		Example: `  # First: a successor, which all clusters get to know. Nothing is revoked yet
  trustgen revoke --cluster east --reason keyCompromise

  # Then, when the workloads of east have certificates of the successor
  trustgen revoke --cluster east --finish

  # Both at once: the workloads of east are refused until they have new certificates
  trustgen revoke --cluster east --reason keyCompromise --now`,
		Long: `All intermediates are revoked that the cluster has had up to now and that have not
expired. To revoke the one that is in use would cut the cluster off, so that there
are two steps. The first one issues a successor, puts its CRL into the set of every
cluster, and writes down what is to be revoked. The command prints what has to be
done in the clusters, and in which order. The second one, --finish, revokes.

With --now there is one step, and an outage of the cluster, until its workloads have
renewed: right if the key was stolen, since whoever has it signs the identities of
all workloads of the mesh until then. Where the first step was done, --now does the
rest of it, even if the cluster is left without an intermediate.

The clusters have the CRLs of all CAs of the mesh from then on, see 'trustgen crl'.
Sidecars check them. istiod does not, when a certificate of the mesh is shown to it in
place of a token: see SECURITY.md.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of a cluster; repeat it for more")
	addReason(cmd, &c.reason, fabric.Unspecified)
	addAt(cmd, &c.at)
	cmd.Flags().BoolVar(&c.finish, "finish", false, "revoke what is pending: every cluster has its set, and the workloads have renewed")
	cmd.Flags().BoolVar(&c.revoke.Immediately, "now", false, "revoke at once, which is an outage of the cluster until its workloads have renewed")
	addKeyType(cmd, &c.keyType, "that of the CA that issues")
	addNotAfter(cmd, &c.end, "365d")
	addPasswordFile(cmd, &c.password, "`file` whose first line is the passphrase of the CA's key; - is stdin (default a prompt, where the key is encrypted)")
	addIncomplete(cmd, &c.revoke.AllowIncomplete)
	addDryRun(cmd, &c.revoke.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type revokeResult struct {
	Clusters []revokeEntry   `json:"clusters"`
	Missing  []missingResult `json:"missing,omitempty"`
	DryRun   bool            `json:"dryRun,omitempty"`
}

type revokeEntry struct {
	Cluster   string               `json:"cluster"`
	Successor *certificateResult   `json:"successor,omitempty"`
	Pending   []*certificateResult `json:"pending,omitempty"`
	Revoked   []*certificateResult `json:"revoked,omitempty"`
}

type missingResult struct {
	Cluster  string `json:"cluster,omitempty"`
	Subject  string `json:"subject"`
	NotAfter string `json:"notAfter"`
	Expired  string `json:"expired,omitempty"`
}

func newMissingResults(missing []fabric.MissingCRL) []missingResult {
	var all []missingResult
	for _, m := range missing {
		r := missingResult{Cluster: m.Cluster, Subject: m.Subject, NotAfter: formatTime(m.NotAfter)}
		if !m.Expired.IsZero() {
			r.Expired = formatTime(m.Expired)
		}
		all = append(all, r)
	}
	return all
}

func newCertificateResults(certs []fabric.Certificate) []*certificateResult {
	var all []*certificateResult
	for _, c := range certs {
		all = append(all, newCertificateResult(c))
	}
	return all
}

func (c *revokeCommand) run(cmd *cobra.Command, _ []string) error {
	if len(c.clusters) == 0 {
		return &usageError{errors.New("no cluster is named: --cluster is missing"), cmd}
	}
	if other := given(cmd, []string{"reason", "at", "now", "key-type", "not-after"}); c.finish && other != "" {
		return &usageError{fmt.Errorf("--finish does what was decided before, and %s decides: leave it out", other), cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	c.revoke.Reason, c.revoke.At = c.reason.reason, c.at.Time
	c.revoke.KeyType, c.revoke.NotAfter = c.keyType.KeyType, c.end.from(c.Now())
	var done fabric.Revocation
	if c.finish {
		done, err = f.FinishRevocation(cmd.Context(), c.clusters, fabric.FinishOptions{AllowIncomplete: c.revoke.AllowIncomplete, DryRun: c.revoke.DryRun})
	} else {
		done, err = f.Revoke(cmd.Context(), c.clusters, c.revoke)
	}
	if err != nil {
		return err
	}
	c.tell(done)
	return c.print(done)
}

func (c *revokeCommand) tell(done fabric.Revocation) {
	c.warnMissing(done.Missing)
	if c.revoke.DryRun {
		c.note("dry run: nothing is changed in %s", c.dir)
		return
	}
	if done.Began {
		c.note("CRLs are published from now on: every cluster has those of all CAs")
	}
	w := c.tellClusters(done)
	if len(w.all) == 0 {
		c.tellRevoked(done)
		return
	}
	c.tellOrder(done, w)
}

// waiting are the clusters of which a revocation is pending.
type waiting struct{ all, here, elsewhere []string }

func (c *revokeCommand) tellClusters(done fabric.Revocation) waiting {
	var w waiting
	for _, e := range done.Clusters {
		for _, cert := range e.Pending {
			c.warn("NOT REVOKED YET: %s of cluster %s, valid until %s", cert.Subject, e.Cluster, formatTime(cert.NotAfter))
		}
		for _, cert := range e.Revoked {
			c.note("revoked %s of cluster %s", cert.Subject, e.Cluster)
		}
		if len(e.Pending) == 0 {
			continue
		}
		w.all = append(w.all, e.Cluster)
		if e.Here {
			w.here = append(w.here, e.Cluster)
		} else {
			w.elsewhere = append(w.elsewhere, e.Cluster)
		}
	}
	return w
}

// tellOrder prints what has to happen between the two steps.
func (c *revokeCommand) tellOrder(done fabric.Revocation, w waiting) {
	o := c.newOrder(c.dir)
	for _, cluster := range w.elsewhere {
		o.say("the key of %s is elsewhere: give it another intermediate, and bring its CRL here:", cluster)
		o.command("there 'trustgen request --cluster %s', here 'trustgen sign', there 'trustgen install'", cluster)
		o.command("there 'trustgen crl --with-certificates', here 'trustgen crl import%s'", dirFlag(c.dir))
	}
	o.othersFirst(c.others(done, w.here), without(done.Elsewhere, w.elsewhere), w.here)
	o.say("wait until all workloads of %s have renewed: 24 hours, unless their certificates live longer, or restart them", strings.Join(w.all, " and "))
	o.say("revoke, which prints what is left then:")
	o.command("trustgen revoke --cluster %s --finish%s", strings.Join(w.all, ","), dirFlag(c.dir))
}

// others are the clusters whose sets are here, without some.
func (c *revokeCommand) others(done fabric.Revocation, waiting []string) []string {
	all := slices.Clone(done.Others)
	for _, e := range done.Clusters {
		if e.Here {
			all = append(all, e.Cluster)
		}
	}
	return without(all, waiting)
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

// tellRevoked is for a revocation that needs nothing more than to be known.
func (c *revokeCommand) tellRevoked(done fabric.Revocation) {
	c.newOrder(c.dir).everywhere("hand every cluster the CRL that revokes", c.others(done, nil), done.Elsewhere)
	c.hint("istiod looks at no CRL: it takes a certificate of a revoked CA for proof of an identity. Let nobody but the pods of its cluster reach port 15012 of an istiod")
	if c.finish {
		return
	}
	for _, e := range done.Clusters {
		if e.Successor != nil {
			c.hint("the workloads of %s are refused until they have certificates of %s: restart them", e.Cluster, e.Successor.Subject)
		}
	}
}

func (c *revokeCommand) print(done fabric.Revocation) error {
	result := revokeResult{Missing: newMissingResults(done.Missing), DryRun: c.revoke.DryRun}
	rows := [][]string{{"CLUSTER", "ACTION", "SUBJECT", "NOT AFTER"}}
	add := func(cluster, action string, certs ...fabric.Certificate) {
		for _, cert := range certs {
			rows = append(rows, []string{cluster, action, cert.Subject, formatTime(cert.NotAfter)})
		}
	}
	for _, e := range done.Clusters {
		entry := revokeEntry{Cluster: e.Cluster, Pending: newCertificateResults(e.Pending), Revoked: newCertificateResults(e.Revoked)}
		switch {
		case e.Successor == nil:
		case c.revoke.DryRun:
			rows = append(rows, []string{e.Cluster, "would be issued", "", ""})
		default:
			entry.Successor = newCertificateResult(*e.Successor)
			add(e.Cluster, "issued", *e.Successor)
		}
		add(e.Cluster, c.would("not revoked yet"), e.Pending...)
		add(e.Cluster, c.would("revoked"), e.Revoked...)
		result.Clusters = append(result.Clusters, entry)
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}

func (c *revokeCommand) would(action string) string {
	switch {
	case !c.revoke.DryRun:
		return action
	case action == "revoked":
		return "would be revoked"
	}
	return "would be pending"
}
