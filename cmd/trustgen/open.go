package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// openFabric opens a trust directory. password opens its key; nil for a command that does not sign.
func openFabric(cmd *cobra.Command, t *term.Terminal, dir string, password fabric.Passphrase) (*fabric.Fabric, error) {
	return fabric.Open(cmd.Context(), dir, fabric.Options{Now: t.Now, Holder: cmd.CommandPath(), Passphrase: password})
}

// openUpstream opens the issuer in a file; nil without a file.
func openUpstream(ctx context.Context, t *term.Terminal, file string) (*fabric.Upstream, error) {
	if file == "" {
		return nil, nil
	}
	manifest, err := readManifest(ctx, t, file)
	if err != nil {
		return nil, err
	}
	made, err := backend.New(ctx, manifest.Spec, backend.Options{Name: manifest.Name, Sources: manifest, Now: t.Now})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", term.InputName(file), err)
	}
	return &fabric.Upstream{Issuer: made.Issuer, Obtain: made.Obtain}, nil
}

func readManifest(ctx context.Context, t *term.Terminal, file string) (*backend.Manifest, error) {
	data, err := t.Read(ctx, file)
	if err != nil {
		return nil, err
	}
	manifest, err := backend.ParseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", term.InputName(file), err)
	}
	if manifest.HasSecrets() {
		return manifest, term.CheckPrivate(file)
	}
	return manifest, nil
}

// apiTimeout bounds one request to an API server.
const apiTimeout = 30 * time.Second

// openCluster opens a cluster for requests and issuers. It has no other types, so that a command
// cannot read a Secret by mistake.
func openCluster(f flags.Kubernetes) (client.Reader, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.Kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.Context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	config.Timeout = apiTimeout
	scheme := runtime.NewScheme()
	if err := certificatesv1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(certificatesv1.SchemeGroupVersion.WithKind("CertificateSigningRequest"), meta.RESTScopeRoot)
	version := schema.GroupVersion{Group: v1alpha1.Group, Version: v1alpha1.Version}
	mapper.Add(version.WithKind(v1alpha1.KindTrustClusterIssuer), meta.RESTScopeRoot)
	mapper.Add(version.WithKind(v1alpha1.KindTrustIssuer), meta.RESTScopeNamespace)
	return client.New(config, client.Options{Scheme: scheme, Mapper: mapper})
}
