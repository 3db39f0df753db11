package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const clusterSigner = v1alpha1.ClusterSignerDomain + "/"

// readIssuer finds the issuer that decides: the one that is named, or the one that the
// request is for.
func (c *checkCSRCommand) readIssuer(cmd *cobra.Command, asked *petition) (*v1alpha1.TrustClusterIssuer, error) {
	wanted, ours := strings.CutPrefix(asked.signer, clusterSigner)
	switch {
	case c.issuer != "":
		decides, err := c.readNamedIssuer(cmd, asked)
		if err == nil && asked.signer != "" && clusterSigner+decides.Name != asked.signer {
			c.note("%s is for the signer %s, and is asked of another one", asked.name, printable(asked.signer))
		}
		return decides, err
	case asked.signer == "":
		return nil, &usageError{errors.New("--issuer is missing: the request does not say who is to sign it"), cmd}
	case !ours:
		return nil, &usageError{fmt.Errorf("the request is for the signer %q, which is no %s: name one with --issuer", asked.signer, v1alpha1.KindTrustClusterIssuer), cmd}
	}
	return c.fetchIssuer(cmd, wanted)
}

// readNamedIssuer finds the issuer of the flag. A signerName is a name, whatever is in it.
func (c *checkCSRCommand) readNamedIssuer(cmd *cobra.Command, asked *petition) (*v1alpha1.TrustClusterIssuer, error) {
	name, isSigner := strings.CutPrefix(c.issuer, clusterSigner)
	if isSigner || !isFile(name) {
		return c.fetchIssuer(cmd, name)
	}
	data, err := c.read(cmd.Context(), c.issuer)
	if err != nil {
		return nil, err
	}
	found, err := parseIssuers(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", displayName(c.issuer), err)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	for _, i := range found {
		if clusterSigner+i.Name == asked.signer {
			return i, nil
		}
	}
	return nil, fmt.Errorf("%s: has %d objects of kind %s, expected one, or one that the request is for",
		displayName(c.issuer), len(found), v1alpha1.KindTrustClusterIssuer)
}

func (c *checkCSRCommand) fetchIssuer(cmd *cobra.Command, name string) (*v1alpha1.TrustClusterIssuer, error) {
	i := &v1alpha1.TrustClusterIssuer{}
	if err := c.kubernetes.fetch(cmd.Context(), name, i); err != nil {
		return nil, fmt.Errorf("issuer %w", err)
	}
	return i, nil
}

// parseIssuers reads the issuers among the documents of a file. What else there is, as
// their Secrets, is not looked at.
func parseIssuers(data []byte) ([]*v1alpha1.TrustClusterIssuer, error) {
	all, err := documents(data)
	if err != nil {
		return nil, err
	}
	var found []*v1alpha1.TrustClusterIssuer
	for n, d := range all {
		if d.Kind != v1alpha1.KindTrustClusterIssuer || d.APIVersion != v1alpha1.APIVersion {
			continue
		}
		i := &v1alpha1.TrustClusterIssuer{}
		if err := yaml.UnmarshalStrict(d.text, i); err != nil {
			return nil, fmt.Errorf("document %d: %w", n+1, err)
		}
		found = append(found, i)
	}
	return found, nil
}

// document is one of a file in YAML or JSON.
type document struct {
	metav1.TypeMeta
	text []byte
}

// documents splits a file. Those that are empty, or comments, are left out.
func documents(data []byte) ([]document, error) {
	var all []document
	reader := yamlreader.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var content map[string]any
		d := document{text: text}
		if err := errors.Join(yaml.Unmarshal(text, &content), yaml.Unmarshal(text, &d.TypeMeta)); err != nil {
			return nil, fmt.Errorf("document %d: is not an object in YAML or JSON", len(all)+1)
		}
		if content != nil {
			all = append(all, d)
		}
	}
}
