// Command embed-controller signs the requests of a cluster, as one part of a program
// with a manager of its own. It says what was signed.
package main

import (
	"context"
	"log"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/manager/signals"

	"github.com/trustgen/trustgen/csr/controller"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func main() {
	cluster, err := config.GetConfig()
	if err != nil {
		log.Fatal(err)
	}
	m, err := newManager(cluster, manager.Options{Logger: klog.Background()})
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Start(signals.SetupSignalHandler()); err != nil {
		log.Fatal(err)
	}
}

// newManager is where your own controllers go. Its service account needs the rights of
// deploy/rbac.yaml.
func newManager(cluster *rest.Config, options manager.Options) (manager.Manager, error) {
	cluster = controller.Configure(cluster, &options.Cache)
	m, err := manager.New(cluster, options)
	if err != nil {
		return nil, err
	}
	return m, controller.Setup(m, controller.Options{ClusterResourceNamespace: "trustgen-system", NewIssuer: newIssuer})
}

// newIssuer makes what a specification describes, and puts something of its own around
// it. It may as well make an issuer that trustgen does not know.
func newIssuer(ctx context.Context, spec v1alpha1.IssuerSpec, o backend.Options) (*backend.Backend, error) {
	made, err := backend.New(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	made.Issuer = told{made.Issuer, o.Name}
	return made, nil
}

// told says what an issuer has signed.
type told struct {
	issuer.Issuer
	name string
}

func (t told) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	chain, err := t.Issuer.Issue(ctx, r)
	if err == nil {
		klog.FromContext(ctx).Info("signed", "issuer", t.name, "identity", r.SPIFFEID.String(), "dnsNames", r.DNSNames)
	}
	return chain, err
}

// Unwrap lets the controller find out what else the issuer can do.
func (t told) Unwrap() issuer.Issuer { return t.Issuer }
