package mesh_test

import (
	"strings"
	"testing"

	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestParseReason_ReadsEveryName(t *testing.T) {
	t.Parallel()
	reasons := mesh.Reasons()
	if len(reasons) != 7 {
		t.Errorf("%d reasons, want 7", len(reasons))
	}
	for _, r := range reasons {
		for _, name := range []string{r.String(), strings.ToUpper(r.String())} {
			if got, err := mesh.ParseReason(name); err != nil || got != r {
				t.Errorf("ParseReason(%q) is %v and the error %v", name, got, err)
			}
		}
	}
}

func TestParseReason_RefusesTemporaryOnes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "certificateHold", "removeFromCRL", "reason 6", "1"} {
		if _, err := mesh.ParseReason(name); err == nil || !strings.Contains(err.Error(), "is not one of keyCompromise, cACompromise, ") {
			t.Errorf("ParseReason(%q): error %v, want the list of reasons", name, err)
		}
	}
	if got, want := mesh.Reason(6).String(), "reason 6"; got != want {
		t.Errorf("String is %q, want %q", got, want)
	}
}
