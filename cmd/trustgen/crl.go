package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type crlCommand struct {
	*terminal
	dir          string
	certificates bool
	incomplete   bool
}

func newCRL(t *terminal) *cobra.Command {
	c := &crlCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "crl",
		Short: "Print the CRLs of the mesh, and keep them complete",
		Example: `  # The set, as every cluster has it in ca-crl.pem
  trustgen crl

  # What the directory of another cluster has to know
  trustgen crl --with-certificates >mesh.pem
  trustgen crl import mesh.pem

  # Who is due when
  trustgen crl status`,
		Long: `As soon as a proxy has one CRL it wants one of every CA that it meets: Envoy refuses
a chain if the CRL of any of its CAs is missing or has expired, empty ones included.
So there are no CRLs in the clusters until 'trustgen crl refresh' or 'trustgen revoke'
put them there, and from then on every cluster has those of all CAs of the mesh that
have not expired: the root, the CAs between, every intermediate, superseded ones
included, and the CAs of other directories and meshes that lead to the root.

The CRL of every intermediate is signed when it is issued, and lives as long as it
does. CAs whose key is elsewhere bring theirs by 'trustgen crl import'. An external CA
(istiod as registration authority) has no way to distribute CRLs, and an ephemeral
signer has a new CA after every start: publish CRLs only where each of them is known.`,
		Args: noCommand,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().BoolVar(&c.certificates, "with-certificates", false, "print the certificates of the CAs as well, and what CRLs there are, for 'trustgen crl import'")
	cmd.Flags().BoolVar(&c.incomplete, "incomplete", false, "print the set even if CRLs are missing")
	cmd.AddCommand(newCRLRefresh(t), newCRLImport(t), newCRLStatus(t))
	return cmd
}

func (c *crlCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return &lookError{err}
	}
	data, err := c.read(cmd, f)
	if err != nil {
		return err
	}
	_, err = c.Out.Write(data)
	return err
}

func (c *crlCommand) read(cmd *cobra.Command, f *fabric.Fabric) ([]byte, error) {
	if c.certificates {
		e, err := f.Exchange(cmd.Context())
		if err != nil {
			return nil, &lookError{err}
		}
		return e.Marshal(), nil
	}
	set, err := f.CRLs(cmd.Context(), fabric.CRLSetOptions{AllowIncomplete: c.incomplete})
	if err != nil {
		return nil, lookedAtSet(err)
	}
	c.warnMissing(set.Missing)
	if len(set.CRLs) == 0 {
		return nil, fmt.Errorf("%s: no CA has a CRL here", f.Dir())
	}
	return ca.MarshalCRLs(set.CRLs...), nil
}

// lookedAtSet tells a set that lacks something from a directory that cannot be looked at.
func lookedAtSet(err error) error {
	if err == nil || errors.As(err, new(*fabric.IncompleteError)) {
		return err
	}
	return &lookError{err}
}
