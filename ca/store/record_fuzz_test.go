package store

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseRecord holds what a record may say against the two kinds of moves, in
// words of its own.
func FuzzParseRecord(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"moves":null}`, `{"moves":[{}]}`,
		moveJSON(".trustgen/staging/clusters/east", "clusters/east"),
		moveJSON("clusters/east", "superseded/clusters/east/20260102T030405Z"),
		moveJSON("clusters/east", "superseded/clusters/east/20260102T030405Z-2"),
		moveJSON(".trustgen/staging/../../a", "../a"),
		moveJSON("a", "superseded/a/../../.trustgen/version"),
		moveJSON(".trustgen/version", "superseded/.trustgen/version/a"),
		moveJSON("superseded", "superseded/superseded/a"),
		moveJSON(`.trustgen/staging/a\b`, `a\b`),
		moveJSON(".trustgen/staging/a\x00", "a\x00"),
		`{"moves":[{"from":".trustgen/staging/a","to":"a"},{"from":"a","to":"superseded/a/b"}]}`,
		`{"moves":[{"from":".trustgen/staging/a","to":"a","replaces":true}]}`,
		`{"moves":[{"from":"a","to":"superseded/a/b","replaces":true}]}`,
		`{"MOVES":[{"FROM":".trustgen/staging/a","to":"b","TO":"a"}],"more":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err != nil {
			if len(r.Moves) > 0 {
				t.Errorf("an error and moves: %v", r.Moves)
			}
			return
		}
		if len(r.Moves) == 0 {
			t.Error("neither an error nor moves")
		}
		for _, m := range r.Moves {
			if !allowedInstall(m) && !allowedRetirement(m) {
				t.Errorf("it moves %q to %q", m.From, m.To)
			}
		}
		wantRoundTrip(t, r)
	})
}

func allowedInstall(m move) bool {
	staged, ok := strings.CutPrefix(m.From, ".trustgen/staging/")
	return ok && staged == m.To && inside(m.To)
}

func allowedRetirement(m move) bool {
	generation, ok := strings.CutPrefix(m.To, "superseded/"+m.From+"/")
	return ok && !m.Replaces && inside(m.From) && inside(generation) && !strings.Contains(generation, "/")
}

// inside reports whether a name is clear of everything that is not for change.
func inside(name string) bool {
	parts := strings.Split(name, "/")
	for _, part := range parts {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return fs.ValidPath(name) && !strings.ContainsAny(name, "\\\x00") && parts[0] != ".trustgen" && parts[0] != "superseded"
}

func wantRoundTrip(t *testing.T, r record) {
	t.Helper()
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := parseRecord(data)
	if diff := cmp.Diff(r, again); err != nil || diff != "" {
		t.Errorf("written and read again: %v\n%s", err, diff)
	}
}
