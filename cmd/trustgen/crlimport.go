package main

import (
	"errors"
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
  kubectl get configmap trustgen-crls -n trustgen-system -o yaml | trustgen crl import -
  kubectl get secret cacerts -n istio-system -o yaml | trustgen crl import -`,
		Long: `FILE holds CRLs, and certificates of CAs that are not known here yet, in PEM with text
around it, one of them in DER, or a Secret or ConfigMap that has them, whose keys are
passed over; - is stdin. Certificates have to lead to a CA that is known, CRLs have to
be signed by one. A CRL is taken if its number is higher than that of the one that is
here. Whatever either of the two revokes stays revoked where the CA signs here: then
the next CRL has both.

All files are one transaction. Where CRLs are published every cluster gets the new set.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("no file is named"), cmd}
			}
			return nil
		},
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	addPasswordFile(cmd, &c.password, "`file` whose first line is the passphrase of the CA's key, if it has to sign; - is stdin (default a prompt, where the key is encrypted)")
	addIncomplete(cmd, &c.imports.AllowIncomplete)
	addDryRun(cmd, &c.imports.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type crlImportResult struct {
	Learned []*certificateResult `json:"learned,omitempty"`
	CRLs    []importedCRLResult  `json:"crls"`
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
	return c.print(done)
}

func (c *crlImportCommand) tell(f *fabric.Fabric, done fabric.ImportedCRLs) {
	if done.Publishes {
		c.warnMissing(done.Missing)
	}
	for _, cert := range done.Learned {
		c.note("%s is known from now on, a CA until %s", cert.Subject, formatTime(cert.NotAfter))
	}
	for _, list := range done.CRLs {
		if list.Action == fabric.CRLOlder {
			c.note("the CRL of %s with number %d is older than the one that is here, which stays", list.Subject, list.CRL.Number)
		}
	}
	changed := len(done.Learned) > 0 || slices.ContainsFunc(done.CRLs, func(i fabric.ImportedCRL) bool {
		return i.Action == fabric.CRLTaken || i.Action == fabric.CRLMerged
	})
	switch {
	case c.imports.DryRun:
		c.note("dry run: nothing is changed in %s", f.Dir())
	case done.Publishes && !done.Written:
		c.warn("the clusters keep the set that they have, until nothing is missing")
	case changed && done.Publishes:
		c.newOrder(c.dir).everywhere("hand every cluster the new set", done.Clusters, nil)
	case changed:
		c.note("CRLs are not published: 'trustgen crl refresh%s' gives every cluster the set", dirFlag(c.dir))
	}
}

func (c *crlImportCommand) print(done fabric.ImportedCRLs) error {
	result := crlImportResult{Learned: newCertificateResults(done.Learned), CRLs: []importedCRLResult{}, Missing: newMissingResults(done.Missing), DryRun: c.imports.DryRun}
	rows := [][]string{{"CRL OF", "ACTION", "NUMBER", "NEXT UPDATE", "REVOKES"}}
	for _, list := range done.CRLs {
		entry := importedCRLResult{list.Subject, list.Action, list.CRL.Number.String(), formatTime(list.CRL.NextUpdate), list.CRL.Revoked}
		result.CRLs = append(result.CRLs, entry)
		rows = append(rows, []string{entry.Subject, string(entry.Action), entry.Number, entry.NextUpdate, strconv.Itoa(entry.Revoked)})
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}
