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

// How often an issuer is looked at, when nothing tells of a change.
const (
	checkInterval    = time.Minute
	retryInterval    = 5 * time.Second
	conflictInterval = time.Second
	checkTimeout     = 15 * time.Second
)

// issuers keeps the registry as the issuers of one kind want it. Every replica does so;
// the one that leads writes how they stand.
type issuers struct {
	Options
	kind     string
	client   client.Client
	reader   client.Reader // past the cache
	registry *registry
	watcher  *watcher
	metrics  *issuerMetrics
	changed  func(context.Context, issuerKey) // lets one be looked at again

	leading    atomic.Bool
	candidates *registry // built, but not checked with success yet
}

// lead begins to write. It is a Runnable of the manager.
func (i *issuers) lead(ctx context.Context) error {
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
	if err != nil { // they are looked at now and then
		log.FromContext(ctx).Error(err, "list the issuers", "kind", i.kind)
	}
	return nil
}

// Reconcile implements reconcile.Reconciler.
func (i *issuers) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	key := issuerKey{request.Namespace, request.Name}
	o, err := readIssuer(ctx, i.client, i.kind, request.NamespacedName)
	if apierrors.IsNotFound(err) || err == nil && o.GetDeletionTimestamp() != nil {
		i.forget(key)
		return reconcile.Result{}, nil
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	verdict := i.renew(ctx, o)
	i.metrics.observe(key, verdict, i.registry.load(key))
	if !verdict.ready {
		log.FromContext(ctx).Info("the issuer is not ready", "reason", verdict.reason, "cause", verdict.message)
	}
	next := checkInterval
	if !verdict.ready {
		next = retryInterval
	}
	if i.leading.Load() {
		switch err := i.report(ctx, o, verdict); {
		case apierrors.IsConflict(err):
			next = conflictInterval
		case client.IgnoreNotFound(err) != nil:
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{RequeueAfter: wait.Jitter(next, 0.2)}, nil
}

func (i *issuers) forget(key issuerKey) {
	i.registry.remove(key)
	i.candidates.remove(key)
	i.watcher.use(key, nil)
	i.metrics.forget(key)
}

// verdict is what becomes the condition Ready.
type verdict struct {
	ready           bool
	reason, message string
}

// renew lets the issuer that an object describes serve, if it is good. One that serves
// already is kept, with whatever it has in memory.
func (i *issuers) renew(ctx context.Context, o issuerObject) verdict {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	serves := i.registry.load(o.key())
	made, err := i.build(ctx, o)
	if err != nil {
		i.keepGoing(ctx, serves)
		return verdict{reason: v1alpha1.ReasonInvalid, message: err.Error()}
	}
	made = made.keeps(i.candidates.load(made.key)).keeps(serves)
	if made != serves {
		i.candidates.store(made)
		i.keepGoing(ctx, serves)
	}
	if err := made.check(ctx); err != nil {
		return verdict{reason: v1alpha1.ReasonNotHealthy, message: err.Error()}
	}
	i.registry.store(made)
	i.candidates.remove(made.key)
	return verdict{ready: true, reason: v1alpha1.ReasonReady, message: readyMessage(made)}
}

// keepGoing lets the issuer that serves renew its CA, until another one takes its place. Its
// health is not what the object is about.
func (i *issuers) keepGoing(ctx context.Context, serves *serving) {
	if serves != nil {
		_ = serves.check(ctx)
	}
}

// readyMessage tells of what has failed while the last CA still signs.
func readyMessage(s *serving) string {
	if e, ok := issuer.As[interface{ Trouble() error }](s.backend.Issuer); ok {
		if err := e.Trouble(); err != nil {
			return "signs with the last CA: " + err.Error()
		}
	}
	return "signs"
}
