package controller

import (
	"fmt"
	"net/http"
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// readiness keeps a new replica unready until its announced CAs sign, so that a rollout does
// not stop the old replica before that.
type readiness struct {
	client   client.Reader
	registry *registry
	reached  atomic.Bool
}

// check is a healthz.Checker. A replica that was ready once stays ready: an issuer that is
// created later does not make it unready.
func (r *readiness) check(request *http.Request) error {
	if r.reached.Load() {
		return nil
	}
	var all v1alpha1.TrustClusterIssuerList
	if err := r.client.List(request.Context(), &all); err != nil {
		return fmt.Errorf("list the issuers: %w", err)
	}
	for i := range all.Items {
		o := asIssuer(&all.Items[i])
		if e := o.spec.Ephemeral; e != nil && e.Announce.Duration > 0 && r.registry.load(o.key()) == nil {
			return fmt.Errorf("the issuer %s announces its CA and does not sign yet", o.key())
		}
	}
	r.reached.Store(true)
	return nil
}
