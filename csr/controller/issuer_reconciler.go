package controller

import (
	"context"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// How often an issuer is reconciled without a change.
const (
	checkInterval    = time.Minute
	retryInterval    = 5 * time.Second
	conflictInterval = time.Second
	checkTimeout     = 15 * time.Second
)

// issuerReconciler builds and checks the issuers of one kind and activates them in the
// registry. Every replica does so; the leader also writes the status.
type issuerReconciler struct {
	Options
	kind     string
	client   client.Client
	reader   client.Reader // without a cache
	registry *registry
	watcher  *watcher
	metrics  *issuerMetrics
	changed  func(context.Context, issuerKey) // requests a reconciliation

	leading    atomic.Bool
	candidates *registry // built, but not checked successfully yet
}

// lead starts to write the status. It is a Runnable of the manager for the leader.
func (i *issuerReconciler) lead(ctx context.Context) error {
	i.leading.Store(true)
	all := newIssuerList(i.kind)
	err := i.client.List(ctx, all)
	if err == nil {
		err = meta.EachListItem(all, func(o runtime.Object) error {
			if found, ok := o.(client.Object); ok {
				i.changed(ctx, asIssuer(found).key())
			}
			return nil
		})
	}
	if err != nil { // they are reconciled at their interval
		log.FromContext(ctx).Error(err, "list the issuers", "kind", i.kind)
	}
	return nil
}

// Reconcile implements reconcile.Reconciler.
func (i *issuerReconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	key := issuerKey{request.Namespace, request.Name}
	o, err := readIssuer(ctx, i.client, i.kind, request.NamespacedName)
	if apierrors.IsNotFound(err) || err == nil && o.GetDeletionTimestamp() != nil {
		// No requeue: the issuer is gone. One that is created later is a change.
		i.forget(key)
		return reconcile.Result{}, nil
	}
	if err != nil {
		// Requeue with the backoff of the queue. The active issuer signs meanwhile.
		return reconcile.Result{}, err
	}
	state := i.refresh(ctx, o)
	i.metrics.observe(key, state, i.registry.load(key))
	next := checkInterval
	if !state.ready {
		log.FromContext(ctx).Info("the issuer is not ready", "reason", state.reason, "cause", state.message)
		next = retryInterval
	}
	if i.leading.Load() {
		switch err := i.report(ctx, o, state); {
		case apierrors.IsConflict(err):
			next = conflictInterval
		case client.IgnoreNotFound(err) != nil:
			// Requeue with the backoff of the queue, to write the status.
			return reconcile.Result{}, err
		}
	}
	// Requeue always: to check the CA and renew its certificate if the issuer is ready, to
	// build it again soon if it is not, or to write the status after a conflict.
	return reconcile.Result{RequeueAfter: wait.Jitter(next, 0.2)}, nil
}

func (i *issuerReconciler) forget(key issuerKey) {
	i.registry.remove(key)
	i.candidates.remove(key)
	i.watcher.use(key, nil)
	i.metrics.forget(key)
}

// readyState is the content of the condition Ready.
type readyState struct {
	ready           bool
	reason, message string
}

// refresh builds and checks the issuer that an object specifies, and activates it if it is
// healthy. An issuer that has not changed keeps its state in memory.
func (i *issuerReconciler) refresh(ctx context.Context, o issuerObject) readyState {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	active := i.registry.load(o.key())
	made, err := i.build(ctx, o)
	if err != nil {
		i.renewActive(ctx, active)
		return readyState{reason: v1alpha1.ReasonInvalid, message: err.Error()}
	}
	made = made.reuse(i.candidates.load(made.key)).reuse(active)
	if made != active {
		i.candidates.store(made)
		i.renewActive(ctx, active)
	}
	if err := made.check(ctx); err != nil {
		return readyState{reason: v1alpha1.ReasonNotHealthy, message: err.Error()}
	}
	i.registry.store(made)
	i.candidates.remove(made.key)
	return readyState{ready: true, reason: v1alpha1.ReasonReady, message: readyMessage(made)}
}

// renewActive lets the active issuer renew its CA until another one replaces it. Its health
// is not reported: the status is about the specification of the object.
func (i *issuerReconciler) renewActive(ctx context.Context, active *activeIssuer) {
	if active != nil {
		_ = active.check(ctx)
	}
}

// readyMessage includes the error of a renewal while the previous CA still signs.
func readyMessage(s *activeIssuer) string {
	if e, ok := issuer.As[interface{ Trouble() error }](s.backend.Issuer); ok {
		if err := e.Trouble(); err != nil {
			return "signs with the last CA: " + err.Error()
		}
	}
	return "signs"
}
