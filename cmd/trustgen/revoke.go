package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

type revokeCommand struct {
	*term.Terminal
	dir          string
	clusters     flags.Clusters
	certificates []string
	revocation   flags.Revocation
	finish       bool
	keyType      flags.KeyType
	end          flags.End
	password     flags.Password
	options      fabric.RevokeOptions
	format       flags.Format
}

func newRevoke(t *term.Terminal) *cobra.Command {
	c := &revokeCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "revoke --cluster NAME... | --certificate CA",
		Short: "Revoke the intermediate CAs of a cluster without an outage, or single CAs",
		Example: `  # First: issue a successor, and bring it to all clusters. Nothing is revoked yet
  trustgen revoke --cluster east --reason keyCompromise

  # Then: when the workloads of east have certificates of the successor, revoke
  trustgen revoke --cluster east --finish

  # Both at once: the workloads of east are refused until they have new certificates
  trustgen revoke --cluster east --reason keyCompromise --now

  # An intermediate that was signed and never installed, or a cross-certificate
  trustgen revoke --certificate east.pem`,
		Long: `It revokes all intermediates of the cluster that have not expired, or those whose
revocation is pending. Revoking the current one would cut the cluster off, so there are
two steps. The first one issues a successor, adds its CRL to the CRL bundle of every
cluster, and records the pending revocation. It prints the steps to take in the
clusters, in their order. The second one, --finish, revokes. In between, --reason and
--at change the pending revocation.

With --now there is one step, and an outage of the cluster until its workloads have new
certificates. This is right for a stolen key: whoever has it signs the identities of all
workloads of the mesh until it is revoked. After the first step, --now finishes it even
if the cluster has no other intermediate.

--certificate revokes single CAs at once: by a file with the certificate or chain, - is
stdin, by subject, or by the SHA-256 in 'trustgen crl status -o json'. It is for CAs that
no cluster uses: a signed response that cannot be installed, since 'trustgen request
--new' replaced the key, or a cross-certificate.

All clusters have the CRLs of all CAs of the mesh from then on, see 'trustgen crl'.
Sidecars check them; istiod does not, for a client certificate in place of a token: see
SECURITY.md.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.clusters.Add(cmd, "`name` of a cluster; repeat it for more")
	flags.InputFiles(cmd, &c.certificates, "certificate", "a `CA` to revoke at once: a file with its certificate, its subject or its SHA-256; repeat it for more")
	c.revocation.Add(cmd, mesh.ReasonUnspecified)
	cmd.Flags().BoolVar(&c.finish, "finish", false, "revoke the pending intermediates, when every cluster has its bundle and the workloads have new certificates")
	cmd.Flags().BoolVar(&c.options.Now, "now", false, "revoke at once, which is an outage of the cluster until its workloads have new certificates")
	c.keyType.Add(cmd, "that of the CA that issues")
	c.end.AddNotAfter(cmd, "365d, or the end of the CA that issues if that comes before")
	c.password.Add(cmd, "the CA's key")
	flags.AddIncomplete(cmd, &c.options.Incomplete)
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *revokeCommand) run(cmd *cobra.Command, _ []string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	done, err := c.revoke(cmd.Context(), f)
	if err != nil {
		return err
	}
	c.report(done)
	return view.Print(c.Out, c.format.String(), view.NewRevoke(done, c.options.DryRun))
}

func (c *revokeCommand) check(cmd *cobra.Command) error {
	if len(c.certificates) > 0 {
		if other := flags.Given(cmd, "cluster", "finish", "key-type", "not-after"); other != "" {
			return flags.Usagef(cmd, "--certificate and %s cannot be combined", other)
		}
		return nil
	}
	if other := flags.Given(cmd, "reason", "at", "now", "key-type", "not-after"); c.finish && other != "" {
		return flags.Usagef(cmd, "--finish and %s cannot be combined", other)
	}
	return c.clusters.RequireSome(cmd)
}

func (c *revokeCommand) revoke(ctx context.Context, f *fabric.Fabric) (fabric.RevokeResult, error) {
	incomplete, dryRun := c.options.Incomplete, c.options.DryRun
	reason, at := c.revocation.Reason(), c.revocation.At()
	switch {
	case c.finish:
		return f.FinishRevocation(ctx, c.clusters, fabric.FinishRevocationOptions{Incomplete: incomplete, DryRun: dryRun})
	case len(c.certificates) > 0:
		names, err := c.nameCertificates(ctx)
		if err != nil {
			return fabric.RevokeResult{}, err
		}
		return f.RevokeCertificates(ctx, names, fabric.RevokeCertificatesOptions{Reason: reason, At: at, Incomplete: incomplete, DryRun: dryRun})
	}
	c.options.Reason, c.options.At = reason, at
	c.options.KeyType, c.options.NotAfter = c.keyType.KeyType, c.end.From(c.Now())
	return f.Revoke(ctx, c.clusters, c.options)
}

func (c *revokeCommand) nameCertificates(ctx context.Context) ([]string, error) {
	names := make([]string, len(c.certificates))
	for i, value := range c.certificates {
		var err error
		if names[i], err = c.nameCertificate(ctx, value); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// nameCertificate is the hash of the first certificate in a file; a subject or a hash stays as it is.
func (c *revokeCommand) nameCertificate(ctx context.Context, value string) (string, error) {
	if _, err := os.Stat(value); err != nil && value != "-" {
		return value, nil
	}
	e, err := files.ReadExchange(ctx, c.Terminal, value)
	if err != nil {
		return "", err
	}
	certs := e.Certificates
	if len(certs) == 0 || len(certs) > 1 && certs[0].CheckSignatureFrom(certs[1]) != nil {
		return "", fmt.Errorf("%s: %d certificates, expected one, or a chain that begins with it", term.InputName(value), len(certs))
	}
	return view.Fingerprint(certs[0].Raw), nil
}

func (c *revokeCommand) report(done fabric.RevokeResult) {
	reportPublication(c.Terminal, done.Publication, c.options.DryRun)
	if c.options.DryRun {
		c.Note("dry run: nothing is changed in %s", c.dir)
		return
	}
	for _, e := range done.Clusters {
		for _, cert := range e.Pending {
			c.Warn("NOT REVOKED YET: %s of cluster %s, valid until %s", cert.Subject, e.Cluster, term.Time(cert.NotAfter))
		}
		for _, cert := range e.Revoked {
			c.Note("revoked %s%s", cert.Subject, ofCluster(e.Cluster))
		}
		if e.Successor != nil && e.EndsWithIssuer {
			reportEnd(c.Terminal, e.Cluster, *e.Successor)
		}
	}
	view.Rollout(c.Terminal, c.dir, done.Rollout())
	if done.Revokes() {
		c.Hint("istiod does not check CRLs: it still accepts client certificates from a revoked CA. Let only pods of its own cluster reach port 15012 of an istiod")
	}
}

func ofCluster(cluster string) string {
	if cluster == "" {
		return ""
	}
	return " of cluster " + cluster
}
