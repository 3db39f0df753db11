package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// report updates the status of an issuer if it has changed.
func (i *issuerReconciler) report(ctx context.Context, o issuerObject, s readyState) error {
	before := o.status.DeepCopy()
	condition := metav1.Condition{
		Type:               v1alpha1.ConditionReady,
		Status:             metav1.ConditionFalse,
		Reason:             s.reason,
		Message:            truncate(s.message, maxMessage),
		ObservedGeneration: o.GetGeneration(),
		LastTransitionTime: metav1.NewTime(i.Now()),
	}
	if s.ready {
		condition.Status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&o.status.Conditions, condition)
	o.status.CA = caStatus(i.registry.load(o.key()))
	if equality.Semantic.DeepEqual(before, o.status) {
		return nil
	}
	return i.client.Status().Update(ctx, o.Object)
}

// caStatus is the CA that signs, nil if it is not known.
func caStatus(s *activeIssuer) *v1alpha1.CAStatus {
	cert := s.certificate()
	if cert == nil {
		return nil
	}
	sum := sha256.Sum256(cert.Raw)
	return &v1alpha1.CAStatus{
		Subject:     ca.Describe(cert),
		Fingerprint: hex.EncodeToString(sum[:]),
		NotAfter:    metav1.NewTime(cert.NotAfter),
	}
}
