package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// issuerFlag names the file of an issuer.
type issuerFlag string

func addIssuer(cmd *cobra.Command, f *issuerFlag) {
	cmd.Flags().StringVar((*string)(f), "issuer", "", "`file` with a TrustClusterIssuer and the Secrets and ConfigMaps that it names; - is stdin")
}

// upstream is the issuer as one for intermediates; nil when the flag is not given.
func (f issuerFlag) upstream(ctx context.Context, t *terminal) (*fabric.Upstream, error) {
	if f == "" {
		return nil, nil
	}
	manifest, err := f.read(ctx, t)
	if err != nil {
		return nil, err
	}
	made, err := backend.New(ctx, manifest.Spec, backend.Options{Name: manifest.Name, Sources: manifest, Now: t.Now})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", displayName(string(f)), err)
	}
	return &fabric.Upstream{Issuer: made.Issuer, Obtain: made.Obtain}, nil
}

func (f issuerFlag) read(ctx context.Context, t *terminal) (*backend.Manifest, error) {
	data, err := t.read(ctx, string(f))
	if err != nil {
		return nil, err
	}
	manifest, err := backend.ParseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", displayName(string(f)), err)
	}
	if manifest.HasSecrets() && f != "-" {
		return manifest, checkPrivate(string(f))
	}
	return manifest, nil
}
