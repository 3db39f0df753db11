package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/csr/controller"
)

type checkCSRCommand struct {
	*term.Terminal
	kubernetes flags.Kubernetes
	issuer     string
	namespace  string
	request    csrFlags
	format     flags.Format
}

func newCheckCSR(t *term.Terminal) *cobra.Command {
	c := &checkCSRCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "csr FILE|NAME",
		Short: "Explain whether a request would be signed",
		Example: `  # A request in the cluster; its signerName names the issuer
  trustgen check csr csr-workload-8xk2p

  # The same request, with a changed issuer in a file
  trustgen check csr csr-workload-8xk2p --issuer issuer.yaml

  # Without a cluster
  trustgen check csr request.pem --issuer issuer.yaml \
    --requester system:serviceaccount:istio-system:istiod --lifetime 24h`,
		Long: `FILE is a CSR in PEM, or a CertificateSigningRequest in YAML or JSON. --requester,
--usages and --lifetime give what an API server adds to a CSR. NAME is a
CertificateSigningRequest of the cluster. --issuer is a file with a TrustClusterIssuer,
or the name of one in the cluster.

An argument with a / or a . is a file, and - is stdin; everything else is a name, also if
there is a file of that name: write ./NAME for the file. A signerName such as
trustclusterissuers.trustgen.io/mesh names an issuer of the cluster as well.

Only the policy is evaluated: not the CA, which may shorten the lifetime to its own end,
and not the controller. Nothing is signed or changed, and no Secret is read. The exit
code is 0 if the request is allowed, 1 if it is refused, and 3 if there is no decision.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return flags.Usagef(cmd, "%d requests are named, expected one", len(args))
			}
			return nil
		},
		RunE: c.run,
	}
	flags.InputFile(cmd, &c.issuer, "issuer", "`file or name` of the TrustClusterIssuer (default that of the signerName)")
	c.request.add(cmd)
	cmd.Flags().StringVar(&c.namespace, "cluster-resource-namespace", "trustgen-system", "`namespace` of the controller, a system namespace for every policy")
	c.kubernetes.Add(cmd)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *checkCSRCommand) run(cmd *cobra.Command, args []string) error {
	r, err := c.readRequest(cmd, args[0])
	if err != nil {
		return noResult(err)
	}
	issuer, err := c.readIssuer(cmd, r)
	if err != nil {
		return noResult(err)
	}
	policy, err := controller.NewPolicy(issuer.Spec.Policy, issuer.Namespace, c.namespace)
	if err != nil {
		return noResult(fmt.Errorf("issuer %s: %w", issuer.Name, err))
	}
	result := view.NewCheck(r.name, r.request, issuer.Name, policy.Evaluate(r.request))
	if err := view.Print(c.Out, c.format.String(), result); err != nil {
		return err
	}
	if !result.Allowed {
		return &refusedError{request: r.name, issuer: issuer.Name}
	}
	return nil
}

// fetch reads an object of the cluster. The error is a [*flags.NameError].
func (c *checkCSRCommand) fetch(ctx context.Context, name string, into client.Object) error {
	reader, err := openCluster(c.kubernetes)
	if err == nil {
		err = reader.Get(ctx, types.NamespacedName{Name: name}, into)
	}
	if err != nil {
		return &flags.NameError{Name: name, Err: err}
	}
	return nil
}

// isFile tells FILE from NAME by the argument alone, whatever files there are.
func isFile(argument string) bool { return argument == "-" || strings.ContainsAny(argument, "./") }

// refusedError is the error of a request that would not be signed.
type refusedError struct{ request, issuer string }

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s is refused by the issuer %s", e.request, e.issuer)
}
