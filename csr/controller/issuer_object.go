package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// issuerObject is a TrustClusterIssuer or a TrustIssuer.
type issuerObject struct {
	client.Object
	spec   *v1alpha1.IssuerSpec
	status *v1alpha1.IssuerStatus
}

func (o issuerObject) key() issuerKey { return issuerKey{o.GetNamespace(), o.GetName()} }

// newIssuerObject makes an empty object of a kind.
func newIssuerObject(kind string) issuerObject {
	if kind == v1alpha1.KindTrustIssuer {
		return asIssuer(&v1alpha1.TrustIssuer{})
	}
	return asIssuer(&v1alpha1.TrustClusterIssuer{})
}

func newIssuerList(kind string) client.ObjectList {
	if kind == v1alpha1.KindTrustIssuer {
		return &v1alpha1.TrustIssuerList{}
	}
	return &v1alpha1.TrustClusterIssuerList{}
}

func asIssuer(o client.Object) issuerObject {
	switch i := o.(type) {
	case *v1alpha1.TrustIssuer:
		return issuerObject{i, &i.Spec, &i.Status}
	case *v1alpha1.TrustClusterIssuer:
		return issuerObject{i, &i.Spec, &i.Status}
	}
	return issuerObject{Object: o}
}

// readIssuer reads an issuer. The result is a copy, which may be changed.
func readIssuer(ctx context.Context, r client.Reader, kind string, name types.NamespacedName) (issuerObject, error) {
	o := newIssuerObject(kind).Object
	if err := r.Get(ctx, name, o); err != nil {
		return issuerObject{}, err
	}
	copied, _ := o.DeepCopyObject().(client.Object)
	return asIssuer(copied), nil
}

// specChanged passes updates that change the specification or replace the object by another
// one with the same name.
func specChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || e.ObjectOld.GetUID() != e.ObjectNew.GetUID()
	}}
}
