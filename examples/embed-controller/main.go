// Command embed-controller adds the controller to a program with its own manager, and
// logs every certificate that is signed.
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

// newManager returns the manager; add your own controllers here. The service account of
// the program needs the rights in deploy/rbac.yaml.
func newManager(cluster *rest.Config, options manager.Options) (manager.Manager, error) {
	controller.Configure(cluster, &options.Cache)
	m, err := manager.New(cluster, options)
	if err != nil {
		return nil, err
	}
	return m, controller.Setup(m, controller.Options{ClusterResourceNamespace: "trustgen-system", NewIssuer: newIssuer})
}

// newIssuer creates the issuer that a specification describes, and wraps it. It could
// as well create an issuer that trustgen does not have.
func newIssuer(ctx context.Context, spec v1alpha1.IssuerSpec, o backend.Options) (*backend.Backend, error) {
	created, err := backend.New(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	created.Issuer = logged{created.Issuer, o.Name}
	return created, nil
}

// logged logs what an issuer signs.
type logged struct {
	issuer.Issuer
	name string
}

func (l logged) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	chain, err := l.Issuer.Issue(ctx, r)
	if err == nil {
		klog.FromContext(ctx).Info("signed", "issuer", l.name, "identity", r.SPIFFEID.String(), "dnsNames", r.DNSNames)
	}
	return chain, err
}

// Unwrap lets the controller find the optional interfaces of the issuer.
func (l logged) Unwrap() issuer.Issuer { return l.Issuer }
