package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/csr/controller"
)

type checkCSRCommand struct {
	*terminal
	kubernetes kubernetesFlags
	issuer     string
	namespace  string
	petition   petitionFlags
	output     outputFlag
}

func newCheckCSR(t *terminal) *cobra.Command {
	c := &checkCSRCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "csr FILE|NAME",
		Short: "Say whether a request would be signed, and why",
		Example: `  # A request in the cluster; its signerName says which issuer decides
  trustgen check csr csr-workload-8xk2p

  # Before an issuer is changed: the same request, and the issuer in a file
  trustgen check csr csr-workload-8xk2p --issuer issuer.yaml

  # Without a cluster
  trustgen check csr request.pem --issuer issuer.yaml \
    --requester system:serviceaccount:istio-system:istiod --lifetime 24h`,
		Long: `FILE is a CSR in PEM, or a CertificateSigningRequest in YAML or JSON. A CSR does
not say what an API server adds to it: --requester, --usages and --lifetime do. NAME
is a CertificateSigningRequest of the cluster. --issuer takes a file with a
TrustClusterIssuer, or the name of one in the cluster.

What has a / or a . in it is a file, and - is stdin; anything else is a name, also
where there is a file of that name: write ./NAME for that. A signerName such as
trustclusterissuers.trustgen.io/mesh names an issuer of the cluster as well.

It asks the policy and nobody else: not the CA, which may shorten the lifetime to its
own end, and not the controller. Nothing is signed or changed, and no Secret is read.
The exit code is 0 when the request is allowed, 1 when it is refused, and 3 when that
could not be found out.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("%d requests are named, expected one", len(args)), cmd}
			}
			return nil
		},
		RunE: c.run,
	}
	flags := cmd.Flags()
	flags.StringVar(&c.issuer, "issuer", "", "`file or name` of the TrustClusterIssuer that decides (default the one that the request is for)")
	c.petition.add(cmd)
	flags.StringVar(&c.namespace, "cluster-resource-namespace", "trustgen-system", "`namespace` of the controller, a system namespace for every policy")
	addKubernetes(cmd, &c.kubernetes)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

func (c *checkCSRCommand) run(cmd *cobra.Command, args []string) error {
	if args[0] == "-" && c.issuer == "-" {
		return &usageError{errors.New("both the request and the issuer are to be read from stdin"), cmd}
	}
	asked, err := c.readPetition(cmd, args[0])
	if err != nil {
		return looking(err)
	}
	decides, err := c.readIssuer(cmd, asked)
	if err != nil {
		return looking(err)
	}
	policy, err := controller.NewPolicy(decides.Spec.Policy, decides.Namespace, c.namespace)
	if err != nil {
		return looking(fmt.Errorf("issuer %s: %w", decides.Name, err))
	}
	result := newCheckResult(asked, decides.Name, policy.Evaluate(asked.request))
	if err := c.output.print(c.Out, result, result.table); err != nil {
		return err
	}
	if !result.Allowed {
		return &refusedError{request: asked.name, issuer: decides.Name}
	}
	return nil
}

// refusedError is a request that would not be signed.
type refusedError struct{ request, issuer string }

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s is refused by the issuer %s", e.request, e.issuer)
}

// looking makes an error one of a command that could not look, unless the command
// line is to blame.
func looking(err error) error {
	if _, usage := errors.AsType[*usageError](err); usage {
		return err
	}
	return &lookError{err}
}
