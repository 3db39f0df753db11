package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/fabric"
)

const defaultDir = "trust"

func addDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", defaultDir, "the trust `directory`")
	_ = cmd.MarkFlagDirname("dir")
}

func addDryRun(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "check everything, change nothing")
}

func addKeyType(cmd *cobra.Command, t *keyTypeFlag, byDefault string) {
	cmd.Flags().Var(t, "key-type", fmt.Sprintf("`type` of new keys: P-256, P-384, RSA-3072 or RSA-4096 (default %s)", byDefault))
	_ = cmd.RegisterFlagCompletionFunc("key-type", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, t := range ca.KeyTypes() {
			names = append(names, string(t))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

func addNotAfter(cmd *cobra.Command, end *endFlag, byDefault string) {
	cmd.Flags().Var(end, "not-after", fmt.Sprintf("`end` of new certificates: a duration such as 90d or 720h, or a time in RFC 3339 (default %s)", byDefault))
}

// keyTypeFlag reads a key type; it is empty when the flag is not given.
type keyTypeFlag struct{ ca.KeyType }

func (f *keyTypeFlag) String() string { return string(f.KeyType) }
func (f *keyTypeFlag) Type() string   { return "type" }

func (f *keyTypeFlag) Set(s string) (err error) {
	f.KeyType, err = ca.ParseKeyType(s)
	return err
}

// clusterFlag reads the names of clusters, several at a time or one by one.
type clusterFlag []string

func (f *clusterFlag) String() string { return strings.Join(*f, ",") }
func (f *clusterFlag) Type() string   { return "name" }

func (f *clusterFlag) Set(s string) error {
	for _, name := range strings.Split(s, ",") {
		if err := fabric.CheckCluster(name); err != nil {
			return err
		}
		*f = append(*f, name)
	}
	return nil
}

// endFlag reads the end of a certificate: a time, or a duration from now.
type endFlag struct {
	text  string
	after time.Duration
	at    time.Time
}

func (f *endFlag) String() string { return f.text }
func (f *endFlag) Type() string   { return "end" }

func (f *endFlag) Set(s string) error {
	at, err := time.Parse(time.RFC3339, s)
	if err == nil {
		*f = endFlag{text: s, at: at}
		return nil
	}
	after, err := parseDuration(s)
	if err != nil {
		return err
	}
	*f = endFlag{text: s, after: after}
	return nil
}

// from resolves the end at a time. It is zero when the flag is not given.
func (f *endFlag) from(now time.Time) time.Time {
	if f.after > 0 {
		return now.Add(f.after)
	}
	return f.at
}

const (
	day     = 24 * time.Hour
	maxDays = 36500
)

// parseDuration reads positive durations of package time, and whole days.
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
		d = time.Duration(n) * day
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
