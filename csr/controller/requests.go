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
	// attemptTimeout bounds one attempt. A manager that stops waits for 30 seconds.
	attemptTimeout = 25 * time.Second
	// lookAgain is when a request that nobody has approved is looked at again: its
	// issuer may have changed.
	lookAgain = time.Minute
)

// requests signs the requests of one kind.
type requests struct {
	Options
	read     func(context.Context, types.NamespacedName) (request, error)
	registry *registry
	signer   *signer
	flights  *flights
	events   events.EventRecorder
	metrics  *requestMetrics
}

// Reconcile implements reconcile.Reconciler. The cheapest reasons to leave a request
// alone come first.
func (r *requests) Reconcile(ctx context.Context, name reconcile.Request) (reconcile.Result, error) {
	q, err := r.read(ctx, name.NamespacedName)
	if err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	uid, progress := q.object().GetUID(), q.state()
	key, ours := r.serves(q)
	if progress == settled || !ours {
		r.flights.forget(uid)
		return reconcile.Result{}, nil
	}
	on := r.registry.load(key)
	if progress == undecided && !on.approves() {
		return reconcile.Result{RequeueAfter: untilDecided(on)}, nil
	}
	bounded, cancel := r.attempt(ctx, q)
	defer cancel(nil)
	f, ok := r.flights.begin(uid, cancel)
	if !ok { // it was written or deleted just now, and the cache was behind
		return reconcile.Result{}, nil
	}
	if progress == undecided {
		if err := r.decide(bounded, q, on); err != nil {
			return r.settle(bounded, q, f, err), nil
		}
		r.flights.forget(uid)
		return reconcile.Result{RequeueAfter: lookAgain}, nil // its approval brings it back sooner
	}
	return r.settle(bounded, q, f, r.sign(bounded, q, on, f)), nil
}

// serves reports whether a request is for an issuer that can be here.
func (r *requests) serves(q request) (issuerKey, bool) {
	key, ours := q.issuer()
	return key, ours && (key.namespace == "" || r.NamespacedIssuers)
}

// untilDecided is when to look again at a request whose approval is the business of
// others, or of an issuer that is not known yet.
func untilDecided(on *serving) time.Duration {
	if on == nil {
		return lastWait
	}
	return lookAgain
}

// attempt is the context of an attempt: it goes on when the manager stops, which waits
// for it, and ends when nobody waits for the certificate any more.
func (r *requests) attempt(ctx context.Context, q request) (context.Context, context.CancelCauseFunc) {
	timeout := attemptTimeout
	if left := q.deadline().Sub(r.Now()); left > 0 {
		timeout = min(timeout, left)
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ctx, stop := context.WithTimeout(ctx, timeout)
	return ctx, func(why error) { cancel(why); stop() }
}

// errNotReady says that there is no issuer to ask yet.
var errNotReady = errors.New("the issuer is not there, or not ready yet")

// sign obtains the certificate and writes it, or writes that it is refused.
func (r *requests) sign(ctx context.Context, q request, on *serving, f *flight) error {
	if on == nil {
		return errNotReady
	}
	if !f.holds(on, r.Now()) {
		begin := r.Now()
		obtained, err := r.signer.sign(ctx, on, q.asks())
		r.metrics.asked(on.key, r.Now().Sub(begin), resultOf(ctx, err))
		if refused, ok := errors.AsType[*refusedError](err); ok {
			return r.fail(ctx, q, on.key, refused)
		}
		if err != nil {
			return err
		}
		f.answer = obtained // for another try, if it cannot be written now
	}
	if err := written(q.issue(ctx, f.answer.chain)); err != nil {
		return err
	}
	leaf := f.answer.chain[0]
	log.FromContext(ctx).Info("signed", "signer", on.key.signerName(), "requester", q.asks().Requester.Username,
		"rule", f.answer.rule, "certificate", ca.Describe(leaf), "serial", leaf.SerialNumber.Text(16), "notAfter", leaf.NotAfter)
	return nil
}

// fail writes that a request is refused for good.
func (r *requests) fail(ctx context.Context, q request, key issuerKey, why *refusedError) error {
	if err := written(q.fail(ctx, why.cause)); err != nil {
		return err
	}
	r.tellRefused(ctx, q, key, why, "Sign")
	return nil
}

func (r *requests) tellRefused(ctx context.Context, q request, key issuerKey, why *refusedError, action string) {
	log.FromContext(ctx).Info("refused", "signer", key.signerName(), "requester", q.asks().Requester.Username,
		"reason", why.reason, "causes", why.reasons)
	r.events.Eventf(q.object(), nil, corev1.EventTypeWarning, why.reason, action, "%s", cut(why.message, maxNote))
	r.metrics.refused(key, why.reason)
}

// What a write can meet that is no failure.
var (
	errGone   = errors.New("the request is gone")
	errBehind = errors.New("the cache was behind")
)

// written sorts the error of a write. Only here they are those of the request itself.
func written(err error) error {
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w: %w", errGone, err)
	case apierrors.IsConflict(err):
		return fmt.Errorf("%w: %w", errBehind, err)
	}
	return err
}

// settle says what becomes of a request after an attempt.
func (r *requests) settle(ctx context.Context, q request, f *flight, err error) reconcile.Result {
	uid := q.object().GetUID()
	if err == nil || errors.Is(err, errGone) || errors.Is(context.Cause(ctx), errDeleted) {
		r.flights.settle(uid)
		return reconcile.Result{}
	}
	wait := f.backoff()
	if errors.Is(err, errBehind) {
		return reconcile.Result{RequeueAfter: wait}
	}
	reason := ReasonNotSignedYet
	if pending, ok := errors.AsType[*issuer.PendingError](err); ok {
		reason = ReasonPending
		if pending.After > 0 {
			wait = min(max(pending.After, firstWait), lastWait)
		}
	}
	log.FromContext(ctx).Info("not signed yet", "reason", reason, "cause", err.Error(), "again", wait.String())
	if !f.told {
		f.told = true
		r.events.Eventf(q.object(), nil, corev1.EventTypeWarning, reason, "Sign", "%s", cut(err.Error(), maxNote))
	}
	return reconcile.Result{RequeueAfter: wait}
}
