package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// DefaultWorkers is how many requests are signed at the same time.
const DefaultWorkers = 8

// Options adjust the controller.
type Options struct {
	// ClusterResourceNamespace is where the Secrets and ConfigMaps of
	// TrustClusterIssuers are. It is required.
	ClusterResourceNamespace string
	// NamespacedIssuers lets TrustIssuers sign for their namespaces.
	NamespacedIssuers bool
	// Workers is how many requests are signed at the same time; zero means
	// [DefaultWorkers].
	Workers int
	// NewIssuer makes an issuer; nil means [backend.New].
	NewIssuer func(context.Context, v1alpha1.IssuerSpec, backend.Options) (*backend.Backend, error)
	// Metrics is where metrics are registered; nil means the registry of
	// controller-runtime.
	Metrics prometheus.Registerer
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

func (o *Options) complete() error {
	if o.ClusterResourceNamespace == "" {
		return errors.New("the namespace of cluster issuers' Secrets is missing")
	}
	if o.Workers < 0 {
		return fmt.Errorf("%d workers, expected a positive number", o.Workers)
	}
	if o.Workers == 0 {
		o.Workers = DefaultWorkers
	}
	if o.NewIssuer == nil {
		o.NewIssuer = backend.New
	}
	if o.Metrics == nil {
		o.Metrics = metrics.Registry
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}
