package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type crlImportCommand struct {
	*terminal
	dir      string
	password passwordFlags
	imports  fabric.ImportCRLsOptions
	output   outputFlag
}

func newCRLImport(t *terminal) *cobra.Command {
	c := &crlImportCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Take the CRLs of CAs whose key is elsewhere",
		Example: `  # From the directory of another cluster
  trustgen crl --with-certificates --dir other | trustgen crl import -

  # From a corporate root
  curl -s http://crl.example.com/root.crl | trustgen crl import -

  # From a cluster: what an ephemeral issuer announces, what istiod has
  kubectl --context west get configmap trustgen-crls -n trustgen-system -o yaml | trustgen crl import -
  kubectl --context west get secret cacerts -n istio-system -o yaml | trustgen crl import -`,
		Long: `FILE holds CRLs, and certificates of CAs that are not known here yet, in PEM with text
around it, one of them in DER, or a Secret or ConfigMap that has them, whose keys are
passed over; - is stdin. Certificates have to lead to a CA that is known, CRLs have to
be signed by one: a CRL of an unknown CA is passed over, and named. A CRL is taken if its
number is higher than that of the one that is here. Whatever either of the two revokes
stays revoked: where the CA signs here the next CRL has both, elsewhere a CRL that takes
a revocation back is refused.

All files are one transaction. Where CRLs are published every cluster gets the new set.`,
		Args: someFiles,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	addPasswordFile(cmd, &c.password, "the CA's key, if it has to sign")
	addIncomplete(cmd, &c.imports.AllowIncomplete)
	addDryRun(cmd, &c.imports.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type crlImportResult struct {
	Learned []*certificateResult `json:"learned,omitempty"`
	CRLs    []importedCRLResult  `json:"crls"`
	Revoked []revokedCAResult    `json:"revoked,omitempty"`
	Missing []missingResult      `json:"missing,omitempty"`
	DryRun  bool                 `json:"dryRun,omitempty"`
}

type importedCRLResult struct {
	Subject    string           `json:"subject"`
	Action     fabric.CRLAction `json:"action"`
	Number     string           `json:"number"`
	NextUpdate string           `json:"nextUpdate"`
	Revoked    int              `json:"revoked"`
}

type revokedCAResult struct {
	*certificateResult
	Cluster string          `json:"cluster,omitempty"`
	Was     fabric.Standing `json:"was"`
}

func newRevokedCAResults(revoked []fabric.RevokedCA) []revokedCAResult {
	var all []revokedCAResult
	for _, r := range revoked {
		all = append(all, revokedCAResult{newCertificateResult(r.Certificate), r.Cluster, r.Was})
	}
	return all
}

func (c *crlImportCommand) run(cmd *cobra.Command, args []string) error {
	if slices.Contains(args, "-") && c.password.file == "-" {
		return &usageError{errors.New("the CRLs and --password-file cannot both be stdin"), cmd}
	}
	var all fabric.Exchange
	for _, name := range args {
		e, err := c.readExchange(cmd.Context(), name)
		if err != nil {
			return err
		}
		all.Certificates = append(all.Certificates, e.Certificates...)
		all.CRLs = append(all.CRLs, e.CRLs...)
	}
	if len(all.Certificates)+len(all.CRLs) == 0 {
		c.note("there is nothing to import")
		return c.print(fabric.ImportedCRLs{})
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	done, err := f.ImportCRLs(cmd.Context(), all, c.imports)
	if err != nil {
		return err
	}
	c.tell(f, done)
	if err := c.print(done); err != nil {
		return err
	}
	if len(done.Revoked) > 0 && done.Publishes && !done.Written {
		return fmt.Errorf("what is revoked since is not refused anywhere: the clusters keep the set that they have: %w",
			&fabric.IncompleteError{Dir: f.Dir(), Missing: done.Missing})
	}
	return nil
}

func (c *crlImportCommand) tell(f *fabric.Fabric, done fabric.ImportedCRLs) {
	c.warnMissing(done.Missing)
	for _, cert := range done.Learned {
		c.note("%s is known from now on, a CA until %s", cert.Subject, formatTime(cert.NotAfter))
	}
	c.tellTaken(done.Taken)
	switch {
	case c.imports.DryRun:
		c.note("dry run: nothing is changed in %s", f.Dir())
	case done.Publishes && !done.Written:
		c.warn("the clusters keep the set that they have, until nothing is missing")
	case done.Changed && done.Publishes:
		o := c.newOrder(c.dir)
		o.everywhere("hand every cluster the new set", o.applyCRLs, done.Others, done.Elsewhere)
	case done.Changed:
		c.note("CRLs are not published: 'trustgen crl refresh%s' gives every cluster the set", dirFlag(c.dir))
	}
}

// tellTaken says what follows from what another directory says.
func (t *terminal) tellTaken(taken fabric.Taken) {
	for _, list := range taken.CRLs {
		switch list.Action {
		case fabric.CRLOlder:
			t.note("the CRL of %s with number %d is older than the one that is here, which stays", list.Subject, list.CRL.Number)
		case fabric.CRLUnknown:
			t.warn("the CRL of %s is passed over, since no such CA is known: where CRLs are published proxies refuse what that CA issued, until its certificate is imported with it", list.Subject)
		}
		if list.Forgets > 0 {
			t.warn("the CRL of %s does not revoke %d certificates any more that the last one did, and that are not known here: make sure that they have expired", list.Subject, list.Forgets)
		}
	}
	for _, r := range taken.Revoked {
		t.warn("%s is revoked%s", r.Certificate.Subject, whatFollows(r))
	}
}

// whatFollows is for a CA that was revoked elsewhere.
func whatFollows(r fabric.RevokedCA) string {
	switch r.Was {
	case fabric.StandingRoot, fabric.StandingIssuing:
		return ": EVERY CHAIN BELOW IT IS REFUSED by proxies that have its issuer's CRL. The way out is another CA for all clusters, in another directory"
	case fabric.StandingCurrent:
		return fmt.Sprintf(": it is the CURRENT INTERMEDIATE of cluster %s, whose workloads are refused until the cluster has another one", r.Cluster)
	}
	return ""
}

func (c *crlImportCommand) print(done fabric.ImportedCRLs) error {
	result := crlImportResult{Learned: newCertificateResults(done.Learned), CRLs: []importedCRLResult{}, Missing: newMissingResults(done.Missing), DryRun: c.imports.DryRun}
	rows := [][]string{{"CRL OF", "ACTION", "NUMBER", "NEXT UPDATE", "REVOKES"}}
	for _, list := range done.CRLs {
		entry := importedCRLResult{list.Subject, list.Action, list.CRL.Number.String(), formatTime(list.CRL.NextUpdate), list.CRL.Revoked}
		result.CRLs = append(result.CRLs, entry)
		rows = append(rows, []string{entry.Subject, string(entry.Action), entry.Number, entry.NextUpdate, strconv.Itoa(entry.Revoked)})
	}
	result.Revoked = newRevokedCAResults(done.Revoked)
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}
