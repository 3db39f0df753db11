package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

type inspectCommand struct {
	*terminal
	output outputFlag
}

func newInspect(t *terminal) *cobra.Command {
	c := &inspectCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "inspect FILE...",
		Short: "Show what certificates, CRLs, keys and Secrets hold",
		Example: `  trustgen inspect trust/clusters/east/cert-chain.pem

  # What a cluster has
  kubectl --context east get secret cacerts -n istio-system -o yaml | trustgen inspect -`,
		Long: `FILE is PEM, one certificate, CRL or request in DER, or a Secret or ConfigMap in
YAML or JSON; - is stdin. Of a private key only the type and the hash of its public
key are shown: the certificate with the same public key is its own.`,
		Args: someFiles,
		RunE: c.run,
	}
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type inspectResult struct {
	Items []item `json:"items"`
}

func (c *inspectCommand) run(cmd *cobra.Command, args []string) error {
	var result inspectResult
	for _, name := range args {
		data, err := c.read(cmd.Context(), name)
		if err != nil {
			return &lookError{err}
		}
		items, err := decode(data)
		if err != nil {
			return fmt.Errorf("%s: %w", displayName(name), err)
		}
		for _, i := range items {
			i.File = displayName(name)
			result.Items = append(result.Items, i)
		}
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printItems(w, result.Items) })
}

func printItems(w io.Writer, items []item) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for n, i := range items {
		if n > 0 {
			fmt.Fprintln(tw)
		}
		where := i.File
		if i.Entry != "" {
			where += ", " + i.Entry
		}
		fmt.Fprintf(tw, "%s: %s\n", printable(where), i.Kind)
		for _, field := range i.fields() {
			fmt.Fprintf(tw, "  %s\t%s\n", field[0], printable(field[1]))
		}
	}
	return tw.Flush()
}
