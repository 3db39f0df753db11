package controller

import "regexp"

// Reasons of conditions and events. What a CA refuses has a reason of the CA, see
// issuer.PermanentError.
const (
	// ReasonAllowed is that of a request that the approver has approved.
	ReasonAllowed = "AllowedByPolicy"
	// ReasonNotAllowed is that of a request that the policy refuses.
	ReasonNotAllowed = "NotAllowed"
	// ReasonNoReference is that of a request for a TrustIssuer that its requester may
	// not use.
	ReasonNoReference = "ReferenceDenied"
	// ReasonRefused is that of a request that a CA refuses without a proper reason.
	ReasonRefused = "Refused"
	// ReasonNotSignedYet is that of an event: the request is tried again.
	ReasonNotSignedYet = "NotSignedYet"
	// ReasonPending is that of an event: the CA works on the request.
	ReasonPending = "Pending"
)

// maxReason is what an event takes.
const maxReason = 128

// reasonPattern is that of the conditions of Kubernetes.
var reasonPattern = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`)

// properReason is what a CA gives as its reason, if it is one.
func properReason(given string) string {
	if len(given) > maxReason || !reasonPattern.MatchString(given) {
		return ReasonRefused
	}
	return given
}
