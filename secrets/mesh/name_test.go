package mesh_test

import (
	"crypto"
	"errors"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestCheckCluster(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ cluster, wantReason string }{
		"a word":                       {"east", ""},
		"digits and dashes":            {"1-east-2", ""},
		"one character":                {"a", ""},
		"63 characters":                {strings.Repeat("a", 63), ""},
		"64 characters":                {strings.Repeat("a", 64), "is longer than 63 characters"},
		"an empty name":                {"", "is empty"},
		"a capital":                    {"East", "has characters other than a-z, 0-9 and -"},
		"a dot":                        {"east.example", "has characters other"},
		"a slash":                      {"../east", "has characters other"},
		"a newline":                    {"east\n", "has characters other"},
		"a character outside of ASCII": {"öst", "has characters other"},
		"a dash at the beginning":      {"-east", "begins or ends with a dash"},
		"a dash at the end":            {"east-", "begins or ends with a dash"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireNameError(t, mesh.CheckCluster(tt.cluster), tt.cluster, tt.wantReason)
		})
	}
}

// requireNameError expects a ClusterNameError, or none without a reason.
func requireNameError(t *testing.T, err error, cluster, reason string) {
	t.Helper()
	named, ok := errors.AsType[*mesh.ClusterNameError](err)
	switch {
	case reason == "" && err != nil:
		t.Errorf("error %v, want none", err)
	case reason != "" && (!ok || named.Name != cluster || !strings.HasPrefix(named.Reason, reason)):
		t.Errorf("error %v, want a ClusterNameError of %q that %s", err, cluster, reason)
	}
}

func TestCheckClusters(t *testing.T) {
	t.Parallel()
	requireNameError(t, mesh.CheckClusters([]string{"east", "west"}), "", "")
	requireNameError(t, mesh.CheckClusters([]string{"east", "West"}), "West", "has characters other")
	requireNameError(t, mesh.CheckClusters([]string{"east", "west", "east"}), "east", "is given twice")
	if err := mesh.CheckClusters(nil); err == nil || err.Error() != "no cluster is given" {
		t.Errorf("error %v, want that no cluster is given", err)
	}
}

func TestClusterOf(t *testing.T) {
	t.Parallel()
	key := catest.Key("east").Public()
	tagged := func(name string) string { return catest.Must(ca.TaggedName(name, key))(t) }
	tests := map[string]struct {
		commonName string
		key        crypto.PublicKey
		want       string
	}{
		"the tag of the key":               {tagged("east"), key, "east"},
		"a name that just has room":        {tagged(strings.Repeat("a", 56)), key, strings.Repeat("a", 56)},
		"a name that may have been cut":    {tagged(strings.Repeat("a", 57)), key, ""},
		"a name that was cut":              {tagged(strings.Repeat("a", 63)), key, ""},
		"the tag of another key":           {tagged("east"), catest.Key("west").Public(), ""},
		"no tag":                           {"east", key, ""},
		"an empty common name":             {"", key, ""},
		"a tag alone":                      {tagged("east")[len("east"):], key, ""},
		"a name that no cluster can have":  {tagged("East"), key, ""},
		"two words before the tag":         {tagged("east coast"), key, ""},
		"a key that cannot be encoded":     {tagged("east"), "key", ""},
		"capital hexadecimal digits in it": {"east " + strings.ToUpper(strings.TrimPrefix(tagged("east"), "east ")), key, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mesh.ClusterOf(tt.commonName, tt.key); got != tt.want {
				t.Errorf("ClusterOf(%q) is %q, want %q", tt.commonName, got, tt.want)
			}
		})
	}
}
