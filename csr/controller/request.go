package controller

import (
	"context"
	"crypto/x509"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/csr"
)

// state is the progress of a request.
type state int

const (
	settled   state = iota // denied, failed, signed or being deleted
	undecided              // neither approved nor denied
	approved
)

// request is an object that requests a certificate. Each kind of object has an adapter,
// which does not depend on policies and issuers. Its errors are those of the API server.
type request interface {
	object() client.Object
	// issuer is the issuer that the request names; false means a signer of others.
	issuer() (issuerKey, bool)
	state() state
	csrRequest() csr.Request
	// deadline is when the client stops waiting.
	deadline() time.Time
	// selfApproval is the access of clients that approve their own requests. Any one of
	// the attributes is enough.
	selfApproval() []authorizationv1.ResourceAttributes

	// approve and deny decide about an undecided request.
	approve(ctx context.Context, why conditionReason) error
	deny(ctx context.Context, why conditionReason) error
	// issue and fail settle an approved request. Each is one write.
	issue(ctx context.Context, chain []*x509.Certificate) error
	fail(ctx context.Context, why conditionReason) error
}

// conditionReason is the reason and message of a condition.
type conditionReason struct{ reason, message string }

// refusedError means that the request is never granted.
type refusedError struct {
	conditionReason
	reasons []string // all of them, for the log
}

func (r *refusedError) Error() string { return r.reason + ": " + r.message }

func refuse(reason, message string) *refusedError {
	return &refusedError{conditionReason{reason, message}, []string{message}}
}
