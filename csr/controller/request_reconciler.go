package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

const (
	// attemptTimeout bounds one attempt. A manager that stops waits 30 seconds for it.
	attemptTimeout = 25 * time.Second
	// recheckInterval is when an undecided request is reconciled again, since its issuer
	// may have changed.
	recheckInterval = time.Minute
)

// requestReconciler signs the requests of one kind.
type requestReconciler struct {
	Options
	read     func(context.Context, types.NamespacedName) (request, error)
	registry *registry
	signer   *signer
	inflight *inflight
	events   events.EventRecorder
	metrics  *requestMetrics
}

// Reconcile implements reconcile.Reconciler. The cheapest checks come first.
func (r *requestReconciler) Reconcile(ctx context.Context, name reconcile.Request) (reconcile.Result, error) {
	q, err := r.read(ctx, name.NamespacedName)
	if err != nil {
		// Not found: no requeue, the request is gone. Any other error: requeue with the
		// backoff of the queue.
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	uid, progress := q.object().GetUID(), q.state()
	key, ours := r.serves(q)
	if progress == settled || !ours {
		// No requeue: nothing is left to do, or another signer has to do it.
		r.inflight.forget(uid)
		return reconcile.Result{}, nil
	}
	active := r.registry.load(key)
	if progress == undecided && !active.approves() {
		// Requeue in case the issuer begins to approve. The approval of somebody else is
		// an update and triggers a reconciliation sooner.
		return reconcile.Result{RequeueAfter: recheckAfter(active)}, nil
	}
	bounded, cancel := r.attempt(ctx, q)
	defer cancel(nil)
	f, ok := r.inflight.begin(uid, cancel)
	if !ok {
		// No requeue: the request was settled or deleted, and the cache is stale. Its
		// update triggers the next reconciliation.
		return reconcile.Result{}, nil
	}
	if progress == undecided {
		if err := r.decide(bounded, q, active); err != nil {
			// Requeue with backoff, except for a request that is gone: see settle.
			return r.settle(bounded, q, f, err), nil
		}
		// Requeue in case the approver was not responsible. Its own approval is an update
		// and triggers a reconciliation sooner.
		r.inflight.forget(uid)
		return reconcile.Result{RequeueAfter: recheckInterval}, nil
	}
	// No requeue after a certificate or a final refusal was written, otherwise requeue with
	// backoff for as long as the request exists: see settle.
	return r.settle(bounded, q, f, r.sign(bounded, q, active, f)), nil
}

// serves reports whether a request is for an issuer of this controller.
func (r *requestReconciler) serves(q request) (issuerKey, bool) {
	key, ours := q.issuer()
	return key, ours && (key.namespace == "" || r.NamespacedIssuers)
}

// recheckAfter is when an undecided request is reconciled again: soon if its issuer is not
// active yet.
func recheckAfter(active *activeIssuer) time.Duration {
	if active == nil {
		return maxBackoff
	}
	return recheckInterval
}

// attempt is the context of an attempt. It survives the stop of the manager, which waits for
// it, and ends at the deadline of the client.
func (r *requestReconciler) attempt(ctx context.Context, q request) (context.Context, context.CancelCauseFunc) {
	timeout := attemptTimeout
	if left := q.deadline().Sub(r.Now()); left > 0 {
		timeout = min(timeout, left)
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, stop := context.WithTimeout(ctx, timeout)
	return ctx, func(why error) { cancel(why); stop() }
}

var errNotReady = errors.New("the issuer does not exist, or is not ready yet")

// sign obtains and writes a certificate, or writes that the request is refused.
func (r *requestReconciler) sign(ctx context.Context, q request, active *activeIssuer, f *inflightRequest) error {
	if active == nil {
		return errNotReady
	}
	if !f.canWrite(active, r.Now()) {
		begin := r.Now()
		obtained, err := r.signer.sign(ctx, active, q.csrRequest())
		r.metrics.observe(active.key, r.Now().Sub(begin), resultOf(ctx, err))
		if refused, ok := errors.AsType[*refusedError](err); ok {
			return r.fail(ctx, q, active.key, refused)
		}
		if err != nil {
			return err
		}
		f.unwritten = obtained
	}
	if err := writeError(q.issue(ctx, f.unwritten.chain)); err != nil {
		return err
	}
	leaf := f.unwritten.chain[0]
	log.FromContext(ctx).Info("signed", "signer", active.key.signerName(), "requester", q.csrRequest().Requester.Username,
		"rule", f.unwritten.rule, "certificate", ca.Describe(leaf), "serial", leaf.SerialNumber.Text(16), "notAfter", leaf.NotAfter)
	return nil
}

// fail writes that a request is refused for good.
func (r *requestReconciler) fail(ctx context.Context, q request, key issuerKey, why *refusedError) error {
	if err := writeError(q.fail(ctx, why.conditionReason)); err != nil {
		return err
	}
	r.reportRefused(ctx, q, key, why, "Sign")
	return nil
}

func (r *requestReconciler) reportRefused(ctx context.Context, q request, key issuerKey, why *refusedError, action string) {
	log.FromContext(ctx).Info("refused", "signer", key.signerName(), "requester", q.csrRequest().Requester.Username,
		"reason", why.reason, "causes", why.reasons)
	r.events.Eventf(q.object(), nil, corev1.EventTypeWarning, why.reason, action, "%s", truncate(why.message, maxNote))
	r.metrics.refused(key, why.reason)
}

// Errors of a write that are not failures.
var (
	errGone  = errors.New("the request is gone")
	errStale = errors.New("the cache was stale")
)

// writeError classifies the error of a write to the request itself. An error of a CA may
// look the same.
func writeError(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w: %w", errGone, err)
	case apierrors.IsConflict(err):
		return fmt.Errorf("%w: %w", errStale, err)
	}
	return err
}

// settle ends an attempt. Without an error, or when the request is gone, there is no
// requeue. With any other error the request is requeued with backoff: no outage fails it.
func (r *requestReconciler) settle(ctx context.Context, q request, f *inflightRequest, err error) reconcile.Result {
	uid := q.object().GetUID()
	if err == nil || errors.Is(err, errGone) || errors.Is(context.Cause(ctx), errDeleted) {
		r.inflight.settle(uid)
		return reconcile.Result{}
	}
	wait := f.backoff()
	if errors.Is(err, errStale) {
		return reconcile.Result{RequeueAfter: wait}
	}
	reason := ReasonNotSignedYet
	if pending, ok := errors.AsType[*issuer.PendingError](err); ok {
		reason = ReasonPending
		if pending.After > 0 {
			wait = min(max(pending.After, minBackoff), maxBackoff)
		}
	}
	log.FromContext(ctx).Info("not signed yet", "reason", reason, "cause", err.Error(), "again", wait.String())
	if !f.eventSent {
		f.eventSent = true
		r.events.Eventf(q.object(), nil, corev1.EventTypeWarning, reason, "Sign", "%s", truncate(err.Error(), maxNote))
	}
	return reconcile.Result{RequeueAfter: wait}
}
