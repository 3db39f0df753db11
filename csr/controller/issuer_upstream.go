package controller

import (
	"context"
	"fmt"

	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// upstream is the issuer from which an ephemeral one obtains its intermediate: the active
// issuer of that name at the time.
type upstream struct {
	registry *registry
	key      issuerKey
	user     v1alpha1.IssuerUser
}

// IssueIntermediate calls the issuer if it allows that. All errors are temporary, since the
// upstream may change.
func (u upstream) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	s := u.registry.load(u.key)
	switch {
	case s == nil:
		return nil, fmt.Errorf("the issuer %s is not ready", u.key)
	case !s.allows(u.user):
		return nil, fmt.Errorf("the issuer %s does not name %s %s in allowIntermediates", u.key, u.user.Kind, u.user.Name)
	}
	signer, ok := issuer.As[issuer.IntermediateIssuer](s.backend.Issuer)
	if !ok {
		return nil, fmt.Errorf("the issuer %s issues no intermediates", u.key)
	}
	return signer.IssueIntermediate(ctx, r)
}
