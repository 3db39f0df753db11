package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const clusterSigner = v1alpha1.ClusterSignerDomain + "/"

// readIssuer reads the issuer of the flag, or that of the request.
func (c *checkCSRCommand) readIssuer(cmd *cobra.Command, r *csrRequest) (*v1alpha1.TrustClusterIssuer, error) {
	name, ours := strings.CutPrefix(r.signer, clusterSigner)
	switch {
	case c.issuer != "":
		issuer, err := c.readNamedIssuer(cmd.Context(), r)
		if err == nil && r.signer != "" && clusterSigner+issuer.Name != r.signer {
			c.Note("%s requests signer %s, but is checked against issuer %s", r.name, term.Printable(r.signer), issuer.Name)
		}
		return issuer, err
	case r.signer == "":
		return nil, flags.Usage(cmd, errors.New("--issuer is missing: the request names no signer"))
	case !ours:
		return nil, flags.Usagef(cmd, "the request is for the signer %q, which is not a %s: name one with --issuer", r.signer, v1alpha1.KindTrustClusterIssuer)
	}
	return c.fetchIssuer(cmd.Context(), name)
}

// readNamedIssuer reads the issuer of the flag. A signerName is a name, whatever characters it has.
func (c *checkCSRCommand) readNamedIssuer(ctx context.Context, r *csrRequest) (*v1alpha1.TrustClusterIssuer, error) {
	name, isSigner := strings.CutPrefix(c.issuer, clusterSigner)
	if isSigner || !isFile(name) {
		return c.fetchIssuer(ctx, name)
	}
	data, err := c.Read(ctx, c.issuer)
	if err != nil {
		return nil, err
	}
	found, err := parseIssuers(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", term.InputName(c.issuer), err)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	for _, i := range found {
		if clusterSigner+i.Name == r.signer {
			return i, nil
		}
	}
	return nil, fmt.Errorf("%s: %d objects of kind %s, expected one, or the one of the signerName",
		term.InputName(c.issuer), len(found), v1alpha1.KindTrustClusterIssuer)
}

func (c *checkCSRCommand) fetchIssuer(ctx context.Context, name string) (*v1alpha1.TrustClusterIssuer, error) {
	i := &v1alpha1.TrustClusterIssuer{}
	if err := c.fetch(ctx, name, i); err != nil {
		return nil, fmt.Errorf("issuer %w", err)
	}
	return i, nil
}

// parseIssuers reads the issuers among the documents of a file, and ignores all others.
func parseIssuers(data []byte) ([]*v1alpha1.TrustClusterIssuer, error) {
	all, err := files.Documents(data)
	if err != nil {
		return nil, err
	}
	var found []*v1alpha1.TrustClusterIssuer
	for n, d := range all {
		if d.Kind != v1alpha1.KindTrustClusterIssuer || d.APIVersion != v1alpha1.APIVersion {
			continue
		}
		i := &v1alpha1.TrustClusterIssuer{}
		if err := yaml.UnmarshalStrict(d.Text, i); err != nil {
			return nil, fmt.Errorf("document %d: %w", n+1, err)
		}
		found = append(found, i)
	}
	return found, nil
}
