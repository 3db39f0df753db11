package controller

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlcontroller "sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const (
	// eventSource is the reporting controller of events.
	eventSource = "trustgen"
	// namePrefix distinguishes our controllers from those of an importer.
	namePrefix = "trustgen-"
	// issuerWorkers is the number of issuers of a kind that are reconciled concurrently.
	issuerWorkers = 4
)

// Setup adds the controller to a manager that is not started yet. It adds missing types to
// the scheme of the manager. Several managers of one process may have a controller each;
// they share the metrics.
func Setup(m manager.Manager, o Options) error {
	if err := o.complete(); err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	if err := completeScheme(m.GetScheme()); err != nil {
		return fmt.Errorf("controller: scheme: %w", err)
	}
	known := newRegistry()
	ready := &readiness{client: m.GetClient(), registry: known}
	if err := m.AddReadyzCheck(namePrefix+"announced", ready.check); err != nil {
		return fmt.Errorf("controller: %w", err)
	}
	if err := setupIssuers(m, o, known); err != nil {
		return fmt.Errorf("controller: issuers: %w", err)
	}
	if err := setupRequests(m, o, known); err != nil {
		return fmt.Errorf("controller: requests: %w", err)
	}
	return nil
}

// completeScheme adds the missing types to a scheme. It does not write to a complete one,
// which may be shared by the whole process.
func completeScheme(s *runtime.Scheme) error {
	for _, group := range []struct {
		kind runtime.Object
		add  func(*runtime.Scheme) error
	}{
		{&corev1.Secret{}, corev1.AddToScheme},
		{&certificatesv1.CertificateSigningRequest{}, certificatesv1.AddToScheme},
		{&authorizationv1.SubjectAccessReview{}, authorizationv1.AddToScheme},
		{&v1alpha1.TrustClusterIssuer{}, v1alpha1.AddToScheme},
	} {
		if _, _, err := s.ObjectKinds(group.kind); err == nil {
			continue
		}
		if err := group.add(s); err != nil {
			return err
		}
	}
	return nil
}

func setupIssuers(m manager.Manager, o Options, known *registry) error {
	metrics, err := newIssuerMetrics(o.Metrics)
	if err != nil {
		return err
	}
	watching, err := client.NewWithWatch(m.GetConfig(), client.Options{HTTPClient: m.GetHTTPClient(), Scheme: m.GetScheme(), Mapper: m.GetRESTMapper()})
	if err != nil {
		return err
	}
	kinds := []string{v1alpha1.KindTrustClusterIssuer}
	if o.NamespacedIssuers {
		kinds = append(kinds, v1alpha1.KindTrustIssuer)
	}
	for _, kind := range kinds {
		changes := make(chan event.GenericEvent)
		changed := func(ctx context.Context, key issuerKey) { notify(ctx, changes, kind, key) }
		i := &issuerReconciler{
			Options:    o,
			kind:       kind,
			client:     m.GetClient(),
			reader:     m.GetAPIReader(),
			registry:   known,
			candidates: newRegistry(),
			watcher:    newWatcher(watching, changed),
			metrics:    metrics,
			changed:    changed,
		}
		if err := addIssuers(m, i, changes); err != nil {
			return err
		}
	}
	return nil
}

func addIssuers(m manager.Manager, i *issuerReconciler, changes <-chan event.GenericEvent) error {
	if err := m.Add(i.watcher); err != nil {
		return err
	}
	if err := m.Add(manager.RunnableFunc(i.lead)); err != nil {
		return err
	}
	return builder.ControllerManagedBy(m).
		Named(namePrefix+strings.ToLower(i.kind)).
		For(newIssuerObject(i.kind).Object, builder.WithPredicates(specChanged())).
		WatchesRawSource(source.Channel(changes, &handler.EnqueueRequestForObject{})).
		WithOptions(ctrlcontroller.Options{
			MaxConcurrentReconciles: issuerWorkers,
			NeedLeaderElection:      new(false), // every replica has active issuers
			SkipNameValidation:      new(true),
			RateLimiter:             rateLimiter(),
		}).
		Complete(i)
}

// rateLimiter bounds the backoff after errors of the API server and panics.
func rateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](minBackoff, maxBackoff)
}

// notify requests a reconciliation of an issuer.
func notify(ctx context.Context, changes chan<- event.GenericEvent, kind string, key issuerKey) {
	o := newIssuerObject(kind)
	o.SetNamespace(key.namespace)
	o.SetName(key.name)
	select {
	case changes <- event.GenericEvent{Object: o.Object}:
	case <-ctx.Done():
	}
}

func setupRequests(m manager.Manager, o Options, known *registry) error {
	metrics, err := newRequestMetrics(o.Metrics)
	if err != nil {
		return err
	}
	r := &requestReconciler{
		Options:  o,
		read:     signingRequests{m.GetClient(), o.Now}.read,
		registry: known,
		signer:   newSigner(access{m.GetClient()}, o.Now),
		inflight: newInflight(),
		events:   m.GetEventRecorder(eventSource),
		metrics:  metrics,
	}
	return builder.ControllerManagedBy(m).
		Named(namePrefix+"certificatesigningrequest").
		For(&certificatesv1.CertificateSigningRequest{}, builder.WithPredicates(r.signingRequestEvents())).
		WithOptions(ctrlcontroller.Options{
			MaxConcurrentReconciles: o.Workers,
			NeedLeaderElection:      new(true),
			EnableWarmup:            new(false), // it would queue all requests of the past
			SkipNameValidation:      new(true),
			RateLimiter:             rateLimiter(),
		}).
		Complete(r)
}

// signingRequestEvents passes the events of our own signers. A deletion cancels the attempt.
func (r *requestReconciler) signingRequestEvents() predicate.Predicate {
	ours := func(o client.Object) bool {
		c, ok := o.(*certificatesv1.CertificateSigningRequest)
		if !ok {
			return false
		}
		_, ok = r.serves(signingRequest{CertificateSigningRequest: c})
		return ok
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return ours(e.Object) },
		UpdateFunc: func(e event.UpdateEvent) bool { return ours(e.ObjectNew) },
		DeleteFunc: func(e event.DeleteEvent) bool {
			if ours(e.Object) {
				r.inflight.abandon(e.Object.GetUID())
			}
			return false
		},
	}
}
