package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// ready is the status of an issuer whose specification of that generation was looked at.
func ready(status metav1.ConditionStatus, generation int64, reason, message string, ca *v1alpha1.CAStatus) v1alpha1.IssuerStatus {
	return v1alpha1.IssuerStatus{CA: ca, Conditions: []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: status, ObservedGeneration: generation, Reason: reason, Message: message,
	}}}
}

func someIssuers() map[string]any {
	east := &v1alpha1.CAStatus{Subject: "east 1f3a9c", Fingerprint: "aa", NotAfter: metav1.NewTime(catest.Now().Add(30*flags.Day + time.Hour))}
	return map[string]any{
		issuersPath: v1alpha1.TrustClusterIssuerList{Items: []v1alpha1.TrustClusterIssuer{
			{
				ObjectMeta: metav1.ObjectMeta{Name: "mesh", Generation: 2},
				Spec:       v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{CA: &v1alpha1.CABackend{SecretName: "mesh"}}},
				Status:     ready(metav1.ConditionTrue, 2, v1alpha1.ReasonReady, "signs", east),
			},
			{
				ObjectMeta: metav1.ObjectMeta{Name: "corporate", Generation: 1},
				Spec:       v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{CFSSL: &v1alpha1.CFSSLBackend{}}},
				Status:     ready(metav1.ConditionFalse, 1, v1alpha1.ReasonNotHealthy, "no server\x1b answers", nil),
			},
			{
				ObjectMeta: metav1.ObjectMeta{Name: "changed", Generation: 3},
				Spec:       v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{Ephemeral: &v1alpha1.EphemeralBackend{}}},
				Status:     ready(metav1.ConditionTrue, 2, v1alpha1.ReasonReady, "signs", east),
			},
		}},
		namespacedPath: v1alpha1.TrustIssuerList{Items: []v1alpha1.TrustIssuer{
			{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mesh", Generation: 1}},
		}},
	}
}

func TestIssuers_Status(t *testing.T) {
	t.Parallel()
	s := newConsole("")
	kubeconfig := apiServer(t, someIssuers())
	s.want(t, s.run(t, "issuers", "--kubeconfig", kubeconfig), exitOK, "trustgen: corporate: no server\ufffd answers\n")
	want := `NAME       KIND                BACKEND    READY    REASON               CA           DAYS LEFT
mesh       TrustClusterIssuer  ca         True     Ready                east 1f3a9c  30
corporate  TrustClusterIssuer  cfssl      False    NotHealthy           -            -
changed    TrustClusterIssuer  ephemeral  Unknown  NotSeenByController  east 1f3a9c  30
shop/mesh  TrustIssuer         -          Unknown  NotSeenByController  -            -
`
	if diff := cmp.Diff(want, s.out.String()); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	s.want(t, s.run(t, "issuers", "-q", "-o", "json", "--kubeconfig", kubeconfig, "--context", "east"), exitOK, "")
	var got view.Issuers
	if err := json.Unmarshal(s.out.Bytes(), &got); err != nil || len(got.Issuers) != 4 || *got.Issuers[0].DaysLeft != 30 {
		t.Errorf("%v: %s", err, s.out.String())
	}
}

func TestIssuers_NoIssuers(t *testing.T) {
	t.Parallel()
	s := newConsole("")
	kubeconfig := apiServer(t, map[string]any{issuersPath: v1alpha1.TrustClusterIssuerList{}, namespacedPath: v1alpha1.TrustIssuerList{}})
	s.want(t, s.run(t, "issuers", "-o", "json", "--kubeconfig", kubeconfig), exitOK, "trustgen: the cluster has no issuers\n")
	if got := s.out.String(); got != "{\n  \"issuers\": []\n}\n" {
		t.Errorf("stdout is %q", got)
	}
}

func TestIssuers_NotReadable(t *testing.T) {
	t.Parallel()
	hidden := someIssuers()
	hidden[namespacedPath] = forbidden("listing")
	tests := map[string]struct {
		objects map[string]any
		want    string
	}{
		"the types are not installed": {nil, "trustgen: error: list the TrustClusterIssuers: the server could not find the requested resource (get trustclusterissuers.trustgen.io)\n" +
			"trustgen: hint: install the types of trustgen in the cluster: 'kubectl apply --server-side -f deploy/crds'\n"},
		"they may not be listed": {hidden, "trustgen: error: list the TrustIssuers: listing is forbidden\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConsole("")
			s.want(t, s.run(t, "issuers", "--kubeconfig", apiServer(t, test.objects)), exitNoResult, test.want)
			if s.out.Len() > 0 {
				t.Errorf("stdout is not empty: %s", s.out.String())
			}
		})
	}
}
