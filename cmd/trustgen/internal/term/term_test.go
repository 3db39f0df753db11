package term

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
)

func TestProgress_IsShownAfterASecond(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		terminal, quiet bool
		want            string
	}{
		"on a terminal": {true, false, "\rtrustgen: 2 of 9 clusters\x1b[K\rtrustgen: 4 of 9 clusters\x1b[K\r\x1b[K"},
		"elsewhere":     {false, false, "trustgen: 2 of 9 clusters\n"},
		"with --quiet":  {true, true, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			now := catest.Now()
			terminal := &Terminal{Quiet: test.quiet, Streams: Streams{Err: &stderr, ErrTerminal: test.terminal, Now: func() time.Time { return now }}}
			p := terminal.NewProgress(9, "clusters")
			for done, d := range []time.Duration{999, 1, 50, 50} {
				now = now.Add(d * time.Millisecond)
				p.Report(done + 1)
			}
			p.End()
			if diff := cmp.Diff(test.want, stderr.String()); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPrintable_ReplacesControlCharacters(t *testing.T) {
	t.Parallel()
	if got, want := Printable("east\x1b[31m\n"), "east\ufffd[31m\ufffd"; got != want {
		t.Errorf("Printable gives %q, want %q", got, want)
	}
}
