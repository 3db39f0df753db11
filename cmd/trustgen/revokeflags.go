package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

// reasonFlag reads why something is revoked.
type reasonFlag struct {
	text   string
	reason fabric.Reason
}

func (f *reasonFlag) String() string { return f.text }
func (f *reasonFlag) Type() string   { return "reason" }

func (f *reasonFlag) Set(s string) (err error) {
	if f.reason, err = fabric.ParseReason(s); err == nil {
		f.text = f.reason.String()
	}
	return err
}

// given is nil where the flag is not.
func (f *reasonFlag) given() *fabric.Reason {
	if f.text == "" {
		return nil
	}
	return &f.reason
}

func addReason(cmd *cobra.Command, f *reasonFlag, byDefault fabric.Reason) {
	var names []string
	for _, r := range fabric.Reasons() {
		names = append(names, r.String())
	}
	cmd.Flags().Var(f, "reason", fmt.Sprintf("`reason` of RFC 5280 that the CRL gives (default %s, or what was decided before)", byDefault))
	_ = cmd.RegisterFlagCompletionFunc("reason", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

// timeFlag reads a time; it is zero when the flag is not given.
type timeFlag struct{ time.Time }

func (f *timeFlag) Type() string { return "time" }

func (f *timeFlag) String() string {
	if f.IsZero() {
		return ""
	}
	return formatTime(f.Time)
}

func (f *timeFlag) Set(s string) (err error) {
	if f.Time, err = time.Parse(time.RFC3339, s); err != nil {
		return fmt.Errorf("%q is not a time in RFC 3339, such as 2026-01-02T15:04:05Z", s)
	}
	return nil
}

func addAt(cmd *cobra.Command, f *timeFlag) {
	cmd.Flags().Var(f, "at", "`time` in RFC 3339 since when it was not to be trusted (default now, or what was decided before); proxies refuse whatever it signed, and when")
}

func addIncomplete(cmd *cobra.Command, incomplete *bool) {
	cmd.Flags().BoolVar(incomplete, "incomplete", false, "write the sets even if CRLs are missing: proxies then refuse the chains of those CAs")
}
