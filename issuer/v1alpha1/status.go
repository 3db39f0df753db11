package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConditionReady reports whether an issuer signs, and whether its latest specification is
// valid.
const ConditionReady = "Ready"

// Reasons of [ConditionReady].
const (
	// ReasonReady: the issuer matches its specification and is able to sign.
	ReasonReady = "Ready"
	// ReasonInvalid: the specification, or an object that it refers to, is invalid. The
	// last valid specification stays in use.
	ReasonInvalid = "Invalid"
	// ReasonNotHealthy: the CA does not respond, is close to its end, or is announced and
	// does not sign yet.
	ReasonNotHealthy = "NotHealthy"
)

// IssuerStatus is the status of an issuer.
type IssuerStatus struct {
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// CA is the CA that signs, if it is known without a request to it.
	//
	// +optional
	CA *CAStatus `json:"ca,omitempty"`
}

// CAStatus identifies a CA.
type CAStatus struct {
	Subject string `json:"subject"`
	// Fingerprint is the SHA-256 of the certificate in hexadecimal.
	Fingerprint string      `json:"fingerprint"`
	NotAfter    metav1.Time `json:"notAfter"`
}
