package controller_test

import (
	"context"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/trustgen/trustgen/csr/controller"
)

// Sign the requests of a cluster as a part of your own manager. Its service account needs
// the rights in deploy/rbac.yaml.
func Example() {
	run := func(ctx context.Context, cluster *rest.Config) error {
		var options manager.Options // with your own settings
		cluster = controller.Configure(cluster, &options.Cache)
		m, err := manager.New(cluster, options)
		if err != nil {
			return err
		}
		if err := controller.Setup(m, controller.Options{ClusterResourceNamespace: "trustgen-system"}); err != nil {
			return err
		}
		return m.Start(ctx)
	}
	_ = run // from main, with ctrl.GetConfigOrDie() and ctrl.SetupSignalHandler()
}
