package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

type crlCommand struct {
	*term.Terminal
	dir          string
	certificates bool
	incomplete   bool
}

func newCRL(t *term.Terminal) *cobra.Command {
	c := &crlCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "crl",
		Short: "Print the CRLs of the mesh, and keep them complete",
		Example: `  # The CRL bundle, as in ca-crl.pem of every cluster
  trustgen crl

  # Exchange CAs and CRLs with the directory of another cluster
  trustgen crl --with-certificates >mesh.pem
  trustgen crl import mesh.pem

  # All CAs and CRLs with their expiry
  trustgen crl status`,
		Long: `A proxy that has one CRL requires a CRL of every CA in a chain: Envoy refuses a chain if
the CRL of one of its CAs is missing or has expired; an empty CRL is enough. So clusters
have no CRLs until 'trustgen crl refresh' or 'trustgen revoke' publishes them. From then
on every cluster has the CRLs of all CAs of the mesh that have not expired: the root, the
CAs between, every intermediate, also superseded ones, and the CAs of other directories
and meshes that lead to the root.

The CRL of an intermediate is signed when it is issued, and ends with it. 'trustgen crl
import' imports the CRLs of CAs with remote keys. An external CA (istiod as registration
authority) cannot distribute CRLs, and an ephemeral signer has a new CA after every
start: publish CRLs only where each of these CAs has its CRL in the bundle.`,
		Args: noCommand,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	cmd.Flags().BoolVar(&c.certificates, "with-certificates", false, "print the certificates of the CAs and their available CRLs, for 'trustgen crl import'")
	cmd.Flags().BoolVar(&c.incomplete, "incomplete", false, "print the CRL bundle even if CRLs are missing")
	cmd.AddCommand(newCRLRefresh(t), newCRLImport(t), newCRLStatus(t))
	return cmd
}

func (c *crlCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return noResult(err)
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
			return nil, noResult(err)
		}
		return e.Marshal(), nil
	}
	set, err := f.CRLs(cmd.Context(), fabric.CRLsOptions{Incomplete: c.incomplete})
	if _, incomplete := errors.AsType[*mesh.IncompleteError](err); incomplete {
		return nil, err
	}
	if err != nil {
		return nil, noResult(err)
	}
	reportPublication(c.Terminal, mesh.Publication{Missing: set.Missing}, false)
	if len(set.CRLs) == 0 {
		return nil, fmt.Errorf("%s: no CA has a CRL in this directory", f.Dir())
	}
	return ca.MarshalCRLs(set.CRLs...), nil
}
