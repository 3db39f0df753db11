package v1alpha1_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func TestAddToScheme(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{v1alpha1.KindTrustIssuer, v1alpha1.KindTrustClusterIssuer} {
		for _, name := range []string{kind, kind + "List"} {
			if _, err := scheme.New(schema.GroupVersionKind{Group: v1alpha1.Group, Version: v1alpha1.Version, Kind: name}); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestCRD_DurationsCanBeParsed: a client cannot list any issuer if it cannot parse the
// duration of one.
func TestCRD_DurationsCanBeParsed(t *testing.T) {
	t.Parallel()
	crd, err := os.ReadFile("../../deploy/crds/trustgen.io_trustclusterissuers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const bounds = "maxLength: 16\n"
	_, pattern, found := strings.Cut(string(crd), bounds)
	pattern, _, _ = strings.Cut(strings.TrimSpace(pattern), "\n")
	if pattern = strings.TrimPrefix(pattern, "pattern: "); !found || pattern == "" {
		t.Fatalf("the CRD has no pattern for durations")
	}
	accepted := regexp.MustCompile(pattern)
	for _, text := range []string{"1h", "90m", "1.5h", "24h0m0s", "999999h999999h9h", "999999h999999h", "0s", "500ms", "999999.999h"} {
		if len(text) > 16 || !accepted.MatchString(text) {
			t.Errorf("%q is rejected", text)
		}
		var rule v1alpha1.PolicyRule
		if err := yaml.Unmarshal([]byte("maxLifetime: "+text), &rule); err != nil || rule.MaxLifetime.Duration < 0 {
			t.Errorf("%q: got %s and the error %v", text, rule.MaxLifetime.Duration, err)
		}
	}
	for _, text := range []string{"", "5d", "-1h", "1", "h", "1h ", "9999999h", time.Duration(1).String()} {
		if accepted.MatchString(text) {
			t.Errorf("%q is accepted", text)
		}
	}
}
