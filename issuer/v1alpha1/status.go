package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ConditionReady says whether an issuer signs, and what its last specification came to.
const ConditionReady = "Ready"

// Reasons of [ConditionReady].
const (
	// ReasonReady: the issuer is what the specification says, and able to sign.
	ReasonReady = "Ready"
	// ReasonInvalid: the specification, or what it refers to, is wrong. The last one
	// that was good still signs.
	ReasonInvalid = "Invalid"
	// ReasonNotHealthy: the CA does not answer, nears its end, or is announced and does not
	// sign yet.
	ReasonNotHealthy = "NotHealthy"
)

// IssuerStatus is how an issuer stands.
type IssuerStatus struct {
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// CA is the one that signs, as far as it is known without asking it to.
	//
	// +optional
	CA *CAStatus `json:"ca,omitempty"`
}

// CAStatus is a CA at a glance.
type CAStatus struct {
	Subject string `json:"subject"`
	// Fingerprint is the SHA-256 of the certificate in hexadecimal.
	Fingerprint string      `json:"fingerprint"`
	NotAfter    metav1.Time `json:"notAfter"`
}
