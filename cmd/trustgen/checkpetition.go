package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	certificatesv1 "k8s.io/api/certificates/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/csr/controller"
)

// petition is a request, and for whom it is.
type petition struct {
	name    string // as people see it
	signer  string // the signerName; a CSR in PEM has none
	request csr.Request
}

// petitionFlags say of a CSR in PEM what an API server would.
type petitionFlags struct {
	requester string
	usages    []string
	lifetime  durationFlag
}

func (f *petitionFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.requester, "requester", "", "for a file: the `user` who asks, system:serviceaccount:<namespace>:<name>; the groups follow from it")
	flags.StringSliceVar(&f.usages, "usages", nil, `for a CSR in PEM: the usages that are asked for, as in "server auth,client auth" (default what the rule gives)`)
	flags.Var(&f.lifetime, "lifetime", "for a CSR in PEM: the `duration` that is asked for, such as 24h or 90d (default what the policy gives)")
}

// durationFlag reads a duration as parseDuration does; it is zero when not given.
type durationFlag struct{ time.Duration }

func (f *durationFlag) String() string { return "" }
func (f *durationFlag) Type() string   { return "duration" }

func (f *durationFlag) Set(s string) (err error) {
	f.Duration, err = parseDuration(s)
	return err
}

// isFile tells FILE from NAME by the argument alone: what lies in a directory does not
// change what a command means.
func isFile(argument string) bool { return argument == "-" || strings.ContainsAny(argument, "./") }

func (c *checkCSRCommand) readPetition(cmd *cobra.Command, argument string) (*petition, error) {
	if !isFile(argument) {
		if err := c.petition.refuse(cmd, "requester", "usages", "lifetime"); err != nil {
			return nil, err
		}
		return c.fetchPetition(cmd, argument)
	}
	data, err := c.read(cmd.Context(), argument)
	if err != nil {
		return nil, err
	}
	switch all, err := documents(data); {
	case err == nil && len(all) == 1:
		return c.petition.parse(cmd, displayName(argument), all[0])
	case err == nil && len(all) > 1:
		return nil, fmt.Errorf("%s: has %d documents, expected one CertificateSigningRequest", displayName(argument), len(all))
	case bytes.Contains(data, pemBegin):
		return c.petition.complete(cmd, displayName(argument), data)
	}
	return nil, fmt.Errorf("%s: is neither a CSR in PEM nor a CertificateSigningRequest in YAML or JSON", displayName(argument))
}

func (c *checkCSRCommand) fetchPetition(cmd *cobra.Command, name string) (*petition, error) {
	var o certificatesv1.CertificateSigningRequest
	if err := c.kubernetes.fetch(cmd.Context(), name, &o); err != nil {
		return nil, fmt.Errorf("request %w", err)
	}
	return &petition{name: name, signer: o.Spec.SignerName, request: controller.RequestOf(&o)}, nil
}

// complete adds to a CSR what the flags say.
func (f *petitionFlags) complete(cmd *cobra.Command, file string, data []byte) (*petition, error) {
	if f.requester == "" {
		return nil, &usageError{errors.New("--requester is missing: a CSR in PEM does not say who asks"), cmd}
	}
	return &petition{name: file, request: csr.Request{
		Kind:      csr.KindCertificateSigningRequest,
		Requester: requester(f.requester),
		CSR:       data,
		Usages:    f.usages,
		Lifetime:  f.lifetime.Duration,
	}}, nil
}

// parse reads an object. One that was never sent to an API server does not say who asks.
func (f *petitionFlags) parse(cmd *cobra.Command, file string, d document) (*petition, error) {
	if want := certificatesv1.SchemeGroupVersion.String(); d.Kind != "CertificateSigningRequest" || d.APIVersion != want {
		return nil, fmt.Errorf("%s: is of kind %q and apiVersion %q, expected a CertificateSigningRequest of %s", file, d.Kind, d.APIVersion, want)
	}
	var o certificatesv1.CertificateSigningRequest
	if err := yaml.UnmarshalStrict(d.text, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &petition{name: file, signer: o.Spec.SignerName, request: controller.RequestOf(&o)}
	if o.Spec.Username != "" {
		return p, f.refuse(cmd, "requester", "usages", "lifetime")
	}
	if f.requester == "" {
		return nil, &usageError{fmt.Errorf("--requester is missing: %s has no spec.username, since no API server has seen it", file), cmd}
	}
	p.request.Requester = requester(f.requester)
	return p, f.refuse(cmd, "usages", "lifetime")
}

// refuse refuses flags about what the request says itself.
func (f *petitionFlags) refuse(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return &usageError{fmt.Errorf("--%s is given, and the request says that itself", name), cmd}
		}
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
