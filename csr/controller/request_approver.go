package controller

import (
	"context"
	"errors"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// approves reports whether the issuer approves requests itself.
func (s *activeIssuer) approves() bool { return s != nil && s.approval == v1alpha1.ApprovalAuto }

// decide approves an undecided request that would be signed, and denies any other. It writes
// nothing to a request of a client that approves its own requests, as istiod does: its
// approval would fail with a conflict.
func (r *requestReconciler) decide(ctx context.Context, q request, active *activeIssuer) error {
	spec := q.csrRequest()
	if self, err := r.signer.access.mayAny(ctx, spec.Requester, q.selfApproval()); self || err != nil {
		return err
	}
	decision, err := r.signer.evaluate(ctx, active, spec)
	if refused, ok := errors.AsType[*refusedError](err); ok {
		if err := writeError(q.deny(ctx, refused.conditionReason)); err != nil {
			return err
		}
		r.reportRefused(ctx, q, active.key, refused, "Approve")
		return nil
	}
	if err != nil {
		return err
	}
	if err := writeError(q.approve(ctx, conditionReason{ReasonAllowed, decision.Summary()})); err != nil {
		return err
	}
	log.FromContext(ctx).Info("approved", "signer", active.key.signerName(), "requester", spec.Requester.Username, "rule", decision.Rule)
	return nil
}
