package controller

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// allows is an authorizer that lets everybody do one thing with one name.
func allows(verb, name string) func(authorizationv1.SubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus {
	return func(s authorizationv1.SubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus {
		return authorizationv1.SubjectAccessReviewStatus{Allowed: s.ResourceAttributes.Verb == verb && s.ResourceAttributes.Name == name}
	}
}

func TestDecide(t *testing.T) {
	const approve = "approve"
	mallory := func(c *certificatesv1.CertificateSigningRequest) { c.Spec.Username = "mallory" }
	tests := []struct {
		name     string
		approval v1alpha1.Approval
		review   func(authorizationv1.SubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus
		change   func(*certificatesv1.CertificateSigningRequest)
		want     certificatesv1.RequestConditionType
		reason   string
		reviews  int
	}{
		{"approves what the policy allows", v1alpha1.ApprovalAuto, nil, nil, certificatesv1.CertificateApproved, ReasonAllowed, 2},
		{"denies what the policy refuses", v1alpha1.ApprovalAuto, nil, mallory, certificatesv1.CertificateDenied, ReasonNotAllowed, 2},
		{"leaves alone who approves by the name of the signer", v1alpha1.ApprovalAuto, allows(approve, meshSigner), nil, "", "", 1},
		{"leaves alone who approves by the domain of the signer, as istiod", v1alpha1.ApprovalAuto, allows(approve, v1alpha1.ClusterSignerDomain+"/*"), nil, "", "", 2},
		{"leaves alone who approves by itself and would be denied", v1alpha1.ApprovalAuto, allows(approve, meshSigner), mallory, "", "", 1},
		{"leaves everything to others with None", v1alpha1.ApprovalNone, nil, nil, "", "", 0},
		{"leaves everything to others by default", "", nil, mallory, "", "", 0},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			w := newRequestEnv(t)
			w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, approval: test.approval})
			w.api.review = test.review
			w.create(t, "r", condition(), func(c *certificatesv1.CertificateSigningRequest) {
				if test.change != nil {
					test.change(c)
				}
			})
			before := w.stored(t, "r")
			if again := w.reconcile(t, "r"); again != recheckInterval {
				t.Errorf("requeued after %s", again)
			}
			if n := w.api.count("create"); n != test.reviews {
				t.Errorf("%d reviews, want %d", n, test.reviews)
			}
			if w.ca.calls.Load() != 0 || w.api.count("status") != 0 {
				t.Error("it was signed before it was approved")
			}
			w.wantsNothingOpen(t)
			after := w.stored(t, "r")
			if test.want == "" {
				if diff := cmp.Diff(before, after); diff != "" || w.api.count("approval") != 0 {
					t.Errorf("written before it was approved: %s", diff)
				}
				return
			}
			if c := conditionOf(after, test.want); c == nil || c.Reason != test.reason || len(after.Status.Conditions) != 1 || w.api.count("approval") != 1 {
				t.Errorf("the conditions are %v", after.Status.Conditions)
			}
			if said := w.events.all(); len(said) != map[bool]int{true: 1}[test.want == certificatesv1.CertificateDenied] {
				t.Errorf("events: %q", said)
			}
		})
	}
}

func TestDecide_ThenSign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, approval: v1alpha1.ApprovalAuto})
		w.create(t, "r", condition())
		w.reconcile(t, "r")
		w.reconcile(t, "r")
		w.chain(t, "r")
		if w.ca.calls.Load() != 1 || w.api.count("approval") != 1 || w.api.count("status") != 1 {
			t.Errorf("%d calls, %v", w.ca.calls.Load(), w.api.counts)
		}
	})
}

func TestDecide_WhenTheIssuerBecomesReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.registry.remove(issuerKey{name: "mesh"})
		w.create(t, "r", condition())
		if again := w.reconcile(t, "r"); again <= 0 || again > maxBackoff {
			t.Errorf("requeued after %s", again)
		}
		w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, approval: v1alpha1.ApprovalAuto})
		w.reconcile(t, "r")
		if conditionOf(w.stored(t, "r"), certificatesv1.CertificateApproved) == nil {
			t.Error("not approved")
		}
	})
}

func TestDecide_WritesNothingWhenAccessIsUnknown(t *testing.T) {
	tests := []struct {
		name  string
		begin func(*requestEnv)
	}{
		{"while the API server is unavailable", func(w *requestEnv) { w.api.failing("create", errors.New("away")) }},
		{"while an authorizer fails", func(w *requestEnv) {
			w.api.review = func(authorizationv1.SubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus {
				return authorizationv1.SubjectAccessReviewStatus{EvaluationError: "the webhook is away"}
			}
		}},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			w := newRequestEnv(t)
			w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, approval: v1alpha1.ApprovalAuto})
			test.begin(w)
			w.create(t, "r", condition())
			for range 3 {
				if again := w.reconcile(t, "r"); again <= 0 || again > maxBackoff {
					t.Errorf("requeued after %s", again)
				}
			}
			w.wants(t, 0, 0)
			if said := w.events.all(); len(said) != 1 {
				t.Errorf("events: %q", said)
			}
			w.api.fault, w.api.review = nil, nil
			w.reconcile(t, "r")
			if conditionOf(w.stored(t, "r"), certificatesv1.CertificateApproved) == nil {
				t.Error("not approved")
			}
		})
	}
}

