package secrets_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/secrets"
)

func TestIstiodNames(t *testing.T) {
	t.Parallel()
	usual := []string{"istiod.istio-system.svc", "istiod-remote.istio-system.svc", "istio-pilot.istio-system.svc"}
	tests := map[string]struct {
		namespace string
		revisions []string
		want      []string
	}{
		"in the usual namespace":              {secrets.DefaultNamespace, nil, usual},
		"without a namespace":                 {"", nil, usual},
		"a revision has a name of its own":    {"", []string{"canary", "1-31"}, append(usual[:3:3], "istiod-canary.istio-system.svc", "istiod-1-31.istio-system.svc")},
		"the default revision has none":       {"", []string{"default", ""}, usual},
		"a revision that is given twice":      {"", []string{"canary", "canary"}, append(usual[:3:3], "istiod-canary.istio-system.svc")},
		"a revision called remote adds none":  {"", []string{"remote"}, usual},
		"in another namespace, the usual too": {"mesh", []string{"canary"}, []string{"istiod.mesh.svc", "istiod-remote.mesh.svc", "istio-pilot.mesh.svc", "istiod-canary.mesh.svc", "istiod.istio-system.svc"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, secrets.IstiodNames(test.namespace, test.revisions...)); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}
