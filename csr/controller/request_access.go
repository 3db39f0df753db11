package controller

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// access checks the access of requesters with SubjectAccessReviews.
type access struct{ client client.Client }

// mayUse requires the verb reference on signers in the namespace of a TrustIssuer, as
// cert-manager does for its Issuers. A cluster issuer has only its policy. The error is a
// *refusedError if the requester has no access.
func (a access) mayUse(ctx context.Context, who csr.Requester, key issuerKey) error {
	if key.namespace == "" {
		return nil
	}
	var either []authorizationv1.ResourceAttributes
	for _, name := range []string{key.name, "*"} {
		either = append(either, authorizationv1.ResourceAttributes{
			Group: v1alpha1.Group, Version: "*", Resource: "signers", Verb: "reference", Namespace: key.namespace, Name: name,
		})
	}
	if allowed, err := a.mayAny(ctx, who, either); allowed || err != nil {
		return err
	}
	return refuse(ReasonNoReference, fmt.Sprintf("%q may not reference the signer %s in the namespace %s", who.Username, key.name, key.namespace))
}

// mayAny reports whether a requester has any one of several kinds of access.
func (a access) mayAny(ctx context.Context, who csr.Requester, either []authorizationv1.ResourceAttributes) (bool, error) {
	for _, what := range either {
		if allowed, err := a.may(ctx, who, what); allowed || err != nil {
			return allowed, err
		}
	}
	return false, nil
}

// may returns an error if access is not allowed because an authorizer has failed.
func (a access) may(ctx context.Context, who csr.Requester, what authorizationv1.ResourceAttributes) (bool, error) {
	extra := make(map[string]authorizationv1.ExtraValue, len(who.Extra))
	for key, values := range who.Extra {
		extra[key] = values
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: who.Username, UID: who.UID, Groups: who.Groups, Extra: extra, ResourceAttributes: &what,
	}}
	if err := a.client.Create(ctx, review); err != nil {
		return false, fmt.Errorf("check whether %q may %s: %w", who.Username, what.Verb, err)
	}
	if s := review.Status; !s.Allowed && !s.Denied && s.EvaluationError != "" {
		return false, fmt.Errorf("check whether %q may %s: %s", who.Username, what.Verb, s.EvaluationError)
	}
	return review.Status.Allowed, nil
}
