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

// DefaultWorkers is the default of Options.Workers.
const DefaultWorkers = 8

// Options configure the controller.
type Options struct {
	// ClusterResourceNamespace is the namespace of the Secrets and ConfigMaps that
	// TrustClusterIssuers refer to. It is required.
	ClusterResourceNamespace string
	// NamespacedIssuers enables TrustIssuers.
	NamespacedIssuers bool
	// Workers is the number of requests that are signed concurrently; zero means
	// [DefaultWorkers].
	Workers int
	// NewIssuer makes the issuer of a specification; nil means [backend.New].
	NewIssuer func(context.Context, v1alpha1.IssuerSpec, backend.Options) (*backend.Backend, error)
	// Metrics is the registry for metrics; nil means that of controller-runtime.
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
