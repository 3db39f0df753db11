package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	certificatesv1 "k8s.io/api/certificates/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/csr/controller"
)

// csrRequest is a request with its names.
type csrRequest struct {
	name    string // in messages
	signer  string // the signerName; a CSR in PEM has none
	request csr.Request
}

// csrFlags give what an API server adds to a CSR.
type csrFlags struct {
	requester string
	usages    []string
	lifetime  flags.Duration
}

func (f *csrFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.requester, "requester", "", "for a file: the requesting `user`, system:serviceaccount:<namespace>:<name>, with the groups of a service account")
	cmd.Flags().StringSliceVar(&f.usages, "usages", nil, `for a CSR in PEM: the requested usages, as in "server auth,client auth" (default those of the rule)`)
	cmd.Flags().Var(&f.lifetime, "lifetime", "for a CSR in PEM: the requested `duration`, such as 24h or 90d (default that of the policy)")
}

func (c *checkCSRCommand) readRequest(cmd *cobra.Command, argument string) (*csrRequest, error) {
	if !isFile(argument) {
		if err := c.request.refuse(cmd, "requester", "usages", "lifetime"); err != nil {
			return nil, err
		}
		return c.fetchRequest(cmd.Context(), argument)
	}
	data, err := c.Read(cmd.Context(), argument)
	if err != nil {
		return nil, err
	}
	switch all, err := files.Documents(data); {
	case err == nil && len(all) == 1:
		return c.request.parse(cmd, term.InputName(argument), all[0])
	case err == nil && len(all) > 1:
		return nil, fmt.Errorf("%s: has %d documents, expected one CertificateSigningRequest", term.InputName(argument), len(all))
	case files.IsPEM(data):
		return c.request.complete(cmd, term.InputName(argument), data)
	}
	return nil, fmt.Errorf("%s: is neither a CSR in PEM nor a CertificateSigningRequest in YAML or JSON", term.InputName(argument))
}

func (c *checkCSRCommand) fetchRequest(ctx context.Context, name string) (*csrRequest, error) {
	var o certificatesv1.CertificateSigningRequest
	if err := c.fetch(ctx, name, &o); err != nil {
		return nil, fmt.Errorf("request %w", err)
	}
	return &csrRequest{name: name, signer: o.Spec.SignerName, request: controller.RequestOf(&o)}, nil
}

// complete adds the values of the flags to a CSR.
func (f *csrFlags) complete(cmd *cobra.Command, file string, data []byte) (*csrRequest, error) {
	if f.requester == "" {
		return nil, flags.Usage(cmd, errors.New("--requester is missing: a CSR in PEM has no requester"))
	}
	return &csrRequest{name: file, request: csr.Request{
		Kind:      csr.KindCertificateSigningRequest,
		Requester: requester(f.requester),
		CSR:       data,
		Usages:    f.usages,
		Lifetime:  f.lifetime.Duration,
	}}, nil
}

// parse reads an object. One that was never sent to an API server has no requester.
func (f *csrFlags) parse(cmd *cobra.Command, file string, d files.Document) (*csrRequest, error) {
	if want := certificatesv1.SchemeGroupVersion.String(); d.Kind != "CertificateSigningRequest" || d.APIVersion != want {
		return nil, fmt.Errorf("%s: is of kind %q and apiVersion %q, expected a CertificateSigningRequest of %s", file, d.Kind, d.APIVersion, want)
	}
	var o certificatesv1.CertificateSigningRequest
	if err := yaml.UnmarshalStrict(d.Text, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &csrRequest{name: file, signer: o.Spec.SignerName, request: controller.RequestOf(&o)}
	if o.Spec.Username != "" {
		return p, f.refuse(cmd, "requester", "usages", "lifetime")
	}
	if f.requester == "" {
		return nil, flags.Usagef(cmd, "--requester is missing: %s has no spec.username, which an API server adds", file)
	}
	p.request.Requester = requester(f.requester)
	return p, f.refuse(cmd, "usages", "lifetime")
}

// refuse refuses flags whose values are in the request.
func (f *csrFlags) refuse(cmd *cobra.Command, names ...string) error {
	if name := flags.Given(cmd, names...); name != "" {
		return flags.Usagef(cmd, "%s cannot be combined with a request that has it", name)
	}
	return nil
}

// requester is a user with the groups that an API server adds to a service account.
func requester(username string) csr.Requester {
	r := csr.Requester{Username: username, Groups: []string{"system:authenticated"}}
	if rest, ok := strings.CutPrefix(username, "system:serviceaccount:"); ok {
		namespace, _, _ := strings.Cut(rest, ":")
		r.Groups = append(r.Groups, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
	}
	return r
}
