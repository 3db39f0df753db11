package controller

import (
	"context"
	"crypto/x509"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/csr"
)

// state is how far a request has come.
type state int

const (
	settled   state = iota // nothing is left to do
	undecided              // nobody has approved it
	approved
)

// request is an object that asks for a certificate. There is an adapter for each kind,
// which knows the object; it knows nothing of policies and issuers. Its errors are those
// of the API server.
type request interface {
	object() client.Object
	// issuer is who is asked; false means none of ours.
	issuer() (issuerKey, bool)
	state() state
	asks() csr.Request
	// deadline is when whoever made it stops waiting.
	deadline() time.Time
	// selfApproval is what requesters may do who approve their own requests. Any of
	// it will do.
	selfApproval() []authorizationv1.ResourceAttributes

	// approve and deny decide about a request that is undecided.
	approve(ctx context.Context, why cause) error
	deny(ctx context.Context, why cause) error
	// issue and fail settle a request that is approved. Each is one write.
	issue(ctx context.Context, chain []*x509.Certificate) error
	fail(ctx context.Context, why cause) error
}

// cause is what a condition says.
type cause struct{ reason, message string }

// refusedError is about a request that is never granted.
type refusedError struct {
	cause
	reasons []string // all of them, for the log
}

func (r *refusedError) Error() string { return r.reason + ": " + r.message }

func refuse(reason, message string) *refusedError {
	return &refusedError{cause{reason, message}, []string{message}}
}
