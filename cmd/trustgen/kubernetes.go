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
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// kubernetesFlags say which cluster a command looks at.
type kubernetesFlags struct{ kubeconfig, context string }

func addKubernetes(cmd *cobra.Command, f *kubernetesFlags) {
	cmd.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "`file` with the cluster to look at (default as for kubectl)")
	cmd.Flags().StringVar(&f.context, "context", "", "`name` of a context in the kubeconfig (default the current one)")
}

// apiTimeout bounds one request to an API server.
const apiTimeout = 30 * time.Second

// reader reads requests and issuers of the cluster, and knows no other types: what
// looks cannot read a Secret by mistake.
func (f kubernetesFlags) reader() (client.Reader, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.context}).ClientConfig()
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

// fetch reads an object of the cluster by its name.
func (f kubernetesFlags) fetch(ctx context.Context, name string, into client.Object) error {
	reader, err := f.reader()
	if err == nil {
		err = reader.Get(ctx, types.NamespacedName{Name: name}, into)
	}
	if err != nil {
		return &nameError{name, err}
	}
	return nil
}

// nameError is an error about what was named in the command line, and was looked for in
// the cluster.
type nameError struct {
	name string
	err  error
}

func (e *nameError) Error() string { return e.name + ": " + e.err.Error() }
func (e *nameError) Unwrap() error { return e.err }
