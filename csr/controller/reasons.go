package controller

import "regexp"

// Reasons of conditions and events. For a request that a CA refuses, the CA gives the
// reason, see issuer.PermanentError.
const (
	// ReasonAllowed: the approver has approved the request.
	ReasonAllowed = "AllowedByPolicy"
	// ReasonNotAllowed: the policy refuses the request.
	ReasonNotAllowed = "NotAllowed"
	// ReasonNoReference: the requester may not use the TrustIssuer.
	ReasonNoReference = "ReferenceDenied"
	// ReasonRefused: a CA refuses the request without a valid reason.
	ReasonRefused = "Refused"
	// ReasonNotSignedYet, of an event: an attempt has failed and is repeated.
	ReasonNotSignedYet = "NotSignedYet"
	// ReasonPending, of an event: the CA has not decided yet.
	ReasonPending = "Pending"
)

// maxReason is the maximum length of the reason of an event.
const maxReason = 128

// reasonPattern is the pattern for the reasons of conditions in Kubernetes.
var reasonPattern = regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`)

// validReason returns the reason that a CA has given if Kubernetes accepts it, otherwise
// [ReasonRefused].
func validReason(given string) string {
	if len(given) > maxReason || !reasonPattern.MatchString(given) {
		return ReasonRefused
	}
	return given
}