func TestDecide_AfterSomebodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, approval: v1alpha1.ApprovalAuto})
		w.create(t, "r", condition())
		w.api.failing("approval", apierrors.NewConflict(schema.GroupResource{}, "r", errors.New("istiod was here")))
		if again := w.reconcile(t, "r"); again <= 0 || again > minBackoff || len(w.events.all()) != 0 {
			t.Errorf("requeued after %s; events: %q", again, w.events.all())
		}
		w.api.failing("approval", apierrors.NewNotFound(schema.GroupResource{}, "r"))
		if again := w.reconcile(t, "r"); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		w.wantsNothingOpen(t)
	})
}

func TestMayUse_TrustIssuer(t *testing.T) {
	const reference = "reference"
	tests := []struct {
		name     string
		approval v1alpha1.Approval
		review   func(authorizationv1.SubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus
		reviews  int
		want     certificatesv1.RequestConditionType // "": signed
	}{
		{"and signs for who has it by name", "", allows(reference, "mesh"), 1, ""},
		{"and signs for who has it for all", "", allows(reference, "*"), 2, ""},
		{"and fails who has it for another", "", allows(reference, "other"), 2, certificatesv1.CertificateFailed},
		{"and denies who has it for another", v1alpha1.ApprovalAuto, allows(reference, "other"), 4, certificatesv1.CertificateDenied},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			w := newRequestEnv(t)
			w.NamespacedIssuers = true
			w.serve(t, &activeIssuer{key: issuerKey{"shop", "mesh"}, approval: test.approval})
			var reviewed []authorizationv1.ResourceAttributes
			w.api.review = func(s authorizationv1.SubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus {
				if s.User != "system:serviceaccount:shop:cart" || len(s.Groups) != 2 || s.UID != "uid" || s.Extra["key"][0] != "value" {
					t.Errorf("reviewed %v", s)
				}
				if s.ResourceAttributes.Verb == reference {
					reviewed = append(reviewed, *s.ResourceAttributes)
				}
				return test.review(s)
			}
			w.create(t, "r", signedBy(shopSigner), func(c *certificatesv1.CertificateSigningRequest) {
				c.Spec.UID, c.Spec.Extra = "uid", map[string]certificatesv1.ExtraValue{"key": {"value"}}
				if test.approval == v1alpha1.ApprovalAuto {
					condition()(c)
				}
			})
			w.reconcile(t, "r")
			if n := w.api.count("create"); n != test.reviews {
				t.Errorf("%d reviews, want %d", n, test.reviews)
			}
			want := authorizationv1.ResourceAttributes{Namespace: "shop", Verb: reference, Group: v1alpha1.Group, Version: "*", Resource: "signers", Name: "mesh"}
			if len(reviewed) == 0 || reviewed[0] != want {
				t.Errorf("reviewed %v, want %v first", reviewed, want)
			}
			if test.want == "" {
				w.chain(t, "r")
				return
			}
			if c := conditionOf(w.stored(t, "r"), test.want); c == nil || c.Reason != ReasonNoReference || w.ca.calls.Load() != 0 {
				t.Errorf("the conditions are %v", w.stored(t, "r").Status.Conditions)
			}
		})
	}
	bubble(t, "and not for a request that the policy refuses", func(t *testing.T) {
		w := newRequestEnv(t)
		w.NamespacedIssuers = true
		w.serve(t, &activeIssuer{key: issuerKey{"shop", "mesh"}})
		w.create(t, "r", signedBy(shopSigner), func(c *certificatesv1.CertificateSigningRequest) { c.Spec.Username = "mallory" })
		w.reconcile(t, "r")
		if w.api.count("create") != 0 || w.failure(t, "r") == nil {
			t.Errorf("%d reviews", w.api.count("create"))
		}
	})
	bubble(t, "and is retried while the API server is unavailable", func(t *testing.T) {
		w := newRequestEnv(t)
		w.NamespacedIssuers = true
		w.serve(t, &activeIssuer{key: issuerKey{"shop", "mesh"}})
		w.api.failing("create", errors.New("away"))
		w.create(t, "r", signedBy(shopSigner))
		if again := w.reconcile(t, "r"); again <= 0 || again > maxBackoff || w.failure(t, "r") != nil {
			t.Errorf("requeued after %s", again)
		}
		w.wants(t, 0, 0)
	})
}
