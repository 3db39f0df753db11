package controller

import (
	"context"
	"errors"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// approves reports whether to decide about requests that nobody has approved.
func (s *serving) approves() bool { return s != nil && s.approval == v1alpha1.ApprovalAuto }

// decide approves a request that would be signed, and denies any other. It leaves alone
// whoever approves their own requests: istiod would fail if another one had written to
// its request before.
func (r *requests) decide(ctx context.Context, q request, on *serving) error {
	asked := q.asks()
	if itself, err := r.signer.access.mayAny(ctx, asked.Requester, q.selfApproval()); itself || err != nil {
		return err
	}
	decision, err := r.signer.judge(ctx, on, asked)
	if refused, ok := errors.AsType[*refusedError](err); ok {
		if err := written(q.deny(ctx, refused.cause)); err != nil {
			return err
		}
		r.tellRefused(ctx, q, on.key, refused, "Approve")
		return nil
	}
	if err != nil {
		return err
	}
	if err := written(q.approve(ctx, cause{ReasonAllowed, decision.Summary()})); err != nil {
		return err
	}
	log.FromContext(ctx).Info("approved", "signer", on.key.signerName(), "requester", asked.Requester.Username, "rule", decision.Rule)
	return nil
}
