package pages

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestText_ReplacesWhatDiffersFromRunToRun(t *testing.T) {
	t.Parallel()
	// Two runs: the second one is later, and its keys are others.
	first, second := newStable(), newStable()
	second.started = first.started.Add(100 * time.Hour)
	text := func(s *stable, tag, serial string) string {
		key := tag + strings.Repeat("7", keyIDLength-tagLength)
		at := s.started.Add(90*24*time.Hour + 3*time.Second).UTC()
		return s.text(strings.Join([]string{
			"east " + tag, key, serial, at.Format(time.RFC3339), at.Format(folderTime), strconv.FormatInt(at.Unix(), 10), "P-256 364",
		}, "\n"))
	}
	one, two := text(first, "0b7935", strings.Repeat("9", 32)), text(second, "facade", strings.Repeat("8", 30))
	if diff := cmp.Diff(strings.Split(one, "\n"), strings.Split(two, "\n")); diff != "" {
		t.Errorf("the runs differ (-first +second):\n%s", diff)
	}
	lines := strings.Split(one, "\n")
	_, tag, _ := strings.Cut(lines[0], " ")
	if tag == "0b7935" || !strings.HasPrefix(lines[1], tag) {
		t.Errorf("the key identifier %s does not begin with the tag %s", lines[1], tag)
	}
	if lines[3] != "2027-03-01T09:00:00Z" || lines[4] != "20270301T090000Z" || lines[5] != "1803891600" || lines[6] != "P-256 364" {
		t.Errorf("the rest is %q", lines[3:])
	}
}
