package controller

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func TestSpecChanged(t *testing.T) {
	object := func(uid string, generation int64, status string) *v1alpha1.TrustClusterIssuer {
		return &v1alpha1.TrustClusterIssuer{
			ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid), Generation: generation},
			Status:     v1alpha1.IssuerStatus{CA: &v1alpha1.CAStatus{Subject: status}},
		}
	}
	tests := []struct {
		name string
		then *v1alpha1.TrustClusterIssuer
		want bool
	}{
		{"a status says nothing new", object("a", 1, "changed"), false},
		{"a specification does", object("a", 2, ""), true},
		{"another object of its name does", object("b", 1, ""), true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := specChanged().Update(event.UpdateEvent{ObjectOld: object("a", 1, ""), ObjectNew: test.then}); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
