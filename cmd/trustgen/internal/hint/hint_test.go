package hint_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
	"github.com/trustgen/trustgen/secrets/fabric"
)

func command(path, dir string, flags ...string) hint.Command {
	has := func(flag string) bool { return slices.Contains(flags, flag) }
	return hint.Command{Path: path, Dir: dir, Has: has, Given: has}
}

func TestFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err     error
		command hint.Command
		want    string
	}{
		"an error without a hint": {errors.New("odd"), command("trustgen list", "trust"), ""},
		"a directory in use":      {&store.LockedError{}, command("trustgen list", "trust"), "try again when it is done"},
		"in the directory of the command": {
			&fabric.UnknownClusterError{Cluster: "east"}, command("trustgen secret", "my mesh"),
			"issue one: 'trustgen intermediate --cluster east --dir 'my mesh''",
		},
		"a wrapped error": {
			fmt.Errorf("cluster east: %w", fabric.ErrRootExists), command("trustgen init", "trust"),
			"use it, or choose another directory with --dir",
		},
		"by a flag of the command": {
			fabric.ErrRootExists, command("trustgen init", "trust", "name-constraints"),
			"keep the root: write nameConstraints into fabric.yaml, as 'trustgen init --help' shows, and renew every cluster",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := hint.For(test.err, test.command); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"trust/east":      "trust/east",
		"my mesh":         "'my mesh'",
		"it's":            `'it'\''s'`,
		"$(rm -r /)":      "'$(rm -r /)'",
		"":                "''",
		"east 1f3a9c\x1b": "'east 1f3a9c\x1b'",
	} {
		if got := hint.Quote(word); got != want {
			t.Errorf("%q is quoted as %q, want %q", word, got, want)
		}
	}
}
