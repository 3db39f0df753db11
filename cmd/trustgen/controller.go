package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/csr/controller"
)

// leaseName is the lease of the replica that signs.
const leaseName = "trustgen-controller"

type controllerCommand struct {
	*term.Terminal
	kubeconfig string
	metrics    string
	health     string
	lead       bool
	verbose    bool
	options    controller.Options
}

func newController(t *term.Terminal) *cobra.Command {
	c := &controllerCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "controller",
		Short: "Sign the requests of a cluster with its TrustClusterIssuers",
		Example: `  # In a pod, with the service account that deploy/ describes
  trustgen controller

  # On your machine, for a try
  trustgen controller --kubeconfig ~/.kube/config --leader-elect=false`,
		Long: `It signs CertificateSigningRequests for trustclusterissuers.trustgen.io/<name> that
are approved and that the policy of the issuer allows. It runs until SIGTERM or SIGINT,
and finishes the requests in flight. Its log is on stderr, one JSON object a line.

With --namespaced-issuers it signs for trustissuers.trustgen.io/<namespace>.<name> as
well, which need a Role in each namespace.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	f := cmd.Flags()
	f.StringVar(&c.kubeconfig, "kubeconfig", "", "`file` with the cluster to serve (default that of the pod)")
	f.StringVar(&c.options.ClusterResourceNamespace, "cluster-resource-namespace", "trustgen-system", "`namespace` of the Secrets and ConfigMaps that TrustClusterIssuers name")
	f.BoolVar(&c.options.NamespacedIssuers, "namespaced-issuers", false, "sign for TrustIssuers as well")
	f.IntVar(&c.options.Workers, "workers", controller.DefaultWorkers, "number of requests that are signed at the same time")
	f.StringVar(&c.metrics, "metrics-address", ":8080", "`address` of Prometheus metrics; 0 for none")
	f.StringVar(&c.health, "health-address", ":8081", "`address` of /healthz and /readyz; 0 for none")
	f.BoolVar(&c.lead, "leader-elect", true, "let only one of several replicas sign")
	f.BoolVarP(&c.verbose, "verbose", "v", false, "log more")
	return cmd
}

func (c *controllerCommand) run(cmd *cobra.Command, _ []string) error {
	logger := c.logger()
	log.SetLogger(logger)
	klog.SetLogger(logger)
	config, err := loadKubeconfig(c.kubeconfig)
	if err != nil {
		return flags.Usagef(cmd, "find the cluster: %w", err)
	}
	m, err := c.newManager(config, logger)
	if err != nil {
		return err
	}
	if err := controller.Setup(m, c.options); err != nil {
		return err
	}
	var synced synced
	if err := errors.Join(m.Add(&synced), m.AddHealthzCheck("ping", healthz.Ping), m.AddReadyzCheck("synced", synced.check)); err != nil {
		return err
	}
	logger.Info("starts", "version", buildVersion().Version, "clusterResourceNamespace", c.options.ClusterResourceNamespace)
	return m.Start(cmd.Context())
}

func (c *controllerCommand) newManager(config *rest.Config, logger logr.Logger) (manager.Manager, error) {
	options := manager.Options{
		Logger:                        logger,
		Metrics:                       server.Options{BindAddress: c.metrics},
		HealthProbeBindAddress:        c.health,
		LeaderElection:                c.lead,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       c.options.ClusterResourceNamespace,
		LeaderElectionReleaseOnCancel: true,
	}
	controller.Configure(config, &options.Cache)
	return manager.New(config, options)
}

func (c *controllerCommand) logger() logr.Logger {
	level := slog.LevelInfo
	if c.verbose {
		level = slog.LevelDebug
	}
	return logr.FromSlogHandler(slog.NewJSONHandler(c.Err, &slog.HandlerOptions{Level: level}))
}

// synced becomes true when a manager has filled its caches, and starts its Runnables.
type synced struct{ atomic.Bool }

// Start implements manager.Runnable.
func (s *synced) Start(context.Context) error {
	s.Store(true)
	return nil
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (s *synced) NeedLeaderElection() bool { return false }

func (s *synced) check(*http.Request) error {
	if s.Load() {
		return nil
	}
	return errors.New("the caches are not filled yet")
}

// loadKubeconfig reads a kubeconfig; without a file it is that of a pod.
func loadKubeconfig(file string) (*rest.Config, error) {
	if file == "" {
		return rest.InClusterConfig()
	}
	return clientcmd.BuildConfigFromFlags("", file)
}
