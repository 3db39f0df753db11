package main

import (
	"cmp"
	"context"
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
	dir          string
	clusters     clusterFlag
	certificates []string
	reason       reasonFlag
	at           timeFlag
	finish       bool
	keyType      keyTypeFlag
	end          endFlag
	password     passwordFlags
	revoke       fabric.RevokeOptions
	output       outputFlag
}

func newRevoke(t *terminal) *cobra.Command {
	c := &revokeCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "revoke --cluster NAME... | --certificate CA",
		Short: "Revoke the intermediate CAs of a cluster, without an outage, or one CA",
		Example: `  # First: a successor, which all clusters get to know. Nothing is revoked yet
  trustgen revoke --cluster east --reason keyCompromise

  # Then, when the workloads of east have certificates of the successor
  trustgen revoke --cluster east --finish

  # Both at once: the workloads of east are refused until they have new certificates
  trustgen revoke --cluster east --reason keyCompromise --now

  # An intermediate that was signed and never installed, or a cross-certificate
  trustgen revoke --certificate east.pem`,
		Long: `All intermediates are revoked that the cluster has had up to now and that have not
expired; where a revocation waits, those that it is about. To revoke the one that is in
use would cut the cluster off, so that there are two steps. The first one issues a
successor, puts its CRL into the set of every cluster, and writes down what is to be
revoked. The command prints what has to be done in the clusters, and in which order.
The second one, --finish, revokes. In between --reason and --at change what was written
down.

With --now there is one step, and an outage of the cluster, until its workloads have
renewed: right if the key was stolen, since whoever has it signs the identities of
all workloads of the mesh until then. Where the first step was done, --now does the
rest of it, even if the cluster is left without an intermediate.

--certificate revokes single CAs at once: by a file with its certificate or chain, - is
stdin, by its subject, or by the SHA-256 that 'trustgen crl status -o json' shows. It is
for what no cluster has in use: an answer that nobody can install any more, since
'trustgen request --new' has made another key, or a cross-certificate.

The clusters have the CRLs of all CAs of the mesh from then on, see 'trustgen crl'.
Sidecars check them. istiod does not, when a certificate of the mesh is shown to it in
place of a token: see SECURITY.md.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of a cluster; repeat it for more")
	cmd.Flags().StringArrayVar(&c.certificates, "certificate", nil, "a `CA` to revoke, at once: a file with its certificate, its subject or its SHA-256; repeat it for more")
	addReason(cmd, &c.reason, fabric.ReasonUnspecified)
	addAt(cmd, &c.at)
	cmd.Flags().BoolVar(&c.finish, "finish", false, "revoke what is pending: every cluster has its set, and the workloads have renewed")
	cmd.Flags().BoolVar(&c.revoke.Immediately, "now", false, "revoke at once, which is an outage of the cluster until its workloads have renewed")
	addKeyType(cmd, &c.keyType, "that of the CA that issues")
	addNotAfter(cmd, &c.end, "365d, or the end of the CA that issues if that comes before")
	addPasswordFile(cmd, &c.password, "the CA's key")
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
	Cluster   string               `json:"cluster,omitempty"`
	Successor *certificateResult   `json:"successor,omitempty"`
	Pending   []*certificateResult `json:"pending,omitempty"`
	Revoked   []*certificateResult `json:"revoked,omitempty"`
}

func (c *revokeCommand) run(cmd *cobra.Command, _ []string) error {
	if err := c.check(cmd); err != nil {
		return &usageError{err, cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	done, err := c.do(cmd.Context(), f)
	if err != nil {
		return err
	}
	c.tell(done)
	return c.print(done)
}

func (c *revokeCommand) check(cmd *cobra.Command) error {
	other := func(names ...string) string { return given(cmd, names) }
	switch decides, about := other("reason", "at", "now", "key-type", "not-after"), other("cluster", "finish", "key-type", "not-after"); {
	case len(c.certificates) > 0 && about != "":
		return fmt.Errorf("--certificate is about single CAs, and %s about a cluster: leave one of them out", about)
	case slices.Contains(c.certificates, "-") && c.password.file == "-":
		return errors.New("--certificate and --password-file cannot both be stdin")
	case len(c.certificates) > 0:
		return nil
	case len(c.clusters) == 0:
		return errors.New("no cluster is named: --cluster is missing")
	case c.finish && decides != "":
		return fmt.Errorf("--finish does what was decided before, and %s decides: leave it out", decides)
	}
	return nil
}

func (c *revokeCommand) do(ctx context.Context, f *fabric.Fabric) (fabric.Revocation, error) {
	incomplete, dryRun := c.revoke.AllowIncomplete, c.revoke.DryRun
	if c.finish {
		return f.FinishRevocation(ctx, c.clusters, fabric.FinishOptions{AllowIncomplete: incomplete, DryRun: dryRun})
	}
	reason := c.reason.given()
	if len(c.certificates) == 0 {
		c.revoke.Reason, c.revoke.At = reason, c.at.Time
		c.revoke.KeyType, c.revoke.NotAfter = c.keyType.KeyType, c.end.from(c.Now())
		return f.Revoke(ctx, c.clusters, c.revoke)
	}
	names, err := c.nameCertificates(ctx)
	if err != nil {
		return fabric.Revocation{}, err
	}
	o := fabric.RevokeCertificatesOptions{Reason: reason, At: c.at.Time, AllowIncomplete: incomplete, DryRun: dryRun}
	return f.RevokeCertificates(ctx, names, o)
}

func (c *revokeCommand) nameCertificates(ctx context.Context) ([]string, error) {
	names := make([]string, len(c.certificates))
	for i, given := range c.certificates {
		var err error
		if names[i], err = c.nameCertificate(ctx, given); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// nameCertificate is the hash of the certificate in a file, the first one of a chain, or else
// what was given.
func (c *revokeCommand) nameCertificate(ctx context.Context, given string) (string, error) {
	if given != "-" && !isThere(given) {
		return given, nil
	}
	e, err := c.readExchange(ctx, given)
	if err != nil {
		return "", err
	}
	certs := e.Certificates
	if len(certs) == 0 || len(certs) > 1 && certs[0].CheckSignatureFrom(certs[1]) != nil {
		return "", fmt.Errorf("%s: %d certificates, expected one, or a chain that begins with it", displayName(given), len(certs))
	}
	return fingerprint(certs[0].Raw), nil
}

func (c *revokeCommand) tell(done fabric.Revocation) {
	c.warnMissing(done.Missing)
	if c.revoke.DryRun {
		c.note("dry run: nothing is changed in %s", c.dir)
		return
	}
	if done.Began {
		c.noteBegan()
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
			c.note("revoked %s%s", cert.Subject, ofCluster(e.Cluster))
		}
		if e.Successor != nil && e.EndsWithIssuer {
			c.noteEnd(e.Cluster, *e.Successor)
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

func ofCluster(cluster string) string {
	if cluster == "" {
		return ""
	}
	return " of cluster " + cluster
}

// tellOrder prints what has to happen between the two steps.
func (c *revokeCommand) tellOrder(done fabric.Revocation, w waiting) {
	o := c.newOrder(c.dir)
	c.tellSuccessors(o, w.elsewhere)
	o.othersFirst(rollout{others: c.others(done, w.here), elsewhere: without(done.Elsewhere, w.elsewhere), renewed: w.here})
	o.say("wait until all workloads of %s have renewed: 24 hours, unless their certificates live longer, or restart them", strings.Join(w.all, " and "))
	o.say("revoke, which prints what is left then:")
	o.command("trustgen revoke --cluster %s --finish%s", strings.Join(w.all, ","), dirFlag(c.dir))
}

// tellSuccessors is for clusters whose keys are elsewhere.
func (c *revokeCommand) tellSuccessors(o *order, clusters []string) {
	for _, cluster := range clusters {
		o.say("the key of %s is elsewhere: give it another intermediate, and bring its CRL here:", cluster)
		o.command("there 'trustgen request --cluster %s', here 'trustgen sign', there 'trustgen install'", cluster)
		o.command("there 'trustgen crl --with-certificates', here 'trustgen crl import%s'", dirFlag(c.dir))
	}
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

// tellRevoked is for a revocation that everybody has to know.
func (c *revokeCommand) tellRevoked(done fabric.Revocation) {
	var left []string // without an intermediate
	for _, e := range done.Clusters {
		if e.Without {
			left = append(left, e.Cluster)
		}
	}
	o := c.newOrder(c.dir)
	apply := func(clusters ...string) {
		for _, cluster := range clusters {
			if slices.Contains(done.Others, cluster) || len(c.certificates) > 0 {
				o.applyCRLs(cluster)
			} else {
				o.apply(cluster) // its successor may still be here alone
			}
		}
	}
	o.everywhere("hand every cluster the CRL that revokes", apply, c.others(done, nil), slices.Concat(done.Elsewhere, left))
	c.tellSuccessors(o, left)
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
		cluster = cmp.Or(cluster, "-")
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
