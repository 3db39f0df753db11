package flags

import (
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca/catest"
)

func TestEnd_IsADurationOrATime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"90d":                       catest.Now().Add(90 * Day),
		"720h":                      catest.Now().Add(720 * time.Hour),
		"1h30m":                     catest.Now().Add(90 * time.Minute),
		"2027-01-02T03:04:05Z":      time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
		"2027-01-02T03:04:05+02:00": time.Date(2027, 1, 2, 1, 4, 5, 0, time.UTC),
	} {
		var end End
		if err := end.Set(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if got := end.From(catest.Now()); !got.Equal(want) {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
		if end.String() != text {
			t.Errorf("%q prints as %q", text, end.String())
		}
	}
	for text, want := range map[string]string{
		"":           "neither a duration",
		"soon":       "neither a duration",
		"1y":         "neither a duration",
		"1.5d":       "neither a duration",
		"-1d":        "neither a duration",
		"-1h":        "not a positive duration",
		"0d":         "not a positive duration",
		"36501d":     "longer than 36500 days",
		"9999999h":   "neither a duration",
		"2027-01-02": "neither a duration",
	} {
		var end End
		if err := end.Set(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got the error %v, want one with %q", text, err, want)
		}
	}
	if end := (&End{}).From(catest.Now()); !end.IsZero() {
		t.Errorf("without the flag the end is %s", end)
	}
}

func FuzzEnd(f *testing.F) {
	for _, seed := range []string{"90d", "720h", "2027-01-02T03:04:05Z", "d", "-1d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var end End
		if end.Set(text) == nil && end.From(catest.Now()).IsZero() {
			t.Errorf("%q is accepted and is no time", text)
		}
	})
}
