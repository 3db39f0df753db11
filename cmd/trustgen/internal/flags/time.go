package flags

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
)

// End is a flag for an end: a time, or a duration from now.
type End struct {
	text  string
	after time.Duration
	at    time.Time
}

func (f *End) String() string { return f.text }

// Type implements [pflag.Value].
func (f *End) Type() string { return "end" }

// Set implements [pflag.Value].
func (f *End) Set(s string) error {
	at, err := time.Parse(time.RFC3339, s)
	if err == nil {
		*f = End{text: s, at: at}
		return nil
	}
	after, err := parseDuration(s)
	if err != nil {
		return err
	}
	*f = End{text: s, after: after}
	return nil
}

// AddNotAfter adds the flag for the end of new certificates.
func (f *End) AddNotAfter(cmd *cobra.Command, byDefault string) {
	cmd.Flags().Var(f, "not-after", fmt.Sprintf("`end` of new certificates: a duration such as 90d or 720h, or a time in RFC 3339 (default %s)", byDefault))
}

// Given reports whether the flag is set.
func (f *End) Given() bool { return f.text != "" }

// From is the end, counted from a time; zero unless the flag is set.
func (f *End) From(now time.Time) time.Time {
	if f.after > 0 {
		return now.Add(f.after)
	}
	return f.at
}

// Duration is a flag for a duration of package time or in whole days; zero unless it is set.
type Duration struct{ time.Duration }

func (f *Duration) String() string { return "" }

// Type implements [pflag.Value].
func (f *Duration) Type() string { return "duration" }

// Set implements [pflag.Value].
func (f *Duration) Set(s string) (err error) {
	f.Duration, err = parseDuration(s)
	return err
}

// Time is a flag for a time; zero unless it is set.
type Time struct{ time.Time }

// Type implements [pflag.Value].
func (f *Time) Type() string { return "time" }

func (f *Time) String() string {
	if f.IsZero() {
		return ""
	}
	return term.Time(f.Time)
}

// Set implements [pflag.Value].
func (f *Time) Set(s string) (err error) {
	if f.Time, err = time.Parse(time.RFC3339, s); err != nil {
		return fmt.Errorf("%q is not a time in RFC 3339, such as 2026-01-02T15:04:05Z", s)
	}
	return nil
}

// Day is the unit of durations such as 90d.
const Day = 24 * time.Hour

const maxDays = 36500

func parseDuration(s string) (time.Duration, error) {
	var d time.Duration
	if digits, isDays := strings.CutSuffix(s, "d"); isDays {
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is neither a duration such as 90d or 720h nor a time in RFC 3339", s)
		}
		if n > maxDays {
			return 0, fmt.Errorf("%q is longer than %d days", s, maxDays)
		}
		d = time.Duration(n) * Day
	} else {
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			return 0, fmt.Errorf("%q is neither a duration such as 90d or 720h nor a time in RFC 3339", s)
		}
	}
	if d <= 0 {
		return 0, fmt.Errorf("%q is not a positive duration", s)
	}
	return d, nil
}
