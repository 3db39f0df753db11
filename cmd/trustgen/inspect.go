package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
)

func newInspect(t *term.Terminal) *cobra.Command {
	var format flags.Format
	cmd := &cobra.Command{
		Use:   "inspect FILE...",
		Short: "Show the certificates, CRLs, keys and Secrets in files",
		Example: `  trustgen inspect trust/clusters/east/cert-chain.pem

  # The CA of a cluster
  kubectl --context east get secret cacerts -n istio-system -o yaml | trustgen inspect -`,
		Long: `FILE is PEM, one certificate, CRL or request in DER, or a Secret or ConfigMap in
YAML or JSON; - is stdin. Of a private key only the type and the hash of its public key
are shown: it belongs to the certificate with the same public key.`,
		Args: flags.Files,
		RunE: func(cmd *cobra.Command, args []string) error {
			var result view.Inspect
			for _, name := range args {
				data, err := t.Read(cmd.Context(), name)
				if err != nil {
					return noResult(err)
				}
				if err := result.Add(term.InputName(name), data); err != nil {
					return err
				}
			}
			return view.Print(t.Out, format.String(), result)
		},
	}
	format.Add(cmd, "table", "yaml", "json")
	return cmd
}
